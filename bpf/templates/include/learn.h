/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* How addresses come to their names: called for answers alone (l7/dns-answer.h). What finds no room is not learned, and is told. */
#pragma once
#include "names.h"

/* For how long an answer holds: no less, no more, and what is added to that. */
enum { POL_NAME_SECONDS_LEAST = 30, POL_NAME_SECONDS_MOST = 86400, POL_NAME_SECONDS_GRACE = 30 };

/* Zeros, to begin entries with that are larger than a program's stack. Never written. */
struct pol_blank {
	__u8 bytes[512];
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, __u32);
	__type(value, struct pol_blank);
} blank SEC(".maps");

/* Number of the last name; when the addresses were swept last (seconds). */
enum { POL_NAMES_LAST, POL_NAMES_SWEPT, POL_NAMES_WORDS };
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, POL_NAMES_WORDS);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, __u32);
	__type(value, __u64);
} names_state SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 4); /* POL_NAMES_LEARNED, _EXPIRED, _REFUSED, _UNREADABLE */
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, __u32);
	__type(value, __u64);
} name_counts SEC(".maps");

static __always_inline void pol_names_count(__u32 what)
{
	__u64 *count = bpf_map_lookup_elem(&name_counts, &what);

	if (count)
		__sync_fetch_and_add(count, 1);
}

static __always_inline const void *pol_blank_find(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&blank, &zero);
}

/* The number of a name (which stands in a map), given to it if it has none; 0: there is no room. */
static __always_inline __u32 pol_name_number(const struct pol_name *name)
{
	const __u32 *known = bpf_map_lookup_elem(&names, name);
	const void *zeros = pol_blank_find();
	__u32 last = POL_NAMES_LAST, number;
	struct pol_named *made;
	__u64 *state;

	if (known)
		return *known;
	state = bpf_map_lookup_elem(&names_state, &last);
	if (!zeros || !state)
		return 0;
	number = __sync_fetch_and_add(state, 1) + 1;
	/* Before the name is found by its text, so that whoever finds it finds its record. */
	if (!number || bpf_map_update_elem(&named, &number, zeros, BPF_NOEXIST))
		return 0;
	made = bpf_map_lookup_elem(&named, &number);
	if (!made)
		return 0;
	__builtin_memcpy(made->text, name->text, sizeof(made->text));
	if (!bpf_map_update_elem(&names, name, &number, BPF_NOEXIST))
		return number;
	/* Another CPU was first, or there is no room. */
	bpf_map_delete_elem(&named, &number);
	known = bpf_map_lookup_elem(&names, name);
	return known ? *known : 0;
}

_Static_assert(sizeof(struct pol_named) <= sizeof(struct pol_blank), "blank is too small");
_Static_assert(sizeof(struct pol_names_of) <= sizeof(struct pol_blank), "blank is too small");

/* Forgets an address none of whose names holds; slots that somebody renews meanwhile are kept. */
static long pol_names_sweep_one(void *map, struct pol_named_key *key, struct pol_names_of *of, __u32 *now)
{
	struct pol_named_key gone = *key;
	__u32 taken = 0;

	for (__u32 i = 0; i < POL_LIMIT_NAMES_OF_ADDRESS; i++) {
		__u64 word = *(const volatile __u64 *)&of->name[i];

		if ((word && (__u32)word > *now) || __sync_val_compare_and_swap(&of->name[i], word, POL_NAME_GONE) != word)
			break;
		taken++;
	}
	if (taken == POL_LIMIT_NAMES_OF_ADDRESS) {
		bpf_map_delete_elem(&named_addresses, &gone);
		pol_names_count(POL_NAMES_EXPIRED);
		return 0;
	}
	/* What was taken did not hold: it is free. */
	for (__u32 i = 0; i < POL_LIMIT_NAMES_OF_ADDRESS; i++)
		if (i < taken)
			*(volatile __u64 *)&of->name[i] = 0;
	return 0;
}

/* Makes room in a full table; false if that was tried a moment ago. */
static __always_inline int pol_names_sweep(__u32 now)
{
	__u32 place = POL_NAMES_SWEPT;
	__u64 *swept = bpf_map_lookup_elem(&names_state, &place);
	__u64 last;

	if (!swept)
		return 0;
	last = *swept;
	if (now - last < POL_NAMES_SWEEP_SECONDS || __sync_val_compare_and_swap(swept, last, now) != last)
		return 0;
	bpf_for_each_map_elem(&named_addresses, pol_names_sweep_one, &now, 0);
	return 1;
}

/* The names of an address, made if it has none yet; NULL: there is no room. */
static __always_inline struct pol_names_of *pol_names_of_address(const struct pol_named_key *key, __u32 now)
{
	struct pol_names_of *of = bpf_map_lookup_elem(&named_addresses, key);
	const void *zeros = pol_blank_find();

	if (of || !zeros)
		return of;
	if (bpf_map_update_elem(&named_addresses, key, zeros, BPF_NOEXIST) == -7 /* E2BIG */ && pol_names_sweep(now))
		bpf_map_update_elem(&named_addresses, key, zeros, BPF_NOEXIST);
	return bpf_map_lookup_elem(&named_addresses, key);
}

/* Renews the name where the address has it. 1: it has. */
static __always_inline int pol_name_renew(struct pol_names_of *of, __u64 wanted)
{
	for (__u32 i = 0; i < POL_LIMIT_NAMES_OF_ADDRESS; i++) {
		__u64 word = *(const volatile __u64 *)&of->name[i];

		if (word >> 32 != wanted >> 32)
			continue;
		if (word >= wanted || __sync_val_compare_and_swap(&of->name[i], word, wanted) == word)
			return 1;
	}
	return 0;
}

/* Puts the name into a slot that is free, else into one that does not hold any more. */
static __always_inline int pol_name_put(struct pol_names_of *of, __u64 wanted, __u32 now, int is_free)
{
	for (__u32 i = 0; i < POL_LIMIT_NAMES_OF_ADDRESS; i++) {
		__u64 word = *(const volatile __u64 *)&of->name[i];

		if (is_free ? word != 0 : (__u32)word > now)
			continue;
		if (__sync_val_compare_and_swap(&of->name[i], word, wanted) != word)
			continue;
		if (word)
			pol_names_count(POL_NAMES_EXPIRED);
		return 1;
	}
	return 0;
}

/* From now on the address has the name with this number, for so many seconds. 0: there is no room for it. */
static __always_inline int pol_name_learn(const struct pol_named_key *key, __u32 number, __u32 seconds)
{
	__u32 now = pol_now_seconds();
	struct pol_names_of *of;
	__u64 wanted;

	if (!number)
		return 0;
	of = pol_names_of_address(key, now);
	if (!of)
		return 0;
	if (seconds < POL_NAME_SECONDS_LEAST)
		seconds = POL_NAME_SECONDS_LEAST;
	if (seconds > POL_NAME_SECONDS_MOST)
		seconds = POL_NAME_SECONDS_MOST;
	wanted = (__u64)number << 32 | (now + seconds + POL_NAME_SECONDS_GRACE);
	if (!pol_name_renew(of, wanted) && !pol_name_put(of, wanted, now, 1) && !pol_name_put(of, wanted, now, 0))
		return 0;
	pol_names_count(POL_NAMES_LEARNED);
	return 1;
}
