/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * May the subject send with this source? Receivers tell who speaks by the source: over loopback by the socket that has
 * it, elsewhere by the address. A sender may choose it (IP_PKTINFO among the machine's own addresses, a socket with
 * free bind among all), so the packet is stopped where it is still known whose it is. Nothing here is a matter of
 * policy: a workload that no policy selects must not speak in another's name either.
 */
#pragma once
#include "peer.h"

/* Whom the receiver of a UDP packet over loopback would find, or POL_OWNER_NO_SOCKET. */
static __always_inline __u32 pol_source_owner(struct __sk_buff *skb, const struct pol_case *this)
{
	struct pol_way way = {&this->peer.address, pol_case_local(this), pol_case_remote_port(this), pol_case_local_port(this)};
	struct bpf_sock_tuple tuple;
	__u32 size = pol_tuple_fill(&tuple, &way);
	struct bpf_sock *sk = bpf_sk_lookup_udp(skb, &tuple, size, BPF_F_CURRENT_NETNS, 0);
	__u32 owner;

	if (!sk)
		return POL_OWNER_NO_SOCKET;
	owner = pol_found_owner(pol_case_generation(this), sk);
	bpf_sk_release(sk);
	return owner;
}

/* Over loopback: would the receiver take somebody else for the sender? */
POL_GLOBAL int pol_source_is_others(struct __sk_buff *skb, const struct pol_case *this)
{
	__u32 owner;

	if (!this)
		return 1;
	/* Nobody found: nobody will be found by the receiver, who refuses it then. */
	owner = pol_source_owner(skb, this);
	return owner != POL_OWNER_NO_SOCKET && owner != this->question.subject;
}

/* For packets that go out of `sk`. */
static __always_inline int pol_source_is_forged(struct __sk_buff *skb, const struct pol_case *this, struct bpf_sock *sk)
{
	/* A workload without a namespace of its own uses its host's addresses. One inside another uses the other's. */
	__u32 owner = pol_endpoint_listed(this->question.slot, pol_case_local(this));

	if (owner != POL_ENDPOINT_NONE && owner != POL_ENDPOINT_HOST && owner != this->question.subject &&
	    !pol_address_is_below(this->question.slot, (__u64)pol_socket_address(sk), owner))
		return 1;
	return this->near && this->packet.protocol == POL_PROTOCOL_UDP && pol_source_is_others(skb, this);
}
