/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The decision memory of a generation: everything that a packet is decided by, laid out by policyd as one run of bytes
 * (struct pol_memory is its beginning) and kept in pages. A page is an array of one element, so that the verifier turns
 * its look-up into a few instructions: calls of the kernel's look-up functions, hashes and tries most of all, cost
 * several times more than all loads of a decision together. What is missing reads as NULL, and that is a denial.
 */
#pragma once
#include <bpf/bpf_endian.h>
#include "maps.h"

enum { POL_TRANSPORT_POINTS = sizeof(((struct pol_memory *)0)->port_block) / sizeof(__u16) * POL_LIMIT_PORT_BLOCK };

static __always_inline const struct pol_memory *pol_memory_of(__u32 slot)
{
	__u32 number = (slot & 1) * POL_LIMIT_MEMORY_PAGES;
	void *page = bpf_map_lookup_elem(&t_memory, &number);
	__u32 zero = 0;

	return page ? bpf_map_lookup_elem(page, &zero) : 0;
}

/*
 * What stands at the address `at`, a multiple of `size`; `size` is a power of two, and no such thing crosses pages. What is
 * asked most often stands in the first page (image.ts), which is at hand.
 */
static __always_inline const void *pol_memory_at(__u32 slot, const struct pol_memory *memory, __u32 at, __u32 size)
{
	__u64 offset = at & (POL_LIMIT_MEMORY_PAGE - size);
	const char *bytes = (const char *)memory;
	__u32 number, zero = 0;
	void *page;

	/* Else clang masks a pointer, or knows better and leaves the mask out. */
	asm volatile("" : "+r"(offset));
	if (at < POL_LIMIT_MEMORY_PAGE)
		return bytes + offset;
	number = (slot & 1) * POL_LIMIT_MEMORY_PAGES + ((at / POL_LIMIT_MEMORY_PAGE) & (POL_LIMIT_MEMORY_PAGES - 1));
	page = bpf_map_lookup_elem(&t_memory, &number);
	bytes = page ? bpf_map_lookup_elem(page, &zero) : 0;
	if (!bytes)
		return 0;
	/* Else clang adds first and then looks for NULL, which Linux 6.1 does not take. */
	asm volatile("" : "+r"(bytes));
	return bytes + offset;
}

/* Word `number` of the verdicts, NULL if there is none. */
static __always_inline const __u32 *pol_verdict_numbered(__u32 slot, const struct pol_memory *memory, __u32 number)
{
	if (number >= memory->verdict_count)
		return 0;
	return pol_memory_at(slot, memory, memory->verdicts + number * sizeof(__u32), sizeof(__u32));
}

static __always_inline const struct pol_inspection *pol_inspection_numbered(__u32 slot, const struct pol_memory *memory, __u32 number)
{
	if (number >= memory->inspection_count)
		return 0;
	return pol_memory_at(slot, memory, memory->inspections + number * sizeof(struct pol_inspection), sizeof(struct pol_inspection));
}

/* Classes of an endpoint, NULL if this generation does not know it. */
static __always_inline const struct pol_endpoint *pol_endpoint_in(__u32 slot, const struct pol_memory *memory, __u32 endpoint)
{
	const struct pol_endpoint *found;

	if (endpoint >= memory->endpoint_count)
		return 0;
	found = pol_memory_at(slot, memory, memory->endpoints + endpoint * sizeof(*found), sizeof(*found));
	return found && found->subject_class != POL_SUBJECT_NONE ? found : 0;
}

/* Address of one block of a group; false: memory is missing. */
static __always_inline int pol_block_of(__u32 slot, const struct pol_memory *memory, __u32 number, __u32 *at)
{
	const __u32 *word;
	const __u16 *half;

	if (memory->wide_groups) {
		word = pol_memory_at(slot, memory, memory->groups + number * sizeof(*word), sizeof(*word));
		if (!word)
			return 0;
		*at = memory->blocks + *word * POL_LIMIT_CHOICE_UNIT;
		return 1;
	}
	half = pol_memory_at(slot, memory, memory->groups + number * sizeof(*half), sizeof(*half));
	if (!half)
		return 0;
	*at = memory->blocks + *half * POL_LIMIT_CHOICE_UNIT;
	return 1;
}

/* As pol_choice_of, where blocks stand in groups: of a generation that is large. */
static __always_inline int pol_choice_grouped(__u32 slot, const struct pol_memory *memory, __u32 cells, __u32 asked, __u32 *choice)
{
	__u32 bits = memory->cell_bits & 31, block = asked / POL_LIMIT_CHOICE_BLOCK, column = block / POL_LIMIT_CHOICE_GROUP;
	__u32 within = asked % POL_LIMIT_CHOICE_BLOCK, halves = cells & 1, at;
	const __u32 *cell = pol_memory_at(slot, memory, (cells & ~3u) + column * sizeof(*cell), sizeof(*cell));
	const __u8 *byte;

	if (!cell)
		return 0;
	*choice = 0;
	if ((*cell & ((1u << bits) - 1)) != column)
		return 1;
	if (!pol_block_of(slot, memory, (*cell >> bits) * POL_LIMIT_CHOICE_GROUP + block % POL_LIMIT_CHOICE_GROUP, &at))
		return 0;
	byte = pol_memory_at(slot, memory, at + (within >> halves), 1);
	if (!byte)
		return 0;
	*choice = halves ? *byte >> (within & 1) * 4 & 15 : *byte;
	return 1;
}

/* What `asked` (a class of ports or peers) chooses; 0 where it has no block of its own. False: memory is missing. */
static __always_inline int pol_choice_of(__u32 slot, const struct pol_memory *memory, __u32 cells, __u32 asked, __u32 *choice)
{
	__u32 column = asked / POL_LIMIT_CHOICE_BLOCK, bits = memory->cell_bits & 31, wide = cells & POL_CHOICE_WIDE, at, cell;
	const __u32 *word;
	const __u16 *two;

	if (cells & POL_CHOICE_GROUPED_BYTES)
		return pol_choice_grouped(slot, memory, cells, asked, choice);
	word = pol_memory_at(slot, memory, (cells & ~3u) + column * sizeof(*word), sizeof(*word));
	if (!word)
		return 0;
	cell = *word;
	*choice = 0;
	if ((cell & ((1u << bits) - 1)) != column)
		return 1;
	at = memory->blocks + (cell >> bits) * POL_LIMIT_CHOICE_BLOCK + (asked % POL_LIMIT_CHOICE_BLOCK << wide);
	/* The two bytes that it is, or is one of. */
	two = pol_memory_at(slot, memory, at, sizeof(*two));
	if (!two)
		return 0;
	*choice = *two >> (at & 1) * 8 & (0xff | wide * 0xff00);
	return 1;
}

/* The class of a transport point. */
static __always_inline int pol_port_class(__u32 slot, const struct pol_memory *memory, __u32 point, __u32 *class)
{
	const __u16 *found;

	if (point >= POL_TRANSPORT_POINTS)
		return 0;
	found = pol_memory_at(slot, memory,
			      memory->port_classes +
				      (memory->port_block[point / POL_LIMIT_PORT_BLOCK] * POL_LIMIT_PORT_BLOCK + point % POL_LIMIT_PORT_BLOCK) *
					      sizeof(*found),
			      sizeof(*found));
	if (!found)
		return 0;
	*class = *found;
	return 1;
}

static __always_inline __u32 pol_address_kind(__u32 node)
{
	return node >> 30;
}

static __always_inline __u32 pol_address_number(__u32 node)
{
	return node & 0x3fffffff;
}

/* Walks down from `node` by the bits of `high`, then those of `low`. */
static __always_inline __u32 pol_address_walk(__u32 slot, const struct pol_memory *memory, __u32 node, __u64 high, __u64 low)
{
	for (int step = 0; step < POL_LIMIT_ADDRESS_STEPS; step++) {
		__u32 at = (node & 0x3ffffff) * 16, width;

		if (node >> 30 == POL_NODE_BRANCH) {
			const __u32 *words;

			width = (node >> 26 & 15) + 1;
			words = pol_memory_at(slot, memory, at + (__u32)(high >> (64 - width)) * sizeof(*words), sizeof(*words));
			if (!words)
				return POL_NODE_MISSING;
			node = *words;
		} else if (node >> 30 == POL_NODE_SKIP && node != POL_NODE_MISSING) {
			const struct pol_skip *skip = pol_memory_at(slot, memory, at, sizeof(*skip));

			if (!skip)
				return POL_NODE_MISSING;
			width = skip->length & 63;
			if (!width || high >> (64 - width) != skip->bits) {
				node = skip->otherwise;
				return node >> 30 <= POL_NODE_ENDPOINT ? node : POL_NODE_MISSING;
			}
			node = skip->match;
		} else {
			return node;
		}
		high = high << width | low >> (64 - width);
		low <<= width;
	}
	return POL_NODE_MISSING;
}

/*
 * What an address is: a node of the kind POL_NODE_CLASS or POL_NODE_ENDPOINT. Another kind: nobody's, of no class (every
 * address is of some class where the memory is whole).
 */
static __always_inline __u32 pol_address_find(__u32 slot, const struct pol_memory *memory, const struct pol_address *address)
{
	__u64 high = (__u64)bpf_ntohl(address->word[0]) << 32 | bpf_ntohl(address->word[1]);
	__u64 low = (__u64)bpf_ntohl(address->word[2]) << 32 | bpf_ntohl(address->word[3]);

	if (!high && low >> 32 == 0xffff)
		return pol_address_walk(slot, memory, memory->ipv4, low << 32, 0);
	return pol_address_walk(slot, memory, memory->ipv6, high, low);
}
