/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * One packet or call on its way through the decision: what it is, who asks, who is the other end, what was decided;
 * and how the outcome is told.
 */
#pragma once
#include "count.h"
#include "parse.h"
#include "sockets.h"

struct pol_case {
	__u64 network; /* of the subject's socket: addresses mean nothing without it */
	struct pol_packet packet;
	/* The question of the *flow*: for a reply, section and point are those of the flow it belongs to. */
	struct pol_question question;
	struct pol_peer peer; /* the address is always there, the endpoint after pol_peer_tell and pol_verdict_decide */
	struct pol_verdict verdict;
	__u32 revision;
	__u32 pid; /* connect and sendmsg hooks */
	__u8 direction; /* of this packet: POL_SECTION_INGRESS or _EGRESS */
	__u8 near; /* the other end is in this network namespace: over loopback */
};

static __always_inline struct pol_generation pol_case_generation(const struct pol_case *this)
{
	return (struct pol_generation){.revision = this->revision, .slot = this->question.slot};
}

/* The subject's address; it is not kept twice, as programs have 512 bytes of stack for all that they call. */
static __always_inline const struct pol_address *pol_case_local(const struct pol_case *this)
{
	return this->direction == POL_SECTION_INGRESS ? &this->packet.destination : &this->packet.source;
}

/* Host order. */
static __always_inline __u16 pol_case_local_port(const struct pol_case *this)
{
	return this->direction == POL_SECTION_INGRESS ? this->packet.destination_port : this->packet.source_port;
}

static __always_inline __u16 pol_case_remote_port(const struct pol_case *this)
{
	return this->direction == POL_SECTION_INGRESS ? this->packet.source_port : this->packet.destination_port;
}

/* Sees the packet from the subject's side. */
static __always_inline void pol_case_orient(struct pol_case *this, __u8 direction)
{
	this->direction = direction;
	this->question.section = direction;
	this->question.point = this->packet.point;
	this->peer.address = direction == POL_SECTION_INGRESS ? this->packet.source : this->packet.destination;
}

/* What an address is: a node of the tree of addresses. */
POL_GLOBAL __u32 pol_address_node(__u32 slot, const struct pol_address *address)
{
	const struct pol_memory *memory = pol_memory_of(slot);

	return memory && address ? pol_address_find(slot, memory, address) : POL_NODE_MISSING;
}

/* Who has an address that is listed as one endpoint's own. */
static __always_inline __u32 pol_endpoint_listed(__u32 slot, const struct pol_address *address)
{
	__u32 node = pol_address_node(slot, address);

	return pol_address_kind(node) == POL_NODE_ENDPOINT ? pol_address_number(node) : POL_ENDPOINT_NONE;
}

/* Who has an address, where no socket could say it. */
static __always_inline __u32 pol_endpoint_of_address(__u32 slot, const struct pol_address *address)
{
	return pol_endpoint_at(pol_address_node(slot, address), address);
}

/* Where a packet comes from and goes to; ports in host order. */
struct pol_way {
	const struct pol_address *from, *to;
	__u16 from_port, to_port;
};

/* For the look-up of the socket that such a packet is for; returns the size. */
static __always_inline __u32 pol_tuple_fill(struct bpf_sock_tuple *tuple, const struct pol_way *way)
{
	__builtin_memset(tuple, 0, sizeof(*tuple));
	if (way->to->word[0] == 0 && way->to->word[1] == 0 && way->to->word[2] == bpf_htonl(0xffff)) {
		tuple->ipv4.saddr = way->from->word[3];
		tuple->ipv4.daddr = way->to->word[3];
		tuple->ipv4.sport = bpf_htons(way->from_port);
		tuple->ipv4.dport = bpf_htons(way->to_port);
		return sizeof(tuple->ipv4);
	}
	__builtin_memcpy(tuple->ipv6.saddr, way->from, sizeof(tuple->ipv6.saddr));
	__builtin_memcpy(tuple->ipv6.daddr, way->to, sizeof(tuple->ipv6.daddr));
	tuple->ipv6.sport = bpf_htons(way->from_port);
	tuple->ipv6.dport = bpf_htons(way->to_port);
	return sizeof(tuple->ipv6);
}

/*
 * The full socket in this network namespace that has the peer's address and port and, if it is connected, ours; to be
 * released. NULL if there is none or the protocol has no look-up.
 */
static __always_inline struct bpf_sock *pol_peer_socket(void *context, const struct pol_case *this)
{
	struct pol_way way = {pol_case_local(this), &this->peer.address, pol_case_local_port(this), pol_case_remote_port(this)};
	struct bpf_sock_tuple tuple;
	__u32 size = pol_tuple_fill(&tuple, &way);

	if (this->packet.protocol == POL_PROTOCOL_TCP)
		return bpf_sk_lookup_tcp(context, &tuple, size, BPF_F_CURRENT_NETNS, 0);
	if (this->packet.protocol == POL_PROTOCOL_UDP)
		return bpf_sk_lookup_udp(context, &tuple, size, BPF_F_CURRENT_NETNS, 0);
	return 0;
}

/* Owner of the peer's socket: an endpoint (the host, where no workload owns it), or one of the POL_OWNER_ constants. */
static __always_inline __u32 pol_peer_owner(void *context, const struct pol_case *this)
{
	struct bpf_sock *sk = pol_peer_socket(context, this);
	__u32 owner;

	if (!sk)
		return POL_OWNER_NO_SOCKET;
	owner = pol_found_owner(pol_case_generation(this), sk);
	bpf_sk_release(sk);
	return owner;
}

/* Who speaks with whom, and what decided. */
static __always_inline void pol_case_describe(struct pol_event *event, const struct pol_case *this)
{
	event->cause = this->verdict.cause;
	event->revision = this->revision;
	event->subject = this->question.subject;
	event->peer = this->peer.endpoint;
	__builtin_memcpy(event->source, &this->packet.source, sizeof(event->source));
	__builtin_memcpy(event->destination, &this->packet.destination, sizeof(event->destination));
	event->source_port = this->packet.source_port;
	event->destination_port = this->packet.destination_port;
	event->direction = this->question.section;
	event->match = this->verdict.match;
}

/* `this->verdict` led to `hubble` (POL_VERDICT_*), under this POL_PROTOCOL_*. */
static __always_inline void pol_case_count(const struct pol_case *this, __u8 protocol, __u8 hubble)
{
	struct pol_counter_key key = {};

	key.cause = this->verdict.cause;
	key.direction = this->question.section;
	key.protocol = protocol;
	key.match = this->verdict.match;
	key.verdict = hubble;
	pol_counter_raise(&key);
}

/* Raises the counter and tells the ring: `this->verdict` led to `hubble` (POL_VERDICT_*). */
POL_GLOBAL int pol_case_report(const struct pol_case *this, __u8 hubble)
{
	struct pol_event *event;

	if (!this)
		return 0;
	pol_case_count(this, this->packet.protocol, hubble);
	event = pol_event_reserve();
	if (!event)
		return 0;
	pol_case_describe(event, this);
	event->protocol = this->packet.protocol;
	event->verdict = hubble;
	event->domain = POL_DOMAIN_PACKET;
	event->tcp_flags = this->packet.tcp_flags;
	event->pid = this->pid;
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	return 0;
}

/* A new flow that passes. */
static __always_inline void pol_case_admit(const struct pol_case *this)
{
	pol_case_report(this, pol_verdict_hubble(&this->verdict));
}

/* Denies for the reason that stands in `this->verdict`; every denied packet is counted. */
static __always_inline int pol_case_deny(const struct pol_case *this)
{
	pol_case_report(this, POL_VERDICT_DROPPED);
	return 0;
}

/* Denies for a reason of the program's own. */
static __always_inline int pol_case_refuse(struct pol_case *this, __u32 cause)
{
	pol_verdict_fixed(&this->verdict, POL_ACTION_DENY, cause);
	return pol_case_deny(this);
}
