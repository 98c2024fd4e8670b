/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Writing into the packet of a denied request: the answer that goes back to its sender, or blanks. The length of the packet
 * must stay (the kernel acknowledges what is there after the program has run), so every answer is padded to it: a body
 * of spaces, or spaces before the 0 of `Content-Length:` where a body may not be (HEAD) or does not fit.
 */
#pragma once
#include "../include/maps.h"

enum {
	POL_ANSWER_FILL = 128, /* bytes written at a time */
	/* FILLS * PARTS times: the verifier counts jumps, so two loops. */
	POL_ANSWER_FILLS = 64,
	POL_ANSWER_PARTS = 64,
	POL_ANSWER_LIMIT = POL_ANSWER_FILL * POL_ANSWER_FILLS * POL_ANSWER_PARTS, /* a larger packet is not answered */
	POL_ANSWER_DIGITS = 6,
	POL_ANSWER_BODILESS_LIMIT = 8192, /* bytes of a header line that clients are ready to read */
};

#define POL_ANSWER_LENGTH "Content-Length:       \r\n\r\n"
#define POL_ANSWER_TEXT "denied by policy\n"
static const char pol_answer_full[] = "HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\n" POL_ANSWER_LENGTH POL_ANSWER_TEXT;
static const char pol_answer_full_close[] =
	"HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Type: text/plain\r\n" POL_ANSWER_LENGTH POL_ANSWER_TEXT;
static const char pol_answer_bare[] = "HTTP/1.1 403 \r\nContent-Length:";
static const char pol_answer_bare_close[] = "HTTP/1.1 403 \r\nConnection:close\r\nContent-Length:";
static const char pol_answer_retry[] = "HTTP/1.1 503 \r\nConnection:close\r\nContent-Length:";
static const char pol_answer_retry_1_0[] = "HTTP/1.0 503 \r\nContent-Length:";
/* A response of this version ends its connection without saying so. */
static const char pol_answer_bare_1_0[] = "HTTP/1.0 403 \r\nContent-Length:";
static const char pol_answer_bare_end[] = "0\r\n\r\n";

enum {
	POL_ANSWER_END = sizeof(pol_answer_bare_end) - 1,
	POL_ANSWER_SHORTEST = sizeof(pol_answer_bare) - 1 + POL_ANSWER_END,
	POL_ANSWER_SHORTEST_CLOSE = sizeof(pol_answer_bare_close) - 1 + POL_ANSWER_END,
};

/* Overwrites up to FILL * FILLS bytes from `from` on; the packet is writable. 0, or an error. */
POL_GLOBAL int pol_answer_fill_part(struct __sk_buff *skb, __u32 from, __u32 byte)
{
	__u8 fill[POL_ANSWER_FILL];

	__builtin_memset(fill, byte ? ' ' : 0, sizeof(fill));
	for (int i = 0; i < POL_ANSWER_FILLS; i++) {
		__u32 left = skb->len - from;

		if (from >= skb->len)
			return 0;
		if (left > sizeof(fill))
			left = sizeof(fill);
		/* Changes nothing: the verifier of 6.1 concludes no lower bound from a comparison with 0. */
		left--;
		asm volatile("" : "+r"(left));
		left = (left & (POL_ANSWER_FILL - 1)) + 1;
		if (bpf_skb_store_bytes(skb, from, fill, left, 0))
			return -1;
		from += left;
	}
	return 0;
}

/* Overwrites everything from `from` on with spaces or zeros. 0, or an error: then some may be overwritten. */
POL_GLOBAL int pol_answer_fill(struct __sk_buff *skb, __u32 from, __u32 byte)
{
	if (skb->len >= POL_ANSWER_LIMIT || bpf_skb_pull_data(skb, skb->len))
		return -1;
	for (int i = 0; i < POL_ANSWER_PARTS; i++) {
		if (from >= skb->len)
			return 0;
		if (pol_answer_fill_part(skb, from, byte))
			return -1;
		from += POL_ANSWER_FILL * POL_ANSWER_FILLS;
	}
	return 0;
}

/* The full form: `head` holds it up to its text; the number of the rest stands before the text's empty line. */
#define POL_ANSWER_STORE_FULL(skb, head, length)                                                                  \
	(bpf_skb_store_bytes(skb, 0, head, sizeof(head) - 1, 0) ?:                                                 \
		 pol_answer_number(skb, sizeof(head) - sizeof(POL_ANSWER_TEXT) - 4 - POL_ANSWER_DIGITS,            \
				   (length) - (sizeof(head) - sizeof(POL_ANSWER_TEXT))))

static __always_inline int pol_answer_number(struct __sk_buff *skb, __u32 at, __u32 number)
{
	char digits[POL_ANSWER_DIGITS];

	for (int i = POL_ANSWER_DIGITS - 1; i >= 0; i--) {
		digits[i] = number || i == POL_ANSWER_DIGITS - 1 ? '0' + number % 10 : ' ';
		number /= 10;
	}
	return bpf_skb_store_bytes(skb, at, digits, sizeof(digits), 0);
}

enum {
	POL_ANSWER_DENIED, /* 403; the connection lives on */
	POL_ANSWER_DENIED_CLOSE, /* 403; the connection ends with it */
	POL_ANSWER_RETRY, /* 503, and the end: not denied, but it cannot be passed on this connection */
};

/* The form without a body: `length` bytes by spaces before the 0. */
static __always_inline int pol_answer_bare_write(struct __sk_buff *skb, __u32 kind, __u32 length)
{
	int failed;

	if (kind == POL_ANSWER_DENIED)
		failed = bpf_skb_store_bytes(skb, 0, pol_answer_bare, sizeof(pol_answer_bare) - 1, 0);
	else if (kind == POL_ANSWER_RETRY && length >= POL_ANSWER_SHORTEST_CLOSE)
		failed = bpf_skb_store_bytes(skb, 0, pol_answer_retry, sizeof(pol_answer_retry) - 1, 0);
	else if (kind == POL_ANSWER_RETRY)
		failed = bpf_skb_store_bytes(skb, 0, pol_answer_retry_1_0, sizeof(pol_answer_retry_1_0) - 1, 0);
	else if (length >= POL_ANSWER_SHORTEST_CLOSE)
		failed = bpf_skb_store_bytes(skb, 0, pol_answer_bare_close, sizeof(pol_answer_bare_close) - 1, 0);
	else
		failed = bpf_skb_store_bytes(skb, 0, pol_answer_bare_1_0, sizeof(pol_answer_bare_1_0) - 1, 0);
	return failed ?: bpf_skb_store_bytes(skb, length - POL_ANSWER_END, pol_answer_bare_end, POL_ANSWER_END, 0);
}

/*
 * Makes the packet an answer of exactly its own length; `bodiless`: the request was HEAD. 0, or an error: then the
 * packet must go nowhere.
 */
POL_GLOBAL int pol_answer_write(struct __sk_buff *skb, __u32 kind, __u32 bodiless)
{
	__u32 length = skb->len;

	if (length < POL_ANSWER_SHORTEST || length >= POL_ANSWER_LIMIT)
		return -1;
	bodiless = bodiless || kind == POL_ANSWER_RETRY;
	if (bodiless && length > POL_ANSWER_BODILESS_LIMIT)
		return -1;
	if (pol_answer_fill(skb, 0, ' '))
		return -1;
	if (!bodiless && kind == POL_ANSWER_DENIED_CLOSE && length >= sizeof(pol_answer_full_close))
		return POL_ANSWER_STORE_FULL(skb, pol_answer_full_close, length);
	if (!bodiless && kind == POL_ANSWER_DENIED && length >= sizeof(pol_answer_full))
		return POL_ANSWER_STORE_FULL(skb, pol_answer_full, length);
	return pol_answer_bare_write(skb, kind, length);
}
