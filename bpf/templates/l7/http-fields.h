/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Header lines and bodies: what says where the next request begins, and what rules ask for. Each function takes the next byte at its place
 * and says what it brought about (POL_HTTP_*).
 */
#pragma once
#include "http-values.h"

static __always_inline __u32 pol_http_header_named(const struct pol_http *http)
{
	__u64 first = http->name[0], second = http->name[1], third = http->name[2];

	if (first == POL_NAME_WORD('c', 'o', 'n', 't', 'e', 'n', 't', '-') && second == POL_NAME_WORD('l', 'e', 'n', 'g', 't', 'h', 0, 0) &&
	    third == 0)
		return POL_HEADER_LENGTH;
	if (first == POL_NAME_WORD('t', 'r', 'a', 'n', 's', 'f', 'e', 'r') &&
	    second == POL_NAME_WORD('-', 'e', 'n', 'c', 'o', 'd', 'i', 'n') && third == 'g')
		return POL_HEADER_ENCODING;
	if (first == POL_NAME_WORD('x', '-', 'h', 't', 't', 'p', '-', 'm') && second == POL_NAME_WORD('e', 't', 'h', 'o', 'd', 0, 0, 0) && !third)
		return POL_HEADER_METHOD;
	if (first == POL_NAME_WORD('x', '-', 'h', 't', 't', 'p', '-', 'm') && second == POL_NAME_WORD('e', 't', 'h', 'o', 'd', '-', 'o', 'v') &&
	    third == POL_NAME_WORD('e', 'r', 'r', 'i', 'd', 'e', 0, 0))
		return POL_HEADER_METHOD;
	if (first == POL_NAME_WORD('x', '-', 'm', 'e', 't', 'h', 'o', 'd') && second == POL_NAME_WORD('-', 'o', 'v', 'e', 'r', 'r', 'i', 'd') &&
	    third == 'e')
		return POL_HEADER_METHOD;
	if (second || third)
		return POL_HEADER_OTHER;
	if (first == POL_NAME_WORD('h', 'o', 's', 't', 0, 0, 0, 0))
		return POL_HEADER_HOST;
	if (first == POL_NAME_WORD('u', 'p', 'g', 'r', 'a', 'd', 'e', 0))
		return POL_HEADER_UPGRADE;
	if (first == POL_NAME_WORD('e', 'x', 'p', 'e', 'c', 't', 0, 0))
		return POL_HEADER_EXPECT;
	return POL_HEADER_OTHER;
}

/* The name is whole: what its value is read for. */
static __always_inline void pol_http_named(struct pol_http *http, const struct pol_tables *tables)
{
	http->header = http->place > POL_HTTP_NAME_BYTES ? POL_HEADER_OTHER : pol_http_header_named(http);
	http->field = 0;
	if (http->flags & POL_HTTP_TRAILER)
		return;
	if (http->header == POL_HEADER_HOST) {
		pol_http_host_begin(http, tables);
	} else if (pol_field_asked(tables, POL_LIMIT_NAMES_SLOT)) {
		http->field = pol_field_class(tables, POL_LIMIT_NAMES_SLOT, http->state);
		if (http->field)
			pol_http_value_begin(http, tables);
	}
}

static __always_inline __u32 pol_http_name(struct pol_http *http, const struct pol_tables *tables, __u32 byte)
{
	__u32 place = http->place;

	if (byte == ':' && place) {
		pol_http_named(http, tables);
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
	pol_http_read(http, tables, POL_LIMIT_NAMES_SLOT, byte);
	if (place < POL_HTTP_NAME_BYTES)
		http->name[place >> 3 & 3] |= (__u64)byte << (place * 8 & 63);
	if (place <= POL_HTTP_NAME_BYTES)
		http->place = place + 1;
	return POL_HTTP_GOES_ON;
}

/* The next byte is the first of a header's name. */
static __always_inline void pol_http_line_begin(struct pol_http *http, const struct pol_tables *tables)
{
	http->phase = POL_HTTP_NAME;
	http->lines++;
	http->state = pol_field_begin(tables, POL_LIMIT_NAMES_SLOT);
	http->place = 0;
	http->name[0] = 0;
	http->name[1] = 0;
	http->name[2] = 0;
}

static __always_inline __u32 pol_http_line(struct pol_http *http, const struct pol_tables *tables, __u32 byte)
{
	if (byte == '\r') {
		http->phase = POL_HTTP_EMPTY_LINE_END;
		return POL_HTTP_GOES_ON;
	}
	pol_http_line_begin(http, tables);
	return pol_http_name(http, tables, byte);
}

/* A byte of a number, of `chunked` or of `websocket` (in any case); anything else makes the value wrong. */
static __always_inline void pol_http_value_byte(struct pol_http *http, __u32 byte)
{
	const __u64 chunked = POL_NAME_WORD('c', 'h', 'u', 'n', 'k', 'e', 'd', 0);
	const __u64 websocket = POL_NAME_WORD('w', 'e', 'b', 's', 'o', 'c', 'k', 'e');
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
	} else if (http->header == POL_HEADER_UPGRADE) {
		if (place >= POL_HTTP_UPGRADE_BYTES || (byte | 0x20) != (place < 8 ? websocket >> (place * 8 & 63) & 0xff : 't'))
			http->value = POL_VALUE_WRONG;
	} else if (place >= 7 || byte != (chunked >> (place * 8 & 63) & 0xff)) {
		http->value = POL_VALUE_WRONG;
	}
	http->place = place + 1;
}

static __always_inline __u32 pol_http_value(struct pol_http *http, const struct pol_tables *tables, __u32 byte)
{
	if (byte == '\r') {
		if (http->field)
			pol_http_value_end(http, tables);
		else if (http->header == POL_HEADER_HOST && !(http->flags & POL_HTTP_TRAILER))
			pol_http_host_end(http, tables);
		http->phase = POL_HTTP_LINE_END;
		return POL_HTTP_GOES_ON;
	}
	if (pol_http_is_control(byte) && byte != '\t')
		return pol_http_lost(http, POL_REASON_MALFORMED_REQUEST);
	if (http->field)
		pol_http_value_read(http, tables, byte);
	else if (http->header == POL_HEADER_HOST && !(http->flags & POL_HTTP_TRAILER))
		pol_http_host(http, tables, byte);
	if (http->header < POL_HEADER_UPGRADE)
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
	if (header == POL_HEADER_UPGRADE) {
		if (flags & POL_HTTP_UPGRADES || http->value == POL_VALUE_WRONG || http->place != POL_HTTP_UPGRADE_BYTES)
			return pol_http_lost(http, POL_REASON_UNKNOWN_STREAM_POSITION);
		http->flags = flags | POL_HTTP_UPGRADES;
		return POL_HTTP_GOES_ON;
	}
	if (header == POL_HEADER_METHOD) {
		pol_http_unclear(http, POL_REASON_AMBIGUOUS_METHOD);
		return POL_HTTP_GOES_ON;
	}
	if (header == POL_HEADER_EXPECT) {
		http->flags = flags | POL_HTTP_EXPECTS;
		return POL_HTTP_GOES_ON;
	}
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
	/* As RFC 6455 has it; in any other request servers do various things with it. */
	if (flags & POL_HTTP_UPGRADES && (http->method != POL_METHOD_GET || flags & (POL_HTTP_1_0 | POL_HTTP_HAS_LENGTH | POL_HTTP_CHUNKED)))
		return pol_http_lost(http, POL_REASON_UNKNOWN_STREAM_POSITION);
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
