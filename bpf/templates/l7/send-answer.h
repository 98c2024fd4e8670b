/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The 403 over a request that was to be sent: in place, so that it is as long as the request, as answer.h does it for one
 * that came. A body of spaces, or spaces before the 0 of `Content-Length:`.
 */
#pragma once
#include "answer.h"

enum {
	/* Bytes of a denied request that are held until it is whole, and that are overwritten. */
	POL_SEND_LIMIT = 16384,
	POL_SEND_LONGEST = 999999, /* bytes of an answer */
	POL_SEND_FILL = 64,
};

#define POL_SEND_STORE(data, end, text)                                \
	({                                                             \
		int fits = (data) + sizeof(text) - 1 <= (end);         \
		if (fits)                                              \
			__builtin_memcpy(data, text, sizeof(text) - 1); \
		fits;                                                  \
	})

/* Blanks over at most POL_SEND_FILL bytes from `from` on, up to `length`. A function of its own, so that it is verified once. */
POL_GLOBAL int pol_send_fill(struct sk_msg_md *msg, __u32 from, __u32 length)
{
	char *data, *end;

	if (from >= length)
		return -1;
	if (length - from > POL_SEND_FILL)
		length = from + POL_SEND_FILL;
	if (bpf_msg_pull_data(msg, from, length, 0))
		return -1;
	data = msg->data;
	end = msg->data_end;
	for (int i = 0; i < POL_SEND_FILL; i++) {
		if (data + i + 1 > end)
			break;
		data[i] = ' ';
	}
	return 0;
}

/* Blanks over the first `length` bytes, which are in one piece. */
POL_GLOBAL int pol_send_blank(struct sk_msg_md *msg, __u32 length)
{
	if (bpf_msg_pull_data(msg, 0, length, 0))
		return -1;
	for (__u32 i = 0; i < POL_SEND_LIMIT / POL_SEND_FILL; i++) {
		if (i * POL_SEND_FILL >= length)
			break;
		if (pol_send_fill(msg, i * POL_SEND_FILL, length))
			return -1;
	}
	return 0;
}

/* The full form at the beginning of `length` bytes: its number stands before the text's empty line. */
#define POL_SEND_FULL(data, end, head, length)                                                                     \
	({                                                                                                         \
		int stored = POL_SEND_STORE(data, end, head);                                                      \
		__u32 number = (length) - (sizeof(head) - sizeof(POL_ANSWER_TEXT));                                \
		char *digit = (data) + sizeof(head) - sizeof(POL_ANSWER_TEXT) - 5;                                 \
		for (int i = 0; stored && i < POL_ANSWER_DIGITS; i++) {                                            \
			if (number || !i)                                                                          \
				digit[-i] = '0' + number % 10;                                                     \
			number /= 10;                                                                              \
		}                                                                                                  \
		stored ? 0 : -1;                                                                                   \
	})

/* The form without a body. */
static __always_inline int pol_send_bare(char *data, char *end, __u32 length, __u32 kind)
{
	char *at;

	if (kind == POL_ANSWER_DENIED) {
		if (!POL_SEND_STORE(data, end, pol_answer_bare))
			return -1;
	} else if (length >= POL_ANSWER_SHORTEST_CLOSE) {
		if (!POL_SEND_STORE(data, end, pol_answer_bare_close))
			return -1;
	} else if (!POL_SEND_STORE(data, end, pol_answer_bare_1_0)) {
		return -1;
	}
	length -= POL_ANSWER_END;
	asm volatile("" : "+r"(length));
	length &= POL_SEND_LIMIT - 1;
	at = data + length;
	return POL_SEND_STORE(at, end, pol_answer_bare_end) ? 0 : -1;
}

/*
 * The 403 of exactly `length` bytes over the first ones of the message: of a long one, its last bytes stay what their writer
 * wrote. 0, or an error: then it must go nowhere.
 */
POL_GLOBAL int pol_send_answer(struct sk_msg_md *msg, __u32 length, __u32 kind, __u32 bodiless)
{
	__u32 blank = length < POL_SEND_LIMIT ? length : POL_SEND_LIMIT;
	char *data, *end;

	if (length < POL_ANSWER_SHORTEST || length > POL_SEND_LONGEST || (bodiless && length > POL_ANSWER_BODILESS_LIMIT))
		return -1;
	if (pol_send_blank(msg, blank) || bpf_msg_pull_data(msg, 0, blank, 0))
		return -1;
	data = msg->data;
	end = msg->data_end;
	if (!bodiless && kind == POL_ANSWER_DENIED && length >= sizeof(pol_answer_full))
		return POL_SEND_FULL(data, end, pol_answer_full, length);
	if (!bodiless && kind != POL_ANSWER_DENIED && length >= sizeof(pol_answer_full_close))
		return POL_SEND_FULL(data, end, pol_answer_full_close, length);
	return pol_send_bare(data, end, length, kind);
}
