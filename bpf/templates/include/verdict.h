/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The decision: (subject, peer, section, point) -> entry of the verdict table. Classes were split and verdicts computed
 * before; here are look-ups only, constant in the number of rules. Whatever is missing from a table is a denial with
 * the cause `internal`: an incomplete generation never opens anything.
 */
#pragma once
#include "names.h"

static __always_inline int pol_address_equal(const struct pol_address *a, const struct pol_address *b)
{
	return a->word[0] == b->word[0] && a->word[1] == b->word[1] && a->word[2] == b->word[2] && a->word[3] == b->word[3];
}

/* `ipv4` in network order. */
static __always_inline void pol_address_mapped(struct pol_address *address, __u32 ipv4)
{
	address->word[0] = 0;
	address->word[1] = 0;
	address->word[2] = bpf_htonl(0xffff);
	address->word[3] = ipv4;
}

/* `pol_peer.endpoint` where nothing but the address tells who it is. */
#define POL_ENDPOINT_BY_ADDRESS 0xfffffffdu

/* The other end: an endpoint if it is one, else the address speaks. */
struct pol_peer {
	struct pol_address address;
	__u32 endpoint; /* POL_ENDPOINT_NONE: the address alone */
};

struct pol_question {
	__u32 slot;
	__u32 subject; /* endpoint id */
	__u16 section;
	__u16 has_begun; /* 1: of a flow that was admitted before, and keeps the names that its peer then had */
	__u32 point; /* transport point: slot * 65536 + value */
};

static __always_inline void pol_verdict_fixed(struct pol_verdict *verdict, __u8 action, __u32 cause)
{
	__builtin_memset(verdict, 0, sizeof(*verdict));
	verdict->action = action;
	verdict->cause = cause;
}

/* What a verdict is counted and told as. */
static __always_inline __u8 pol_verdict_hubble(const struct pol_verdict *verdict)
{
	if (verdict->action != POL_ACTION_ALLOW && verdict->action != POL_ACTION_INSPECT)
		return POL_VERDICT_DROPPED;
	if (verdict->flags & POL_FLAG_AUDITED)
		return POL_VERDICT_AUDIT;
	return verdict->action == POL_ACTION_INSPECT ? POL_VERDICT_REDIRECTED : POL_VERDICT_FORWARDED;
}

/* What the word `entry` says; false (and a denial, cause internal) if that is nothing. */
static __always_inline int pol_verdict_take(__u32 slot, const struct pol_memory *memory, const __u32 *entry, struct pol_verdict *verdict)
{
	__u32 word = entry ? *entry : POL_ACTION_ABSENT;
	const struct pol_inspection *inspection;

	verdict->cause = word >> POL_VERDICT_SHIFT_NUMBER;
	verdict->next = 0;
	verdict->action = word & ((1 << POL_VERDICT_SHIFT_MATCH) - 1);
	verdict->match = word >> POL_VERDICT_SHIFT_MATCH & ((1 << (POL_VERDICT_SHIFT_FLAGS - POL_VERDICT_SHIFT_MATCH)) - 1);
	verdict->domain = 0;
	verdict->flags = word >> POL_VERDICT_SHIFT_FLAGS & ((1 << (POL_VERDICT_SHIFT_NUMBER - POL_VERDICT_SHIFT_FLAGS)) - 1);
	if (verdict->action == POL_ACTION_INSPECT) {
		inspection = pol_inspection_numbered(slot, memory, verdict->cause);
		if (inspection) {
			verdict->cause = inspection->cause;
			verdict->next = inspection->next & ((1 << POL_VERDICT_SHIFT_DOMAIN) - 1);
			verdict->domain = inspection->next >> POL_VERDICT_SHIFT_DOMAIN;
			return 1;
		}
	} else if (verdict->action != POL_ACTION_ABSENT) {
		return 1;
	}
	pol_verdict_fixed(verdict, POL_ACTION_DENY, POL_CAUSE_INTERNAL);
	return 0;
}

/* Verdict `index` of the row that begins with number `base`; false (and a denial, cause internal) if there is none. */
static __always_inline int pol_verdict_at(__u32 slot, __u32 base, __u32 index, struct pol_verdict *verdict)
{
	const struct pol_memory *memory = pol_memory_of(slot);
	__u32 number = base + index;

	return pol_verdict_take(slot, memory, memory && number >= base ? pol_verdict_numbered(slot, memory, number) : 0, verdict);
}

/* Classes of an endpoint, NULL if this generation does not know it. */
static __always_inline const struct pol_endpoint *pol_endpoint_find(__u32 slot, __u32 endpoint)
{
	const struct pol_memory *memory = pol_memory_of(slot);

	return memory ? pol_endpoint_in(slot, memory, endpoint) : 0;
}

static __always_inline const struct pol_section *pol_section_of(__u32 slot, const struct pol_memory *memory, __u32 subject, __u32 section)
{
	if (subject >= memory->subject_count || section > POL_SECTION_PROCESS)
		return 0;
	return pol_memory_at(slot, memory, memory->subjects + (subject * 3 + section) * sizeof(struct pol_section), sizeof(struct pol_section));
}

/* The verdict of a program start of the class `class`. */
POL_GLOBAL int pol_verdict_of_start(__u32 slot, __u32 subject_class, __u32 class, struct pol_verdict *verdict)
{
	const struct pol_memory *memory = pol_memory_of(slot);
	const struct pol_section *section = memory ? pol_section_of(slot, memory, subject_class, POL_SECTION_PROCESS) : 0;

	if (!verdict)
		return 0;
	if (section)
		return pol_verdict_at(slot, section->starts, class, verdict);
	pol_verdict_fixed(verdict, POL_ACTION_DENY, POL_CAUSE_INTERNAL);
	return 0;
}

/*
 * The section of the subject is known, and the class of the peer; NULL if something is missing. `named`: where names choose too, the
 * address of the row << 32 | what the peer itself chose.
 */
static __always_inline const __u32 *pol_verdict_of_classes(const struct pol_question *question, const struct pol_memory *memory,
							   const struct pol_section *section, __u32 peer, __u64 *named)
{
	__u32 port, choice, number, at, slot = question->slot;
	const struct pol_row *row;

	if (!pol_port_class(slot, memory, question->point, &port) || !pol_choice_of(slot, memory, section->cells, port, &choice))
		return 0;
	at = section->rows + choice * sizeof(*row);
	row = pol_memory_at(slot, memory, at, sizeof(*row));
	if (!row || !pol_choice_of(slot, memory, row->cells, peer, &choice))
		return 0;
	if (row->verdicts & POL_ROW_BY_NAME)
		*named = (__u64)at << 32 | choice;
	number = row->verdicts & ~(POL_ROW_OWN_BASES | POL_ROW_BY_NAME);
	if (choice)
		number += choice;
	else
		number = (row->verdicts & POL_ROW_OWN_BASES ? number - 1 : section->bases) + (peer >= memory->addresses);
	return pol_verdict_numbered(slot, memory, number);
}

static __always_inline int pol_address_is_loopback(const struct pol_address *address)
{
	if (address->word[0] || address->word[1])
		return 0;
	if (address->word[2] == bpf_htonl(0xffff))
		return (bpf_ntohl(address->word[3]) >> 24) == 127;
	return address->word[2] == 0 && address->word[3] == bpf_htonl(1);
}

/* Who has the address of `node`, where no socket could say it. */
static __always_inline __u32 pol_endpoint_at(__u32 node, const struct pol_address *address)
{
	if (pol_address_kind(node) == POL_NODE_ENDPOINT)
		return pol_address_number(node);
	return pol_address_is_loopback(address) ? POL_ENDPOINT_HOST : POL_ENDPOINT_NONE;
}

/* `node`: what the address is, asked where no endpoint is known. */
static __always_inline int pol_peer_class(__u32 slot, const struct pol_memory *memory, __u32 endpoint, __u32 node, __u32 *class)
{
	const struct pol_endpoint *found;

	if (!endpoint) {
		*class = pol_address_number(node);
		return pol_address_kind(node) == POL_NODE_CLASS;
	}
	found = pol_endpoint_in(slot, memory, endpoint);
	if (found)
		*class = found->peer_class;
	return !!found;
}

/*
 * The verdict of a new flow by who its peer is, without its names. Self first, then "selected by no policy", then the table. A peer
 * that nothing but its address tells (POL_ENDPOINT_BY_ADDRESS) is found on the way: afterwards `peer->endpoint` says who it is.
 * Returns where its names choose too (as pol_verdict_of_classes says it), or 0.
 */
static __always_inline __u64 pol_verdict_ask_here(const struct pol_question *question, struct pol_peer *peer, struct pol_verdict *verdict)
{
	__u32 slot = question->slot, endpoint = peer->endpoint, node = POL_NODE_MISSING, peer_class;
	const struct pol_memory *memory = pol_memory_of(slot);
	const struct pol_endpoint *subject;
	const struct pol_section *section;
	__u64 named = 0;

	if (endpoint == POL_ENDPOINT_BY_ADDRESS || !endpoint) {
		if (memory)
			node = pol_address_find(slot, memory, &peer->address);
		if (endpoint)
			endpoint = pol_endpoint_at(node, &peer->address);
		peer->endpoint = endpoint;
	}
	if (endpoint && endpoint == question->subject) {
		pol_verdict_fixed(verdict, POL_ACTION_ALLOW, POL_CAUSE_SELF);
		return 0;
	}
	pol_verdict_fixed(verdict, POL_ACTION_DENY, POL_CAUSE_INTERNAL);
	subject = memory ? pol_endpoint_in(slot, memory, question->subject) : 0;
	if (!subject)
		return 0;
	if (subject->subject_class == 0) {
		pol_verdict_fixed(verdict, POL_ACTION_ALLOW, POL_CAUSE_DEFAULT_ALLOW);
		return 0;
	}
	section = pol_section_of(slot, memory, subject->subject_class, question->section);
	if (!section || !pol_peer_class(slot, memory, endpoint, node, &peer_class))
		return 0;
	pol_verdict_take(slot, memory, pol_verdict_of_classes(question, memory, section, peer_class, &named), verdict);
	return endpoint ? 0 : named;
}

/* The same, called: a return costs as much as half of it (AMD, "safe ret"), but stacks are small. */
POL_GLOBAL __u64 pol_verdict_ask(const struct pol_question *question, struct pol_peer *peer, struct pol_verdict *verdict)
{
	return question && peer && verdict ? pol_verdict_ask_here(question, peer, verdict) : 0;
}

/* The verdict that names choose of a row; UNKNOWN: a denial, something is missing. */
POL_GLOBAL int pol_verdict_named(__u32 slot, __u32 at, __u32 choice, struct pol_verdict *verdict)
{
	const struct pol_memory *memory = pol_memory_of(slot);
	const struct pol_row *row = memory ? pol_memory_at(slot, memory, at, sizeof(*row)) : 0;
	const __u32 *found = 0;

	if (!verdict)
		return 0;
	if (row && choice != POL_CHOICE_UNKNOWN)
		found = pol_verdict_numbered(slot, memory, (row->verdicts & ~POL_ROW_BY_NAME) + choice);
	pol_verdict_take(slot, memory, found, verdict);
	return 0;
}

/* Lets the names of the peer choose, too: of all rules that they and the address come to, the first decides. */
static __always_inline void pol_verdict_by_name(const struct pol_question *question, const struct pol_peer *peer, __u64 named,
						struct pol_verdict *verdict)
{
	__u32 at = named >> 32, own = named, choice;
	__u64 found = 0;

	for (__u32 i = 0; i <= POL_LIMIT_NAMES_OF_ADDRESS; i++) {
		found = pol_names_choice((__u64)question->slot << 32 | at, &peer->address, question->subject, question->has_begun);
		if (!(found >> 32))
			break;
		pol_name_refresh(question->slot, found >> 32);
	}
	choice = found >> 32 ? POL_CHOICE_UNKNOWN : found;
	if (choice && (!own || choice < own || choice == POL_CHOICE_UNKNOWN))
		pol_verdict_named(question->slot, at, choice, verdict);
}

/*
 * The L3/L4 verdict of a new flow of `question->subject`. Always fills `verdict`: action is allow, deny or inspect. Returns
 * its action. In steps that do not call each other: stacks are small.
 */
static __always_inline int pol_verdict_decide(const struct pol_question *question, struct pol_peer *peer, struct pol_verdict *verdict)
{
	__u64 named = pol_verdict_ask(question, peer, verdict);

	if (named)
		pol_verdict_by_name(question, peer, named, verdict);
	return verdict->action;
}

/* The same, for a function that has some 128 bytes of stack for it. */
static __always_inline int pol_verdict_decide_here(const struct pol_question *question, struct pol_peer *peer, struct pol_verdict *verdict)
{
	__u64 named = pol_verdict_ask_here(question, peer, verdict);

	if (named)
		pol_verdict_by_name(question, peer, named, verdict);
	return verdict->action;
}
