/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
#pragma once
#include <linux/types.h>

/* Eight bytes: is no control character among them? */
static __always_inline int pol_word_is_text(__u64 word)
{
	const __u64 ones = 0x0101010101010101ull, high = ones << 7;
	__u64 delete = word ^ ones * 0x7f;

	return !(((word - ones * 0x20) & ~word & high) | ((delete - ones) & ~delete & high));
}
