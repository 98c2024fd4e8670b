/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Walking one of the policy's automata (`t_http`, `t_exec`): a byte is two loads. The class of a text is
 * pol_automaton_class(state after its last byte); class 0 is never among them, it stands for what could not be read.
 */
#pragma once
#include "../include/maps.h"

/* Class of every text where no rule of the domain exists. */
enum { POL_CLASS_UNDECIDABLE = 0, POL_CLASS_UNMATCHED = 1 };

/* `table`: &t_http or &t_exec. NULL: this generation has none. */
static __always_inline const struct pol_automaton *pol_automaton_find(void *table, __u32 slot)
{
	void *inner = bpf_map_lookup_elem(table, &slot);
	__u32 zero = 0;

	return inner ? bpf_map_lookup_elem(inner, &zero) : 0;
}

/* The masks change nothing in a table that the compiler made: they are the bounds that the verifier asks for. */
static __always_inline __u32 pol_automaton_step(const struct pol_automaton *automaton, __u32 state, __u8 byte)
{
	__u32 column = byte;
	__u32 cell;

	/* Written out, as clang leaves a mask of a byte away; verifiers before 6.18 lose its bound on the way here. */
	asm volatile("%0 &= 255" : "+r"(column));
	cell = state * automaton->classes + automaton->byte_class[column];
	return automaton->next[cell & (POL_LIMIT_AUTOMATON_CELLS - 1)];
}

static __always_inline __u32 pol_automaton_class(const struct pol_automaton *automaton, __u32 state)
{
	if (!automaton->states)
		return POL_CLASS_UNMATCHED;
	return automaton->accept[state & (POL_LIMIT_AUTOMATON_STATES - 1)];
}
