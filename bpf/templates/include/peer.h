/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Who a packet's other end is. Over loopback several workloads share the addresses, so a peer is who owns its socket;
 * everywhere else the address says it. A sender over loopback that has no socket (gone already, a raw socket, a looped
 * multicast) is nobody: calling it the host would let a workload pass as one.
 */
#pragma once
#include "case.h"

enum {
	POL_LOOPBACK_INTERFACE = 1, /* of every network namespace */
	POL_PACKET_TYPE_LOOPED = 5, /* PACKET_LOOPBACK: a multicast or broadcast of this machine's own */
};

/* Is the other end in this network namespace? */
static __always_inline int pol_packet_is_near(const struct __sk_buff *skb)
{
	return skb->pkt_type == POL_PACKET_TYPE_LOOPED || skb->ifindex == POL_LOOPBACK_INTERFACE;
}

/* As pol_peer_tell, of a packet whose other end is in this network namespace. */
POL_GLOBAL int pol_peer_near(struct __sk_buff *skb, struct pol_case *this)
{
	__u32 owner = POL_OWNER_NO_SOCKET;

	if (!this)
		return POL_CAUSE_INTERNAL;
	this->peer.endpoint = POL_ENDPOINT_NONE;
	/* Any number of sockets may have the port of a multicast: the look-up would name one of them. */
	if (skb->pkt_type != POL_PACKET_TYPE_LOOPED)
		owner = pol_peer_owner(skb, this);
	if (owner == POL_OWNER_UNKNOWN)
		return POL_CAUSE_INTERNAL;
	if (owner != POL_OWNER_NO_SOCKET) {
		this->peer.endpoint = owner;
		return 0;
	}
	/* Of ICMP over loopback no socket tells: what the host reads of it, the host sent, or its kernel. */
	if (this->question.subject == POL_ENDPOINT_HOST && (this->packet.protocol == POL_PROTOCOL_ICMP || this->packet.protocol == POL_PROTOCOL_ICMPV6)) {
		this->peer.endpoint = POL_ENDPOINT_HOST;
		return 0;
	}
	if (this->question.section == POL_SECTION_INGRESS)
		return POL_CAUSE_UNKNOWN_SENDER;
	this->peer.endpoint = POL_ENDPOINT_BY_ADDRESS;
	return 0;
}

/*
 * Sets `peer.endpoint` as far as sockets say it, else POL_ENDPOINT_BY_ADDRESS, which pol_verdict_decide resolves. Returns 0, or the
 * cause for which the packet has to be refused.
 */
static __always_inline int pol_peer_tell(struct __sk_buff *skb, struct pol_case *this)
{
	this->peer.endpoint = POL_ENDPOINT_BY_ADDRESS;
	return this->near ? pol_peer_near(skb, this) : 0;
}

/* The same, resolved. */
POL_GLOBAL int pol_peer_find(struct __sk_buff *skb, struct pol_case *this)
{
	int cause;

	if (!this)
		return POL_CAUSE_INTERNAL;
	cause = pol_peer_tell(skb, this);

	if (this->peer.endpoint == POL_ENDPOINT_BY_ADDRESS)
		this->peer.endpoint = pol_endpoint_of_address(this->question.slot, &this->peer.address);
	return cause;
}

/* Is it known who the peer is, as far as sockets say it? Else `verdict` is a denial. */
static __always_inline int pol_case_is_told(struct __sk_buff *skb, struct pol_case *this)
{
	int cause = pol_peer_tell(skb, this);

	if (cause)
		pol_verdict_fixed(&this->verdict, POL_ACTION_DENY, cause);
	return !cause;
}

/* Peer and verdict of a new flow, or of an old one under a new revision. Returns the action; `verdict` is filled. */
POL_GLOBAL int pol_case_decide(struct __sk_buff *skb, struct pol_case *this)
{
	if (!this || !pol_case_is_told(skb, this))
		return POL_ACTION_DENY;
	return pol_verdict_decide(&this->question, &this->peer, &this->verdict);
}

/* The same, for a function that has the stack for it. */
static __always_inline int pol_case_decide_here(struct __sk_buff *skb, struct pol_case *this)
{
	if (!pol_case_is_told(skb, this))
		return POL_ACTION_DENY;
	return pol_verdict_decide_here(&this->question, &this->peer, &this->verdict);
}
