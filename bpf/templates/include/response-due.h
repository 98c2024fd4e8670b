/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Which responses are due, as the programs that read requests say it. What can be followed no further is lost; while requests then wait each
 * for its response, it is enough to know where that begins. For an upgrade it is not: it has to be certain which bytes are its response.
 */
#pragma once
#include "count.h"
#include "response.h"

static __always_inline struct pol_response_due *pol_response_numbered(struct pol_response *response, __u32 number)
{
	return &response->due[number & (POL_RESPONSES_DUE - 1)];
}

static __always_inline void pol_response_count(const struct pol_response *response, const struct pol_response_due *due, __u32 status)
{
	struct pol_request_key key = {.section = response->section, .method = due->method, .version = due->version, .status = status};

	if (!due->own)
		pol_request_count(&key);
}

/* The status of a request, which was told itself with this number, has been read: tells it. 0: it was none. */
static __always_inline void pol_response_answer(const struct pol_response *response, struct pol_response_due *due, __u32 number, __u32 status)
{
	__u64 now = bpf_ktime_get_ns(), latency = now - due->since;
	struct pol_response_event *event;

	due->counted = 1;
	pol_duration_count(response->section, due->method, latency);
	pol_response_count(response, due, status);
	if (!status)
		return;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		pol_lost_raise(POL_LOST_RING_FULL);
		return;
	}
	event->time = now;
	event->connection = response->cookie;
	event->latency = latency;
	event->request = number;
	event->status = status;
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
}

/* What is due cannot be followed any more. */
POL_GLOBAL int pol_response_lose(struct pol_response *response)
{
	__u32 frames, next = POL_FRAMES_LOST;

	if (!response)
		return 0;
	frames = *(volatile __u32 *)&response->frames;
	/* The next one can be told by where it begins, if none but this is due. */
	if (frames != POL_FRAMES_UNREAD && response->asked - response->answered < 2)
		next = POL_FRAMES_UNREAD;
	/* Two CPUs may find that out at once. */
	if (frames == POL_FRAMES_LOST || __sync_val_compare_and_swap(&response->frames, frames, next) != frames)
		return 0;
	if (response->state == POL_RESPONSE_AWAITED) {
		response->state = POL_RESPONSE_UNREAD;
		if (frames == POL_FRAMES_UNREAD)
			response->answered--;
	}
	for (int i = 0; i < POL_RESPONSES_DUE && response->answered != response->asked; i++) {
		struct pol_response_due *due = pol_response_numbered(response, response->answered++);

		if (!due->counted)
			pol_response_count(response, due, 0);
	}
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
	due->counted = 0;
	if (asked->upgrade && response->frames != POL_FRAMES_UNREAD)
		response->state = POL_RESPONSE_AWAITED;
	*(volatile __u32 *)&response->asked = response->asked + 1;
	return 0;
}

/* From the byte `next` on every response is read: POL_FRAMES_*. */
static __always_inline void pol_frames_begin(struct pol_response *response, __u32 next, __u32 frames)
{
	response->next = next;
	response->phase = 0; /* POL_FRAME_BETWEEN */
	*(volatile __u32 *)&response->frames = frames;
}

/*
 * Where responses are not read: requests that passed are due now; `written`: the next byte that the other stream will have, if nothing is
 * `outstanding` of what was due before. `whole`: they have ended.
 */
static __always_inline void pol_response_settle(struct pol_response *response, __u32 written, int outstanding, int whole)
{
	__u32 count = response->asked - response->answered;

	if (response->frames != POL_FRAMES_UNREAD || !count)
		return;
	if (*(volatile __u8 *)&response->state == POL_RESPONSE_AWAITED && count < POL_RESPONSES_DUE) {
		/* One that was awaited alone, and no byte of it was seen: it is the first of them. */
		response->state = POL_RESPONSE_NONE;
		response->answered--;
		pol_frames_begin(response, response->begins, POL_FRAMES_LIKELY);
		return;
	}
	if (outstanding) {
		pol_response_lose(response);
	} else if (count > 1) {
		pol_frames_begin(response, written, POL_FRAMES_LIKELY);
	} else if (whole) {
		response->answered++;
		response->begins = written;
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
	__u32 at, number = response->answered - 1, status = 0;
	__u8 line[POL_RESPONSE_LINE];

	/* Behind it, or before it: a number that is too large. */
	at = response->begins - sequence;
	if (at >= payload)
		return;
	if (payload - at >= sizeof(line) && !bpf_skb_load_bytes(skb, data + at, line, sizeof(line)))
		status = pol_response_status(line);
	pol_response_answer(response, pol_response_numbered(response, number), number, status);
	response->state = status >= POL_STATUS_FINAL ? POL_RESPONSE_OTHER : POL_RESPONSE_UNREAD;
}
