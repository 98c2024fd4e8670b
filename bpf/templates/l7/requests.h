/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The tables of one request domain (`t_http`, `t_dns`): an automaton for each field that some rule asks for, and a table that takes the
 * classes of all fields, one after the other, to the class of the request. The compiler makes them (4-normalize,
 * 6-emit/request-image.ts). A cell that is missing is 0: the dead state, or the class of what cannot be read.
 */
#pragma once
#include "../include/maps.h"

/* An object reads requests of one domain. */
#ifndef POL_REQUEST_CELLS
#define POL_REQUEST_CELLS t_http_cells
#endif

enum { POL_CLASS_UNDECIDABLE = 0, POL_CLASS_UNMATCHED = 1 };
/* No class yet: it depends on fields that were not read. */
#define POL_CLASS_OPEN 0xffffffffu

struct pol_tables {
	const struct pol_requests *requests;
	__u32 slot; /* of the generation */
};

/* False: this generation has none, nothing can be decided. */
static __always_inline int pol_tables_find(struct pol_tables *tables, void *requests, __u32 slot)
{
	void *inner = bpf_map_lookup_elem(requests, &slot);
	__u32 zero = 0;

	tables->slot = slot;
	tables->requests = inner ? bpf_map_lookup_elem(inner, &zero) : 0;
	return !!tables->requests;
}

/* A cell of the pages. A function of its own: its look-ups would double the paths through the loops over bytes. */
POL_GLOBAL __u32 pol_cell_far(__u32 slot, __u32 at)
{
	void *pages = bpf_map_lookup_elem(&POL_REQUEST_CELLS, &slot);
	__u32 number = (at - POL_LIMIT_NEAR_CELLS) / POL_LIMIT_PAGE_CELLS;
	const struct pol_page *page = pages ? bpf_map_lookup_elem(pages, &number) : 0;

	return page ? page->cell[at & (POL_LIMIT_PAGE_CELLS - 1)] : 0;
}

static __always_inline __u32 pol_cell(const struct pol_tables *tables, __u32 at)
{
	if (at >= POL_LIMIT_NEAR_CELLS)
		return pol_cell_far(tables->slot, at);
	/* Written out: clang leaves masks away that change nothing, and verifiers before 6.18 then know no bound. */
	asm volatile("%0 &= %1" : "+r"(at) : "i"(POL_LIMIT_NEAR_CELLS - 1));
	return tables->requests->near[at];
}

static __always_inline int pol_field_asked(const struct pol_tables *tables, __u32 field)
{
	return tables->requests->asked >> field & 1;
}

static __always_inline __u32 pol_field_begin(const struct pol_tables *tables, __u32 field)
{
	return tables->requests->begin[field & (POL_LIMIT_REQUEST_FIELDS - 1)];
}

/* State after one byte more of the field's value. */
static __always_inline __u32 pol_field_step(const struct pol_tables *tables, __u32 field, __u32 state, __u32 byte)
{
	const struct pol_requests *requests = tables->requests;
	__u32 at;

	/* The dead state is for good: most names and many paths end there soon. */
	if (!state)
		return 0;
	/* As in pol_cell. */
	asm volatile("%0 &= %1" : "+r"(field) : "i"(POL_LIMIT_REQUEST_FIELDS - 1));
	asm volatile("%0 &= 255" : "+r"(byte));
	at = requests->next[field] + state * requests->width[field] + requests->byte_class[field * 256 + byte];
	return pol_cell(tables, at);
}

/* Class of the value that ends in this state; 0: none can. */
static __always_inline __u32 pol_field_class(const struct pol_tables *tables, __u32 field, __u32 state)
{
	return pol_cell(tables, tables->requests->accept[field & (POL_LIMIT_REQUEST_FIELDS - 1)] + state);
}

/* Class of the values so far and one more. */
static __always_inline __u32 pol_field_fold(const struct pol_tables *tables, __u32 field, __u32 before, __u32 class)
{
	__u32 values = tables->requests->values[field & (POL_LIMIT_REQUEST_FIELDS - 1)];

	if (!values)
		return class;
	return pol_cell(tables, tables->requests->fold[field & (POL_LIMIT_REQUEST_FIELDS - 1)] + before * values + class);
}

/* Class of a request of a domain that has so few `fields`; `class`: of the values of each, 0 where it has none. */
static __always_inline __u32 pol_fields_class(const struct pol_tables *tables, const __u16 *class, __u32 fields)
{
	const struct pol_requests *requests = tables->requests;
	__u32 state = requests->start;

	for (__u32 field = 0; field < fields; field++) {
		if (!pol_field_asked(tables, field))
			continue;
		if (state >= requests->live[field])
			return state - requests->live[field];
		state = pol_cell(tables, requests->combine[field] + state * requests->folded[field] + class[field]);
	}
	return state;
}

struct pol_classes {
	__u16 of[POL_LIMIT_REQUEST_FIELDS]; /* by field; 0: it has no value */
};

/* Class of a request of which the fields below `known` were read; OPEN if it depends on others. */
static __always_inline __u32 pol_request_class(const struct pol_tables *tables, const struct pol_classes *classes, __u32 known)
{
	const struct pol_requests *requests = tables->requests;
	__u32 state = requests->start, asked = requests->asked & ((1u << POL_LIMIT_NAMES_SLOT) - 1);

	for (__u32 field = 0; field < POL_LIMIT_NAMES_SLOT && asked >> field; field++) {
		if (!(asked >> field & 1))
			continue;
		if (state >= requests->live[field])
			return state - requests->live[field];
		if (field >= known)
			return POL_CLASS_OPEN;
		state = pol_cell(tables, requests->combine[field] + state * requests->folded[field] + classes->of[field]);
	}
	return state;
}
