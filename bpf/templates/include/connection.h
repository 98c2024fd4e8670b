/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * TCP of real sockets. A connection is judged by the section of the side that opened it: what a socket connected to is
 * egress, what its listener accepted is ingress; every packet of the other direction is a reply. The verdict stands in
 * the socket's storage until the revision changes.
 */
#pragma once
#include "interface.h"
#include "peer.h"
#include "sockets.h"

static __always_inline int pol_packet_opens(const struct pol_packet *packet)
{
	return (packet->tcp_flags & (POL_TCP_SYN | POL_TCP_ACK)) == POL_TCP_SYN;
}

/* Leaves what was admitted for the child that appears next on this CPU. */
static __always_inline void pol_admission_leave(const struct pol_case *this)
{
	__u32 zero = 0;
	struct pol_admission *admission = bpf_map_lookup_elem(&admissions, &zero);

	if (!admission)
		return;
	admission->local = *pol_case_local(this);
	admission->peer = this->peer;
	admission->local_port = pol_case_local_port(this);
	admission->remote_port = pol_case_remote_port(this);
	admission->revision = this->revision;
	admission->owner = this->question.subject;
	admission->verdict = this->verdict;
}

/* SYN, third ACK: a listener keeps nothing, each is decided; counted is the SYN, or what is denied. */
POL_GLOBAL int pol_listener_judge(struct __sk_buff *skb, struct pol_case *this)
{
	int action;

	if (!this)
		return 0;
	/* SYN-ACK: a reply to what was let in. */
	if (this->direction == POL_SECTION_EGRESS)
		return 1;
	action = pol_case_decide_here(skb, this);
	if (action == POL_ACTION_DENY)
		return pol_case_deny(this);
	/* Data before there is a socket to read it from (fast open, data in the third ACK). The sender sends it again. */
	if (action == POL_ACTION_INSPECT && this->packet.payload)
		return pol_case_refuse(this, POL_CAUSE_UNINSPECTABLE);
	if (pol_packet_opens(&this->packet))
		pol_packet_admit(this);
	pol_admission_leave(this);
	return 1;
}

/* A connection older than our attachment: accepted, if there is a listener on its port. */
static __always_inline __u8 pol_role_of_old(struct __sk_buff *skb, const struct pol_case *this)
{
	/* From port 0, which no connection has: only a listener answers to it. */
	struct pol_way way = {&this->peer.address, pol_case_local(this), 0, pol_case_local_port(this)};
	struct bpf_sock_tuple tuple;
	__u32 size = pol_tuple_fill(&tuple, &way);
	__u8 role = POL_ROLE_ACTIVE;
	struct bpf_sock *found;

	found = bpf_sk_lookup_tcp(skb, &tuple, size, BPF_F_CURRENT_NETNS, 0);
	if (!found)
		return role;
	if (found->state == BPF_TCP_LISTEN)
		role = POL_ROLE_PASSIVE;
	bpf_sk_release(found);
	return role;
}

/* The socket begins a connection, perhaps after an earlier one (connect to AF_UNSPEC, then again). */
static __always_inline void pol_connection_begin(struct pol_socket *storage, const struct pol_case *this)
{
	int again = storage->role == POL_ROLE_ACTIVE && storage->local_port == pol_case_local_port(this) &&
		    storage->remote_port == pol_case_remote_port(this) && pol_address_equal(&storage->remote, &this->peer.address);

	/* The same SYN once more is counted no more, yet decided: the port may have changed hands meanwhile. */
	if (!again)
		storage->counted = 0;
	storage->role = POL_ROLE_ACTIVE;
	storage->peer_known = 0;
	storage->inspected = 0;
	storage->domain = POL_DOMAIN_PACKET;
	pol_word_store(&storage->verdict, 0);
	storage->remote = this->peer.address;
	storage->local_port = pol_case_local_port(this);
	storage->remote_port = pol_case_remote_port(this);
}

/* The verdict of the connection under this revision; `this->verdict` is filled only where it was decided now. */
static __always_inline int pol_connection_action(struct __sk_buff *skb, struct pol_case *this, struct pol_socket *storage)
{
	__u64 known = pol_word_load(&storage->verdict);
	int cause, action;

	if (known >> 32 == this->revision)
		return (__u32)known;
	cause = pol_peer_tell(skb, this);
	/* The peer's end may be closed by now; it is still who it was. */
	if (cause == POL_CAUSE_UNKNOWN_SENDER && storage->peer_known) {
		this->peer.endpoint = storage->peer;
		cause = 0;
	}
	if (cause) {
		pol_verdict_fixed(&this->verdict, POL_ACTION_DENY, cause);
		return POL_ACTION_DENY;
	}
	this->question.has_begun = known != 0;
	action = pol_verdict_decide(&this->question, &this->peer, &this->verdict);
	storage->peer = this->peer.endpoint;
	storage->peer_known = 1;
	if (action != POL_ACTION_DENY)
		pol_word_store(&storage->verdict, pol_word(this->revision, action));
	return action;
}

/*
 * Is the stream program told of every byte when it comes? Not while the reader waits for more (SO_RCVLOWAT), nor where
 * another protocol stands above TCP; splice(2) would read what lies there. An inspected connection cannot be given
 * either (pol_setsockopt), but may have the first from its listener.
 */
static __always_inline int pol_socket_tells(struct bpf_sock *sk)
{
	const struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);

	return tcp && ((const struct sock *)tcp)->sk_rcvlowat <= 1 && !((const struct inet_connection_sock *)tcp)->icsk_ulp_ops;
}

/* What becomes of a packet of a connection. */
enum {
	POL_CONNECTION_DENIED,
	POL_CONNECTION_PASSES,
	POL_CONNECTION_PASSES_TOLD, /* if the stream program is told of it: pol_socket_tells */
};

/*
 * May data of an inspected connection go by? What a workload sends must have been decided by the send program (a call that
 * began before the connection was taken in, or data in a SYN, never came to it), what it receives will be by the stream program.
 * Urgent data is another stream to some readers: neither may have it.
 */
static __always_inline int pol_data_judge(const struct pol_case *this, const struct pol_socket *storage)
{
	__u8 requests = storage->role == POL_ROLE_ACTIVE ? POL_SECTION_EGRESS : POL_SECTION_INGRESS;

	if (!this->packet.payload || this->direction != requests)
		return POL_CONNECTION_PASSES;
	if (storage->inspected == POL_SOCKET_INSPECTED && !(this->packet.tcp_flags & POL_TCP_URG)) {
		if (storage->role != POL_ROLE_ACTIVE)
			return POL_CONNECTION_PASSES_TOLD;
		if ((__s32)(this->packet.sequence + this->packet.payload - storage->approved) <= 0)
			return POL_CONNECTION_PASSES;
	}
	return POL_CONNECTION_DENIED;
}

/*
 * Does the packet go by without a question: one in the midst of a connection whose verdict, under this revision, is that it passes
 * unread? Nothing would be counted or kept of it either. Most packets are such.
 */
static __always_inline int pol_connection_flows(const struct pol_packet *packet, const struct pol_socket *storage, __u32 revision)
{
	return packet->protocol == POL_PROTOCOL_TCP && !pol_packet_opens(packet) && storage->role != POL_ROLE_UNKNOWN && !storage->inspected &&
	       pol_word_load(&storage->verdict) == pol_word(revision, POL_ACTION_ALLOW);
}

/*
 * The same of one whose requests are read: only what it carries is still to be judged (pol_data_judge), not who speaks.
 */
static __always_inline int pol_connection_is_read(const struct pol_packet *packet, const struct pol_socket *storage, __u32 revision)
{
	return packet->protocol == POL_PROTOCOL_TCP && !pol_packet_opens(packet) && storage->role != POL_ROLE_UNKNOWN &&
	       storage->inspected == POL_SOCKET_INSPECTED && pol_word_load(&storage->verdict) == pol_word(revision, POL_ACTION_INSPECT);
}

static __always_inline void pol_case_remote_is(struct pol_case *this, __u16 port)
{
	if (this->direction == POL_SECTION_INGRESS)
		this->packet.source_port = port;
	else
		this->packet.destination_port = port;
}

/* POL_CONNECTION_*. `storage`: of the connection's socket, which is no listener. */
POL_GLOBAL int pol_connection_judge(struct __sk_buff *skb, struct pol_case *this, struct pol_socket *storage)
{
	int action, outcome = POL_CONNECTION_PASSES;

	if (!this)
		return POL_CONNECTION_DENIED;
	if (!storage)
		return pol_case_refuse(this, POL_CAUSE_TABLE_FULL);
	if (this->direction == POL_SECTION_EGRESS && pol_packet_opens(&this->packet))
		pol_connection_begin(storage, this);
	else if (storage->role == POL_ROLE_UNKNOWN)
		storage->role = pol_role_of_old(skb, this);
	if (storage->role == POL_ROLE_ACTIVE) {
		/* As its first packet, under whatever address this machine gives its answers to the socket. */
		if (storage->remote_port) {
			this->peer.address = storage->remote;
			pol_case_remote_is(this, storage->remote_port);
		}
		this->question.section = POL_SECTION_EGRESS;
		this->question.point = POL_PROTOCOL_TCP * 65536 + pol_case_remote_port(this);
	} else {
		this->question.section = POL_SECTION_INGRESS;
		this->question.point = POL_PROTOCOL_TCP * 65536 + pol_case_local_port(this);
	}
	action = pol_connection_action(skb, this, storage);
	if (action == POL_ACTION_DENY)
		return pol_case_deny(this);
	if (action == POL_ACTION_INSPECT)
		outcome = pol_data_judge(this, storage);
	if (outcome == POL_CONNECTION_DENIED)
		return pol_case_refuse(this, POL_CAUSE_UNINSPECTABLE);
	if (storage->role == POL_ROLE_ACTIVE && !storage->counted && pol_packet_opens(&this->packet)) {
		storage->counted = 1;
		pol_packet_admit(this);
	}
	return outcome;
}
