/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What the bytes of a response say, one after the other: every byte of a head, and of bodies their length; only so it is certain which bytes
 * are the status of which response. What is not plain is lost.
 */
#pragma once
#include "name-word.h"
#include "response-due.h"

enum {
	POL_FRAME_BETWEEN, /* the next byte begins a response */
	POL_FRAME_STATUS,
	POL_FRAME_REASON,
	POL_FRAME_LINE_END,
	POL_FRAME_LINE, /* first byte of a header line, or of the empty one */
	POL_FRAME_NAME,
	POL_FRAME_VALUE,
	POL_FRAME_EMPTY_LINE_END,
	POL_FRAME_SIZE,
	POL_FRAME_SIZE_END,
	POL_FRAME_DATA_CR,
	POL_FRAME_DATA_LF,
	POL_FRAME_LAST_OF_BYTES = POL_FRAME_DATA_LF, /* up to here each byte is looked at */
	POL_FRAME_DATA, /* `remaining` bytes of a chunk, then CRLF */
	POL_FRAME_BODY, /* `remaining` bytes, then the next response */
	POL_FRAME_REST, /* all that comes */
};
enum { POL_FRAME_HAS_LENGTH = 1, POL_FRAME_HAS_ENCODING = 2, POL_FRAME_HAS_TRAILER = 4, POL_FRAME_VALUE_ENDED = 8, POL_FRAME_1_0 = 16 };
enum { POL_FRAME_NAMED_OTHER, POL_FRAME_NAMED_LENGTH, POL_FRAME_NAMED_ENCODING };
enum { POL_FRAME_DIGITS = 18, POL_FRAME_SIZE_DIGITS = 8, POL_FRAME_WORDS = 24, POL_FRAME_CODING = 7 };
/* What a byte brings about. */
enum { POL_FRAME_GOES_ON, POL_FRAME_ENDS, POL_FRAME_LOST };

/* A byte more of a text whose beginning is kept. */
static __always_inline void pol_frame_keep(struct pol_response *response, __u32 byte)
{
	__u32 place = response->place;

	if (place < POL_FRAME_WORDS)
		response->word[place >> 3 & 3] |= (__u64)byte << (place * 8 & 63);
	if (place <= POL_FRAME_WORDS)
		response->place = place + 1;
}

static __always_inline void pol_frame_forget(struct pol_response *response)
{
	response->place = 0;
	response->word[0] = 0;
	response->word[1] = 0;
	response->word[2] = 0;
}

/* The response at hand has been sent whole. */
static __always_inline int pol_frame_end(struct pol_response *response)
{
	response->phase = POL_FRAME_BETWEEN;
	*(volatile __u32 *)&response->answered = response->answered + 1;
	return POL_FRAME_ENDS;
}

/* The next byte begins one. */
static __always_inline int pol_frame_begin(struct pol_response *response)
{
	const struct pol_response_due *due = pol_response_numbered(response, response->answered);

	if (*(volatile __u32 *)&response->asked == response->answered)
		return POL_FRAME_LOST;
	pol_frame_forget(response);
	response->flags = 0;
	response->remaining = due->own;
	response->phase = due->own ? POL_FRAME_BODY : POL_FRAME_STATUS;
	return POL_FRAME_GOES_ON;
}

/* The status line is known up to its status. */
static __always_inline int pol_frame_answer(struct pol_response *response)
{
	struct pol_response_due *due = pol_response_numbered(response, response->answered);

	if (!response->status || (response->status == POL_STATUS_SWITCHED && !due->upgrade))
		return POL_FRAME_LOST;
	if (response->status >= POL_STATUS_FINAL || response->status == POL_STATUS_SWITCHED)
		pol_response_answer(response, due, response->answered, response->status);
	return POL_FRAME_GOES_ON;
}

static __always_inline int pol_frame_status(struct pol_response *response, __u32 byte)
{
	pol_frame_keep(response, byte);
	if (response->place < POL_RESPONSE_LINE)
		return POL_FRAME_GOES_ON;
	response->status = pol_response_status((const __u8 *)response->word);
	if (((const __u8 *)response->word)[7] == '0')
		response->flags |= POL_FRAME_1_0;
	response->phase = POL_FRAME_REASON;
	return pol_frame_answer(response);
}

/* The name of a header is whole. */
static __always_inline int pol_frame_named(struct pol_response *response)
{
	__u64 first = response->word[0], second = response->word[1], third = response->word[2];

	response->header = POL_FRAME_NAMED_OTHER;
	if (first == POL_NAME_WORD('c', 'o', 'n', 't', 'e', 'n', 't', '-') && second == POL_NAME_WORD('l', 'e', 'n', 'g', 't', 'h', 0, 0) && !third)
		response->header = POL_FRAME_NAMED_LENGTH;
	if (first == POL_NAME_WORD('t', 'r', 'a', 'n', 's', 'f', 'e', 'r') &&
	    second == POL_NAME_WORD('-', 'e', 'n', 'c', 'o', 'd', 'i', 'n') && third == 'g' && response->place <= POL_FRAME_WORDS)
		response->header = POL_FRAME_NAMED_ENCODING;
	pol_frame_forget(response);
	response->flags &= ~POL_FRAME_VALUE_ENDED;
	response->phase = POL_FRAME_VALUE;
	if (!response->header)
		return POL_FRAME_GOES_ON;
	/* Twice, or both, or behind the body. */
	if (response->flags & (POL_FRAME_HAS_LENGTH | POL_FRAME_HAS_ENCODING))
		return POL_FRAME_LOST;
	response->flags |= response->header == POL_FRAME_NAMED_LENGTH ? POL_FRAME_HAS_LENGTH : POL_FRAME_HAS_ENCODING;
	response->remaining = 0;
	return POL_FRAME_GOES_ON;
}

static __always_inline int pol_frame_name(struct pol_response *response, __u32 byte)
{
	if (byte == ':')
		return pol_frame_named(response);
	if (byte <= ' ' || byte >= 0x7f)
		return POL_FRAME_LOST;
	pol_frame_keep(response, byte - 'A' < 26 ? byte | 0x20 : byte);
	return POL_FRAME_GOES_ON;
}

/* Is the value of such a header whole and right? */
static __always_inline int pol_frame_value_is_right(const struct pol_response *response)
{
	if (response->header == POL_FRAME_NAMED_LENGTH)
		return response->place > 0;
	return !response->header ||
	       (response->word[0] == POL_NAME_WORD('c', 'h', 'u', 'n', 'k', 'e', 'd', 0) && response->place == POL_FRAME_CODING);
}

static __always_inline int pol_frame_value(struct pol_response *response, __u32 byte)
{
	__u32 place = response->place;

	if (byte == '\r') {
		response->phase = POL_FRAME_LINE_END;
		return pol_frame_value_is_right(response) ? POL_FRAME_GOES_ON : POL_FRAME_LOST;
	}
	if (byte == '\n' || !byte)
		return POL_FRAME_LOST;
	if (!response->header)
		return POL_FRAME_GOES_ON;
	if (byte == ' ' || byte == '\t') {
		if (place)
			response->flags |= POL_FRAME_VALUE_ENDED;
		return POL_FRAME_GOES_ON;
	}
	if (response->flags & POL_FRAME_VALUE_ENDED)
		return POL_FRAME_LOST;
	if (response->header == POL_FRAME_NAMED_LENGTH) {
		if (byte - '0' > 9 || place >= POL_FRAME_DIGITS)
			return POL_FRAME_LOST;
		response->remaining = response->remaining * 10 + (byte - '0');
	}
	pol_frame_keep(response, byte | 0x20);
	return POL_FRAME_GOES_ON;
}

/* The head is whole. */
static __always_inline int pol_frame_headed(struct pol_response *response)
{
	const struct pol_response_due *due = pol_response_numbered(response, response->answered);
	__u32 status = response->status;

	if (response->flags & POL_FRAME_HAS_TRAILER)
		return pol_frame_end(response);
	if (status == POL_STATUS_SWITCHED) {
		response->state = POL_RESPONSE_SWITCHED;
		response->phase = POL_FRAME_REST;
		return POL_FRAME_ENDS;
	}
	if (status < POL_STATUS_FINAL) {
		/* A word in between: the response is still to come. */
		pol_frame_begin(response);
		return POL_FRAME_GOES_ON;
	}
	if (due->upgrade)
		response->state = POL_RESPONSE_OTHER;
	if (due->method == POL_METHOD_HEAD || status == 204 || status == 304)
		return pol_frame_end(response);
	response->place = 0;
	if (response->flags & POL_FRAME_HAS_ENCODING) {
		/* In HTTP/1.0 it means nothing to some. */
		if (response->flags & POL_FRAME_1_0)
			return POL_FRAME_LOST;
		response->remaining = 0;
		response->phase = POL_FRAME_SIZE;
		return POL_FRAME_GOES_ON;
	}
	response->phase = response->flags & POL_FRAME_HAS_LENGTH ? POL_FRAME_BODY : POL_FRAME_REST;
	if (response->phase == POL_FRAME_BODY && !response->remaining)
		return pol_frame_end(response);
	return POL_FRAME_ENDS;
}

static __always_inline int pol_frame_size(struct pol_response *response, __u32 byte)
{
	__u32 letter = (byte | 0x20) - 'a', digit = byte - '0' < 10 ? byte - '0' : letter < 6 ? letter + 10 : 16;

	if (byte == '\r' && response->place) {
		response->phase = POL_FRAME_SIZE_END;
		return POL_FRAME_GOES_ON;
	}
	if (digit > 15 || response->place >= POL_FRAME_SIZE_DIGITS)
		return POL_FRAME_LOST;
	response->place++;
	response->remaining = response->remaining << 4 | digit;
	return POL_FRAME_GOES_ON;
}

/* What one byte brings about: POL_FRAME_*. A function of its own, so that it is verified once, not once for each byte of the loop around it. */
POL_GLOBAL int pol_frame_byte(struct pol_response *response, __u32 byte)
{
	if (!response)
		return POL_FRAME_LOST;
	byte &= 255;
	switch (response->phase) {
	case POL_FRAME_STATUS:
		return pol_frame_status(response, byte);
	case POL_FRAME_REASON:
		if (byte == '\r')
			response->phase = POL_FRAME_LINE_END;
		return byte == '\n' || !byte ? POL_FRAME_LOST : POL_FRAME_GOES_ON;
	case POL_FRAME_LINE:
		if (byte == '\r') {
			response->phase = POL_FRAME_EMPTY_LINE_END;
			return POL_FRAME_GOES_ON;
		}
		response->phase = POL_FRAME_NAME;
		pol_frame_forget(response);
		return byte == ':' ? POL_FRAME_LOST : pol_frame_name(response, byte);
	case POL_FRAME_NAME:
		return pol_frame_name(response, byte);
	case POL_FRAME_VALUE:
		return pol_frame_value(response, byte);
	case POL_FRAME_SIZE:
		return pol_frame_size(response, byte);
	case POL_FRAME_DATA_CR:
		response->phase = POL_FRAME_DATA_LF;
		return byte == '\r' ? POL_FRAME_GOES_ON : POL_FRAME_LOST;
	default:
		break;
	}
	if (byte != '\n')
		return POL_FRAME_LOST;
	switch (response->phase) {
	case POL_FRAME_LINE_END:
		response->phase = POL_FRAME_LINE;
		return POL_FRAME_GOES_ON;
	case POL_FRAME_EMPTY_LINE_END:
		return pol_frame_headed(response);
	case POL_FRAME_SIZE_END:
		response->phase = response->remaining ? POL_FRAME_DATA : POL_FRAME_LINE;
		response->flags |= response->remaining ? 0 : POL_FRAME_HAS_TRAILER;
		return response->remaining ? POL_FRAME_ENDS : POL_FRAME_GOES_ON;
	default:
		response->phase = POL_FRAME_SIZE;
		response->place = 0;
		response->remaining = 0;
		return POL_FRAME_GOES_ON;
	}
}

/* Bytes that are only counted; how many of `length` these are. */
static __always_inline __u32 pol_frame_skip(struct pol_response *response, __u32 length)
{
	if (response->phase == POL_FRAME_REST)
		return length;
	if (length > response->remaining)
		length = response->remaining;
	response->remaining -= length;
	if (response->remaining)
		return length;
	if (response->phase == POL_FRAME_DATA)
		response->phase = POL_FRAME_DATA_CR;
	else
		pol_frame_end(response);
	return length;
}
