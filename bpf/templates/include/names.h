/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What is known of addresses by DNS answers. A name has a number for good; an address has, for each workload by itself, some
 * numbers with the second until which each holds. All of it is pinned and of no generation: it outlives changes of policy, and
 * the class of a name, which is of a generation's automaton, is asked again under other tables.
 *
 * A slot of an address is one word, taken and renewed by compare-and-swap, so that no two answers lose each other's name.
 */
#pragma once
#include "memory.h"

#define POL_NAME_SECOND_NS 1000000000ull
/* Names that are remembered, and addresses that have some, of each workload by itself. */
enum { POL_NAMES_ENTRIES = 65536, POL_NAMED_ENTRIES = 65536 };
enum { POL_NAME_UNNAMED = 1 }; /* class of names that no rule is about */
/* A slot of an address that is being forgotten: nobody takes it, nobody reads it. */
#define POL_NAME_GONE (~0ull)
#define POL_CHOICE_UNKNOWN 0xffffffffu
#define POL_CHOICE_STALE 0xfffffffeu
/* A full table is swept of what does not hold any more at most so often. */
#define POL_NAMES_SWEEP_SECONDS 1

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, POL_NAMES_ENTRIES);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, struct pol_name);
	__type(value, __u32); /* its number, from 1 */
} names SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, POL_NAMES_ENTRIES);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, __u32); /* number of a name */
	__type(value, struct pol_named);
} named SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, POL_NAMED_ENTRIES);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, struct pol_named_key);
	__type(value, struct pol_names_of);
} named_addresses SEC(".maps");

static __always_inline __u32 pol_now_seconds(void)
{
	return bpf_ktime_get_boot_ns() / POL_NAME_SECOND_NS;
}

static __always_inline const struct pol_requests *pol_name_tables(__u32 slot)
{
	void *inner = bpf_map_lookup_elem(&t_dns, &slot);
	__u32 zero = 0;

	return inner ? bpf_map_lookup_elem(inner, &zero) : 0;
}

/* A cell of the automaton: where `byte` leads from `state`, or (`is_end`) the class that a name has that ends there. */
static __always_inline __u32 pol_name_cell(__u32 slot, __u32 state, __u32 byte, __u32 is_end)
{
	const struct pol_requests *tables = pol_name_tables(slot);
	const struct pol_page *page;
	__u32 at, number;
	void *pages;

	if (!tables)
		return 0;
	byte &= 255;
	if (is_end)
		at = tables->accept[POL_LIMIT_NAMES_SLOT] + state;
	else
		at = tables->next[POL_LIMIT_NAMES_SLOT] + state * tables->width[POL_LIMIT_NAMES_SLOT] +
		     tables->byte_class[POL_LIMIT_NAMES_SLOT * 256 + byte];
	if (at < POL_LIMIT_NEAR_CELLS) {
		/* Written out, as in requests.h. */
		asm volatile("%0 &= %1" : "+r"(at) : "i"(POL_LIMIT_NEAR_CELLS - 1));
		return tables->near[at];
	}
	pages = bpf_map_lookup_elem(&t_dns_cells, &slot);
	number = (at - POL_LIMIT_NEAR_CELLS) / POL_LIMIT_PAGE_CELLS;
	page = pages ? bpf_map_lookup_elem(pages, &number) : 0;
	return page ? page->cell[at & (POL_LIMIT_PAGE_CELLS - 1)] : 0;
}

/*
 * One byte of a name. `reading`: state << 32 | bytes of the label that are still to come, as after the byte before. By itself, and one number:
 * what the verifier of 6.1 knows of both would never be the same again. (And of a bpf_loop it goes through the first round only, and takes away what that
 * does not come to.)
 */
POL_GLOBAL __u64 pol_name_byte(__u32 slot, __u64 reading, __u32 byte)
{
	__u32 left = reading, label = byte;

	byte = left ? byte : '.';
	left = left ? left - 1 : label;
	return (__u64)pol_name_cell(slot, reading >> 32, byte, 0) << 32 | left;
}

/* Is any rule in force about names of peers? */
static __always_inline int pol_names_are_asked(__u32 slot)
{
	const struct pol_requests *tables = pol_name_tables(slot);

	return tables && tables->asked >> POL_LIMIT_NAMES_SLOT & 1;
}

static __always_inline __u32 pol_name_walk(__u32 slot, const struct pol_requests *tables, const struct pol_name *name)
{
	__u64 reading;

	if (!(tables->asked >> POL_LIMIT_NAMES_SLOT & 1))
		return 0;
	reading = (__u64)tables->begin[POL_LIMIT_NAMES_SLOT] << 32 | name->text[0];
	for (__u32 i = 1; i < sizeof(name->text); i++) {
		if (!(__u32)reading && !name->text[i])
			break;
		reading = pol_name_byte(slot, reading, name->text[i]);
	}
	return pol_name_cell(slot, reading >> 32, 0, 1);
}

/* The class of a name under the tables of `slot`; 0: they know no names. */
POL_GLOBAL __u32 pol_name_class(__u32 slot, const struct pol_name *name)
{
	const struct pol_requests *tables = pol_name_tables(slot);

	return name && tables ? pol_name_walk(slot, tables, name) : 0;
}

/* Asks for the class of the name with this number, which was of other tables. By itself: stacks are small. */
POL_GLOBAL int pol_name_refresh(__u32 slot, __u32 number)
{
	const struct pol_requests *tables = pol_name_tables(slot);
	struct pol_named *name = bpf_map_lookup_elem(&named, &number);

	if (name && tables)
		*(volatile __u64 *)&name->class = (__u64)tables->identity << 32 | pol_name_walk(slot, tables, (const struct pol_name *)name->text);
	return 0;
}

/* What the name with this number chooses of the row at `where`; 0: nothing. STALE: its class is not known under these tables. */
POL_GLOBAL __u32 pol_name_choice(__u64 where, __u32 number)
{
	__u32 slot = where >> 32, choice;
	const struct pol_requests *tables = pol_name_tables(slot);
	const struct pol_named *name = bpf_map_lookup_elem(&named, &number);
	const struct pol_memory *memory = pol_memory_of(slot);
	const struct pol_row *row;
	__u64 word;

	row = memory ? pol_memory_at(slot, memory, where, sizeof(*row)) : 0;
	if (!row || !name || !tables)
		return POL_CHOICE_UNKNOWN;
	word = *(const volatile __u64 *)&name->class;
	if (word >> 32 != tables->identity)
		return POL_CHOICE_STALE;
	if ((__u32)word <= POL_NAME_UNNAMED)
		return 0;
	return pol_choice_of(slot, memory, row->cells, memory->names + (__u32)word, &choice) ? choice : POL_CHOICE_UNKNOWN;
}

/*
 * The lowest choice but 0 of the names that `subject` knows an address by, of the row at `where` (slot << 32 | its address); 0: none,
 * UNKNOWN: something is missing. In the upper half the number of a name whose class has to be asked for first. A connection
 * that has begun keeps the names that the address then had.
 */
POL_GLOBAL __u64 pol_names_choice(__u64 where, const struct pol_address *address, __u32 subject, __u32 has_begun)
{
	struct pol_named_key key = {.subject = subject};
	const struct pol_names_of *of;
	__u32 lowest = POL_CHOICE_UNKNOWN, now;

	if (!address)
		return POL_CHOICE_UNKNOWN;
	__builtin_memcpy(key.address, address, sizeof(key.address));
	of = bpf_map_lookup_elem(&named_addresses, &key);
	if (!of)
		return 0;
	now = has_begun ? 0 : pol_now_seconds();
	for (__u32 i = 0; i < POL_LIMIT_NAMES_OF_ADDRESS; i++) {
		__u64 word = *(const volatile __u64 *)&of->name[i];
		__u32 choice;

		if (!word || word == POL_NAME_GONE || (__u32)word <= now)
			continue;
		choice = pol_name_choice(where, word >> 32);
		if (choice == POL_CHOICE_STALE)
			return word >> 32 << 32;
		if (choice == POL_CHOICE_UNKNOWN)
			return choice;
		/* None becomes the highest. */
		if (choice - 1 < lowest)
			lowest = choice - 1;
	}
	return lowest + 1;
}
