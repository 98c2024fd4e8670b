/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Reads HTTP/1.1 requests byte by byte, wherever a packet begins or ends: the canonical text of each (into the
 * automaton, never stored for deciding), the end of its head, the end of its body. What a byte string means is defined
 * by src/compiler/domains/http/request.ts; this walk and that text give the same answer for every one.
 *
 * All state is in `struct pol_http` (map memory), nothing in registers from one byte to the next: so the verifier sees
 * one and the same state at each turn of the loop around pol_http_step and looks at every path once.
 */
#pragma once
#include "automaton.h"

enum {
	POL_HTTP_HEAD_LIMIT = 8192, /* bytes of a head, its empty line included; as headLimit in request.ts */
	POL_HTTP_LENGTH_DIGITS = 18, /* of Content-Length: fits 63 bits */
	POL_HTTP_CHUNK_DIGITS = 8, /* hexadecimal, of a chunk's size */
	POL_HTTP_NAME_BYTES = 24, /* of header names that are told apart; longer ones are none of ours */
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
};

enum { POL_HEADER_OTHER, POL_HEADER_HOST, POL_HEADER_UPGRADE, POL_HEADER_LENGTH, POL_HEADER_ENCODING };
/* Place in a path segment, up to its first `;`. */
enum { POL_SEGMENT_EMPTY, POL_SEGMENT_DOT, POL_SEGMENT_DOTS, POL_SEGMENT_NAME };
enum { POL_VALUE_BEFORE, POL_VALUE_INSIDE, POL_VALUE_AFTER, POL_VALUE_WRONG };

struct pol_http {
	__u64 remaining;
	__u64 length; /* of Content-Length, or of a chunk */
	__u64 name[POL_HTTP_NAME_BYTES / 8]; /* lower case, zero filled */
	__u32 head; /* bytes of this head (or trailer) so far */
	__u32 state; /* of the automaton */
	__u16 text_length; /* bytes of canonical text, also of those that did not fit into `text` */
	__u8 phase;
	__u8 flags;
	__u8 place; /* in the version, a name, a number, a word */
	__u8 header; /* POL_HEADER_* */
	__u8 value; /* POL_VALUE_* */
	__u8 segment; /* POL_SEGMENT_* */
	__u8 target; /* 1: the target has a byte */
	__u8 percent; /* digits still to come of a percent-encoding */
	__u8 digit; /* its first digit's value */
	__u8 reason;
	__u8 text[POL_LIMIT_EVENT_TEXT]; /* for events */
};

/* `name` as it stands in pol_http.name. */
#define POL_NAME_WORD(a, b, c, d, e, f, g, h)                                                                        \
	((__u64)(a) | (__u64)(b) << 8 | (__u64)(c) << 16 | (__u64)(d) << 24 | (__u64)(e) << 32 | (__u64)(f) << 40 | \
	 (__u64)(g) << 48 | (__u64)(h) << 56)

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

/* Forgets the last request. */
static __always_inline void pol_http_restart(struct pol_http *http, const struct pol_automaton *automaton)
{
	http->head = 0;
	http->phase = POL_HTTP_METHOD;
	http->flags = 0;
	http->text_length = 0;
	http->reason = POL_REASON_NONE;
	http->target = 0;
	http->percent = 0;
	http->place = 0;
	http->state = automaton->start;
}

/* One byte of the canonical text. */
static __always_inline void pol_http_emit(struct pol_http *http, const struct pol_automaton *automaton, __u32 byte)
{
	__u32 at = http->text_length;

	http->text_length = at + 1;
	if (at < POL_LIMIT_EVENT_TEXT) {
		/* Hides from clang that the mask changes nothing: the verifier does not see through its shortcuts. */
		asm volatile("" : "+r"(at));
		http->text[at & (POL_LIMIT_EVENT_TEXT - 1)] = byte;
	}
	http->state = pol_automaton_step(automaton, http->state, byte);
}

static __always_inline void pol_http_ambiguous(struct pol_http *http)
{
	http->flags |= POL_HTTP_AMBIGUOUS;
}

static __always_inline __u32 pol_http_method(struct pol_http *http, const struct pol_automaton *automaton, __u32 byte)
{
	const __u8 *text = http->text;

	if (byte == ' ' && http->text_length) {
		if (http->text_length == 7 && text[0] == 'C' && text[1] == 'O' && text[2] == 'N' && text[3] == 'N' &&
		    text[4] == 'E' && text[5] == 'C' && text[6] == 'T')
			http->flags |= POL_HTTP_CONNECT;
		if (http->text_length == 4 && text[0] == 'H' && text[1] == 'E' && text[2] == 'A' && text[3] == 'D')
			http->flags |= POL_HTTP_IS_HEAD;
		http->phase = POL_HTTP_PATH;
	} else if (!pol_http_is_token(byte)) {
		int line_end = byte == '\r' || byte == '\n';

		return pol_http_lost(http, http->text_length || line_end ? POL_REASON_MALFORMED_REQUEST : POL_REASON_NOT_HTTP);
	}
	pol_http_emit(http, automaton, byte);
	return POL_HTTP_GOES_ON;
}

/* `//`, `/./`, `/../`, also before path parameters. `byte`: decoded, and no `/` that was encoded. */
static __always_inline void pol_http_segment(struct pol_http *http, __u32 byte)
{
	__u32 segment = http->segment;

	if (byte == '/') {
		if (segment != POL_SEGMENT_NAME && http->target)
			pol_http_ambiguous(http);
		segment = POL_SEGMENT_EMPTY;
	} else if (byte == ';') {
		if (segment != POL_SEGMENT_NAME)
			pol_http_ambiguous(http);
	} else if (byte == '.' && segment < POL_SEGMENT_DOTS) {
		segment++;
	} else {
		segment = POL_SEGMENT_NAME;
	}
	http->segment = segment;
}

/* The second digit of a percent-encoding: visible bytes stand as themselves, others stay encoded, in upper case. */
static __always_inline void pol_http_decode(struct pol_http *http, const struct pol_automaton *automaton, __u32 digit)
{
	__u32 high = http->digit & 15;
	__u32 byte = high << 4 | digit;

	if (pol_http_is_control(byte) || byte == '/' || byte == '\\' || byte == '%')
		pol_http_ambiguous(http);
	if (byte > 0x20 && byte < 0x7f && byte != '?' && byte != '#') {
		pol_http_segment(http, byte);
		pol_http_emit(http, automaton, byte);
		return;
	}
	http->segment = POL_SEGMENT_NAME;
	pol_http_emit(http, automaton, '%');
	pol_http_emit(http, automaton, high < 10 ? '0' + high : 'A' - 10 + high);
	pol_http_emit(http, automaton, digit < 10 ? '0' + digit : 'A' - 10 + digit);
}

static __always_inline void pol_http_path_end(struct pol_http *http)
{
	if (http->percent || http->segment == POL_SEGMENT_DOT || http->segment == POL_SEGMENT_DOTS)
		pol_http_ambiguous(http);
	http->percent = 0;
}

static __always_inline __u32 pol_http_path(struct pol_http *http, const struct pol_automaton *automaton, __u32 byte)
{
	if (!http->target) {
		http->segment = POL_SEGMENT_NAME;
		if (byte != '/')
			pol_http_ambiguous(http);
	}
	if (byte == ' ' || byte == '?') {
		pol_http_path_end(http);
		http->phase = byte == ' ' ? POL_HTTP_VERSION : POL_HTTP_QUERY;
		http->place = 0;
		http->target = 1;
		return POL_HTTP_GOES_ON;
	}
	if (pol_http_is_control(byte))
		return pol_http_lost(http, POL_REASON_MALFORMED_REQUEST);
	if (http->percent) {
		__u32 digit = pol_http_hex(byte);

		if (digit > 15) {
			pol_http_ambiguous(http);
			http->percent = 0;
		} else if (http->percent == 2) {
			http->percent = 1;
			http->digit = digit;
		} else {
			http->percent = 0;
			pol_http_decode(http, automaton, digit);
		}
		return POL_HTTP_GOES_ON;
	}
	if (byte == '%') {
		http->percent = 2;
		return POL_HTTP_GOES_ON;
	}
	if (byte == '\\' || byte == '#' || byte >= 0x80)
		pol_http_ambiguous(http);
	pol_http_segment(http, byte);
	http->target = 1;
	pol_http_emit(http, automaton, byte);
	return POL_HTTP_GOES_ON;
}

static __always_inline __u32 pol_http_query(struct pol_http *http, __u32 byte)
{
	if (byte == ' ') {
		http->phase = POL_HTTP_VERSION;
		http->place = 0;
		return POL_HTTP_GOES_ON;
	}
	if (pol_http_is_control(byte))
		return pol_http_lost(http, POL_REASON_MALFORMED_REQUEST);
	if (byte == '#' || byte >= 0x80)
		pol_http_ambiguous(http);
	return POL_HTTP_GOES_ON;
}

/* `HTTP/1.0` or `HTTP/1.1`, then CR. */
static __always_inline __u32 pol_http_version(struct pol_http *http, __u32 byte)
{
	const __u64 expected = POL_NAME_WORD('H', 'T', 'T', 'P', '/', '1', '.', '1');
	__u32 place = http->place & 15;

	http->place = place + 1;
	if (place == 8) {
		http->phase = POL_HTTP_REQUEST_LINE_END;
		return byte == '\r' ? POL_HTTP_GOES_ON : pol_http_lost(http, POL_REASON_MALFORMED_REQUEST);
	}
	if (place == 7 && byte == '0') {
		http->flags |= POL_HTTP_1_0;
		return POL_HTTP_GOES_ON;
	}
	if (byte == (expected >> (place * 8 & 63) & 0xff))
		return POL_HTTP_GOES_ON;
	if (place < 5 || (pol_http_is_control(byte) && byte != '\r'))
		return pol_http_lost(http, POL_REASON_MALFORMED_REQUEST);
	return pol_http_lost(http, POL_REASON_NOT_HTTP);
}

static __always_inline __u32 pol_http_request_line_end(struct pol_http *http, __u32 byte)
{
	if (byte != '\n')
		return pol_http_lost(http, POL_REASON_MALFORMED_REQUEST);
	/* What follows an accepted CONNECT is no HTTP. */
	if (http->flags & POL_HTTP_CONNECT)
		return pol_http_lost(http, POL_REASON_AMBIGUOUS_TARGET);
	http->phase = POL_HTTP_LINE;
	return POL_HTTP_GOES_ON;
}

static __always_inline __u32 pol_http_header_named(const struct pol_http *http)
{
	__u64 first = http->name[0], second = http->name[1], third = http->name[2];

	if (first == POL_NAME_WORD('c', 'o', 'n', 't', 'e', 'n', 't', '-') && second == POL_NAME_WORD('l', 'e', 'n', 'g', 't', 'h', 0, 0) &&
	    third == 0)
		return POL_HEADER_LENGTH;
	if (first == POL_NAME_WORD('t', 'r', 'a', 'n', 's', 'f', 'e', 'r') &&
	    second == POL_NAME_WORD('-', 'e', 'n', 'c', 'o', 'd', 'i', 'n') && third == 'g')
		return POL_HEADER_ENCODING;
	if (second || third)
		return POL_HEADER_OTHER;
	if (first == POL_NAME_WORD('h', 'o', 's', 't', 0, 0, 0, 0))
		return POL_HEADER_HOST;
	if (first == POL_NAME_WORD('u', 'p', 'g', 'r', 'a', 'd', 'e', 0))
		return POL_HEADER_UPGRADE;
	return POL_HEADER_OTHER;
}

static __always_inline __u32 pol_http_name(struct pol_http *http, __u32 byte)
{
	__u32 place = http->place;

	if (byte == ':' && place) {
		http->header = place > POL_HTTP_NAME_BYTES ? POL_HEADER_OTHER : pol_http_header_named(http);
		http->phase = POL_HTTP_VALUE;
		http->value = POL_VALUE_BEFORE;
		http->place = 0;
		http->length = http->header == POL_HEADER_LENGTH ? 0 : http->length;
		return POL_HTTP_GOES_ON;
	}
	if (!pol_http_is_token(byte))
		return pol_http_lost(http, POL_REASON_MALFORMED_REQUEST);
	if (byte - 'A' < 26)
		byte |= 0x20;
	if (place < POL_HTTP_NAME_BYTES)
		http->name[place >> 3 & 3] |= (__u64)byte << (place * 8 & 63);
	if (place <= POL_HTTP_NAME_BYTES)
		http->place = place + 1;
	return POL_HTTP_GOES_ON;
}

static __always_inline __u32 pol_http_line(struct pol_http *http, __u32 byte)
{
	if (byte == '\r') {
		http->phase = POL_HTTP_EMPTY_LINE_END;
		return POL_HTTP_GOES_ON;
	}
	http->phase = POL_HTTP_NAME;
	http->place = 0;
	http->name[0] = 0;
	http->name[1] = 0;
	http->name[2] = 0;
	return pol_http_name(http, byte);
}

/* A byte of a number or of `chunked`; anything else makes the value wrong. */
static __always_inline void pol_http_value_byte(struct pol_http *http, __u32 byte)
{
	const __u64 chunked = POL_NAME_WORD('c', 'h', 'u', 'n', 'k', 'e', 'd', 0);
	__u32 place = http->place;
	__u32 digit = byte - '0';

	if (http->value > POL_VALUE_INSIDE) {
		http->value = POL_VALUE_WRONG;
		return;
	}
	http->value = POL_VALUE_INSIDE;
	if (http->header == POL_HEADER_LENGTH) {
		if (digit > 9 || place >= POL_HTTP_LENGTH_DIGITS)
			http->value = POL_VALUE_WRONG;
		http->length = http->length * 10 + digit;
	} else if (place >= 7 || byte != (chunked >> (place * 8 & 63) & 0xff)) {
		http->value = POL_VALUE_WRONG;
	}
	http->place = place + 1;
}

static __always_inline __u32 pol_http_value(struct pol_http *http, __u32 byte)
{
	if (byte == '\r') {
		http->phase = POL_HTTP_LINE_END;
		return POL_HTTP_GOES_ON;
	}
	if (pol_http_is_control(byte) && byte != '\t')
		return pol_http_lost(http, POL_REASON_MALFORMED_REQUEST);
	if (http->header < POL_HEADER_LENGTH)
		return POL_HTTP_GOES_ON;
	if (byte == ' ' || byte == '\t') {
		if (http->value == POL_VALUE_INSIDE)
			http->value = POL_VALUE_AFTER;
	} else {
		pol_http_value_byte(http, byte);
	}
	return POL_HTTP_GOES_ON;
}

/* A header line is whole: what it says about framing. */
static __always_inline __u32 pol_http_line_end(struct pol_http *http, __u32 byte)
{
	__u32 flags = http->flags;
	__u32 header = http->header;

	if (byte != '\n')
		return pol_http_lost(http, POL_REASON_MALFORMED_REQUEST);
	http->phase = POL_HTTP_LINE;
	if (header == POL_HEADER_OTHER)
		return POL_HTTP_GOES_ON;
	if (flags & POL_HTTP_TRAILER)
		return pol_http_lost(http, POL_REASON_AMBIGUOUS_LENGTH);
	if (header == POL_HEADER_UPGRADE)
		return pol_http_lost(http, POL_REASON_UNKNOWN_STREAM_POSITION);
	if (header == POL_HEADER_HOST) {
		if (flags & POL_HTTP_HOST)
			return pol_http_lost(http, POL_REASON_MALFORMED_REQUEST);
		http->flags = flags | POL_HTTP_HOST;
		return POL_HTTP_GOES_ON;
	}
	if (flags & (POL_HTTP_HAS_LENGTH | POL_HTTP_CHUNKED) || http->value == POL_VALUE_WRONG || http->value == POL_VALUE_BEFORE)
		return pol_http_lost(http, POL_REASON_AMBIGUOUS_LENGTH);
	if (header == POL_HEADER_LENGTH) {
		http->flags = flags | POL_HTTP_HAS_LENGTH;
		return POL_HTTP_GOES_ON;
	}
	if (flags & POL_HTTP_1_0 || http->place != 7)
		return pol_http_lost(http, POL_REASON_AMBIGUOUS_LENGTH);
	http->flags = flags | POL_HTTP_CHUNKED;
	return POL_HTTP_GOES_ON;
}

static __always_inline __u32 pol_http_empty_line_end(struct pol_http *http, __u32 byte)
{
	__u32 flags = http->flags;

	if (byte != '\n')
		return pol_http_lost(http, POL_REASON_MALFORMED_REQUEST);
	if (flags & POL_HTTP_TRAILER)
		return POL_HTTP_MESSAGE_READ;
	http->place = 0;
	http->remaining = http->length;
	if (flags & POL_HTTP_CHUNKED) {
		http->phase = POL_HTTP_CHUNK_SIZE;
		http->length = 0;
	} else {
		http->phase = POL_HTTP_BODY;
		if (!(flags & POL_HTTP_HAS_LENGTH))
			http->remaining = 0;
	}
	return POL_HTTP_HEAD_READ;
}

/* Size, CRLF, data, CRLF, ... 0, CRLF, trailer: no extensions, nothing that two servers could read differently. */
static __always_inline __u32 pol_http_chunk(struct pol_http *http, __u32 byte)
{
	__u32 digit = pol_http_hex(byte);

	switch (http->phase) {
	case POL_HTTP_CHUNK_SIZE:
		if (byte == '\r' && http->place) {
			http->phase = POL_HTTP_CHUNK_SIZE_END;
			return POL_HTTP_GOES_ON;
		}
		if (digit > 15 || http->place >= POL_HTTP_CHUNK_DIGITS)
			break;
		http->place++;
		http->length = http->length << 4 | digit;
		return POL_HTTP_GOES_ON;
	case POL_HTTP_CHUNK_SIZE_END:
		if (byte != '\n')
			break;
		http->remaining = http->length;
		http->phase = POL_HTTP_CHUNK_DATA;
		if (!http->remaining) {
			http->phase = POL_HTTP_LINE;
			http->flags |= POL_HTTP_TRAILER;
			http->head = 0;
		}
		return POL_HTTP_GOES_ON;
	case POL_HTTP_CHUNK_DATA_CR:
		if (byte != '\r')
			break;
		http->phase = POL_HTTP_CHUNK_DATA_LF;
		return POL_HTTP_GOES_ON;
	default:
		if (byte != '\n')
			break;
		http->phase = POL_HTTP_CHUNK_SIZE;
		http->place = 0;
		http->length = 0;
		return POL_HTTP_GOES_ON;
	}
	return pol_http_lost(http, POL_REASON_AMBIGUOUS_LENGTH);
}

/* `bytes` > 0 of a body or chunk, at most `remaining`, went by. */
static __always_inline __u32 pol_http_skip(struct pol_http *http, __u64 bytes)
{
	http->remaining -= bytes;
	if (http->remaining)
		return POL_HTTP_GOES_ON;
	if (http->phase == POL_HTTP_BODY)
		return POL_HTTP_MESSAGE_READ;
	http->phase = POL_HTTP_CHUNK_DATA_CR;
	return POL_HTTP_GOES_ON;
}

/* Reads one byte. After HEAD_READ without a body, after MESSAGE_READ and before the first byte: pol_http_restart. */
static __always_inline __u32 pol_http_step(struct pol_http *http, const struct pol_automaton *automaton, __u32 byte)
{
	__u32 phase = http->phase;

	if (phase > POL_HTTP_LAST_OF_HEAD) {
		if (phase == POL_HTTP_BODY || phase == POL_HTTP_CHUNK_DATA)
			return pol_http_skip(http, 1);
		return pol_http_chunk(http, byte);
	}
	if (http->head >= POL_HTTP_HEAD_LIMIT)
		return pol_http_lost(http, POL_REASON_HEAD_TOO_LONG);
	http->head++;
	/* Most bytes of a head are in these three. */
	if (phase == POL_HTTP_VALUE)
		return pol_http_value(http, byte);
	if (phase == POL_HTTP_NAME)
		return pol_http_name(http, byte);
	if (phase == POL_HTTP_PATH)
		return pol_http_path(http, automaton, byte);
	switch (phase) {
	case POL_HTTP_METHOD:
		return pol_http_method(http, automaton, byte);
	case POL_HTTP_QUERY:
		return pol_http_query(http, byte);
	case POL_HTTP_VERSION:
		return pol_http_version(http, byte);
	case POL_HTTP_REQUEST_LINE_END:
		return pol_http_request_line_end(http, byte);
	case POL_HTTP_LINE:
		return pol_http_line(http, byte);
	case POL_HTTP_LINE_END:
		return pol_http_line_end(http, byte);
	default:
		return pol_http_empty_line_end(http, byte);
	}
}

/* Request class of the target that was read. */
static __always_inline __u32 pol_http_class(const struct pol_http *http, const struct pol_automaton *automaton)
{
	return http->flags & POL_HTTP_AMBIGUOUS ? POL_CLASS_UNDECIDABLE : pol_automaton_class(automaton, http->state);
}
