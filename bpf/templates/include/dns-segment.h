/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Answers over TCP (dns-stream.h): what they name holds before the packet with their last byte goes on to its reader. One that cannot be
 * read, or finds no room, ends the connection for answers: the packet and all behind it do not pass, however often they are sent.
 */
#pragma once
#include "dns-packet.h"
#include "dns-stream.h"

enum {
	POL_STREAM_PREFIX = 2, /* bytes of a length */
	POL_SEGMENT_MESSAGES = 1024, /* in one packet */
	POL_MESSAGE_STEPS = 8, /* its length in two parts, the pieces of what is read of it, the rest */
};

/* The length of the message that comes, or its first byte. Returns how many were read, 0: they cannot be. */
static __always_inline __u32 pol_dns_stream_length(struct __sk_buff *skb, struct pol_dns_stream *stream, __u32 at, __u32 left)
{
	__u8 prefix[POL_STREAM_PREFIX] = {};

	if (!stream->read && left >= POL_STREAM_PREFIX) {
		if (bpf_skb_load_bytes(skb, at, prefix, POL_STREAM_PREFIX))
			return 0;
		stream->length = prefix[0] << 8 | prefix[1];
		stream->read = POL_STREAM_PREFIX;
		return POL_STREAM_PREFIX;
	}
	if (bpf_skb_load_bytes(skb, at, prefix, 1))
		return 0;
	stream->length = stream->read ? stream->length << 8 | prefix[0] : prefix[0];
	stream->read++;
	return 1;
}

/* Reads on, at most one length or one piece, of the `left` bytes at `at`. Returns how many, 0: they cannot be read. */
static __always_inline __u32 pol_dns_stream_take(struct __sk_buff *skb, struct pol_dns_stream *stream, __u32 at, __u32 left)
{
	__u32 place, bytes, loaded;

	if (stream->read < POL_STREAM_PREFIX)
		return pol_dns_stream_length(skb, stream, at, left);
	place = stream->read - POL_STREAM_PREFIX;
	bytes = stream->length - place;
	if (bytes > left)
		bytes = left;
	if (place < POL_ANSWER_BYTES) {
		if (bytes > POL_ANSWER_BYTES - place)
			bytes = POL_ANSWER_BYTES - place;
		if (bytes > POL_ANSWER_PIECE)
			bytes = POL_ANSWER_PIECE;
		/* The verifier of 6.1 wants a lower bound too. */
		loaded = bytes - 1;
		asm volatile("" : "+r"(loaded));
		loaded = (loaded & (POL_ANSWER_PIECE - 1)) + 1;
		asm volatile("%0 &= %1" : "+r"(place) : "i"(POL_ANSWER_BYTES - 1));
		if (bpf_skb_load_bytes(skb, at, stream->bytes + place, loaded))
			return 0;
	}
	stream->read += bytes;
	/* The end of a message whose beginning is all that was read of it. */
	if (place >= POL_ANSWER_BYTES && stream->read - POL_STREAM_PREFIX == stream->length)
		stream->read = 0;
	return bytes;
}

/* Is so much of the message there as is read of any? True once for each. */
static __always_inline int pol_dns_stream_is_read(const struct pol_dns_stream *stream)
{
	__u32 bytes = stream->length > POL_ANSWER_BYTES ? POL_ANSWER_BYTES : stream->length;

	return stream->read >= POL_STREAM_PREFIX && stream->read - POL_STREAM_PREFIX == bytes;
}

/* Reads on, until so much of a message is there, or to the end of the `left` bytes at `at`. Returns how many, 0: they cannot be read. */
POL_GLOBAL __u32 pol_dns_stream_read(struct __sk_buff *skb, struct pol_dns_stream *stream, __u32 at, __u32 left)
{
	__u32 total = 0;

	if (!stream)
		return 0;
	for (int i = 0; i < POL_MESSAGE_STEPS && total < left; i++) {
		__u32 read = pol_dns_stream_take(skb, stream, at + total, left - total);

		if (!read)
			return 0;
		total += read;
		if (pol_dns_stream_is_read(stream)) {
			stream->due = 1;
			break;
		}
	}
	return total;
}

/* Takes the message that was read for an answer: pol_answer_learned. 0: it is none that names anything; -1: it cannot be read. */
POL_GLOBAL int pol_dns_stream_load(const struct pol_case *this, const struct pol_dns_stream *stream)
{
	__u32 zero = 0, bytes;
	struct pol_answer *answer = bpf_map_lookup_elem(&answers, &zero);

	if (!this || !stream || !answer)
		return -1;
	if (stream->length < sizeof(answer->key.id) || !pol_names_are_asked(this->question.slot))
		return 0;
	pol_question_key_of_stream(this->question.subject, stream->cookie, &answer->key);
	__builtin_memcpy(&answer->key.id, stream->bytes, sizeof(answer->key.id));
	if (!pol_answer_is_due(this->question.slot, &answer->key))
		return 0;
	bytes = stream->length;
	answer->length = bytes;
	if (bytes < POL_DNS_HEADER || bytes > POL_ANSWER_BYTES)
		return -1;
	/* The verifier of 6.1 wants a lower bound too. */
	bytes--;
	asm volatile("" : "+r"(bytes));
	bytes = (bytes & (POL_ANSWER_BYTES - 1)) + 1;
	return bpf_probe_read_kernel(answer->bytes, bytes, stream->bytes) ? -1 : 1;
}

/* What comes of so much of a message as is read of any. 1 pass, 0 deny, which is told. */
static __always_inline int pol_dns_stream_judge(struct pol_case *this, struct pol_dns_stream *stream)
{
	int found = pol_dns_stream_load(this, stream);

	stream->due = 0;
	if (stream->read - POL_STREAM_PREFIX == stream->length)
		stream->read = 0;
	if (found < 0)
		return pol_answer_refuse(this, POL_ANSWER_UNREADABLE);
	return !found || pol_answer_learned(this);
}

/* Reads what a packet has of the stream from `at` on. 1 pass, 0 deny, which is told. */
static __always_inline int pol_dns_segment_read(struct __sk_buff *skb, struct pol_case *this, struct pol_dns_stream *stream, __u32 at)
{
	__u32 end = this->packet.before + this->packet.length;

	for (int i = 0; i < POL_SEGMENT_MESSAGES; i++) {
		__u32 read;

		if (at >= end)
			return 1;
		read = pol_dns_stream_read(skb, stream, at, end - at);
		if (!read)
			break;
		at += read;
		if (stream->due && !pol_dns_stream_judge(this, stream))
			return 0;
	}
	return at >= end || pol_answer_refuse(this, POL_ANSWER_UNREADABLE);
}

/* A packet with data that a server sends. 1 pass, 0 deny: what is refused is told, what is only left to be sent again is not. */
POL_GLOBAL int pol_dns_segment_judge(struct __sk_buff *skb, struct pol_case *this, struct pol_dns_stream *stream)
{
	__u32 read, payload, passes = 0;

	if (!this || !stream)
		return 0;
	payload = this->packet.payload;
	read = stream->next - this->packet.sequence;
	/* Before them others are missing. */
	if ((__s32)read < 0)
		return 0;
	if (read >= payload)
		return 1;
	/* Another CPU reads another packet of the same stream. */
	if (__sync_val_compare_and_swap(&stream->reading, 0, 1))
		return 0;
	if (stream->lost)
		pol_case_refuse(this, POL_CAUSE_UNREADABLE_ANSWER);
	/* Urgent data is another stream to some readers. */
	else if (this->packet.tcp_flags & POL_TCP_URG)
		pol_answer_refuse(this, POL_ANSWER_UNREADABLE);
	else
		passes = pol_dns_segment_read(skb, this, stream, this->packet.before + this->packet.length - payload + read);
	if (passes)
		stream->next = this->packet.sequence + payload;
	else
		stream->lost = 1;
	__sync_lock_test_and_set(&stream->reading, 0);
	return passes;
}
