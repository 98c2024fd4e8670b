/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* What is known of a port, a bit each: connections to it have it when they begin. */
#pragma once
#include "../include/port-bits.h"

/* Ports whose connections are looked at where policy does not ask for it. Written by policyd. */
POL_PORT_BITS(http_observed);

static __always_inline int pol_port_is_observed(__u16 port)
{
	return pol_port_in(&http_observed, port);
}
