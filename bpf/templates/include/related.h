/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * ICMP errors about an allowed flow pass. (Only raw and ping sockets read ICMP themselves; what TCP and UDP make of it
 * happens in the kernel before any cgroup program.) An error quotes the packet it is about; that packet's flow has to
 * be allowed in this revision.
 */
#pragma once
#include "flow.h"
#include "sockets.h"

/* Goes from the end of a quoted IPv6 header to the header of the transport; 0: that is not quoted. */
static __always_inline int pol_quoted_transport(struct __sk_buff *skb, __u32 *at, __u8 *number)
{
	struct pol_extension_header extension;

	for (int i = 0; i < POL_EXTENSIONS; i++) {
		if (!pol_number_is_extension(*number))
			return 1;
		if (bpf_skb_load_bytes(skb, *at, &extension, sizeof(extension)))
			return 0;
		if (*number != POL_NUMBER_FRAGMENT)
			*at += extension.length * 8;
		else if ((extension.type << 8 | extension.segments_left) & ~7)
			return 0;
		*at += 8;
		*number = extension.next;
	}
	return 0;
}

/* Reads the quoted packet into the key of its flow, seen from the subject: ours, if the error comes in. 0: unreadable. */
static __always_inline int pol_quoted_key(struct __sk_buff *skb, const struct pol_case *this, struct pol_flow_key *key)
{
	__u32 at = this->packet.before + this->packet.transport + sizeof(struct pol_icmp_header);
	struct pol_address source, destination;
	struct pol_port_header ports;
	__u8 number;

	if (this->packet.protocol == POL_PROTOCOL_ICMP) {
		struct pol_ipv4_header header;

		if (bpf_skb_load_bytes(skb, at, &header, sizeof(header)) || bpf_ntohs(header.fragment) & 0x1fff)
			return 0;
		pol_address_mapped(&source, header.source);
		pol_address_mapped(&destination, header.destination);
		number = header.number;
		at += (header.version_length & 0xf) * 4;
	} else {
		struct pol_ipv6_header header;

		if (bpf_skb_load_bytes(skb, at, &header, sizeof(header)))
			return 0;
		source = header.source;
		destination = header.destination;
		number = header.number;
		at += sizeof(header);
		if (!pol_quoted_transport(skb, &at, &number))
			return 0;
	}
	__builtin_memset(key, 0, sizeof(*key));
	key->network = this->network;
	key->endpoint = this->question.subject;
	key->number = number;
	key->remote = this->direction == POL_SECTION_INGRESS ? destination : source;
	/* RFC 792: at least eight bytes of what followed the header are quoted. */
	if (bpf_skb_load_bytes(skb, at, &ports, sizeof(ports)))
		return 0;
	if (number == POL_NUMBER_TCP || number == POL_NUMBER_UDP || number == POL_NUMBER_SCTP) {
		key->local_port = bpf_ntohs(this->direction == POL_SECTION_INGRESS ? ports.source : ports.destination);
		key->remote_port = bpf_ntohs(this->direction == POL_SECTION_INGRESS ? ports.destination : ports.source);
	} else if (number == POL_NUMBER_ICMP || number == POL_NUMBER_ICMPV6) {
		/* The quoted bytes read as ICMP: type, code, checksum, identifier. Only requests have a flow. */
		if (ports.source != (number == POL_NUMBER_ICMP ? bpf_htons(8 << 8) : bpf_htons(128 << 8)))
			return 0;
		key->local_port = bpf_ntohs(ports.length);
		key->remote_port = !this->direction;
	}
	return 1;
}

/* Is the quoted TCP packet one of a connection of the subject that is allowed now? */
static __always_inline int pol_quoted_connection(struct __sk_buff *skb, const struct pol_case *this, const struct pol_flow_key *key)
{
	struct pol_generation now = {.revision = this->revision, .slot = this->question.slot};
	struct pol_way way = {&key->remote, pol_case_local(this), key->remote_port, key->local_port};
	struct bpf_sock_tuple tuple;
	__u32 size = pol_tuple_fill(&tuple, &way);
	struct pol_socket *storage;
	struct bpf_sock *sk;
	int allowed = 0;

	sk = bpf_sk_lookup_tcp(skb, &tuple, size, BPF_F_CURRENT_NETNS, 0);
	if (!sk)
		return 0;
	storage = sk->state == BPF_TCP_LISTEN ? 0 : bpf_sk_storage_get(&sockets, sk, 0, 0);
	if (storage && pol_word_load(&storage->verdict) >> 32 == this->revision)
		allowed = pol_socket_owner(now, sk, storage) == this->question.subject;
	bpf_sk_release(sk);
	return allowed;
}

/* Does this packet pass as an error about an allowed flow? Otherwise it is an event of its own. */
POL_GLOBAL int pol_related_passes(struct __sk_buff *skb, const struct pol_case *this)
{
	const struct pol_flow *flow;
	struct pol_flow_key key;

	if (!this || !pol_packet_is_icmp(&this->packet) || pol_icmp_kind_of(&this->packet) != POL_ICMP_ERROR)
		return 0;
	if (!pol_quoted_key(skb, this, &key))
		return 0;
	/* Any router may tell us of it; what we tell goes to who is in the flow. */
	if (this->direction == POL_SECTION_EGRESS && !pol_address_equal(&key.remote, &this->peer.address))
		return 0;
	flow = pol_flow_find(&key, bpf_ktime_get_ns());
	if (flow)
		return flow->revision == this->revision;
	return key.number == POL_NUMBER_TCP && pol_quoted_connection(skb, this, &key);
}
