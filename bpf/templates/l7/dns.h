/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * A DNS query (RFC 1035), in parts of some bytes: the automaton of names reads its name in lower case, labels joined by dots, that
 * of types the two bytes of its type. Where a server could see another question than is seen here there is none, and the reason
 * says why. What stands in a query that has one: a header, one question, and perhaps an OPT record (EDNS), nothing else.
 */
#pragma once
#define POL_REQUEST_CELLS t_dns_cells
#include "../include/case.h"
#include "requests.h"

enum {
	POL_DNS_HEADER = 12,
	POL_DNS_NAME = 255, /* bytes of a name, length bytes and the root included */
	POL_DNS_KIND = 4, /* bytes of type and class */
	POL_DNS_RECORD = 11, /* bytes of an OPT record without its data */
	/* No more bytes than these have to be read of any query. */
	POL_DNS_BYTES = POL_DNS_HEADER + POL_DNS_NAME + POL_DNS_KIND + POL_DNS_RECORD,
	POL_DNS_PART = 64, /* bytes that are loaded at a time */
	POL_DNS_PARTS = (POL_DNS_HEADER + POL_DNS_NAME) / POL_DNS_PART + 1, /* that header and name are in */
	POL_DNS_TYPE_OPT = 41,
	POL_DNS_CLASS_IN = 1,
};

/* What a part brought about. */
enum { POL_DNS_GOES_ON, POL_DNS_READ, POL_DNS_LOST };
/* Slots of the fields, as kernelFields in ir/abi.ts. */
enum { POL_DNS_FIELD_NAME, POL_DNS_FIELD_TYPE, POL_DNS_FIELDS };

struct pol_dns {
	__u32 length; /* of the message */
	__u32 at; /* bytes that were read */
	__u32 question; /* bytes up to the end of the question */
	__u32 state; /* of the automaton of names */
	__u16 class[POL_DNS_FIELDS]; /* 0: no value */
	__u16 type; /* that is asked for */
	__u8 left; /* bytes of the label that are still to come */
	__u8 records; /* additional ones that the header announces */
	__u8 reason;
};

/* Bytes of the message. Behind those that are loaded there is room for all that is looked at at once behind a name. */
struct pol_dns_part {
	__u8 byte[POL_DNS_PART + 16];
	__u32 length; /* so many were loaded */
	__u32 read; /* so many were read */
};
_Static_assert(POL_DNS_KIND + POL_DNS_RECORD <= 16, "what stands behind a name fits");

/* Queries: two counts for each type, those that passed and those that were denied. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2 * (POL_LIMIT_QUERY_TYPES + 2));
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, __u32);
	__type(value, __u64);
} dns_queries SEC(".maps");

static __always_inline void pol_dns_count(const struct pol_dns *dns, int denied)
{
	__u32 place = dns->type < POL_LIMIT_QUERY_TYPES ? dns->type : POL_LIMIT_QUERY_TYPES;
	__u64 *count;

	if (dns->reason)
		place = POL_LIMIT_QUERY_TYPES + 1;
	place = place * 2 + !!denied;
	count = bpf_map_lookup_elem(&dns_queries, &place);
	if (count)
		__sync_fetch_and_add(count, 1);
}

static __always_inline int pol_dns_lost(struct pol_dns *dns, __u8 reason)
{
	dns->reason = reason;
	return POL_DNS_LOST;
}

/* The first part. */
static __always_inline int pol_dns_header(struct pol_dns *dns, const struct pol_tables *tables, struct pol_dns_part *part)
{
	const __u8 *byte = part->byte;

	if (part->length < POL_DNS_HEADER)
		return POL_DNS_LOST;
	/* An answer, or another operation. */
	if (byte[2] & 0xf8)
		return pol_dns_lost(dns, POL_REASON_NO_QUERY);
	/* Truncated: what of it is left out? */
	if (byte[2] & 0x02)
		return pol_dns_lost(dns, POL_REASON_AMBIGUOUS_QUERY);
	if (!byte[4] && !byte[5])
		return pol_dns_lost(dns, POL_REASON_MALFORMED_QUERY);
	if (byte[4] || byte[5] != 1 || byte[6] || byte[7] || byte[8] || byte[9] || byte[10] || byte[11] > 1)
		return pol_dns_lost(dns, POL_REASON_AMBIGUOUS_QUERY);
	dns->records = byte[11];
	dns->state = pol_field_begin(tables, POL_DNS_FIELD_NAME);
	dns->at = POL_DNS_HEADER;
	part->read = POL_DNS_HEADER;
	return POL_DNS_GOES_ON;
}

/* The name is whole. */
static __always_inline int pol_dns_named(struct pol_dns *dns, const struct pol_tables *tables)
{
	/* The root is no name. */
	if (dns->at == POL_DNS_HEADER + 1 || !pol_field_asked(tables, POL_DNS_FIELD_NAME))
		return POL_DNS_READ;
	dns->class[POL_DNS_FIELD_NAME] = pol_field_class(tables, POL_DNS_FIELD_NAME, dns->state);
	return dns->class[POL_DNS_FIELD_NAME] ? POL_DNS_READ : pol_dns_lost(dns, POL_REASON_AMBIGUOUS_QUERY);
}

/* A label of this length, whose first byte would be at `at`: why it cannot be read, or POL_REASON_NONE. */
static __always_inline __u8 pol_dns_label(__u32 at, __u32 length)
{
	/* A pointer: before the question there is no name to point to. */
	if (length >= 0xc0)
		return POL_REASON_AMBIGUOUS_QUERY;
	return length > 63 || at - POL_DNS_HEADER + length + 1 > POL_DNS_NAME ? POL_REASON_MALFORMED_QUERY : POL_REASON_NONE;
}

/* Letters, digits, `-` and `_`. One bit a byte. */
static __always_inline int pol_dns_in_names(__u32 byte)
{
	const __u64 low = 0x03ff200000000000ull, high = 0x07fffffe87fffffeull;

	return byte < 64 ? low >> byte & 1 : byte < 128 ? high >> (byte & 63) & 1 : 0;
}

/*
 * Bytes of the name: READ at its end. By itself, so that the verifier looks at it once; what it knows is in numbers that it takes from
 * `dns` and leaves there.
 */
POL_GLOBAL int pol_dns_name_read(struct pol_dns *dns, const struct pol_requests *requests, __u32 slot, struct pol_dns_part *part)
{
	struct pol_tables tables = {.requests = requests, .slot = slot};
	__u32 at, left, state, i;
	__u8 reason = POL_REASON_NONE;

	if (!dns || !requests || !part)
		return POL_DNS_LOST;
	at = dns->at;
	left = dns->left;
	state = pol_field_asked(&tables, POL_DNS_FIELD_NAME) ? dns->state : 0;
	for (i = part->read; i < POL_DNS_PART && i < part->length; i++) {
		__u32 place = i, byte;

		/* Written out, as in pol_field_step. */
		asm volatile("%0 &= %1" : "+r"(place) : "i"(POL_DNS_PART - 1));
		byte = part->byte[place];
		at++;
		if (left) {
			/* A dot inside of a label, and whatever does not stand in names: others may print, escape or cut it. */
			if (!pol_dns_in_names(byte)) {
				reason = POL_REASON_AMBIGUOUS_QUERY;
				break;
			}
			if (byte - 'A' < 26)
				byte |= 0x20;
			left--;
		} else {
			if (!byte) {
				part->read = i + 1;
				dns->at = at;
				dns->state = state;
				return pol_dns_named(dns, &tables);
			}
			reason = pol_dns_label(at, byte);
			if (reason)
				break;
			left = byte;
			if (at == POL_DNS_HEADER + 1)
				continue;
			byte = '.';
		}
		state = pol_field_step(&tables, POL_DNS_FIELD_NAME, state, byte);
	}
	if (reason)
		return pol_dns_lost(dns, reason);
	dns->at = at;
	dns->left = left;
	dns->state = state;
	return POL_DNS_GOES_ON;
}

static __always_inline int pol_dns_type(struct pol_dns *dns, const struct pol_tables *tables, const __u8 *byte)
{
	__u32 state = pol_field_begin(tables, POL_DNS_FIELD_TYPE);

	dns->type = byte[0] << 8 | byte[1];
	if (!pol_field_asked(tables, POL_DNS_FIELD_TYPE))
		return POL_DNS_READ;
	state = pol_field_step(tables, POL_DNS_FIELD_TYPE, state, byte[0]);
	state = pol_field_step(tables, POL_DNS_FIELD_TYPE, state, byte[1]);
	dns->class[POL_DNS_FIELD_TYPE] = pol_field_class(tables, POL_DNS_FIELD_TYPE, state);
	return dns->class[POL_DNS_FIELD_TYPE] ? POL_DNS_READ : pol_dns_lost(dns, POL_REASON_AMBIGUOUS_QUERY);
}

/* What stands behind the name, from `part->read` on. */
POL_GLOBAL int pol_dns_rest_read(struct pol_dns *dns, const struct pol_requests *requests, __u32 slot, const struct pol_dns_part *part)
{
	struct pol_tables tables = {.requests = requests, .slot = slot};
	const __u8 *byte, *record;
	__u32 end, read, left;

	if (!dns || !requests || !part)
		return POL_DNS_LOST;
	read = part->read;
	left = part->length - read;
	if (read > part->length || left < POL_DNS_KIND)
		return POL_DNS_LOST;
	/* The name may end with the part: then this is behind a new one, and 0. */
	asm volatile("%0 &= %1" : "+r"(read) : "i"(POL_DNS_PART - 1));
	byte = part->byte + read;
	if (pol_dns_type(dns, &tables, byte) != POL_DNS_READ)
		return POL_DNS_LOST;
	if (byte[2] || byte[3] != POL_DNS_CLASS_IN)
		return pol_dns_lost(dns, POL_REASON_NO_QUERY);
	end = dns->at + POL_DNS_KIND;
	dns->question = end;
	if (dns->records) {
		if (left < POL_DNS_KIND + POL_DNS_RECORD)
			return POL_DNS_LOST;
		/* An OPT record of the root; its data is nobody's name. */
		record = byte + POL_DNS_KIND;
		if (record[0] || record[1] || record[2] != POL_DNS_TYPE_OPT)
			return pol_dns_lost(dns, POL_REASON_AMBIGUOUS_QUERY);
		end += POL_DNS_RECORD + (record[POL_DNS_RECORD - 2] << 8 | record[POL_DNS_RECORD - 1]);
	}
	return end == dns->length ? POL_DNS_READ : pol_dns_lost(dns, POL_REASON_AMBIGUOUS_QUERY);
}

/* Loads the bytes from `dns->at` on; `source`: where they are. 0: there are none, or none that may be read. */
static __always_inline int pol_dns_load(const void *source, struct pol_dns *dns, struct pol_dns_part *part);

/* Reads the query of `dns->length` bytes. 1: `dns` holds one; 0: there is none, for `dns->reason`. */
static __always_inline int pol_dns_read(const void *source, struct pol_dns *dns, const struct pol_tables *tables)
{
	struct pol_dns_part part = {}; /* filled: the verifier of 6.1 does not see that what is read was written */
	int outcome;

	dns->reason = POL_REASON_MALFORMED_QUERY;
	if (!pol_dns_load(source, dns, &part) || pol_dns_header(dns, tables, &part) == POL_DNS_LOST)
		return 0;
	for (int i = 0; i < POL_DNS_PARTS; i++) {
		outcome = pol_dns_name_read(dns, tables->requests, tables->slot, &part);
		if (outcome != POL_DNS_GOES_ON || !pol_dns_load(source, dns, &part))
			break;
	}
	if (outcome != POL_DNS_READ)
		return 0;
	/* Not all there yet that is to be looked at. */
	if (part.length - part.read < POL_DNS_KIND + POL_DNS_RECORD && part.length - part.read < dns->length - dns->at &&
	    !pol_dns_load(source, dns, &part))
		return 0;
	return pol_dns_rest_read(dns, tables->requests, tables->slot, &part) == POL_DNS_READ;
}

/* Class of a query that was read. */
static __always_inline __u32 pol_dns_class(const struct pol_dns *dns, const struct pol_tables *tables)
{
	return pol_fields_class(tables, dns->class, POL_DNS_FIELDS);
}

/* Counts what `this->verdict` made of a query. */
static __always_inline void pol_dns_raise(const struct pol_case *this, const struct pol_dns *dns)
{
	pol_dns_count(dns, this->verdict.action != POL_ACTION_ALLOW);
	pol_case_count(this, POL_PROTOCOL_DNS, pol_verdict_hubble(&this->verdict));
}

/* All of an event but its text. It is there: asked a second time, Linux 6.1 takes it for one that was never given back. */
static __always_inline void pol_dns_describe(struct pol_event *event, const struct pol_case *this, const struct pol_dns *dns)
{
	pol_case_describe(event, this);
	event->protocol = POL_PROTOCOL_DNS;
	event->verdict = pol_verdict_hubble(&this->verdict);
	event->domain = POL_DOMAIN_DNS;
	event->reason = dns->reason;
	event->carrier = this->packet.protocol;
}

/* Bytes of the question that an event can show; 0 where nothing was read. */
static __always_inline __u32 pol_dns_shown(const struct pol_dns *dns)
{
	__u32 bytes = dns->question > POL_DNS_HEADER ? dns->question - POL_DNS_HEADER : 0;

	return bytes > POL_LIMIT_EVENT_TEXT ? POL_LIMIT_EVENT_TEXT : bytes;
}
