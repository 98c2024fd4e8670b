/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Where a reader of HTTP/1.1 stands between two bytes, and what it has learnt of the request so far. All of it is in
 * `struct pol_http` (map memory), nothing in registers from one byte to the next: so the verifier sees one and the same
 * state at each turn of the loop around pol_http_step and looks at every path once.
 */
#pragma once
#include "../include/name-word.h"
#include "requests.h"

enum {
	POL_HTTP_HEAD_LIMIT = 8192, /* bytes of a head, its empty line included; as headLimit in request.ts */
	POL_HTTP_LENGTH_DIGITS = 18, /* of Content-Length: fits 63 bits */
	POL_HTTP_CHUNK_DIGITS = 8, /* hexadecimal, of a chunk's size */
	POL_HTTP_UPGRADE_BYTES = 9, /* of `websocket` */
	POL_HTTP_NAME_BYTES = 24, /* of header names that are told apart; longer ones are none of ours */
	POL_STREAM_STEP = 512, /* bytes read at a time */
	POL_STREAM_RUN = 64, /* bytes that one loop reads */
	POL_PLAIN_WORD = 8, /* bytes that are looked at together */
};

/* Where the next byte stands. The order matters: up to LAST_OF_TARGET the target is not whole, up to LAST_OF_HEAD the head. */
enum {
	POL_HTTP_METHOD,
	POL_HTTP_PATH,
	POL_HTTP_QUERY,
	POL_HTTP_LAST_OF_TARGET = POL_HTTP_QUERY,
	POL_HTTP_VERSION,
	POL_HTTP_REQUEST_LINE_END,
	POL_HTTP_LINE, /* first byte of a header line, or of the empty one */
	POL_HTTP_NAME,
	POL_HTTP_VALUE,
	POL_HTTP_LINE_END,
	POL_HTTP_EMPTY_LINE_END,
	POL_HTTP_LAST_OF_HEAD = POL_HTTP_EMPTY_LINE_END,
	POL_HTTP_BODY, /* `remaining` bytes, then the next request */
	POL_HTTP_CHUNK_SIZE,
	POL_HTTP_CHUNK_SIZE_END,
	POL_HTTP_CHUNK_DATA, /* `remaining` bytes, then CRLF */
	POL_HTTP_CHUNK_DATA_CR,
	POL_HTTP_CHUNK_DATA_LF,
};

/* What one byte brought about. */
enum {
	POL_HTTP_GOES_ON,
	POL_HTTP_HEAD_READ, /* the request can be decided; its body, if any, follows */
	POL_HTTP_MESSAGE_READ, /* the last byte of a body: the next byte begins a request */
	POL_HTTP_LOST, /* undecidable, `reason` says why; where the next request begins is unknown */
};

/* What the head has said so far. */
enum {
	POL_HTTP_AMBIGUOUS = 1, /* target: undecidable, but well framed */
	POL_HTTP_CONNECT = 2,
	POL_HTTP_IS_HEAD = 4, /* its answer has no body */
	POL_HTTP_1_0 = 8,
	POL_HTTP_HOST = 16,
	POL_HTTP_HAS_LENGTH = 32,
	POL_HTTP_CHUNKED = 64,
	POL_HTTP_TRAILER = 128, /* the lines are those after the last chunk */
	POL_HTTP_EXPECTS = 256, /* its body waits for a word of the server */
	POL_HTTP_UPGRADES = 512, /* what follows its response may be another protocol */
};

/* Slots of the fields, as kernelFields in ir/abi.ts; those of headers follow, the automaton of their names says which. */
enum {
	POL_FIELD_METHOD,
	POL_FIELD_PATH,
	POL_FIELD_QUERY,
	POL_FIELD_TARGET,
	POL_FIELD_HOST,
	POL_FIELD_FIRST_HEADER,
};

/* From UPGRADE on, the value says something about framing. */
enum { POL_HEADER_OTHER, POL_HEADER_HOST, POL_HEADER_EXPECT, POL_HEADER_METHOD, POL_HEADER_UPGRADE, POL_HEADER_LENGTH, POL_HEADER_ENCODING };
/* Place in a path segment, up to its first `;`. */
enum { POL_SEGMENT_EMPTY, POL_SEGMENT_DOT, POL_SEGMENT_DOTS, POL_SEGMENT_NAME };
enum { POL_VALUE_BEFORE, POL_VALUE_INSIDE, POL_VALUE_AFTER, POL_VALUE_WRONG };
/* Place in the value of Host. */
enum { POL_HOST_BEFORE, POL_HOST_LABEL, POL_HOST_DOT, POL_HOST_BRACKET, POL_HOST_CLOSED, POL_HOST_PORT, POL_HOST_AFTER };

/* Some bytes of a packet; what is read by words may reach beyond them. */
struct pol_step {
	__u8 byte[POL_STREAM_STEP + POL_PLAIN_WORD];
	__u32 length; /* so many of them */
	__u32 read; /* so many were read */
	__u32 section; /* where the header lines begin, if all of them so far are among these bytes; else 0 */
};

/*
 * Header lines as they were last read, up to the empty line: a client that has sent them once sends the same again with most of its
 * other requests. What they say is a function of their bytes and of the tables alone.
 */
struct pol_known {
	__u64 body; /* as pol_http.length */
	__u32 identity; /* of the tables that they were read with */
	__u16 length; /* in bytes; 0: none are known */
	__u16 lines;
	__u16 flags;
	struct pol_classes classes; /* of what the lines say */
	__u8 byte[POL_STREAM_STEP + POL_PLAIN_WORD];
};

struct pol_http {
	__u64 remaining;
	__u64 length; /* of Content-Length, or of a chunk */
	__u64 name[POL_HTTP_NAME_BYTES / 8]; /* of a header, in lower case, zero filled; first, the method as it is */
	__u32 head; /* bytes of this head (or trailer) so far */
	__u16 state; /* of the field that is being read, or of the name of a header */
	__u16 whole; /* of the target as sent */
	__u16 kept; /* of a header's value up to its last byte that is no white space */
	__u16 lines; /* header lines that were begun */
	struct pol_classes classes;
	__u32 utf8; /* bytes of a character that is not whole, the first lowest */
	__u8 utf8_length; /* how many */
	__u8 utf8_more; /* how many are missing */
	__u8 utf8_low; /* bounds of the next */
	__u8 utf8_high;
	__u8 field; /* slot of the header that is being read; 0: no rule asks for it */
	__u8 begun; /* its value has a byte */
	__u8 host; /* POL_HOST_* */
	__u8 named; /* the host has a name */
	__u16 flags; /* what the head has said so far */
	__u16 text_length; /* bytes of canonical text, also of those that did not fit into `text` */
	__u8 phase;
	__u8 place; /* in the version, a name, a number, a word */
	__u8 header; /* POL_HEADER_* */
	__u8 value; /* POL_VALUE_* */
	__u8 segment; /* POL_SEGMENT_* */
	__u8 target; /* 1: the target has a byte */
	__u8 percent; /* digits still to come of a percent-encoding */
	__u8 digit; /* its first digit's value */
	__u8 reason;
	__u8 method; /* POL_METHOD_* */
	__u8 reserved[2]; /* `text` is copied by words */
	__u8 text[POL_LIMIT_EVENT_TEXT + POL_PLAIN_WORD]; /* for events; written by words */
	struct pol_step step;
	struct pol_known known;
};

/* RFC 9110, 5.6.2, one bit a byte. */
static __always_inline int pol_http_is_token(__u32 byte)
{
	/* !#$%&'*+-. and digits; upper case and ^_; `, lower case, | and ~ */
	const __u64 low = 0x03ff6cfa00000000ull, high = 0x57ffffffc7fffffeull;

	return byte < 64 ? low >> byte & 1 : byte < 128 ? high >> (byte & 63) & 1 : 0;
}

static __always_inline int pol_http_is_control(__u32 byte)
{
	return byte < 0x20 || byte == 0x7f;
}

/* 0..15, or 16 for no hexadecimal digit. */
static __always_inline __u32 pol_http_hex(__u32 byte)
{
	__u32 letter = (byte | 0x20) - 'a';

	if (byte - '0' < 10)
		return byte - '0';
	return letter < 6 ? letter + 10 : 16;
}

static __always_inline __u32 pol_http_lost(struct pol_http *http, __u8 reason)
{
	http->reason = reason;
	return POL_HTTP_LOST;
}

/* Undecidable, but well framed; the first reason counts. */
static __always_inline void pol_http_unclear(struct pol_http *http, __u8 reason)
{
	if (!(http->flags & POL_HTTP_AMBIGUOUS))
		http->reason = reason;
	http->flags |= POL_HTTP_AMBIGUOUS;
}

static __always_inline void pol_http_ambiguous(struct pol_http *http)
{
	pol_http_unclear(http, POL_REASON_AMBIGUOUS_TARGET);
}

/* Forgets the last request. */
static __always_inline void pol_http_restart(struct pol_http *http, const struct pol_tables *tables)
{
	http->head = 0;
	http->phase = POL_HTTP_METHOD;
	http->flags = 0;
	http->text_length = 0;
	http->reason = POL_REASON_NONE;
	http->target = 0;
	http->percent = 0;
	http->place = 0;
	http->lines = 0;
	http->method = POL_METHOD_OTHER;
	http->name[0] = 0;
	http->field = 0;
	__builtin_memset(&http->classes, 0, sizeof(http->classes));
	http->state = pol_field_begin(tables, POL_FIELD_METHOD);
}

/* One byte of the text for events. */
static __always_inline void pol_http_emit(struct pol_http *http, __u32 byte)
{
	__u32 at = http->text_length;

	http->text_length = at + 1;
	if (at < POL_LIMIT_EVENT_TEXT) {
		/* Hides from clang that the mask changes nothing: the verifier does not see through its shortcuts. */
		asm volatile("" : "+r"(at));
		http->text[at & (POL_LIMIT_EVENT_TEXT - 1)] = byte;
	}
}

/* One byte of the value of the field that is being read. */
static __always_inline void pol_http_read(struct pol_http *http, const struct pol_tables *tables, __u32 field, __u32 byte)
{
	if (pol_field_asked(tables, field))
		http->state = pol_field_step(tables, field, http->state, byte);
}

/* The value of a field that has only one is whole. */
static __always_inline void pol_http_finish(struct pol_http *http, const struct pol_tables *tables, __u32 field, __u32 state)
{
	__u32 class;

	if (!pol_field_asked(tables, field))
		return;
	class = pol_field_class(tables, field, state);
	if (!class)
		pol_http_ambiguous(http);
	http->classes.of[field & (POL_LIMIT_REQUEST_FIELDS - 1)] = class;
}
