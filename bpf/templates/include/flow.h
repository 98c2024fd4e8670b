/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * State of everything that is no TCP connection of a socket: UDP, SCTP, other IP protocols, ICMP echo, and TCP of raw
 * sockets. Only allowed flows are remembered; a reply belongs to one. Keyed without the local address, so that sendmsg
 * hooks, which do not know it yet, can ask too; but with the network namespace, for in one of its own a workload gives
 * any address to itself.
 */
#pragma once
#include "dns-packet.h"
#include "interface.h"
#include "peer.h"

enum { POL_FLOW_ENTRIES = 65536 };
/* A second more than the minute: of a flow that is kept with its socket not each packet is seen here (datagram.h). */
#define POL_FLOW_IDLE_NS (61ull * 1000000000)

struct pol_flow_key {
	struct pol_address remote;
	__u64 network; /* the namespace */
	__u32 endpoint; /* the subject */
	__u16 local_port; /* echo: identifier */
	__u16 remote_port; /* echo: the direction of the requests, so that a reply's flow lets no request in */
	__u8 number; /* IP protocol */
	__u8 reserved[7];
};

struct pol_flow {
	__u64 seen; /* nanoseconds, CLOCK_MONOTONIC */
	__u32 revision; /* under which it was allowed */
	__u32 peer; /* endpoint id */
	__u32 point; /* of the first packet, by which it is decided again */
	__u8 direction; /* of the first packet */
	__u8 action : 4; /* allow, or inspect */
	__u8 match : 4; /* of the rule by which it was allowed */
	__u8 near; /* as the first packet's: another road is another flow */
	__u8 domain; /* action inspect: what its packets are read as */
	__u32 row; /* action inspect: base of the verdicts of requests */
	__u32 cause; /* that rule */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, POL_FLOW_ENTRIES);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, struct pol_flow_key);
	__type(value, struct pol_flow);
} flows SEC(".maps");

static __always_inline struct pol_flow *pol_flow_find(const struct pol_flow_key *key, __u64 now)
{
	struct pol_flow *flow = bpf_map_lookup_elem(&flows, key);

	/* Signed: another CPU may have seen it a little later than our clock says. */
	return flow && (__s64)(now - flow->seen) < (__s64)POL_FLOW_IDLE_NS ? flow : 0;
}

enum pol_icmp_kind { POL_ICMP_MESSAGE, POL_ICMP_REQUEST, POL_ICMP_REPLY, POL_ICMP_ERROR };

/* What kind of ICMP a packet is; code other than 0 is no echo. */
static __always_inline int pol_icmp_kind_of(const struct pol_packet *packet)
{
	__u16 message = packet->destination_port;
	__u8 type = message >> 8;

	if (packet->protocol == POL_PROTOCOL_ICMP) {
		if (message == 8 << 8)
			return POL_ICMP_REQUEST;
		if (message == 0)
			return POL_ICMP_REPLY;
		return type == 3 || type == 11 || type == 12 ? POL_ICMP_ERROR : POL_ICMP_MESSAGE;
	}
	if (message == 128 << 8)
		return POL_ICMP_REQUEST;
	if (message == 129 << 8)
		return POL_ICMP_REPLY;
	return type >= 1 && type <= 4 ? POL_ICMP_ERROR : POL_ICMP_MESSAGE;
}

static __always_inline int pol_packet_is_icmp(const struct pol_packet *packet)
{
	return packet->protocol == POL_PROTOCOL_ICMP || packet->protocol == POL_PROTOCOL_ICMPV6;
}

/* The flow that a packet would belong to. */
static __always_inline void pol_flow_key_of(const struct pol_case *this, int icmp, struct pol_flow_key *key)
{
	__builtin_memset(key, 0, sizeof(*key));
	key->remote = this->peer.address;
	key->network = this->network;
	key->endpoint = this->question.subject;
	key->number = this->packet.number;
	if (this->packet.protocol == POL_PROTOCOL_OTHER)
		return;
	if (pol_packet_is_icmp(&this->packet)) {
		key->local_port = this->packet.echo;
		key->remote_port = icmp == POL_ICMP_REPLY ? !this->direction : this->direction;
		return;
	}
	key->local_port = pol_case_local_port(this);
	key->remote_port = pol_case_remote_port(this);
}

/* What becomes of a packet whose flow is allowed: only TCP without data passes where requests have to be read. */
static __always_inline int pol_flow_pass(struct pol_case *this, __u8 action)
{
	if (action == POL_ACTION_INSPECT && (this->packet.protocol != POL_PROTOCOL_TCP || this->packet.payload))
		return pol_case_refuse(this, POL_CAUSE_UNINSPECTABLE);
	return 1;
}

/* Can the packets of a flow be read, if they have to be? UDP that carries DNS. */
static __always_inline int pol_flow_is_read(const struct pol_case *this, const struct pol_flow *flow)
{
	return flow->action == POL_ACTION_INSPECT && flow->domain == POL_DOMAIN_DNS && this->packet.protocol == POL_PROTOCOL_UDP;
}

/* The packet of a flow that is allowed: queries are decided by themselves; answers pass, once it is known what they name. */
static __always_inline int pol_flow_packet(struct pol_case *this, const struct pol_flow *flow)
{
	this->verdict.action = flow->action;
	this->verdict.cause = flow->cause;
	this->verdict.match = flow->match;
	if (!pol_flow_is_read(this, flow))
		return pol_flow_pass(this, flow->action);
	if (this->direction != flow->direction)
		return flow->direction == POL_SECTION_EGRESS ? POL_FLOW_ANSWER : POL_FLOW_PASSES;
	this->verdict.next = flow->row;
	return POL_FLOW_QUERY;
}

/* What was decided stands in `this->verdict`. */
static __always_inline void pol_flow_keep(struct pol_flow *flow, const struct pol_case *this)
{
	flow->revision = this->revision;
	flow->peer = this->peer.endpoint;
	flow->action = this->verdict.action;
	flow->domain = this->verdict.domain;
	flow->row = this->verdict.next;
	flow->cause = this->verdict.cause;
	flow->match = this->verdict.match;
}

/*
 * The packet of a known flow: one of POL_FLOW_*, or -1, it belongs to no flow any more and is to be decided by itself.
 */
static __always_inline int pol_flow_continue(struct __sk_buff *skb, struct pol_case *this, const struct pol_flow_key *key, struct pol_flow *flow)
{
	__u8 section = flow->direction;
	int action;

	if (this->near != flow->near)
		return -1;
	/*
	 * Over loopback the peer's port may have changed hands since. And a flow to itself is there to be counted once, not
	 * to permit anything: each packet has to show again that its peer is the subject.
	 */
	this->question.section = section;
	this->question.point = flow->point;
	if (((this->near && !pol_packet_is_icmp(&this->packet)) || flow->peer == this->question.subject) &&
	    (pol_peer_find(skb, this) || this->peer.endpoint != flow->peer))
		return -1;
	if (flow->revision == this->revision)
		return pol_flow_packet(this, flow);
	action = pol_case_decide(skb, this);
	if (action == POL_ACTION_DENY) {
		bpf_map_delete_elem(&flows, key);
		return section == this->direction ? pol_case_deny(this) : -1;
	}
	pol_flow_keep(flow, this);
	return pol_flow_packet(this, flow);
}

/* Decides a packet by itself; `key`: the flow that it begins, NULL if it begins none. */
static __always_inline int pol_flow_begin(struct __sk_buff *skb, struct pol_case *this, const struct pol_flow_key *key)
{
	struct pol_flow flow = {};

	this->question.section = this->direction;
	this->question.point = this->packet.point;
	if (pol_case_decide(skb, this) == POL_ACTION_DENY)
		return pol_case_deny(this);
	pol_flow_keep(&flow, this);
	if (!pol_flow_is_read(this, &flow) && !pol_flow_pass(this, flow.action))
		return 0;
	pol_packet_admit(this);
	if (!key)
		return 1;
	flow.seen = bpf_ktime_get_ns();
	flow.point = this->packet.point;
	flow.direction = this->direction;
	flow.near = this->near;
	/* Where it cannot be remembered its replies are decided by themselves: closed, not open. */
	bpf_map_update_elem(&flows, key, &flow, BPF_ANY);
	return pol_flow_packet(this, &flow);
}

/* One of POL_FLOW_*. Who asks goes on with a query by itself: stacks are small. */
POL_GLOBAL int pol_flow_judge(struct __sk_buff *skb, struct pol_case *this)
{
	struct pol_flow_key key;
	struct pol_flow *flow;
	__u64 now = bpf_ktime_get_ns();
	int icmp = POL_ICMP_MESSAGE;
	int outcome;

	if (!this)
		return 0;
	if (pol_packet_is_icmp(&this->packet)) {
		icmp = pol_icmp_kind_of(&this->packet);
		/* No flow: each such message is an event of its own. */
		if (icmp != POL_ICMP_REQUEST && icmp != POL_ICMP_REPLY)
			return pol_flow_begin(skb, this, 0);
	}
	pol_flow_key_of(this, icmp, &key);
	flow = pol_flow_find(&key, now);
	if (flow) {
		this->question.has_begun = 1;
		outcome = pol_flow_continue(skb, this, &key, flow);
		this->question.has_begun = 0;
		if (outcome > 0)
			flow->seen = now;
		if (outcome >= 0)
			return outcome;
	}
	return pol_flow_begin(skb, this, icmp == POL_ICMP_REPLY ? 0 : &key);
}
