/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* What is known of a port, a bit each: connections to it have it when they begin. */
#pragma once
#include "../include/port-bits.h"

/* Ports whose connections are looked at where policy does not ask for it. Written by policyd. */
POL_PORT_BITS(http_observed);
/* Ports where somebody asked for another protocol behind other requests: only there all responses are read whole. */
POL_PORT_BITS(http_upgrades);

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
