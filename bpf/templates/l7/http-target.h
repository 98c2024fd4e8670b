/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The request line: method, target and version, into the canonical text. Each function takes the next byte at its place
 * and says what it brought about (POL_HTTP_*).
 */
#pragma once
#include "http-state.h"

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
