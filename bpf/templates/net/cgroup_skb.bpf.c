/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Every packet of the sockets below a governed cgroup, both ways. Attached once to each outermost workload; whose packet
 * it is says the socket. 0 is EPERM to a sender and a silent drop on the way in.
 */
#include "../include/connection.h"
#include "../include/datagram.h"
#include "../include/dns-observe.h"
#include "../include/dns-segment.h"
#include "../include/flow.h"
#include "../include/related.h"
#include "../include/response-reader.h"
#include "../include/shared-port.h"
#include "../include/source.h"
#include "../include/translated.h"
#include "../include/unreadable.h"
#include "../l7/tls-state.h"

/* Does it go the other way than the requests of its connection? */
static __always_inline int pol_packet_is_response(const struct pol_case *this, const struct pol_socket *storage)
{
	return this->direction == (storage->role == POL_ROLE_ACTIVE ? POL_SECTION_INGRESS : POL_SECTION_EGRESS);
}

/* The packet passes: with bytes of a response, perhaps. */
static __always_inline void pol_packet_answers(struct __sk_buff *skb, const struct pol_case *this, const struct pol_socket *storage)
{
	if (this->packet.payload && pol_packet_is_response(this, storage))
		pol_response_seen(skb, this->packet.sequence, this->packet.payload,
				  this->packet.before + this->packet.length - this->packet.payload);
}

/* Is it what the server of a TLS connection sends that the policy in force denies? */
static __always_inline int pol_packet_is_cut(struct __sk_buff *skb, const struct pol_case *this, const struct pol_socket *storage)
{
	return storage->domain == POL_DOMAIN_TLS && this->packet.payload && pol_packet_is_response(this, storage) && pol_tls_is_cut(bpf_get_socket_cookie(skb));
}

/* Does it carry what a DNS server answers? */
static __always_inline int pol_packet_names(const struct pol_case *this, const struct pol_socket *storage)
{
	return storage->domain == POL_DOMAIN_DNS && this->packet.payload && this->direction == POL_SECTION_INGRESS;
}

/* Does it pass, as one of a connection whose requests are read? False: that is not all that is to be said of it. */
static __always_inline int pol_packet_is_read(struct __sk_buff *skb, const struct pol_case *this, const struct pol_socket *storage,
					      struct bpf_sock *sk)
{
	int outcome = pol_data_judge(this, storage);

	if (outcome == POL_CONNECTION_DENIED || (outcome == POL_CONNECTION_PASSES_TOLD && !pol_socket_tells(sk)) ||
	    pol_packet_is_cut(skb, this, storage) || pol_packet_names(this, storage))
		return 0;
	pol_packet_answers(skb, this, storage);
	return 1;
}

/* A packet of a DNS server, of the connection of `sk`. 1 pass, 0 deny. */
static __always_inline int pol_packet_names_judge(struct __sk_buff *skb, struct pol_case *this, const struct pol_socket *storage,
						  struct bpf_sock *sk)
{
	struct pol_dns_stream *stream = bpf_sk_storage_get(&dns_streams, sk, 0, 0);

	this->peer.endpoint = storage->peer;
	return stream ? pol_dns_segment_judge(skb, this, stream) : pol_case_refuse(this, POL_CAUSE_INTERNAL);
}

/*
 * What becomes of what is no TCP connection, by its flow: one of POL_FLOW_*. `datagram`: as pol_is_datagram says, and there is storage.
 */
static __always_inline int pol_datagram_ask(struct __sk_buff *skb, struct pol_case *this, struct pol_socket *storage, int datagram)
{
	int outcome;

	if (this->direction == POL_SECTION_INGRESS && storage && storage->translated)
		pol_translation_undo(this);
	outcome = pol_flow_judge(skb, this);
	if (this->direction != POL_SECTION_EGRESS || outcome == POL_FLOW_DENIED)
		return outcome;
	if (!pol_datagram_is_translated(this, storage)) {
		if (datagram)
			pol_datagram_keep(this, storage, outcome);
	} else if (pol_called_is_allowed(this, storage)) {
		pol_translation_keep(this, storage);
	}
	return outcome;
}

/* What is no TCP connection, and comes to `outcome`. 1 pass, 0 deny. Queries that a workload is asked it answers itself. */
static __always_inline int pol_datagram_judge(struct __sk_buff *skb, struct pol_case *this, __u8 direction, int outcome)
{
	if (outcome == POL_FLOW_QUERY) {
		outcome = pol_dns_judge(skb, this);
		if (direction == POL_SECTION_EGRESS && outcome == POL_FLOW_QUESTION)
			return pol_question_judge(skb, this);
		return outcome != POL_FLOW_DENIED;
	}
	if (outcome == POL_FLOW_DENIED || (direction == POL_SECTION_INGRESS && outcome == POL_FLOW_ANSWER && !pol_answer_judge(skb, this)))
		return 0;
	if (pol_dns_is_observed(this))
		pol_dns_observe(skb, this);
	return 1;
}

static __always_inline int pol_packet_judge(struct __sk_buff *skb, struct pol_case *this, __u8 direction)
{
	struct pol_generation now = pol_generation_read();
	struct pol_socket *storage = 0;
	struct bpf_sock *sk = skb->sk;
	int kind, stream, datagram, outcome = POL_DATAGRAM_UNKNOWN;

	kind = pol_packet_parse(skb, &this->packet, 0);
	if (kind == POL_PACKET_NO_EVENT)
		return 1;
	this->revision = now.revision;
	this->question.slot = now.slot;
	pol_case_orient(this, direction);
	sk = sk ? bpf_sk_fullsock(sk) : 0;
	if (!sk || !now.revision)
		return pol_case_refuse(this, POL_CAUSE_INTERNAL);
	storage = bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	stream = this->packet.protocol == POL_PROTOCOL_TCP && sk->protocol == POL_NUMBER_TCP && sk->type == POL_SOCKET_STREAM;
	if (kind == POL_PACKET_EVENT && stream && storage && sk->state != BPF_TCP_LISTEN) {
		if (pol_connection_flows(&this->packet, storage, now.revision))
			return 1;
		if (pol_connection_is_read(&this->packet, storage, now.revision) && pol_packet_is_read(skb, this, storage, sk))
			return 1;
	}
	this->question.subject = pol_socket_owner(now, sk, storage);
	if (this->question.subject == POL_ENDPOINT_NONE)
		return 1;
	if (this->question.subject == POL_OWNER_UNKNOWN) {
		this->question.subject = POL_ENDPOINT_NONE;
		return pol_case_refuse(this, POL_CAUSE_INTERNAL);
	}
	if (this->question.subject == POL_ENDPOINT_HOST && direction == POL_SECTION_EGRESS && pol_socket_answers(sk))
		return 1;
	this->near = pol_packet_is_near(skb);
	if (kind != POL_PACKET_EVENT)
		return pol_unreadable_judge(this, kind);
	datagram = storage && pol_is_datagram(this, sk);
	if (datagram)
		outcome = pol_datagram_find(this, storage);
	if (outcome != POL_DATAGRAM_UNKNOWN) {
		this->network = storage->network;
		return pol_datagram_judge(skb, this, direction, outcome);
	}
	/* The source of an established connection is as its first packet's. */
	if (direction == POL_SECTION_EGRESS && (this->packet.protocol != POL_PROTOCOL_TCP || pol_packet_opens(&this->packet)) &&
	    pol_source_is_forged(skb, this, sk))
		return pol_case_refuse(this, POL_CAUSE_FORGED_SOURCE);
	if (direction == POL_SECTION_INGRESS &&
	    (sk->protocol == POL_NUMBER_UDP || (sk->protocol == POL_NUMBER_TCP && sk->state == BPF_TCP_LISTEN)) &&
	    pol_receiver_is_other(skb, this, (__u64)pol_socket_address(sk)))
		return pol_case_refuse(this, POL_CAUSE_SHARED_PORT);
	if (direction == POL_SECTION_EGRESS)
		pol_port_of_socket(this, sk);
	/* A raw socket may have TCP as its protocol, and then sends and reads any number of connections. */
	if (!stream) {
		this->network = pol_network_kept(sk, storage);
		return pol_related_passes(skb, this) ||
		       pol_datagram_judge(skb, this, direction, pol_datagram_ask(skb, this, storage, datagram));
	}
	if (sk->state == BPF_TCP_LISTEN)
		return pol_listener_judge(skb, this);
	kind = pol_connection_judge(skb, this, storage);
	if (kind == POL_CONNECTION_DENIED)
		return 0;
	if (kind == POL_CONNECTION_PASSES_TOLD && !pol_socket_tells(sk))
		return pol_case_refuse(this, POL_CAUSE_UNINSPECTABLE);
	if (!storage || !storage->inspected)
		return 1;
	if (pol_packet_is_cut(skb, this, storage))
		return pol_case_refuse(this, POL_CAUSE_UNINSPECTABLE);
	if (pol_packet_names(this, storage))
		return pol_packet_names_judge(skb, this, storage, sk);
	pol_packet_answers(skb, this, storage);
	return 1;
}

/*
 * What an egress program returns: a dropped packet is one that the sender is not told of (NET_XMIT_DROP, which UDP takes for
 * a full queue and TCP for a loss), a denied one is EPERM.
 */
enum { POL_EGRESS_DENY, POL_EGRESS_PASS, POL_EGRESS_DROP };

SEC("cgroup_skb/ingress")
int pol_cgroup_ingress(struct __sk_buff *skb)
{
	struct pol_case this = {};

	return pol_packet_judge(skb, &this, POL_SECTION_INGRESS) != 0;
}

SEC("cgroup_skb/egress")
int pol_cgroup_egress(struct __sk_buff *skb)
{
	struct pol_case this = {};

	if (pol_packet_judge(skb, &this, POL_SECTION_EGRESS))
		return POL_EGRESS_PASS;
	return this.verdict.flags & POL_FLAG_SILENT ? POL_EGRESS_DROP : POL_EGRESS_DENY;
}
