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
	__u64 next; /* number of the flow */
	__u64 allowed;
	__u64 denied;
	__u32 peer_class; /* of the hot verdict */
	__u32 point;
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bench_state);
} bench_state SEC(".maps");

/*
 * Another flow each time. They stand in random order and are taken one behind the other: a processor has the next one at hand before
 * it is asked for. Drawn at random, each would be waited for, which the empty program does not, and nothing would take that off.
 */
static __always_inline const struct bench_flow *bench_draw(struct bench_state *state)
{
	__u32 zero = 0, at = state->next++ & (BENCH_FLOWS - 1);
	const struct bench_flows *flows = bpf_map_lookup_elem(&bench_flows, &zero);

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
	peer.endpoint = POL_ENDPOINT_BY_ADDRESS;
	pol_verdict_decide_here(&question, &peer, &verdict);
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

/* The verdict alone: the classes of subject and peer are known. */
static __always_inline int bench_verdict(struct bench_state *state, __u32 peer, __u32 point)
{
	struct pol_generation now = pol_generation_read();
	const struct pol_memory *memory = pol_memory_of(now.slot);
	const struct pol_section *section = memory ? pol_section_of(now.slot, memory, 1, POL_SECTION_INGRESS) : 0;
	struct pol_question question = {.slot = now.slot, .section = POL_SECTION_INGRESS, .point = point};
	__u64 named = 0;
	const __u32 *word = section ? pol_verdict_of_classes(&question, memory, section, peer, &named) : 0;
	struct pol_verdict verdict;

	return pol_verdict_take(now.slot, memory, word, &verdict) ? bench_done(state, verdict.action == POL_ACTION_ALLOW) : 0;
}

SEC("tc")
int bench_verdict_empty(struct __sk_buff *skb)
{
	BENCH_STATE;
	return bench_done(state, state->peer_class == state->point);
}

SEC("tc")
int bench_verdict_hot(struct __sk_buff *skb)
{
	BENCH_STATE;
	return bench_verdict(state, state->peer_class, state->point);
}

/* Identity of an address, as an ipcache has it; address in network order. */
struct lpm_address_key {
	__u32 length;
	__u8 family[4];
	__u32 address;
};
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 512000);
	__type(key, struct lpm_address_key);
	__type(value, __u32);
} lpm_addresses SEC(".maps");

/* What an endpoint's policy map has: identity, direction, protocol and port; a prefix of ports, or all. */
struct lpm_policy_key {
	__u32 length;
	__u32 identity;
	__u8 egress;
	__u8 protocol;
	__be16 port;
};
struct lpm_policy {
	__be16 proxy_port;
	__u8 deny;
	__u8 prefix;
	__u32 precedence;
	__u32 cookie;
};
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1 << 17);
	__type(key, struct lpm_policy_key);
	__type(value, struct lpm_policy);
} lpm_policies SEC(".maps");

/* Accounting of what an entry decided, which is on where nothing else is said. */
struct lpm_account_key {
	__u32 identity;
	__u16 endpoint;
	__be16 port;
	__u8 prefix, direction, protocol, reserved;
};
struct {
	__uint(type, BPF_MAP_TYPE_LRU_PERCPU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct lpm_account_key);
	__type(value, __u64);
} lpm_accounts SEC(".maps");

static __always_inline int lpm_program(struct __sk_buff *skb, const struct bench_flow *flow, struct bench_state *state)
{
	struct lpm_address_key address = {.length = 64, .family = {1}};
	struct lpm_policy_key key = {.length = 64, .protocol = POL_NUMBER_TCP};
	const struct lpm_policy *own, *any, *policy;
	struct lpm_account_key account = {};
	struct pol_packet packet;
	__u64 one = 1, *count;
	const __u32 *identity;

	if (pol_packet_parse(skb, &packet, BENCH_ETHERNET) != POL_PACKET_EVENT)
		return 0;
	address.address = flow ? flow->address : packet.source.word[3];
	key.port = bpf_htons(flow ? flow->port : packet.destination_port);
	identity = bpf_map_lookup_elem(&lpm_addresses, &address);
	key.identity = identity ? *identity : 2;
	own = bpf_map_lookup_elem(&lpm_policies, &key);
	account.identity = key.identity;
	key.identity = 0;
	any = bpf_map_lookup_elem(&lpm_policies, &key);
	policy = !own || (any && any->precedence > own->precedence) ? any : own;
	if (!policy)
		return bench_done(state, 0);
	account.port = key.port;
	account.protocol = key.protocol;
	account.prefix = policy->prefix;
	count = bpf_map_lookup_elem(&lpm_accounts, &account);
	if (count)
		*count += 1;
	else
		bpf_map_update_elem(&lpm_accounts, &account, &one, BPF_NOEXIST);
	return bench_done(state, !policy->deny);
}

SEC("tc")
int lpm_shape_hot(struct __sk_buff *skb)
{
	BENCH_STATE;
	return lpm_program(skb, 0, state);
}

SEC("tc")
int lpm_shape_cold(struct __sk_buff *skb)
{
	BENCH_STATE;
	const struct bench_flow *flow = bench_draw(state);

	return flow ? lpm_program(skb, flow, state) : 0;
}

/* One address of either family: our tree beside the kernel's trie over the same blocks. */
struct bench_addresses {
	struct pol_address address[BENCH_FLOWS / 16];
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bench_addresses);
} bench_addresses SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1 << 20);
	__type(key, struct pol_prefix_key);
	__type(value, __u32);
} lpm_prefixes SEC(".maps");

static __always_inline const struct pol_address *bench_draw_address(struct bench_state *state)
{
	const struct bench_addresses *all;
	__u32 zero = 0, at = state->next++ & (BENCH_FLOWS / 16 - 1);

	asm volatile("" : "+r"(at));
	all = bpf_map_lookup_elem(&bench_addresses, &zero);
	return all ? &all->address[at & (BENCH_FLOWS / 16 - 1)] : 0;
}

SEC("tc")
int address_empty(struct __sk_buff *skb)
{
	BENCH_STATE;
	const struct pol_address *address = bench_draw_address(state);

	return address ? bench_done(state, address->word[3] & 1) : 0;
}

SEC("tc")
int address_tree(struct __sk_buff *skb)
{
	BENCH_STATE;
	const struct pol_address *address = bench_draw_address(state);
	struct pol_generation now = pol_generation_read();
	const struct pol_memory *memory = pol_memory_of(now.slot);

	return address && memory ? bench_done(state, pol_address_find(now.slot, memory, address) & 1) : 0;
}

SEC("tc")
int address_trie(struct __sk_buff *skb)
{
	BENCH_STATE;
	const struct pol_address *address = bench_draw_address(state);
	struct pol_prefix_key key = {.length = 128};
	const __u32 *class;

	if (!address)
		return 0;
	__builtin_memcpy(key.address, address, sizeof(key.address));
	class = bpf_map_lookup_elem(&lpm_prefixes, &key);
	return class ? bench_done(state, *class & 1) : 0;
}
