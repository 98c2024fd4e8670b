/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Reads HTTP/1.1 requests byte by byte, wherever a packet begins or ends: the fields of each that rules ask for (into their
 * automata, never stored for deciding), the end of its head, the end of its body. What a byte string means is defined
 * by src/compiler/domains/http/request.ts; this walk and that text give the same answer for every one.
 */
#pragma once
#include "http-fields.h"
#include "http-target.h"

/* Reads one byte. After HEAD_READ without a body, after MESSAGE_READ and before the first byte: pol_http_restart. */
static __always_inline __u32 pol_http_step(struct pol_http *http, const struct pol_tables *tables, __u32 byte)
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
		return pol_http_value(http, tables, byte);
	if (phase == POL_HTTP_NAME)
		return pol_http_name(http, tables, byte);
	if (phase == POL_HTTP_PATH)
		return pol_http_path(http, tables, byte);
	switch (phase) {
	case POL_HTTP_METHOD:
		return pol_http_method(http, tables, byte);
	case POL_HTTP_QUERY:
		return pol_http_query(http, tables, byte);
	case POL_HTTP_VERSION:
		return pol_http_version(http, byte);
	case POL_HTTP_REQUEST_LINE_END:
		return pol_http_request_line_end(http, byte);
	case POL_HTTP_LINE:
		return pol_http_line(http, tables, byte);
	case POL_HTTP_LINE_END:
		return pol_http_line_end(http, byte);
	default:
		return pol_http_empty_line_end(http, byte);
	}
}

/*
 * The same, as a function of its own: the verifier looks at it once, not once for each byte of the loops around it.
 * `slot`: of the generation.
 */
POL_GLOBAL int pol_http_byte(struct pol_http *http, const struct pol_requests *requests, __u32 slot, __u32 byte)
{
	struct pol_tables tables = {requests, slot};

	if (!http || !requests)
		return POL_HTTP_LOST;
	return pol_http_step(http, &tables, byte & 255);
}

/* Request class of what was read: all of it, or only the request line; OPEN if that does not say it. */
static __always_inline __u32 pol_http_class(const struct pol_http *http, const struct pol_tables *tables, __u32 known)
{
	if (http->flags & POL_HTTP_AMBIGUOUS)
		return POL_CLASS_UNDECIDABLE;
	return pol_request_class(tables, &http->classes, known);
}
