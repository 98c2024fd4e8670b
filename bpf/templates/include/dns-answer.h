/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Answers (RFC 1035) to queries that a rule lets name addresses. Only what this workload asked is answered: same server, ports,
 * id, name and type. An address has the name that was asked, also behind aliases (CNAME) that lead from it to
 * there, and never the name of an alias. What cannot be read does not reach who asked: an answer that he has is in force.
 */
#pragma once
#include "dns-question.h"
#include "dns-stream.h"

/* How many records and aliases of an answer are read: powers of two. */
enum { POL_ANSWER_RECORDS = 128, POL_ANSWER_ALIASES = 16 };
enum { POL_DNS_TYPE_A = 1, POL_DNS_TYPE_CNAME = 5, POL_DNS_TYPE_AAAA = 28, POL_DNS_RECORD_HEAD = 10 };
/* An address in an answer. */
struct pol_found {
	__u32 at;
	__u32 seconds;
	__u32 is_ipv6;
};
/* An answer as it is read. */
struct pol_answer {
	struct pol_question_key key;
	__u8 bytes[POL_ANSWER_BYTES];
	__u32 length;
	__u32 at; /* of the next record */
	__u32 seconds; /* for which all aliases so far hold */
	__u32 aliases; /* the question, and what it leads to */
	__u32 alias[POL_ANSWER_ALIASES];
	__u32 count;
	struct pol_found found[POL_ANSWER_RECORDS];
};
/* One for each CPU: answers come in a softirq, which another one does not interrupt. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pol_answer);
} answers SEC(".maps");

enum pol_answer_outcome { POL_ANSWER_PASSES, POL_ANSWER_UNREADABLE, POL_ANSWER_NO_ROOM };
/* Of two names: the same, different, or not to be read. */
enum { POL_NAMES_DIFFERENT, POL_NAMES_SAME, POL_NAMES_BAD };

/* 0 behind the end. */
static __always_inline __u32 pol_answer_byte(const struct pol_answer *answer, __u32 at)
{
	if (at >= answer->length)
		return 0;
	asm volatile("%0 &= %1" : "+r"(at) : "i"(POL_ANSWER_BYTES - 1));
	return answer->bytes[at];
}

static __always_inline __u32 pol_answer_short(const struct pol_answer *answer, __u32 at)
{
	return pol_answer_byte(answer, at) << 8 | pol_answer_byte(answer, at + 1);
}

/* Place behind the name at `at`, where it stands; 0: it has no end. */
POL_GLOBAL __u32 pol_answer_name_end(const struct pol_answer *answer, __u32 at)
{
	if (!answer)
		return 0;
	for (__u32 i = 0; i < POL_DNS_NAME / 2 + 1; i++) {
		__u32 byte = pol_answer_byte(answer, at);

		if (at >= answer->length)
			return 0;
		if (!byte)
			return at + 1;
		if (byte >= 0xc0)
			return at + 2 <= answer->length ? at + 2 : 0;
		if (byte > 63)
			return 0;
		at += byte + 1;
	}
	return 0;
}

/* A name is read byte by byte, through pointers. */
struct pol_cursor {
	__u32 at;
	__u32 left; /* bytes of the label that are still to come */
};
enum { POL_DNS_POINTERS = 8 }; /* that lead to one another: servers write one */
/* Beyond all bytes: the root, which ends a name; no name. */
enum { POL_DNS_NAME_END = 0x100, POL_DNS_NO_NAME };

/* The next byte, in lower case (lengths of labels are below all letters), or what is beyond. */
POL_GLOBAL __u32 pol_answer_next(const struct pol_answer *answer, struct pol_cursor *cursor)
{
	__u32 at, byte = 0;

	if (!answer || !cursor)
		return POL_DNS_NO_NAME;
	at = cursor->at;
	for (__u32 i = 0; i < POL_DNS_POINTERS; i++) {
		__u32 to;

		byte = pol_answer_byte(answer, at);
		if (cursor->left || byte < 0xc0)
			break;
		to = pol_answer_short(answer, at) & 0x3fff;
		/* Always to before itself, and to a name. */
		if (to >= at || to < POL_DNS_HEADER)
			return POL_DNS_NO_NAME;
		at = to;
	}
	if (at >= answer->length || (!cursor->left && byte > 63))
		return POL_DNS_NO_NAME;
	if (!cursor->left && !byte)
		return POL_DNS_NAME_END;
	cursor->left = cursor->left ? cursor->left - 1 : byte;
	cursor->at = at + 1;
	return pol_answer_lower(byte);
}

/* Compares two names; circles end where no name is as long. */
POL_GLOBAL int pol_answer_names_compare(const struct pol_answer *answer, __u32 a, __u32 b)
{
	struct pol_cursor one = {.at = a}, other = {.at = b};

	if (!answer)
		return POL_NAMES_BAD;
	for (__u32 i = 0; i < POL_DNS_NAME; i++) {
		__u32 byte = pol_answer_next(answer, &one);

		if (byte != pol_answer_next(answer, &other))
			return POL_NAMES_DIFFERENT;
		if (byte >= POL_DNS_NAME_END)
			return byte == POL_DNS_NAME_END ? POL_NAMES_SAME : POL_NAMES_BAD;
	}
	return POL_NAMES_BAD;
}

/* Does the answer repeat the question? Then the place behind it, else 0. */
POL_GLOBAL __u32 pol_answer_question_end(const struct pol_answer *answer, const struct pol_asked *asked)
{
	__u32 end, differs = 0;

	if (!answer || !asked)
		return 0;
	end = POL_DNS_HEADER + asked->bytes;
	if (end + 4 > answer->length)
		return 0;
	for (__u32 i = 0; i < POL_DNS_NAME; i++) {
		if (i >= asked->bytes)
			break;
		differs |= pol_answer_lower(answer->bytes[POL_DNS_HEADER + i]) ^ asked->name.text[i];
	}
	if (differs || pol_answer_short(answer, end) != asked->type || pol_answer_short(answer, end + 2) != POL_DNS_CLASS_IN)
		return 0;
	return end + 4;
}

/* Is the name at `at` the question's, or one that it leads to? */
static __always_inline int pol_answer_is_alias(const struct pol_answer *answer, __u32 at)
{
	for (__u32 i = 0; i < POL_ANSWER_ALIASES; i++) {
		if (i >= answer->aliases)
			return 0;
		if (pol_answer_names_compare(answer, at, answer->alias[i]) == POL_NAMES_SAME)
			return 1;
	}
	return 0;
}

/* An alias of a name that is asked for; `end`: behind its data. */
static __always_inline int pol_answer_alias(struct pol_answer *answer, __u32 at, __u32 end, __u32 seconds)
{
	__u32 place = answer->aliases;

	/* By itself it is the same, or it cannot be read. */
	if (place >= POL_ANSWER_ALIASES || pol_answer_name_end(answer, at) != end ||
	    pol_answer_names_compare(answer, at, at) != POL_NAMES_SAME)
		return 0;
	answer->alias[place & (POL_ANSWER_ALIASES - 1)] = at;
	answer->aliases = place + 1;
	if (seconds < answer->seconds)
		answer->seconds = seconds;
	return 1;
}

/* Reads the record at `answer->at`; 0: it cannot be read, or is an address or alias of something else than was asked. */
POL_GLOBAL int pol_answer_record(struct pol_answer *answer)
{
	__u32 owner, head, type, seconds, bytes, place;

	if (!answer)
		return 0;
	owner = answer->at;
	head = pol_answer_name_end(answer, owner);
	if (!head)
		return 0;
	type = pol_answer_short(answer, head);
	seconds = pol_answer_short(answer, head + 4) << 16 | pol_answer_short(answer, head + 6);
	bytes = pol_answer_short(answer, head + 8);
	answer->at = head + POL_DNS_RECORD_HEAD + bytes;
	if (answer->at > answer->length)
		return 0;
	if (type != POL_DNS_TYPE_A && type != POL_DNS_TYPE_AAAA && type != POL_DNS_TYPE_CNAME)
		return 1;
	if (pol_answer_short(answer, head + 2) != POL_DNS_CLASS_IN || !pol_answer_is_alias(answer, owner))
		return 0;
	/* RFC 2181, 8: the highest bit is no time. */
	if (seconds >> 31)
		seconds = 0;
	if (type == POL_DNS_TYPE_CNAME)
		return pol_answer_alias(answer, head + POL_DNS_RECORD_HEAD, answer->at, seconds);
	place = answer->count;
	if (bytes != (type == POL_DNS_TYPE_A ? 4 : 16) || place >= POL_ANSWER_RECORDS)
		return 0;
	answer->count = place + 1;
	asm volatile("%0 &= %1" : "+r"(place) : "i"(POL_ANSWER_RECORDS - 1));
	answer->found[place].at = head + POL_DNS_RECORD_HEAD;
	answer->found[place].seconds = seconds < answer->seconds ? seconds : answer->seconds;
	answer->found[place].is_ipv6 = type == POL_DNS_TYPE_AAAA;
	return 1;
}

/* Reads an answer whose bytes are there, up to its last answer record. */
POL_GLOBAL int pol_answer_read(struct pol_answer *answer, const struct pol_asked *asked)
{
	__u32 records;

	if (!answer || !asked)
		return 0;
	answer->at = pol_answer_question_end(answer, asked);
	records = pol_answer_short(answer, 6);
	if (!answer->at || records > POL_ANSWER_RECORDS)
		return 0;
	answer->alias[0] = POL_DNS_HEADER;
	answer->aliases = 1;
	answer->seconds = 0x7fffffff;
	answer->count = 0;
	for (__u32 i = 0; i < POL_ANSWER_RECORDS; i++) {
		if (i >= records)
			break;
		if (!pol_answer_record(answer))
			return 0;
	}
	return 1;
}

/* Learns the address number `i` of an answer. */
POL_GLOBAL int pol_answer_learn(const struct pol_answer *answer, __u32 i, __u32 subject, __u32 number)
{
	struct pol_named_key key = {.subject = subject};
	__u32 at, bytes;

	if (!answer)
		return 0;
	asm volatile("%0 &= %1" : "+r"(i) : "i"(POL_ANSWER_RECORDS - 1));
	at = answer->found[i].at;
	bytes = answer->found[i].is_ipv6 ? 16 : 4;
	if (bytes == 4)
		key.address[10] = key.address[11] = 0xff;
	for (__u32 byte = 0; byte < 16; byte++)
		if (byte + bytes >= 16)
			key.address[byte] = pol_answer_byte(answer, at + byte + bytes - 16);
	return pol_name_learn(&key, number, answer->found[i].seconds);
}

/* All addresses of an answer have the name with this number from now on. */
POL_GLOBAL int pol_answer_learn_all(const struct pol_answer *answer, __u32 number)
{
	if (!answer)
		return 0;
	for (__u32 i = 0; i < POL_ANSWER_RECORDS; i++) {
		if (i >= answer->count)
			break;
		if (!pol_answer_learn(answer, i, answer->key.subject, number))
			return 0;
	}
	return 1;
}

/* Reads the message behind `base`. 0: it is too short or too long. */
POL_GLOBAL int pol_answer_load(struct __sk_buff *skb, struct pol_answer *answer, __u32 base, __u32 length)
{
	__u32 bytes = length;

	if (!answer || length < POL_DNS_HEADER || length > POL_ANSWER_BYTES)
		return 0;
	/* The verifier of 6.1 wants a lower bound too. */
	bytes--;
	asm volatile("" : "+r"(bytes));
	bytes = (bytes & (POL_ANSWER_BYTES - 1)) + 1;
	answer->length = length;
	return !bpf_skb_load_bytes(skb, base, answer->bytes, bytes);
}

/* Is a question with this key without its answer, and its name one that a rule is about? What names nothing is answered. */
static __always_inline int pol_answer_is_due(__u32 slot, const struct pol_question_key *key)
{
	struct pol_asked *asked = pol_asked_find(key);

	if (!asked)
		return 0;
	if (pol_name_class(slot, &asked->name) > POL_NAME_UNNAMED)
		return 1;
	pol_asked_answered(key, asked);
	return 0;
}

/* Is what was loaded an answer to the question with its key? Then what it names holds from now on. */
static __always_inline int pol_answer_take(struct pol_answer *answer)
{
	struct pol_asked *asked = bpf_map_lookup_elem(&dns_questions, &answer->key);

	if (!asked)
		return POL_ANSWER_PASSES;
	/* Another question: not an answer to this one, and no resolver takes it for one. */
	if (!(pol_answer_byte(answer, 2) & 0x80) || pol_answer_short(answer, 4) != 1 || !pol_answer_question_end(answer, asked))
		return POL_ANSWER_PASSES;
	if (!pol_answer_read(answer, asked))
		return POL_ANSWER_UNREADABLE;
	if (answer->count && !pol_answer_learn_all(answer, pol_name_number(&asked->name)))
		return POL_ANSWER_NO_ROOM;
	pol_asked_answered(&answer->key, asked);
	return POL_ANSWER_PASSES;
}

/* 1 pass, 0 deny, which is told. */
static __always_inline int pol_answer_refuse(struct pol_case *this, int outcome)
{
	if (outcome == POL_ANSWER_PASSES)
		return 1;
	pol_names_count(outcome == POL_ANSWER_UNREADABLE ? POL_NAMES_UNREADABLE : POL_NAMES_REFUSED);
	return pol_case_refuse(this, outcome == POL_ANSWER_UNREADABLE ? POL_CAUSE_UNREADABLE_ANSWER : POL_CAUSE_TABLE_FULL);
}
