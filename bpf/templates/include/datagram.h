/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The flow that a socket for datagrams began first is kept with the socket, too (as connections are): for a while its packets,
 * both ways, pass without the table of flows, and without what was asked of its ends. Such a socket speaks to one
 * resolver or one server mostly; what it says to others goes the long way. Never over loopback, where each packet has to
 * show again whose its peer's socket is, and not where this machine translates addresses.
 *
 * Nobody locks: ends are written once, by whoever makes `row` something else than 0, and read behind `allowed`, which is written
 * after them. `row` and `allowed` carry their revision, and who puts it into the one alone writes the other. So what fits together was decided
 * together, and what does not is gone for the long way.
 */
#pragma once
#include "translated.h"

enum {
	/* Ticks (0.1 to 1 s) after which a packet goes the long way again, which renews the entry in the table of flows. */
	POL_DATAGRAM_TICKS = 100,
	POL_DATAGRAM_UNKNOWN = -1,
	POL_DATAGRAM_CAUSES = 1 << 24,
};

/* A packet of a socket whose flow may be kept with it. */
static __always_inline int pol_is_datagram(const struct pol_case *this, const struct bpf_sock *sk)
{
	return this->packet.protocol == POL_PROTOCOL_UDP && sk->protocol == POL_NUMBER_UDP && sk->type == POL_SOCKET_DATAGRAM && !this->near;
}

/* What `storage` says of the flow's ends, read behind `allowed`: processors that load in any order do so no earlier than what an address is made of. */
static __always_inline const struct pol_socket *pol_datagram_behind(const struct pol_socket *storage, __u64 allowed)
{
	asm volatile("%0 &= 0" : "+r"(allowed));
	return (const struct pol_socket *)((const char *)storage + allowed);
}

/* Does it go where the flow that is kept goes? */
static __always_inline int pol_datagram_has_end(const struct pol_case *this, const struct pol_socket *storage)
{
	return storage->far_port == pol_case_remote_port(this) && storage->near_port == pol_case_local_port(this) &&
	       pol_address_equal(&storage->far, &this->peer.address);
}

/* Are the packet's ends those of it? */
static __always_inline int pol_datagram_has_ends(const struct pol_case *this, const struct pol_socket *storage)
{
	return pol_datagram_has_end(this, storage) && pol_address_equal(&storage->near, pol_case_local(this));
}

/* Did a packet go the long way in this revision, not long ago? `allowed`: of the storage. */
static __always_inline int pol_datagram_is_fresh(const struct pol_case *this, const struct pol_socket *storage, __u64 allowed)
{
	__u32 looked = *(const volatile __u32 *)&storage->looked;

	return allowed >> 32 == this->revision && !storage->translated && (__u32)bpf_jiffies64() - looked < POL_DATAGRAM_TICKS;
}

/* A call to send a datagram: was one like it allowed on its way out a moment ago? This one will be asked there, too. */
static __always_inline int pol_datagram_is_called(const struct pol_case *this, const struct pol_socket *storage)
{
	__u64 allowed = pol_word_load(&storage->allowed);

	return this->packet.protocol == POL_PROTOCOL_UDP && pol_datagram_is_fresh(this, storage, allowed) &&
	       pol_datagram_has_end(this, pol_datagram_behind(storage, allowed));
}

/* What becomes of the packet, one of POL_FLOW_*, if it is of the flow that is kept; else UNKNOWN. */
static __always_inline int pol_datagram_find(struct pol_case *this, const struct pol_socket *storage)
{
	__u64 allowed = pol_word_load(&storage->allowed), row = pol_word_load(&storage->row);

	if (row >> 32 != this->revision || !pol_datagram_is_fresh(this, storage, allowed) ||
	    !pol_datagram_has_ends(this, pol_datagram_behind(storage, allowed)))
		return POL_DATAGRAM_UNKNOWN;
	if (this->direction == POL_SECTION_EGRESS && pol_datagram_is_translated(this, storage))
		return POL_DATAGRAM_UNKNOWN;
	this->question.section = POL_SECTION_EGRESS;
	this->verdict.cause = (__u32)allowed >> 8;
	this->verdict.match = allowed >> 4 & 15;
	this->verdict.action = allowed & 15;
	if (this->verdict.action != POL_ACTION_INSPECT)
		return POL_FLOW_PASSES;
	this->verdict.next = row;
	return this->direction == POL_SECTION_EGRESS ? POL_FLOW_QUERY : POL_FLOW_ANSWER;
}

/* A packet on its way out went the long way and came to `outcome`: its flow is kept, unless another one is. */
static __always_inline void pol_datagram_keep(const struct pol_case *this, struct pol_socket *storage, int outcome)
{
	__u64 before = pol_word_load(&storage->row), known = pol_word_load(&storage->allowed), row, allowed;

	/* A flow to itself shows with each packet that it is one. */
	if (this->question.section != POL_SECTION_EGRESS || this->peer.endpoint == this->question.subject ||
	    this->verdict.cause >= POL_DATAGRAM_CAUSES || (outcome != POL_FLOW_QUERY && outcome != POL_FLOW_PASSES))
		return;
	row = pol_word(this->revision, outcome == POL_FLOW_QUERY ? this->verdict.next : 0);
	allowed = pol_word(this->revision, this->verdict.cause << 8 | this->verdict.match << 4 | this->verdict.action);
	if (before && !(known && pol_datagram_has_ends(this, pol_datagram_behind(storage, known))))
		return;
	if (before >> 32 != this->revision) {
		if (__sync_val_compare_and_swap(&storage->row, before, row) != before)
			return;
		if (!before) {
			storage->far = this->peer.address;
			storage->near = *pol_case_local(this);
			storage->near_port = pol_case_local_port(this);
			storage->far_port = pol_case_remote_port(this);
		}
		__sync_lock_test_and_set(&storage->allowed, allowed);
	} else if (before != row || known != allowed) {
		return;
	}
	*(volatile __u32 *)&storage->looked = bpf_jiffies64();
}
