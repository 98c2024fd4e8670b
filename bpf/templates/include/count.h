/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Counting and telling. Counters are exact: raised in the program that decides, whatever becomes of the event; the ring
 * is for people to look at, and what did not fit is counted in `lost`.
 */
#pragma once
#include "maps.h"

enum { POL_COUNTER_CELL_BITS = 12 };
_Static_assert(1 << POL_COUNTER_CELL_BITS == POL_LIMIT_COUNTER_CELLS, "a place for each value of these bits");

static __always_inline void pol_lost_raise(__u32 reason)
{
	__u64 *count = bpf_map_lookup_elem(&lost, &reason);

	if (count)
		__sync_fetch_and_add(count, 1);
}

/*
 * Adds one where the key has its place; false if that is another's. A key that came first stays for good, so each key of a CPU is
 * either here or in `counters`. Per CPU, yet atomic: a softirq may run between load and store of a process's count on the same CPU.
 */
static __always_inline int pol_counter_raise_cell(__u64 key)
{
	__u32 at = key * 0x9e3779b97f4a7c15ull >> (64 - POL_COUNTER_CELL_BITS);
	struct pol_counter_cell *cell = bpf_map_lookup_elem(&counter_cells, &at);
	__u64 known;

	if (!cell)
		return 0;
	known = *(volatile __u64 *)&cell->key;
	if (!known)
		known = __sync_val_compare_and_swap(&cell->key, 0, key);
	if (known && known != key)
		return 0;
	__sync_fetch_and_add(&cell->count, 1);
	return 1;
}

/* Adds one to the entry of a hash per CPU, which is made if there is none. False: there is no room. */
static __always_inline int pol_entry_raise(void *map, const void *key)
{
	__u64 *count = bpf_map_lookup_elem(map, key);
	__u64 one = 1;

	if (!count) {
		if (!bpf_map_update_elem(map, key, &one, BPF_NOEXIST))
			return 1;
		/* Another CPU made it in between, or the table is full. */
		count = bpf_map_lookup_elem(map, key);
	}
	if (count)
		__sync_fetch_and_add(count, 1);
	return !!count;
}

/* Adds one. */
POL_GLOBAL int pol_counter_raise_entry(__u64 key)
{
	if (!pol_entry_raise(&counters, &key))
		pol_lost_raise(POL_LOST_COUNTERS_FULL);
	return 0;
}

static __always_inline void pol_counter_raise(const struct pol_counter_key *key)
{
	__u64 word;

	_Static_assert(sizeof(word) == sizeof(*key), "a key is one word");
	__builtin_memcpy(&word, key, sizeof(word));
	if (!pol_counter_raise_cell(word))
		pol_counter_raise_entry(word);
}

/*
 * One event to fill and submit (`bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP)`); NULL when the ring is full (counted). Time is set,
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
