/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The tables, one declaration for every object: all are pinned by name, so the first object that is loaded makes them
 * and the others share them. The per-generation tables hold two inner maps; `revision & 1` says which is in force.
 * Inner maps say sizes, not types: clang leaves a struct that only they name without its members in the BTF.
 * A real one has to agree with its template in type, key, value and flags, not in entries (arrays: BPF_F_INNER_MAP).
 */
#pragma once
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "abi.generated.h"

/* The helpers for kernel memory and the clock are for programs under a licence compatible with the GPL only. */
char pol_license[] SEC("license") = "GPL";

/*
 * A function that the verifier checks once and by itself, whoever calls it with what: pointers may be NULL to it, numbers
 * anything. Without that every caller multiplies the states. Weak: clang must not tailor it to its callers.
 */
#define POL_GLOBAL __attribute__((noinline, weak))

struct pol_inner_memory {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, POL_LIMIT_MEMORY_PAGE);
};
struct pol_inner_automaton {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct pol_automaton));
};
struct pol_inner_requests {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct pol_requests));
};
struct pol_inner_pages {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_INNER_MAP);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct pol_page));
};
/* An IPv6 address, or a mapped IPv4 one, in network order. */
struct pol_address {
	__u32 word[4];
};
struct pol_inner_cgroups {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u64));
	__uint(value_size, sizeof(__u32));
};

/* Pages of the decision memory (memory.h): those of slot 0, then those of slot 1. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, POL_LIMIT_SLOTS * POL_LIMIT_MEMORY_PAGES);
	__type(key, __u32);
	__uint(value_size, sizeof(__u32));
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__array(values, struct pol_inner_memory);
} t_memory SEC(".maps");

#define POL_GENERATION_TABLE(name, inner)             \
	struct {                                      \
		__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); \
		__uint(max_entries, POL_LIMIT_SLOTS); \
		__type(key, __u32);                   \
		__uint(value_size, sizeof(__u32));    \
		__uint(pinning, LIBBPF_PIN_BY_NAME);  \
		__array(values, struct inner);        \
	} name SEC(".maps")

POL_GENERATION_TABLE(t_http, pol_inner_requests);
POL_GENERATION_TABLE(t_http_cells, pol_inner_pages);
POL_GENERATION_TABLE(t_dns, pol_inner_requests);
POL_GENERATION_TABLE(t_dns_cells, pol_inner_pages);
POL_GENERATION_TABLE(t_tls, pol_inner_requests);
POL_GENERATION_TABLE(t_tls_cells, pol_inner_pages);
POL_GENERATION_TABLE(t_exec, pol_inner_automaton);
POL_GENERATION_TABLE(t_cgroups, pol_inner_cgroups);

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, __u32);
	__type(value, struct pol_config);
} config SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, __u32);
	__type(value, struct pol_host);
} host SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, POL_LIMIT_COUNTERS);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, struct pol_counter_key);
	__type(value, __u64);
} counters SEC(".maps");

/* The same, for the first key of each place; all others are in `counters`. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, POL_LIMIT_COUNTER_CELLS);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, __u32);
	__type(value, struct pol_counter_cell);
} counter_cells SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2); /* POL_LOST_* */
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, __u32);
	__type(value, __u64);
} lost SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, POL_LIMIT_RING_BYTES);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} events SEC(".maps");

/* Which tables are in force; read once per packet, request or exec, so that none of them sees two policies. */
struct pol_generation {
	__u32 revision; /* 0 = nothing loaded: fail closed */
	__u32 slot;
};

/*
 * A generation with policies for the host that nobody has confirmed yet: when its time is over, the one before is in force
 * again, whoever has died meanwhile. A function of its own, so that the clock costs only who waits.
 */
POL_GLOBAL __u32 pol_generation_waiting(void)
{
	__u32 zero = 0;
	const volatile struct pol_config *loaded = bpf_map_lookup_elem(&config, &zero);

	if (!loaded)
		return 0;
	return loaded->until && bpf_ktime_get_ns() >= loaded->until ? loaded->former : loaded->revision;
}

static __always_inline struct pol_generation pol_generation_read(void)
{
	struct pol_generation now = {};
	__u32 zero = 0;
	const volatile struct pol_config *loaded = bpf_map_lookup_elem(&config, &zero);

	if (loaded)
		now.revision = loaded->until ? pol_generation_waiting() : loaded->revision;
	now.slot = now.revision & 1;
	return now;
}
