/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Which responses are due, as the programs that read requests say it. Most connections have one request at a time: then it is enough
 * to know where its response begins. Where several are due at once, or an upgrade may stand behind other requests, all responses are
 * read (response-frames.h); what cannot be followed is lost for good, and then no upgrade passes.
 */
#pragma once
#include "response.h"

static __always_inline struct pol_response_due *pol_response_numbered(struct pol_response *response, __u32 number)
{
	return &response->due[number & (POL_RESPONSES_DUE - 1)];
}

static __always_inline void pol_response_count(const struct pol_response *response, const struct pol_response_due *due, __u32 status)
{
	struct pol_response request = {.section = response->section, .method = due->method, .version = due->version};

	if (!due->own)
		pol_request_count(&request, status);
}

/* Nothing more is known of what is due, nor of what will be. */
POL_GLOBAL int pol_response_lose(struct pol_response *response)
{
	__u32 frames;

	if (!response)
		return 0;
	frames = *(volatile __u32 *)&response->frames;
	/* Two CPUs may find that out at once. */
	if (frames == POL_FRAMES_LOST || __sync_val_compare_and_swap(&response->frames, frames, POL_FRAMES_LOST) != frames)
		return 0;
	if (response->state == POL_RESPONSE_AWAITED) {
		response->state = POL_RESPONSE_UNREAD;
		if (frames == POL_FRAMES_UNREAD)
			pol_request_count(response, 0);
	}
	for (int i = 0; i < POL_RESPONSES_DUE && response->answered != response->asked; i++)
		pol_response_count(response, pol_response_numbered(response, response->answered++), 0);
	return 0;
}

/* One more is due. */
POL_GLOBAL int pol_response_ask(struct pol_response *response, const struct pol_response_due *asked)
{
	struct pol_response_due *due;

	if (!response || !asked)
		return 0;
	if (response->asked - *(volatile __u32 *)&response->answered >= POL_RESPONSES_DUE)
		pol_response_lose(response);
	if (response->frames == POL_FRAMES_LOST) {
		pol_response_count(response, asked, 0);
		return 0;
	}
	due = pol_response_numbered(response, response->asked);
	*due = *asked;
	due->since = bpf_ktime_get_ns();
	if (asked->upgrade && response->frames != POL_FRAMES_UNREAD)
		response->state = POL_RESPONSE_AWAITED;
	*(volatile __u32 *)&response->asked = response->asked + 1;
	return 0;
}

/* From the byte `next` on every response is read. */
static __always_inline void pol_frames_begin(struct pol_response *response, __u32 next, int exact)
{
	response->next = next;
	response->phase = 0; /* POL_FRAME_BETWEEN */
	*(volatile __u32 *)&response->frames = exact ? POL_FRAMES_EXACT : POL_FRAMES_LIKELY;
}

/*
 * Requests that passed are due now; `written`: the next byte that the other stream will have, if nothing is `outstanding` of what was
 * due before. `first`: nothing was, ever. `whole`: they have ended.
 */
static __always_inline void pol_response_settle(struct pol_response *response, __u32 written, int outstanding, int first, int whole)
{
	__u32 count = response->asked - response->answered;
	const struct pol_response_due *due;

	if (response->frames != POL_FRAMES_UNREAD || !count)
		return;
	if (*(volatile __u8 *)&response->state == POL_RESPONSE_AWAITED && count < POL_RESPONSES_DUE) {
		/* One that was awaited alone, and no byte of it was seen: it is the first of them. */
		response->state = POL_RESPONSE_NONE;
		response->answered--;
		pol_frames_begin(response, response->begins, response->exact);
		return;
	}
	if (!first && outstanding) {
		pol_response_lose(response);
	} else if (count > 1) {
		pol_frames_begin(response, written, first);
	} else if (whole) {
		due = pol_response_numbered(response, response->answered++);
		response->since = due->since;
		response->method = due->method;
		response->version = due->version;
		response->begins = written;
		response->exact = first;
		/* Last: whoever finds it awaited finds the rest, too. */
		*(volatile __u8 *)&response->state = POL_RESPONSE_AWAITED;
	}
}

/* `HTTP/1.1 200`: the number; 0 if it is no such line. */
static __always_inline __u32 pol_response_status(const __u8 *line)
{
	__u32 hundreds = line[9] - '0', tens = line[10] - '0', ones = line[11] - '0';

	if (line[0] != 'H' || line[1] != 'T' || line[2] != 'T' || line[3] != 'P' || line[4] != '/' || line[5] != '1' || line[6] != '.' ||
	    line[8] != ' ' || hundreds > 9 || tens > 9 || ones > 9)
		return 0;
	return hundreds * 100 + tens * 10 + ones;
}

/* A packet of the stream, as in pol_response_seen: has it the first byte of the one that is awaited alone? */
static __always_inline void pol_response_first(struct __sk_buff *skb, struct pol_response *response, __u32 sequence, __u32 payload, __u32 data)
{
	__u8 line[POL_RESPONSE_LINE];
	__u32 at, status = 0;

	/* Behind it, or before it: a number that is too large. */
	at = response->begins - sequence;
	if (at >= payload)
		return;
	pol_duration_count(response, bpf_ktime_get_ns() - response->since);
	if (payload - at >= sizeof(line) && !bpf_skb_load_bytes(skb, data + at, line, sizeof(line)))
		status = pol_response_status(line);
	pol_request_count(response, status);
	if (status == POL_STATUS_SWITCHED)
		response->state = POL_RESPONSE_SWITCHED;
	else
		response->state = status >= POL_STATUS_FINAL ? POL_RESPONSE_OTHER : POL_RESPONSE_UNREAD;
}
