/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Datagrams whose addresses this machine translates on their way out (DNAT, SNAT, masquerading), between the socket and the wire. What is
 * called is decided in the sendmsg and connect hooks, what leaves with each packet: both have to be allowed. The flow is that of the
 * packet; its answers come in from whom the socket has called, and are given back whom they are from. Of TCP the socket itself says it.
 */
#pragma once
#include "flow.h"

enum { POL_TRANSLATED_ENTRIES = 8192 };

/* Where what was sent to the key's remote end went. */
struct pol_translated {
	struct pol_address remote;
	__u16 remote_port;
	__u16 reserved;
};

/* Where it is full the oldest goes: answers of that flow are decided by themselves. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, POL_TRANSLATED_ENTRIES);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, struct pol_flow_key);
	__type(value, struct pol_translated);
} translated SEC(".maps");

/* The port that the socket has, whatever the packet says on the wire. Raw sockets have none. */
static __always_inline void pol_port_of_socket(struct pol_case *this, struct bpf_sock *sk)
{
	int is_its_own = (this->packet.protocol == POL_PROTOCOL_UDP && sk->protocol == POL_NUMBER_UDP && sk->type == POL_SOCKET_DATAGRAM) ||
			 (this->packet.protocol == POL_PROTOCOL_TCP && sk->protocol == POL_NUMBER_TCP && sk->type == POL_SOCKET_STREAM);

	if (is_its_own)
		this->packet.source_port = sk->src_port;
}

/* What a hook saw called last on this socket; replies of another one come from there. */
static __always_inline void pol_called_keep(struct pol_socket *storage, const struct pol_case *this)
{
	if (!storage || this->packet.protocol != POL_PROTOCOL_UDP)
		return;
	storage->remote = this->peer.address;
	storage->remote_port = pol_case_remote_port(this);
}

/* Does a datagram that passed go elsewhere than its sender said? Over loopback ports are told apart by their sockets, not here. */
static __always_inline int pol_datagram_is_translated(const struct pol_case *this, const struct pol_socket *storage)
{
	return storage && this->packet.protocol == POL_PROTOCOL_UDP && !this->near && storage->remote_port &&
	       (storage->remote_port != pol_case_remote_port(this) || !pol_address_equal(&storage->remote, &this->peer.address));
}

/* May the subject call what it called, and is that nobody's own address? The hook may have left it to its packets. */
POL_GLOBAL int pol_called_is_allowed(const struct pol_case *this, const struct pol_socket *storage)
{
	struct pol_question question;
	struct pol_verdict verdict;
	struct pol_peer peer;

	if (!this || !storage)
		return 0;
	question = this->question;
	question.section = POL_SECTION_EGRESS;
	question.point = POL_PROTOCOL_UDP * 65536 + storage->remote_port;
	peer.address = storage->remote;
	peer.endpoint = pol_endpoint_listed(question.slot, &peer.address);
	return peer.endpoint == POL_ENDPOINT_NONE && pol_verdict_decide(&question, &peer, &verdict) != POL_ACTION_DENY;
}

POL_GLOBAL int pol_translation_keep(const struct pol_case *this, struct pol_socket *storage)
{
	struct pol_translated known = {};
	const struct pol_translated *before;
	struct pol_flow_key key;

	if (!this || !storage)
		return 0;
	storage->translated = 1;
	known.remote = this->peer.address;
	known.remote_port = pol_case_remote_port(this);
	pol_flow_key_of(this, POL_ICMP_MESSAGE, &key);
	key.remote = storage->remote;
	key.remote_port = storage->remote_port;
	before = bpf_map_lookup_elem(&translated, &key);
	if (before && before->remote_port == known.remote_port && pol_address_equal(&before->remote, &known.remote))
		return 1;
	return !bpf_map_update_elem(&translated, &key, &known, BPF_ANY);
}

/* Is a datagram that belongs to no flow the answer of one that was translated? Then it is seen as it was on the wire. */
POL_GLOBAL int pol_translation_undo(struct pol_case *this)
{
	const struct pol_translated *known;
	struct pol_flow_key key;

	if (!this || this->direction != POL_SECTION_INGRESS || this->packet.protocol != POL_PROTOCOL_UDP || this->near)
		return 0;
	pol_flow_key_of(this, POL_ICMP_MESSAGE, &key);
	if (pol_flow_find(&key, bpf_ktime_get_ns()))
		return 0;
	known = bpf_map_lookup_elem(&translated, &key);
	if (!known)
		return 0;
	key.remote = known->remote;
	key.remote_port = known->remote_port;
	if (!pol_flow_find(&key, bpf_ktime_get_ns()))
		return 0;
	this->peer.address = known->remote;
	this->packet.source = known->remote;
	this->packet.source_port = known->remote_port;
	return 1;
}
