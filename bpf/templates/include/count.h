/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Counting and telling. Counters are exact: raised in the program that decides, whatever becomes of the event; the ring
 * is for people to look at, and what did not fit is counted in `lost`.
 */
#pragma once
#include "maps.h"

static __always_inline void pol_lost_raise(__u32 reason)
{
	__u64 *count = bpf_map_lookup_elem(&lost, &reason);

	if (count)
		__sync_fetch_and_add(count, 1);
}

/* Adds one. Per CPU, yet atomic: a softirq may run between load and store of a process's count on the same CPU. */
POL_GLOBAL int pol_counter_raise(const struct pol_counter_key *key)
{
	struct pol_counter_key wanted;
	__u64 one = 1;
	__u64 *count;

	if (!key)
		return 0;
	/* On the stack: Linux 6.1 takes no key through a pointer that a function was given. */
	wanted = *key;
	count = bpf_map_lookup_elem(&counters, &wanted);
	if (!count) {
		if (bpf_map_update_elem(&counters, &wanted, &one, BPF_NOEXIST) == 0)
			return 0;
		/* Another CPU made it in between, or the table is full. */
		count = bpf_map_lookup_elem(&counters, &wanted);
	}
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		pol_lost_raise(POL_LOST_COUNTERS_FULL);
	return 0;
}

/*
 * One event to fill and submit (`bpf_ringbuf_submit(event, 0)`); NULL when the ring is full (counted). Time is set,
 * all else up to `text` is zero; `text` is as it was left by others: write what `text_length` says.
 */
static __always_inline struct pol_event *pol_event_reserve(void)
{
	struct pol_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event) {
		pol_lost_raise(POL_LOST_RING_FULL);
		return 0;
	}
	__builtin_memset(event, 0, __builtin_offsetof(struct pol_event, text));
	event->time = bpf_ktime_get_ns();
	return event;
}
