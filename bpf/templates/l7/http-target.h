/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The request line: method, target and version; the canonical path and the target as sent, each into its automaton. Each function takes the next byte at its place
 * and says what it brought about (POL_HTTP_*).
 */
#pragma once
#include "http-state.h"

/* The method is whole: what it is counted as, and what it says about framing. */
static __always_inline void pol_http_method_end(struct pol_http *http)
{
	__u64 word = http->text_length > 8 ? 0 : http->name[0];

	if (word == POL_NAME_WORD('G', 'E', 'T', 0, 0, 0, 0, 0)) {
		http->method = POL_METHOD_GET;
	} else if (word == POL_NAME_WORD('P', 'O', 'S', 'T', 0, 0, 0, 0)) {
		http->method = POL_METHOD_POST;
	} else if (word == POL_NAME_WORD('P', 'U', 'T', 0, 0, 0, 0, 0)) {
		http->method = POL_METHOD_PUT;
	} else if (word == POL_NAME_WORD('P', 'A', 'T', 'C', 'H', 0, 0, 0)) {
		http->method = POL_METHOD_PATCH;
	} else if (word == POL_NAME_WORD('D', 'E', 'L', 'E', 'T', 'E', 0, 0)) {
		http->method = POL_METHOD_DELETE;
	} else if (word == POL_NAME_WORD('O', 'P', 'T', 'I', 'O', 'N', 'S', 0)) {
		http->method = POL_METHOD_OPTIONS;
	} else if (word == POL_NAME_WORD('H', 'E', 'A', 'D', 0, 0, 0, 0)) {
		http->method = POL_METHOD_HEAD;
		http->flags |= POL_HTTP_IS_HEAD;
	} else if (word == POL_NAME_WORD('C', 'O', 'N', 'N', 'E', 'C', 'T', 0)) {
		http->flags |= POL_HTTP_CONNECT;
	}
}

static __always_inline __u32 pol_http_method(struct pol_http *http, const struct pol_tables *tables, __u32 byte)
{
	if (byte == ' ' && http->text_length) {
		pol_http_method_end(http);
		http->phase = POL_HTTP_PATH;
		pol_http_finish(http, tables, POL_FIELD_METHOD, http->state);
		http->state = pol_field_begin(tables, POL_FIELD_PATH);
		http->whole = pol_field_begin(tables, POL_FIELD_TARGET);
	} else if (!pol_http_is_token(byte)) {
		int line_end = byte == '\r' || byte == '\n';

		return pol_http_lost(http, http->text_length || line_end ? POL_REASON_MALFORMED_REQUEST : POL_REASON_NOT_HTTP);
	} else {
		if (http->text_length < 8)
			http->name[0] |= (__u64)byte << (http->text_length * 8 & 63);
		pol_http_read(http, tables, POL_FIELD_METHOD, byte);
	}
	pol_http_emit(http, byte);
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

/* One byte of the canonical path. */
static __always_inline void pol_http_canonical(struct pol_http *http, const struct pol_tables *tables, __u32 byte)
{
	pol_http_emit(http, byte);
	pol_http_read(http, tables, POL_FIELD_PATH, byte);
}

/* One byte of the target as it was sent. */
static __always_inline void pol_http_sent(struct pol_http *http, const struct pol_tables *tables, __u32 byte)
{
	if (pol_field_asked(tables, POL_FIELD_TARGET))
		http->whole = pol_field_step(tables, POL_FIELD_TARGET, http->whole, byte);
}

static __always_inline void pol_http_target_end(struct pol_http *http, const struct pol_tables *tables)
{
	pol_http_finish(http, tables, POL_FIELD_TARGET, http->whole);
	http->phase = POL_HTTP_VERSION;
	http->place = 0;
}

/* The second digit of a percent-encoding: visible bytes stand as themselves, others stay encoded, in upper case. */
static __always_inline void pol_http_decode(struct pol_http *http, const struct pol_tables *tables, __u32 digit)
{
	__u32 high = http->digit & 15;
	__u32 byte = high << 4 | digit;

	if (pol_http_is_control(byte) || byte == '/' || byte == '\\' || byte == '%')
		pol_http_ambiguous(http);
	if (byte > 0x20 && byte < 0x7f && byte != '?' && byte != '#') {
		pol_http_segment(http, byte);
		pol_http_canonical(http, tables, byte);
		return;
	}
	http->segment = POL_SEGMENT_NAME;
	pol_http_canonical(http, tables, '%');
	pol_http_canonical(http, tables, high < 10 ? '0' + high : 'A' - 10 + high);
	pol_http_canonical(http, tables, digit < 10 ? '0' + digit : 'A' - 10 + digit);
}

static __always_inline void pol_http_path_end(struct pol_http *http)
{
	if (http->percent || http->segment == POL_SEGMENT_DOT || http->segment == POL_SEGMENT_DOTS)
		pol_http_ambiguous(http);
	http->percent = 0;
}

static __always_inline __u32 pol_http_path(struct pol_http *http, const struct pol_tables *tables, __u32 byte)
{
	if (!http->target) {
		http->segment = POL_SEGMENT_NAME;
		if (byte != '/')
			pol_http_ambiguous(http);
	}
	if (byte == ' ' || byte == '?') {
		pol_http_path_end(http);
		pol_http_finish(http, tables, POL_FIELD_PATH, http->state);
		http->target = 1;
		if (byte == ' ') {
			pol_http_target_end(http, tables);
			return POL_HTTP_GOES_ON;
		}
		pol_http_sent(http, tables, byte);
		http->phase = POL_HTTP_QUERY;
		http->state = pol_field_begin(tables, POL_FIELD_QUERY);
		return POL_HTTP_GOES_ON;
	}
	if (pol_http_is_control(byte))
		return pol_http_lost(http, POL_REASON_MALFORMED_REQUEST);
	pol_http_sent(http, tables, byte);
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
			pol_http_decode(http, tables, digit);
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
	pol_http_canonical(http, tables, byte);
	return POL_HTTP_GOES_ON;
}

static __always_inline __u32 pol_http_query(struct pol_http *http, const struct pol_tables *tables, __u32 byte)
{
	if (byte == ' ') {
		pol_http_finish(http, tables, POL_FIELD_QUERY, http->state);
		pol_http_target_end(http, tables);
		return POL_HTTP_GOES_ON;
	}
	if (pol_http_is_control(byte))
		return pol_http_lost(http, POL_REASON_MALFORMED_REQUEST);
	if (byte == '#' || byte >= 0x80)
		pol_http_ambiguous(http);
	pol_http_sent(http, tables, byte);
	pol_http_read(http, tables, POL_FIELD_QUERY, byte);
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
