/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
#pragma once
#include <linux/types.h>

/* Eight bytes of a text as they stand in memory, in one word; behind its end zeros. */
#define POL_NAME_WORD(a, b, c, d, e, f, g, h)                                                                        \
	((__u64)(a) | (__u64)(b) << 8 | (__u64)(c) << 16 | (__u64)(d) << 24 | (__u64)(e) << 32 | (__u64)(f) << 40 | \
	 (__u64)(g) << 48 | (__u64)(h) << 56)

