/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Sets of ports: a bit each. */
#pragma once
#include "maps.h"

enum { POL_PORT_WORDS = 65536 / 64 };

#define POL_PORT_BITS(name)                           \
	struct {                                      \
		__uint(type, BPF_MAP_TYPE_ARRAY);     \
		__uint(max_entries, POL_PORT_WORDS);  \
		__uint(pinning, LIBBPF_PIN_BY_NAME);  \
		__type(key, __u32);                   \
		__type(value, __u64);                 \
	} name SEC(".maps")

/* `ports`: one of these maps. */
static __always_inline int pol_port_in(void *ports, __u16 port)
{
	__u32 word = port / 64;
	const __u64 *bits = bpf_map_lookup_elem(ports, &word);

	return bits && *bits >> (port & 63) & 1;
}
