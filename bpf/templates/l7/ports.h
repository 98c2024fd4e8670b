/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* What is known of a port, a bit each: connections to it have it when they begin. */
#pragma once
#include "../include/maps.h"

enum { POL_PORT_WORDS = 65536 / 64 };

/* Ports whose connections are looked at where policy does not ask for it. Written by policyd. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, POL_PORT_WORDS);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, __u32);
	__type(value, __u64);
} http_observed SEC(".maps");

/* Ports where somebody asked for another protocol behind other requests: only there all responses are read whole. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, POL_PORT_WORDS);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, __u32);
	__type(value, __u64);
} http_upgrades SEC(".maps");

static __always_inline int pol_port_in(void *ports, __u16 port)
{
	__u32 word = port / 64;
	const __u64 *bits = bpf_map_lookup_elem(ports, &word);

	return bits && *bits >> (port & 63) & 1;
}

static __always_inline int pol_port_is_observed(__u16 port)
{
	return pol_port_in(&http_observed, port);
}

static __always_inline void pol_port_upgrades(__u16 port)
{
	__u32 word = port / 64;
	__u64 *bits = bpf_map_lookup_elem(&http_upgrades, &word);

	if (bits)
		__sync_fetch_and_or(bits, 1ull << (port & 63));
}
