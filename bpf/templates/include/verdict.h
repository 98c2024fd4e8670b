/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The decision: (subject, peer, section, point) -> entry of the verdict table. Classes were split and verdicts computed
 * before; here are look-ups only, constant in the number of rules. Whatever is missing from a table is a denial with
 * the cause `internal`: an incomplete generation never opens anything.
 */
#pragma once
#include <bpf/bpf_endian.h>
#include "maps.h"

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

/* The other end: an endpoint if it is one, else the address speaks. */
struct pol_peer {
	struct pol_address address;
	__u32 endpoint; /* POL_ENDPOINT_NONE: the address alone */
};

struct pol_question {
	__u32 slot;
	__u32 subject; /* endpoint id */
	__u32 section;
	__u32 point; /* transport point: slot * 65536 + value */
};

enum { POL_TRANSPORT_POINTS = sizeof(((struct pol_ports *)0)->class) / sizeof(__u16) };

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

/* Entry `index` of the row at `base`; false (and a denial, cause internal) if there is none. */
static __always_inline int pol_verdict_at(__u32 slot, __u32 base, __u32 index, struct pol_verdict *verdict)
{
	void *table = bpf_map_lookup_elem(&t_verdicts, &slot);
	__u32 at = base + index;
	const struct pol_verdict *entry = table && at >= base ? bpf_map_lookup_elem(table, &at) : 0;

	if (!entry || entry->action == POL_ACTION_ABSENT) {
		pol_verdict_fixed(verdict, POL_ACTION_DENY, POL_CAUSE_INTERNAL);
		return 0;
	}
	*verdict = *entry;
	return 1;
}

/* Entry `index` of the row of (subject class, peer class, section); exec rows have peer class 0. */
POL_GLOBAL int pol_verdict_in_row(__u32 slot, const struct pol_row_key *key, __u32 index, struct pol_verdict *verdict)
{
	void *table = bpf_map_lookup_elem(&t_rows, &slot);
	struct pol_row_key wanted;
	const __u32 *base;

	if (!key || !verdict)
		return 0;
	/* Keys stand on the function's own stack: Linux 6.1 takes none through a pointer that it was given. */
	wanted = *key;
	base = table ? bpf_map_lookup_elem(table, &wanted) : 0;
	if (!base) {
		pol_verdict_fixed(verdict, POL_ACTION_DENY, POL_CAUSE_INTERNAL);
		return 0;
	}
	return pol_verdict_at(slot, *base, index, verdict);
}

/* Classes of an endpoint, NULL if this generation does not know it. */
static __always_inline const struct pol_endpoint *pol_endpoint_find(__u32 slot, __u32 endpoint)
{
	void *table = bpf_map_lookup_elem(&t_endpoints, &slot);

	return table ? bpf_map_lookup_elem(table, &endpoint) : 0;
}

static __always_inline int pol_peer_class(__u32 slot, const struct pol_peer *peer, __u32 *class)
{
	const struct pol_endpoint *endpoint;
	struct pol_prefix_key key = {.length = 128};
	const __u32 *found;
	void *table;

	if (peer->endpoint) {
		endpoint = pol_endpoint_find(slot, peer->endpoint);
		if (endpoint)
			*class = endpoint->peer_class;
		return !!endpoint;
	}
	table = bpf_map_lookup_elem(&t_prefixes, &slot);
	__builtin_memcpy(key.address, &peer->address, sizeof(key.address));
	found = table ? bpf_map_lookup_elem(table, &key) : 0;
	if (found)
		*class = *found;
	return !!found;
}

static __always_inline int pol_port_class(__u32 slot, __u32 point, __u32 *class)
{
	void *table = bpf_map_lookup_elem(&t_ports, &slot);
	__u32 zero = 0;
	const struct pol_ports *ports = table ? bpf_map_lookup_elem(table, &zero) : 0;

	if (!ports || point >= POL_TRANSPORT_POINTS)
		return 0;
	*class = ports->class[point];
	return 1;
}

/*
 * The L3/L4 verdict of a new flow of `question->subject`. Always fills `verdict`: action is allow, deny or inspect.
 * Self first, then "selected by no policy", then the table. Returns its action.
 */
POL_GLOBAL int pol_verdict_decide(const struct pol_question *question, const struct pol_peer *peer, struct pol_verdict *verdict)
{
	const struct pol_endpoint *subject;
	struct pol_row_key key = {};
	__u32 port_class = 0;

	if (!question || !peer || !verdict)
		return POL_ACTION_DENY;
	if (peer->endpoint && peer->endpoint == question->subject) {
		pol_verdict_fixed(verdict, POL_ACTION_ALLOW, POL_CAUSE_SELF);
		return POL_ACTION_ALLOW;
	}
	subject = pol_endpoint_find(question->slot, question->subject);
	if (!subject) {
		pol_verdict_fixed(verdict, POL_ACTION_DENY, POL_CAUSE_INTERNAL);
		return POL_ACTION_DENY;
	}
	if (subject->subject_class == 0) {
		pol_verdict_fixed(verdict, POL_ACTION_ALLOW, POL_CAUSE_DEFAULT_ALLOW);
		return POL_ACTION_ALLOW;
	}
	key.subject_class = subject->subject_class;
	key.section = question->section;
	if (!pol_peer_class(question->slot, peer, &key.peer_class) || !pol_port_class(question->slot, question->point, &port_class)) {
		pol_verdict_fixed(verdict, POL_ACTION_DENY, POL_CAUSE_INTERNAL);
		return POL_ACTION_DENY;
	}
	pol_verdict_in_row(question->slot, &key, port_class, verdict);
	return verdict->action;
}
