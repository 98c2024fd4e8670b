/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Header lines that a connection has sent before. Most clients send the same ones with each request; they are compared, eight bytes at
 * a time, and not read again. Only lines that came in one piece behind `HTTP/1.1` are kept, none that made a request undecidable or
 * ask for another protocol: so what stands before them has no part in what they mean.
 */
#pragma once
#include "http.h"

enum { POL_KNOWN_BEFORE = POL_HTTP_IS_HEAD }; /* all that a request line may have said */

/* The header lines begin here. */
static __always_inline void pol_known_begin(struct pol_http *http)
{
	http->step.section = http->flags & ~POL_KNOWN_BEFORE ? 0 : http->step.read;
}

/* The head is whole: keeps its lines. `identity`: of the tables. A function of its own, as the next: its loop is then verified once. */
POL_GLOBAL int pol_known_keep(struct pol_http *http, __u32 identity)
{
	struct pol_known *known;
	__u32 from, length;

	if (!http)
		return 0;
	known = &http->known;
	from = http->step.section;
	length = http->step.read - from;
	if (!from || length < POL_PLAIN_WORD || length > POL_STREAM_STEP || http->flags & (POL_HTTP_AMBIGUOUS | POL_HTTP_UPGRADES))
		return 0;
	for (__u64 i = 0; i < POL_STREAM_STEP; i += POL_PLAIN_WORD) {
		__u32 place = from + i, at = i;

		asm volatile("" : "+r"(i));
		if (i >= length)
			break;
		asm volatile("%0 &= %1" : "+r"(place) : "i"(POL_STREAM_STEP - 1));
		asm volatile("%0 &= %1" : "+r"(at) : "i"(POL_STREAM_STEP - POL_PLAIN_WORD));
		*(__u64 *)(known->byte + at) = *(const __u64 *)(http->step.byte + place);
	}
	known->classes = http->classes;
	known->body = http->length;
	known->lines = http->lines;
	known->flags = http->flags & ~POL_KNOWN_BEFORE;
	known->identity = identity;
	known->length = length;
	return 0;
}

/* Are the eight bytes at `at` of the lines the same as those that begin at `from` in the step? */
static __always_inline int pol_known_word(const struct pol_http *http, __u32 from, __u32 at)
{
	__u32 place = from + at;

	asm volatile("%0 &= %1" : "+r"(place) : "i"(POL_STREAM_STEP - 1));
	asm volatile("%0 &= %1" : "+r"(at) : "i"(POL_STREAM_STEP - 1));
	return *(const __u64 *)(http->step.byte + place) == *(const __u64 *)(http->known.byte + at);
}

/* Are the next bytes those lines, and nothing said before that matters to them? */
POL_GLOBAL int pol_known_follows(const struct pol_http *http, __u32 identity)
{
	const struct pol_known *known;
	__u32 from, length;

	if (!http)
		return 0;
	known = &http->known;
	from = http->step.read;
	length = known->length;
	if (!length || http->lines || http->flags & ~POL_KNOWN_BEFORE || http->step.section != from || http->step.length - from < length ||
	    known->identity != identity)
		return 0;
	/* As in pol_frame_advance. */
	for (__u64 i = 0; i < POL_STREAM_STEP; i += POL_PLAIN_WORD) {
		asm volatile("" : "+r"(i));
		if (i + POL_PLAIN_WORD > length)
			break;
		if (!pol_known_word(http, from, i))
			return 0;
	}
	/* The last word may overlap the one before it. */
	return pol_known_word(http, from, length - POL_PLAIN_WORD);
}

/* Reads them by what they said the last time. */
static __always_inline __u32 pol_known_adopt(struct pol_http *http)
{
	const struct pol_known *known = &http->known;

	http->head += known->length;
	http->step.read += known->length;
	http->flags |= known->flags;
	http->lines = known->lines;
	http->length = known->body;
	__builtin_memcpy(http->classes.of + POL_FIELD_HOST, known->classes.of + POL_FIELD_HOST,
			 sizeof(http->classes) - POL_FIELD_HOST * sizeof(http->classes.of[0]));
	return pol_http_empty_line_end(http, '\n');
}
