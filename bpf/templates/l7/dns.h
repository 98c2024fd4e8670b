/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * A DNS query (RFC 1035), byte by byte: the automaton of names reads its name in lower case, labels joined by dots, that of
 * types the two bytes of its type. Where a server could see another question than is seen here there is none, and the reason
 * says why. What stands in a query that has one: a header, one question, and perhaps an OPT record (EDNS), nothing else.
 */
#pragma once
#define POL_REQUEST_CELLS t_dns_cells
#include "../include/case.h"
#include "requests.h"

enum {
	POL_DNS_HEADER = 12,
	POL_DNS_NAME = 255, /* bytes of a name, length bytes and the root included */
	POL_DNS_RECORD = 11, /* bytes of an OPT record without its data */
	/* No more bytes than these have to be read of any query. */
	POL_DNS_BYTES = POL_DNS_HEADER + POL_DNS_NAME + 4 + POL_DNS_RECORD,
	POL_DNS_TYPE_OPT = 41,
	POL_DNS_CLASS_IN = 1,
};

/* Where the next byte stands. */
enum { POL_DNS_IN_HEADER, POL_DNS_AT_LABEL, POL_DNS_IN_LABEL, POL_DNS_IN_TYPE, POL_DNS_IN_CLASS, POL_DNS_IN_RECORD };
/* What one byte brought about. */
enum { POL_DNS_GOES_ON, POL_DNS_READ, POL_DNS_LOST };
/* Slots of the fields, as kernelFields in ir/abi.ts. */
enum { POL_DNS_FIELD_NAME, POL_DNS_FIELD_TYPE, POL_DNS_FIELDS };

struct pol_dns {
	__u32 length; /* of the message */
	__u32 at; /* bytes that were read */
	__u32 question; /* bytes up to the end of the question */
	__u32 state; /* of the automaton that reads */
	__u32 data; /* of the OPT record: bytes behind its head */
	__u16 class[POL_DNS_FIELDS]; /* 0: no value */
	__u16 type; /* that is asked for */
	__u8 phase;
	__u8 left; /* bytes of the label that are still to come; of type and class, whether one was read */
	__u8 records; /* additional ones that the header announces */
	__u8 reason;
};

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

/* `place`: of the byte in the header. */
static __always_inline int pol_dns_header(struct pol_dns *dns, const struct pol_tables *tables, __u32 place, __u32 byte)
{
	/* An answer, or another operation. */
	if (place == 2 && byte & 0xf8)
		return pol_dns_lost(dns, POL_REASON_NO_QUERY);
	/* Truncated: what of it is left out? */
	if (place == 2 && byte & 0x02)
		return pol_dns_lost(dns, POL_REASON_AMBIGUOUS_QUERY);
	if (place == 5 && byte == 0)
		return pol_dns_lost(dns, POL_REASON_MALFORMED_QUERY);
	if ((place == 4 && byte) || (place == 5 && byte != 1) || (place >= 6 && place <= 10 && byte) || (place == 11 && byte > 1))
		return pol_dns_lost(dns, POL_REASON_AMBIGUOUS_QUERY);
	if (place < POL_DNS_HEADER - 1)
		return POL_DNS_GOES_ON;
	dns->records = byte;
	dns->phase = POL_DNS_AT_LABEL;
	dns->state = pol_field_begin(tables, POL_DNS_FIELD_NAME);
	return POL_DNS_GOES_ON;
}

/* The name is whole. */
static __always_inline int pol_dns_name_read(struct pol_dns *dns, const struct pol_tables *tables)
{
	/* The root is no name. */
	if (dns->at > POL_DNS_HEADER + 1 && pol_field_asked(tables, POL_DNS_FIELD_NAME)) {
		dns->class[POL_DNS_FIELD_NAME] = pol_field_class(tables, POL_DNS_FIELD_NAME, dns->state);
		if (!dns->class[POL_DNS_FIELD_NAME])
			return pol_dns_lost(dns, POL_REASON_AMBIGUOUS_QUERY);
	}
	dns->phase = POL_DNS_IN_TYPE;
	dns->left = 2;
	dns->state = pol_field_begin(tables, POL_DNS_FIELD_TYPE);
	return POL_DNS_GOES_ON;
}

/* The length of a label, or the end of the name. */
static __always_inline int pol_dns_label(struct pol_dns *dns, const struct pol_tables *tables, __u32 byte)
{
	if (!byte)
		return pol_dns_name_read(dns, tables);
	/* A pointer: before the question there is no name to point to. */
	if (byte >= 0xc0)
		return pol_dns_lost(dns, POL_REASON_AMBIGUOUS_QUERY);
	if (byte > 63 || dns->at - POL_DNS_HEADER + byte + 1 > POL_DNS_NAME)
		return pol_dns_lost(dns, POL_REASON_MALFORMED_QUERY);
	if (dns->at > POL_DNS_HEADER + 1 && pol_field_asked(tables, POL_DNS_FIELD_NAME))
		dns->state = pol_field_step(tables, POL_DNS_FIELD_NAME, dns->state, '.');
	dns->phase = POL_DNS_IN_LABEL;
	dns->left = byte;
	return POL_DNS_GOES_ON;
}

static __always_inline int pol_dns_in_label(struct pol_dns *dns, const struct pol_tables *tables, __u32 byte)
{
	if (byte >= 'A' && byte <= 'Z')
		byte |= 0x20;
	/* A dot inside of a label, and whatever does not stand in names: others may print, escape or cut it. */
	if (!(byte >= 'a' && byte <= 'z') && !(byte >= '0' && byte <= '9') && byte != '-' && byte != '_')
		return pol_dns_lost(dns, POL_REASON_AMBIGUOUS_QUERY);
	if (pol_field_asked(tables, POL_DNS_FIELD_NAME))
		dns->state = pol_field_step(tables, POL_DNS_FIELD_NAME, dns->state, byte);
	dns->left--;
	if (!dns->left)
		dns->phase = POL_DNS_AT_LABEL;
	return POL_DNS_GOES_ON;
}

static __always_inline int pol_dns_type(struct pol_dns *dns, const struct pol_tables *tables, __u32 byte)
{
	if (pol_field_asked(tables, POL_DNS_FIELD_TYPE))
		dns->state = pol_field_step(tables, POL_DNS_FIELD_TYPE, dns->state, byte);
	dns->type = dns->type << 8 | byte;
	dns->left--;
	if (dns->left)
		return POL_DNS_GOES_ON;
	if (pol_field_asked(tables, POL_DNS_FIELD_TYPE)) {
		dns->class[POL_DNS_FIELD_TYPE] = pol_field_class(tables, POL_DNS_FIELD_TYPE, dns->state);
		if (!dns->class[POL_DNS_FIELD_TYPE])
			return pol_dns_lost(dns, POL_REASON_AMBIGUOUS_QUERY);
	}
	dns->phase = POL_DNS_IN_CLASS;
	dns->left = 2;
	return POL_DNS_GOES_ON;
}

static __always_inline int pol_dns_end(struct pol_dns *dns)
{
	return dns->at + dns->data == dns->length ? POL_DNS_READ : pol_dns_lost(dns, POL_REASON_AMBIGUOUS_QUERY);
}

static __always_inline int pol_dns_in_class(struct pol_dns *dns, __u32 byte)
{
	dns->left--;
	if (byte != (dns->left ? 0 : POL_DNS_CLASS_IN))
		return pol_dns_lost(dns, POL_REASON_NO_QUERY);
	if (dns->left)
		return POL_DNS_GOES_ON;
	dns->question = dns->at;
	dns->phase = POL_DNS_IN_RECORD;
	return dns->records ? POL_DNS_GOES_ON : pol_dns_end(dns);
}

/* An OPT record of the root; its data is nobody's name. */
static __always_inline int pol_dns_record(struct pol_dns *dns, __u32 byte)
{
	__u32 place = dns->at - dns->question - 1;

	if ((place == 0 && byte) || (place == 1 && byte) || (place == 2 && byte != POL_DNS_TYPE_OPT))
		return pol_dns_lost(dns, POL_REASON_AMBIGUOUS_QUERY);
	if (place == POL_DNS_RECORD - 2)
		dns->data = byte << 8;
	if (place < POL_DNS_RECORD - 1)
		return POL_DNS_GOES_ON;
	dns->data |= byte;
	return pol_dns_end(dns);
}

/* One byte more. By itself, and all that it knows in `dns`: so the verifier looks at it once, not once for each byte of a name. */
POL_GLOBAL int pol_dns_byte(struct pol_dns *dns, const struct pol_requests *requests, __u32 slot, __u32 byte)
{
	struct pol_tables tables = {.requests = requests, .slot = slot};
	__u32 place;

	if (!dns || !requests)
		return POL_DNS_LOST;
	place = dns->at++;
	byte &= 0xff;
	switch (dns->phase) {
	case POL_DNS_IN_HEADER:
		return pol_dns_header(dns, &tables, place, byte);
	case POL_DNS_AT_LABEL:
		return pol_dns_label(dns, &tables, byte);
	case POL_DNS_IN_LABEL:
		return pol_dns_in_label(dns, &tables, byte);
	case POL_DNS_IN_TYPE:
		return pol_dns_type(dns, &tables, byte);
	case POL_DNS_IN_CLASS:
		return pol_dns_in_class(dns, byte);
	default:
		return pol_dns_record(dns, byte);
	}
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
