/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The bytes that heads consist of mostly, read in runs. What a byte means says pol_http_byte; a run is the same for bytes
 * that end nothing and are nothing special in their place, without a call for each of them: where returns of the kernel are
 * slow (SRSO), calls cost more than all else that is done for a byte. Where a run ends, pol_http_byte reads on.
 */
#pragma once
#include "../include/text-word.h"
#include "http-known.h"

/* What a byte is to its run. */
enum {
	POL_PLAIN_OTHER, /* the end of it */
	POL_PLAIN_READ, /* the next one of the text that the field's automaton reads */
	POL_PLAIN_SILENT, /* none of that text */
};

/* Bytes of a path that stand for themselves and end no segment: those of RFC 3986, 3.3 but `.`, `;` and `%`. One bit a byte. */
static __always_inline int pol_plain_is_segment(__u32 byte)
{
	/* !$&'()*+,- and digits, : and =; @, upper case and _; lower case and ~ */
	const __u64 low = 0x27ff3fd200000000ull, high = 0x47fffffe87ffffffull;

	return byte < 64 ? low >> byte & 1 : byte < 128 ? high >> (byte & 63) & 1 : 0;
}

static __always_inline int pol_plain_path(__u32 *segment, __u32 byte)
{
	if (byte == '/') {
		if (*segment != POL_SEGMENT_NAME)
			return POL_PLAIN_OTHER;
		*segment = POL_SEGMENT_EMPTY;
	} else if (pol_plain_is_segment(byte)) {
		*segment = POL_SEGMENT_NAME;
	} else {
		return POL_PLAIN_OTHER;
	}
	return POL_PLAIN_READ;
}

/* A byte of the name of a header, in lower case. */
static __always_inline int pol_plain_name(struct pol_http *http, __u32 byte)
{
	__u32 place = http->place;

	if (place >= POL_HTTP_NAME_BYTES || !pol_http_is_token(byte))
		return POL_PLAIN_OTHER;
	http->name[place >> 3 & 3] |= (__u64)byte << (place * 8 & 63);
	http->place = place + 1;
	return POL_PLAIN_READ;
}

static __always_inline int pol_plain_method(struct pol_http *http, __u32 byte)
{
	__u32 place = http->text_length;

	if (place >= 8 || !pol_http_is_token(byte))
		return POL_PLAIN_OTHER;
	http->name[0] |= (__u64)byte << (place * 8 & 63);
	pol_http_emit(http, byte);
	return POL_PLAIN_READ;
}

/* A byte of the value of Host, in lower case; a dot that rules ask for is read together with what follows it. */
static __always_inline int pol_plain_host(struct pol_http *http, __u32 byte, int asked)
{
	__u32 host = http->host;

	if (host == POL_HOST_BEFORE && byte == ' ')
		return POL_PLAIN_SILENT;
	if (host == POL_HOST_PORT)
		return byte - '0' < 10 ? POL_PLAIN_SILENT : POL_PLAIN_OTHER;
	if (host == POL_HOST_LABEL && byte == ':') {
		http->host = POL_HOST_PORT;
		return POL_PLAIN_SILENT;
	}
	if (host > POL_HOST_LABEL + !asked)
		return POL_PLAIN_OTHER;
	if (byte == '.' && host == POL_HOST_LABEL && !asked) {
		http->host = POL_HOST_DOT;
		return POL_PLAIN_SILENT;
	}
	if (!pol_http_is_label(byte))
		return POL_PLAIN_OTHER;
	http->host = POL_HOST_LABEL;
	http->named = 1;
	return POL_PLAIN_READ;
}

/* A byte of the value of a header that rules ask for. */
static __always_inline int pol_plain_value(struct pol_http *http, __u32 byte)
{
	if (byte <= ' ' || byte >= 0x7f)
		return POL_PLAIN_OTHER;
	http->begun = 1;
	return POL_PLAIN_READ;
}

/* What a byte in the value of some kind of field is to its run. `segment`: of a path. */
static __always_inline int pol_plain_kind(struct pol_http *http, __u32 text, __u32 byte, int asked, __u32 *segment)
{
	switch (text) {
	case POL_FIELD_METHOD:
		return pol_plain_method(http, byte);
	case POL_FIELD_PATH:
		return pol_plain_path(segment, byte);
	case POL_FIELD_HOST:
		return pol_plain_host(http, byte, asked);
	case POL_LIMIT_NAMES_SLOT:
		return pol_plain_name(http, byte);
	default:
		return pol_plain_value(http, byte);
	}
}

/* The bytes of a path that were read up to `end`, for events. */
static __always_inline void pol_plain_emit(struct pol_http *http, const struct pol_step *step, __u32 end)
{
	__u32 from = step->read, to = http->text_length;

	for (__u32 i = 0; i < POL_STREAM_RUN; i += POL_PLAIN_WORD) {
		__u32 place = from + i, target = to + i;

		if (place >= end || target >= POL_LIMIT_EVENT_TEXT)
			break;
		asm volatile("%0 &= %1" : "+r"(place) : "i"(POL_STREAM_STEP - 1));
		asm volatile("%0 &= %1" : "+r"(target) : "i"(POL_LIMIT_EVENT_TEXT - 1));
		*(__u64 *)(http->text + target) = *(const __u64 *)(step->byte + place);
	}
	http->text_length = to + end - from;
}

/* A run of the text of `field`. `text`: the same as a constant, FIRST_HEADER for all headers; so each has a loop of its own. */
static __always_inline void pol_plain_run_text(struct pol_http *http, const struct pol_tables *tables, __u32 field, const __u32 text)
{
	struct pol_step *step = &http->step;
	__u32 at = step->read, end = step->length, state = http->state, segment = http->segment;
	int asked = pol_field_asked(tables, field);

	for (int i = 0; i < POL_STREAM_RUN && at < end; i++) {
		__u32 place = at, byte, kind;

		/* Written out, as in pol_field_step. */
		asm volatile("%0 &= %1" : "+r"(place) : "i"(POL_STREAM_STEP - 1));
		byte = step->byte[place];
		if ((text == POL_FIELD_HOST || text == POL_LIMIT_NAMES_SLOT) && byte - 'A' < 26)
			byte |= 0x20;
		kind = pol_plain_kind(http, text, byte, asked, &segment);
		if (kind == POL_PLAIN_OTHER)
			break;
		at++;
		if (kind == POL_PLAIN_READ && asked)
			state = pol_field_step(tables, field, state, byte);
	}
	if (text == POL_FIELD_PATH) {
		http->segment = segment;
		pol_plain_emit(http, step, at);
	}
	http->state = state;
	http->head += at - step->read;
	step->read = at;
}

/* A run of a value that nobody asks for. */
static __always_inline void pol_plain_run_idle(struct pol_http *http)
{
	struct pol_step *step = &http->step;
	__u32 at = step->read;

	for (int i = 0; i < POL_STREAM_RUN && at < step->length; i++) {
		__u32 place = at;

		asm volatile("%0 &= %1" : "+r"(place) : "i"(POL_STREAM_STEP - 1));
		if (at + POL_PLAIN_WORD <= step->length && pol_word_is_text(*(const __u64 *)(step->byte + place))) {
			at += POL_PLAIN_WORD;
			continue;
		}
		if (pol_http_is_control(step->byte[place]))
			break;
		at++;
	}
	http->head += at - step->read;
	step->read = at;
}

/* Is this byte the next? */
static __always_inline int pol_plain_next_is(const struct pol_step *step, __u8 byte)
{
	__u32 at = step->read;

	if (at >= step->length)
		return 0;
	asm volatile("%0 &= %1" : "+r"(at) : "i"(POL_STREAM_STEP - 1));
	return step->byte[at] == byte;
}

static __always_inline void pol_plain_take(struct pol_http *http, __u32 bytes)
{
	http->head += bytes;
	http->step.read += bytes;
}

/* The two bytes that end a line, and nothing else, are next; then they are read. */
static __always_inline int pol_plain_line_ends(struct pol_http *http)
{
	struct pol_step *step = &http->step;
	__u32 at = step->read;

	if (at + 2 > step->length)
		return 0;
	asm volatile("%0 &= %1" : "+r"(at) : "i"(POL_STREAM_STEP - 1));
	if (step->byte[at] != '\r' || step->byte[at + 1] != '\n')
		return 0;
	pol_plain_take(http, 2);
	return 1;
}

/* `HTTP/1.1` and the end of the line, if all of it is here. */
static __always_inline void pol_plain_version(struct pol_http *http)
{
	struct pol_step *step = &http->step;
	__u32 at = step->read;

	if (http->place || at + POL_PLAIN_WORD > step->length)
		return;
	asm volatile("%0 &= %1" : "+r"(at) : "i"(POL_STREAM_STEP - 1));
	if (*(const __u64 *)(step->byte + at) != POL_NAME_WORD('H', 'T', 'T', 'P', '/', '1', '.', '1'))
		return;
	http->place = POL_PLAIN_WORD;
	pol_plain_take(http, POL_PLAIN_WORD);
	if (http->flags & POL_HTTP_CONNECT || !pol_plain_line_ends(http))
		return;
	http->phase = POL_HTTP_LINE;
	pol_known_begin(http);
}

static __always_inline void pol_plain_line(struct pol_http *http, const struct pol_tables *tables)
{
	__u32 at = http->step.read;

	asm volatile("%0 &= %1" : "+r"(at) : "i"(POL_STREAM_STEP - 1));
	if (http->step.read < http->step.length && pol_http_is_token(http->step.byte[at]))
		pol_http_line_begin(http, tables);
}

/* The runs of each place are functions of their own: one behind the other, the verifier of 6.1 would follow each through all that come. */
POL_GLOBAL int pol_plain_method_line(struct pol_http *http, const struct pol_requests *requests, __u32 slot)
{
	struct pol_tables tables = {requests, slot};

	if (!http || !requests)
		return 0;
	pol_plain_run_text(http, &tables, POL_FIELD_METHOD, POL_FIELD_METHOD);
	if (!http->text_length || !pol_plain_next_is(&http->step, ' '))
		return 0;
	pol_plain_take(http, 1);
	pol_http_method(http, &tables, ' ');
	return 0;
}

POL_GLOBAL int pol_plain_target(struct pol_http *http, const struct pol_requests *requests, __u32 slot)
{
	struct pol_tables tables = {requests, slot};

	if (!http || !requests || http->percent || pol_field_asked(&tables, POL_FIELD_TARGET))
		return 0;
	if (!http->target) {
		if (!pol_plain_next_is(&http->step, '/'))
			return 0;
		http->target = 1;
		http->segment = POL_SEGMENT_NAME;
	}
	pol_plain_run_text(http, &tables, POL_FIELD_PATH, POL_FIELD_PATH);
	if (!pol_plain_next_is(&http->step, ' '))
		return 0;
	pol_plain_take(http, 1);
	pol_http_path(http, &tables, ' ');
	return 0;
}

POL_GLOBAL int pol_plain_header_name(struct pol_http *http, const struct pol_requests *requests, __u32 slot)
{
	struct pol_tables tables = {requests, slot};

	if (http && requests)
		pol_plain_run_text(http, &tables, POL_LIMIT_NAMES_SLOT, POL_LIMIT_NAMES_SLOT);
	return 0;
}

POL_GLOBAL int pol_plain_header_value(struct pol_http *http, const struct pol_requests *requests, __u32 slot)
{
	struct pol_tables tables = {requests, slot};
	__u32 first;

	if (!http || !requests || http->header >= POL_HEADER_UPGRADE)
		return 0;
	first = http->step.read;
	if (http->field) {
		if (http->utf8_more)
			return 0;
		pol_plain_run_text(http, &tables, http->field, POL_FIELD_FIRST_HEADER);
		if (http->step.read != first)
			http->kept = http->state;
	} else if (http->header == POL_HEADER_HOST && !(http->flags & POL_HTTP_TRAILER)) {
		pol_plain_run_text(http, &tables, POL_FIELD_HOST, POL_FIELD_HOST);
	} else {
		pol_plain_run_idle(http);
		if (http->header == POL_HEADER_OTHER && pol_plain_line_ends(http))
			http->phase = POL_HTTP_LINE;
	}
	return 0;
}

/* Reads on as far as bytes are plain, or header lines are known: POL_HTTP_*. */
POL_GLOBAL int pol_plain_run(struct pol_http *http, const struct pol_requests *requests, __u32 slot)
{
	struct pol_tables tables = {requests, slot};

	if (!http || !requests || http->head > POL_HTTP_HEAD_LIMIT - 2 * POL_STREAM_STEP)
		return POL_HTTP_GOES_ON;
	if (http->phase == POL_HTTP_METHOD)
		pol_plain_method_line(http, requests, slot);
	if (http->phase == POL_HTTP_PATH)
		pol_plain_target(http, requests, slot);
	if (http->phase == POL_HTTP_VERSION)
		pol_plain_version(http);
	if (http->phase == POL_HTTP_LINE && pol_known_follows(http, requests->identity))
		return pol_known_adopt(http);
	if (http->phase == POL_HTTP_VALUE)
		pol_plain_header_value(http, requests, slot);
	if (http->phase == POL_HTTP_LINE)
		pol_plain_line(http, &tables);
	if (http->phase == POL_HTTP_NAME)
		pol_plain_header_name(http, requests, slot);
	return POL_HTTP_GOES_ON;
}

/* Reads on in `http->step` until something is to be done or its bytes are at their end: POL_HTTP_*. */
POL_GLOBAL int pol_http_read_step(struct pol_http *http, const struct pol_requests *requests, __u32 slot)
{
	struct pol_step *step;
	__u32 event, at;

	if (!http || !requests)
		return POL_HTTP_LOST;
	step = &http->step;
	for (int i = 0; i < POL_STREAM_RUN; i++) {
		event = pol_plain_run(http, requests, slot);
		if (event != POL_HTTP_GOES_ON)
			return event;
		at = step->read;
		if (at >= step->length)
			break;
		asm volatile("%0 &= %1" : "+r"(at) : "i"(POL_STREAM_STEP - 1));
		step->read++;
		event = pol_http_byte(http, requests, slot, step->byte[at]);
		if (event == POL_HTTP_HEAD_READ)
			pol_known_keep(http, requests->identity);
		if (event != POL_HTTP_GOES_ON)
			return event;
	}
	return POL_HTTP_GOES_ON;
}
