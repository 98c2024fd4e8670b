/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What is measured by BPF_PROG_TEST_RUN: the project's own decision, made of the headers that the programs are made of, and
 * one of the shape of Cilium's (an LPM trie of addresses, then two look-ups in the endpoint's LPM trie of identity, protocol
 * and port, then accounting), written for this comparison. `_cold` programs take another flow in each run.
 */
#include "../../bpf/templates/include/case.h"

enum { BENCH_FLOWS = 1 << 20, BENCH_SUBJECT = 16, BENCH_ETHERNET = 14 };

/* A flow that may come: who, and to which port. */
struct bench_flow {
	__u32 address; /* network order */
	__u16 port;
	__u16 reserved;
};
struct bench_flows {
	struct bench_flow flow[BENCH_FLOWS];
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bench_flows);
} bench_flows SEC(".maps");

struct bench_state {
	__u64 random;
	__u64 allowed;
	__u64 denied;
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bench_state);
} bench_state SEC(".maps");

/* Another flow each time (xorshift). */
static __always_inline const struct bench_flow *bench_draw(struct bench_state *state)
{
	__u32 zero = 0, at;
	const struct bench_flows *flows = bpf_map_lookup_elem(&bench_flows, &zero);

	state->random ^= state->random << 13;
	state->random ^= state->random >> 7;
	state->random ^= state->random << 17;
	at = state->random & (BENCH_FLOWS - 1);
	asm volatile("" : "+r"(at));
	return flows ? &flows->flow[at & (BENCH_FLOWS - 1)] : 0;
}

static __always_inline int bench_done(struct bench_state *state, int allowed)
{
	if (allowed)
		state->allowed++;
	else
		state->denied++;
	return allowed;
}

#define BENCH_STATE                                                              \
	__u32 zero = 0;                                                          \
	struct bench_state *state = bpf_map_lookup_elem(&bench_state, &zero);    \
	if (!state)                                                              \
		return 0

SEC("tc")
int bench_empty(struct __sk_buff *skb)
{
	return 0;
}

SEC("tc")
int bench_empty_cold(struct __sk_buff *skb)
{
	BENCH_STATE;
	const struct bench_flow *flow = bench_draw(state);

	return flow ? bench_done(state, flow->address == flow->port) : 0;
}

/* Parse, find the peer, decide, count: everything but the state of connections. */
static __always_inline int bench_program(struct __sk_buff *skb, const struct bench_flow *flow, struct bench_state *state)
{
	struct pol_generation now = pol_generation_read();
	struct pol_question question = {.slot = now.slot, .subject = BENCH_SUBJECT, .section = POL_SECTION_INGRESS};
	struct pol_counter_key counter = {.direction = POL_SECTION_INGRESS};
	struct pol_verdict verdict;
	struct pol_packet packet;
	struct pol_peer peer = {};

	if (pol_packet_parse(skb, &packet, BENCH_ETHERNET) != POL_PACKET_EVENT)
		return 0;
	question.point = packet.point;
	peer.address = packet.source;
	if (flow) {
		question.point = POL_PROTOCOL_TCP * 65536 + flow->port;
		pol_address_mapped(&peer.address, flow->address);
	}
	peer.endpoint = pol_endpoint_listed(now.slot, &peer.address);
	pol_verdict_decide(&question, &peer, &verdict);
	counter.cause = verdict.cause;
	counter.protocol = packet.protocol;
	counter.match = verdict.match;
	counter.verdict = pol_verdict_hubble(&verdict);
	pol_counter_raise(&counter);
	return bench_done(state, verdict.action == POL_ACTION_ALLOW);
}

SEC("tc")
int bench_program_hot(struct __sk_buff *skb)
{
	BENCH_STATE;
	return bench_program(skb, 0, state);
}

SEC("tc")
int bench_program_cold(struct __sk_buff *skb)
{
	BENCH_STATE;
	const struct bench_flow *flow = bench_draw(state);

	return flow ? bench_program(skb, flow, state) : 0;
}
