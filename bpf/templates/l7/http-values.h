/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Values of header lines that rules ask for: without the white space around them, as UTF-8 (what is none is U+FFFD, as the
 * WHATWG decoder has it), and the name in Host. As canonicalHost and fieldsOf in src/compiler/domains/http/request.ts.
 */
#pragma once
#include "http-state.h"

static __always_inline void pol_http_value_step(struct pol_http *http, const struct pol_tables *tables, __u32 byte)
{
	http->state = pol_field_step(tables, http->field, http->state, byte);
}

/* A character that is none. */
static __always_inline void pol_http_replace(struct pol_http *http, const struct pol_tables *tables)
{
	http->utf8_more = 0;
	http->utf8_length = 0;
	pol_http_value_step(http, tables, 0xef);
	pol_http_value_step(http, tables, 0xbf);
	pol_http_value_step(http, tables, 0xbd);
	http->kept = http->state;
}

/* The first byte of a longer character. */
static __always_inline void pol_http_utf8_lead(struct pol_http *http, const struct pol_tables *tables, __u32 byte)
{
	http->utf8_low = byte == 0xe0 ? 0xa0 : byte == 0xf0 ? 0x90 : 0x80;
	http->utf8_high = byte == 0xed ? 0x9f : byte == 0xf4 ? 0x8f : 0xbf;
	http->utf8 = byte;
	http->utf8_length = 1;
	if (byte - 0xc2 <= 0xdf - 0xc2)
		http->utf8_more = 1;
	else if (byte - 0xe0 <= 0xef - 0xe0)
		http->utf8_more = 2;
	else if (byte - 0xf0 <= 0xf4 - 0xf0)
		http->utf8_more = 3;
	else
		pol_http_replace(http, tables);
}

/* One byte more of a character. */
static __always_inline void pol_http_utf8_next(struct pol_http *http, const struct pol_tables *tables, __u32 byte)
{
	__u32 length = http->utf8_length & 3;

	http->utf8 |= byte << (length * 8);
	http->utf8_length = length + 1;
	http->utf8_low = 0x80;
	http->utf8_high = 0xbf;
	http->utf8_more--;
	if (http->utf8_more)
		return;
	/* Linux 6.1 takes a way back only by a jump, which clang does not make here. */
#pragma clang loop unroll(full)
	for (__u32 i = 0; i < 4; i++)
		if (i < http->utf8_length)
			pol_http_value_step(http, tables, http->utf8 >> (i * 8) & 255);
	http->utf8_length = 0;
	http->kept = http->state;
}

/* A byte that is no control but a tab, of a value that is asked for. */
static __always_inline void pol_http_value_read(struct pol_http *http, const struct pol_tables *tables, __u32 byte)
{
	int white = byte == ' ' || byte == '\t';

	if (white && !http->begun)
		return;
	http->begun = 1;
	if (http->utf8_more) {
		if (byte >= http->utf8_low && byte <= http->utf8_high) {
			pol_http_utf8_next(http, tables, byte);
			return;
		}
		pol_http_replace(http, tables);
	}
	if (byte >= 0x80) {
		pol_http_utf8_lead(http, tables, byte);
		return;
	}
	pol_http_value_step(http, tables, byte);
	if (!white)
		http->kept = http->state;
}

static __always_inline void pol_http_value_begin(struct pol_http *http, const struct pol_tables *tables)
{
	http->state = pol_field_begin(tables, http->field);
	http->kept = http->state;
	http->begun = 0;
	http->utf8_more = 0;
	http->utf8_length = 0;
}

/* The line is whole: one value more of its field. */
static __always_inline void pol_http_value_end(struct pol_http *http, const struct pol_tables *tables)
{
	__u32 field = http->field & (POL_LIMIT_REQUEST_FIELDS - 1);
	__u32 class;

	if (http->utf8_more)
		pol_http_replace(http, tables);
	class = pol_field_class(tables, field, http->kept);
	if (!class)
		pol_http_unclear(http, POL_REASON_MALFORMED_REQUEST);
	http->classes.of[field] = pol_field_fold(tables, field, http->classes.of[field], class);
}

static __always_inline int pol_http_is_label(__u32 byte)
{
	return byte - '0' < 10 || byte - 'a' < 26 || byte == '-' || byte == '_';
}

static __always_inline void pol_http_host_name(struct pol_http *http, const struct pol_tables *tables, __u32 byte)
{
	if (byte - 'A' < 26)
		byte |= 0x20;
	if (pol_http_is_label(byte)) {
		/* A dot at the end is no part of the name. */
		if (http->host == POL_HOST_DOT)
			pol_http_read(http, tables, POL_FIELD_HOST, '.');
		pol_http_read(http, tables, POL_FIELD_HOST, byte);
		http->host = POL_HOST_LABEL;
		http->named = 1;
	} else if (http->host == POL_HOST_LABEL && byte == '.') {
		http->host = POL_HOST_DOT;
	} else if (http->host != POL_HOST_BEFORE && byte == ':') {
		http->host = POL_HOST_PORT;
	} else if (http->host == POL_HOST_BEFORE && byte == '[') {
		http->host = POL_HOST_BRACKET;
	} else {
		pol_http_unclear(http, POL_REASON_MALFORMED_REQUEST);
	}
}

/* One byte of the value of Host: a name or an address in brackets, and perhaps a port. */
static __always_inline void pol_http_host(struct pol_http *http, const struct pol_tables *tables, __u32 byte)
{
	if (byte == ' ' || byte == '\t') {
		if (http->host == POL_HOST_BRACKET)
			pol_http_unclear(http, POL_REASON_MALFORMED_REQUEST);
		if (http->host != POL_HOST_BEFORE)
			http->host = POL_HOST_AFTER;
	} else if (http->host <= POL_HOST_DOT) {
		pol_http_host_name(http, tables, byte);
	} else if (http->host == POL_HOST_BRACKET) {
		if (byte == ']')
			http->host = POL_HOST_CLOSED;
		else if (byte == '[' || byte >= 0x80)
			pol_http_unclear(http, POL_REASON_MALFORMED_REQUEST);
	} else if (http->host == POL_HOST_CLOSED && byte == ':') {
		http->host = POL_HOST_PORT;
	} else if (http->host != POL_HOST_PORT || byte - '0' > 9) {
		pol_http_unclear(http, POL_REASON_MALFORMED_REQUEST);
	}
}

static __always_inline void pol_http_host_begin(struct pol_http *http, const struct pol_tables *tables)
{
	http->state = pol_field_begin(tables, POL_FIELD_HOST);
	http->host = POL_HOST_BEFORE;
	http->named = 0;
}

static __always_inline void pol_http_host_end(struct pol_http *http, const struct pol_tables *tables)
{
	if (http->host == POL_HOST_BRACKET)
		pol_http_unclear(http, POL_REASON_MALFORMED_REQUEST);
	if (http->named)
		pol_http_finish(http, tables, POL_FIELD_HOST, http->state);
}
