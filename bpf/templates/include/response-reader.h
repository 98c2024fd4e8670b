/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Reads responses as their packets go by. A head that is the same as the last one of its connection is compared, eight bytes at a time, and
 * not read again; of others the bytes that say nothing are passed over in runs. What did not come in order where order matters is lost;
 * from then on the first packet of a response that is awaited alone is looked at, and nothing more (pol_response_first).
 */
#pragma once
#include "response-frames.h"
#include "text-word.h"

enum {
	POL_FRAME_STEPS = 256, /* of POL_HEAD_STEP bytes, or one body or chunk, in one packet */
	POL_FRAME_RUNS = 128, /* in one step */
};

/* The byte of the step at `at`. */
static __always_inline __u32 pol_head_byte(const struct pol_head_step *step, __u32 at)
{
	/* Written out: clang leaves masks away that change nothing, and verifiers before 6.18 then know no bound. */
	asm volatile("%0 &= %1" : "+r"(at) : "i"(POL_HEAD_STEP - 1));
	return step->byte[at];
}

static __always_inline __u64 pol_head_word(const __u8 *bytes, __u32 at)
{
	asm volatile("%0 &= %1" : "+r"(at) : "i"(POL_HEAD_STEP - 1));
	return *(const __u64 *)(bytes + at);
}

/* The bytes of a reason, or of a value that says nothing about lengths, up to a control character. A function of its own, as the next. */
POL_GLOBAL int pol_head_run_text(struct pol_head_step *step)
{
	__u32 at;

	if (!step)
		return 0;
	at = step->read;
	for (int i = 0; i < POL_HEAD_STEP / POL_HEAD_WORD; i++) {
		if (at + POL_HEAD_WORD > step->length || !pol_word_is_text(pol_head_word(step->byte, at)))
			break;
		at += POL_HEAD_WORD;
	}
	for (int i = 0; i < POL_HEAD_WORD; i++) {
		if (at >= step->length || pol_head_byte(step, at) < ' ')
			break;
		at++;
	}
	step->read = at;
	return 0;
}

/* The bytes of a name up to its colon. */
POL_GLOBAL int pol_head_run_name(struct pol_response *response)
{
	struct pol_head_step *step;
	__u32 at, byte;

	if (!response)
		return 0;
	step = &response->step;
	at = step->read;
	for (int i = 0; i < 2 * POL_FRAME_WORDS && at < step->length; i++) {
		byte = pol_head_byte(step, at);
		if (byte == ':' || byte <= ' ' || byte >= 0x7f)
			break;
		pol_frame_keep(response, byte - 'A' < 26 ? byte | 0x20 : byte);
		at++;
	}
	step->read = at;
	return 0;
}

/* A head is whole that began with this step: keeps it. */
POL_GLOBAL int pol_head_keep(struct pol_response *response)
{
	struct pol_head_known *known;
	__u32 length;

	if (!response)
		return 0;
	known = &response->known;
	length = response->step.read;
	if (response->status < POL_STATUS_FINAL || length < POL_HEAD_WORD || length > POL_HEAD_STEP)
		return 0;
	for (__u64 i = 0; i < POL_HEAD_STEP; i += POL_HEAD_WORD) {
		__u32 at = i;

		asm volatile("" : "+r"(i));
		if (i >= length)
			break;
		asm volatile("%0 &= %1" : "+r"(at) : "i"(POL_HEAD_STEP - POL_HEAD_WORD));
		*(__u64 *)(known->byte + at) = *(const __u64 *)(response->step.byte + at);
	}
	known->remaining = response->flags & POL_FRAME_HAS_LENGTH ? response->remaining : 0;
	known->status = response->status;
	known->flags = response->flags;
	known->length = length;
	return 0;
}

/* Loads `length` > 0 bytes of skb, at most POL_HEAD_STEP, from the offset `at` on into the step. */
static __always_inline int pol_head_load(struct __sk_buff *skb, struct pol_response *response, __u32 at, __u32 length)
{
	/* Changes nothing: the verifier of 6.1 concludes no lower bound from a comparison with 0. */
	length--;
	asm volatile("" : "+r"(length));
	length = (length & (POL_HEAD_STEP - 1)) + 1;
	response->step.length = length;
	response->step.read = 0;
	return bpf_skb_load_bytes(skb, at, response->step.byte, length);
}

/* Are the next bytes, at most `length`, the head that is known? Then they are read by what it said: how many; 0: they are not. */
POL_GLOBAL int pol_head_follows(struct __sk_buff *skb, struct pol_response *response, __u32 at, __u32 length)
{
	const struct pol_head_known *known;
	__u32 last;

	if (!response)
		return 0;
	known = &response->known;
	if (!known->length || known->length > length || pol_head_load(skb, response, at, known->length))
		return 0;
	last = known->length - POL_HEAD_WORD;
	/* 64 bits, and not to be told from others: verifiers before 6.18 know nothing of 32 bits that were put on the stack. */
	for (__u64 i = 0; i < POL_HEAD_STEP; i += POL_HEAD_WORD) {
		asm volatile("" : "+r"(i));
		if (i > last)
			break;
		if (pol_head_word(response->step.byte, i) != pol_head_word(known->byte, i))
			return 0;
	}
	/* The last word may overlap the one before it. */
	if (pol_head_word(response->step.byte, last) != pol_head_word(known->byte, last))
		return 0;
	response->status = known->status;
	response->flags = known->flags;
	response->remaining = known->remaining;
	return known->length;
}

/* Reads on in the step: returns how many bytes; 0: the frames are lost. */
POL_GLOBAL int pol_frame_step(struct pol_response *response)
{
	struct pol_head_step *step;

	if (!response)
		return 0;
	step = &response->step;
	for (int i = 0; i < POL_FRAME_RUNS; i++) {
		__u32 phase = response->phase;
		int event;

		if (phase == POL_FRAME_REASON || (phase == POL_FRAME_VALUE && !response->header))
			pol_head_run_text(step);
		else if (phase == POL_FRAME_NAME)
			pol_head_run_name(response);
		if (step->read >= step->length)
			break;
		event = pol_frame_byte(response, pol_head_byte(step, step->read));
		if (event == POL_FRAME_LOST)
			return 0;
		step->read++;
		if (phase == POL_FRAME_EMPTY_LINE_END && step->whole) {
			pol_head_keep(response);
			step->whole = 0;
		}
		if (event == POL_FRAME_ENDS)
			break;
	}
	return step->read;
}

/* Reads on in the `length` > 0 bytes at the offset `at` of skb: returns how many; 0: the frames are lost. */
POL_GLOBAL int pol_frame_advance(struct __sk_buff *skb, struct pol_response *response, __u32 at, __u32 length)
{
	__u32 read;

	if (!response || !length)
		return 0;
	response->step.whole = response->phase == POL_FRAME_BETWEEN;
	if (response->phase == POL_FRAME_BETWEEN && pol_frame_begin(response) == POL_FRAME_LOST)
		return 0;
	if (response->phase > POL_FRAME_LAST_OF_BYTES)
		return pol_frame_skip(response, length);
	if (response->step.whole) {
		read = pol_head_follows(skb, response, at, length);
		if (read)
			return pol_frame_answer(response) == POL_FRAME_LOST || pol_frame_headed(response) == POL_FRAME_LOST ? 0 : read;
	}
	if (length > POL_HEAD_STEP)
		length = POL_HEAD_STEP;
	if (pol_head_load(skb, response, at, length))
		return 0;
	return pol_frame_step(response);
}

/* As pol_response_seen, where frames are read. */
POL_GLOBAL int pol_frames_read(struct __sk_buff *skb, struct pol_response *response, __u32 sequence, __u32 payload, __u32 data)
{
	__u32 at, read;

	if (!response || response->phase == POL_FRAME_REST)
		return 0;
	/* All of it was read before. */
	if ((__s32)(sequence + payload - response->next) <= 0)
		return 0;
	at = sequence - response->next;
	/* What is missing need not be seen: it is part of a body. */
	if ((__s32)at > 0 && response->phase > POL_FRAME_LAST_OF_BYTES && at <= response->remaining) {
		pol_frame_skip(response, at);
		response->next = sequence;
	}
	at = response->next - sequence;
	for (__u64 i = 0; i < POL_FRAME_STEPS; i++) {
		asm volatile("" : "+r"(i));
		/* A part is missing (a number that is too large), or nothing is. */
		if (at >= payload)
			break;
		read = pol_frame_advance(skb, response, data + at, payload - at);
		if (!read)
			break;
		at += read;
	}
	if (at != payload)
		pol_response_lose(response);
	response->next = sequence + payload;
	return 0;
}

/*
 * A packet of the stream in which responses go: `sequence` of the first of its `payload` bytes, which are at the offset `data`
 * of skb. The payload is verified by the helper alone.
 */
POL_GLOBAL int pol_response_seen(struct __sk_buff *skb, __u32 sequence, __u32 payload, __u32 data)
{
	__u64 cookie = bpf_get_socket_cookie(skb);
	struct pol_response *response = bpf_map_lookup_elem(&http_connections, &cookie);
	__u32 frames;

	if (!response)
		return 0;
	frames = *(volatile __u32 *)&response->frames;
	if (frames == POL_FRAMES_UNREAD) {
		if (*(volatile __u8 *)&response->state == POL_RESPONSE_AWAITED)
			pol_response_first(skb, response, sequence, payload, data);
	} else if (frames != POL_FRAMES_LOST) {
		/* Another CPU reads another packet of the same stream: there is no telling which was first. */
		if (__sync_val_compare_and_swap(&response->reading, 0, 1)) {
			pol_response_lose(response);
			return 0;
		}
		pol_frames_read(skb, response, sequence, payload, data);
		__sync_lock_test_and_set(&response->reading, 0);
	}
	return 0;
}
