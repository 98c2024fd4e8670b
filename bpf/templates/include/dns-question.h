/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Queries that wait for their answer (dns-answer.h): those that a rule lets name addresses, until it came or half a minute is over. */
#pragma once
#include "../l7/dns.h"
#include "learn.h"

enum { POL_QUESTION_ENTRIES = 65536, POL_QUESTION_SECONDS = 30 };

struct pol_question_key {
	struct pol_address server;
	__u64 network; /* the namespace; over TCP the socket's cookie, which says all but subject and id */
	__u32 subject; /* endpoint id */
	__u16 local_port;
	__u16 remote_port;
	__u16 id; /* as on the wire */
	__u8 protocol;
	__u8 reserved[5];
};
struct pol_asked {
	__u64 when; /* nanoseconds, CLOCK_MONOTONIC */
	__u16 type;
	__u16 pending; /* answers that may still come: a query that is sent again is answered again */
	__u32 bytes; /* of the name */
	struct pol_name name;
};
_Static_assert(sizeof(struct pol_asked) <= sizeof(struct pol_blank), "blank is too small");
#define POL_QUESTION_NS (POL_QUESTION_SECONDS * POL_NAME_SECOND_NS)

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, POL_QUESTION_ENTRIES);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, struct pol_question_key);
	__type(value, struct pol_asked);
} dns_questions SEC(".maps");

static __always_inline void pol_question_key_of(const struct pol_case *this, struct pol_question_key *key)
{
	__builtin_memset(key, 0, sizeof(*key));
	key->server = this->peer.address;
	key->network = this->network;
	key->subject = this->question.subject;
	key->local_port = pol_case_local_port(this);
	key->remote_port = pol_case_remote_port(this);
	key->protocol = this->packet.protocol;
}

/* The same of a connection: of no other one, whatever its ends are. */
static __always_inline void pol_question_key_of_stream(__u32 subject, __u64 cookie, struct pol_question_key *key)
{
	__builtin_memset(key, 0, sizeof(*key));
	key->network = cookie;
	key->subject = subject;
	key->protocol = POL_PROTOCOL_TCP;
}

static __always_inline struct pol_asked *pol_asked_find(const struct pol_question_key *key)
{
	struct pol_asked *asked = bpf_map_lookup_elem(&dns_questions, key);

	return asked && asked->pending && (__s64)(bpf_ktime_get_ns() - asked->when) < (__s64)POL_QUESTION_NS ? asked : 0;
}

/* The answer came: another one to the same query is nobody's. */
static __always_inline void pol_asked_answered(const struct pol_question_key *key, struct pol_asked *asked)
{
	if (asked->pending > 1)
		asked->pending--;
	else
		bpf_map_delete_elem(&dns_questions, key);
}

static long pol_questions_sweep_one(void *map, struct pol_question_key *key, struct pol_asked *asked, __u64 *now)
{
	struct pol_question_key gone = *key;

	if ((__s64)(*now - asked->when) >= (__s64)POL_QUESTION_NS)
		bpf_map_delete_elem(&dns_questions, &gone);
	return 0;
}

/* The entry of a question, made if there is none; NULL: there is no room. */
static __always_inline struct pol_asked *pol_asked_make(const struct pol_question_key *key, __u64 now)
{
	struct pol_asked *asked = bpf_map_lookup_elem(&dns_questions, key);
	const void *zeros = pol_blank_find();

	if (asked || !zeros)
		return asked;
	if (bpf_map_update_elem(&dns_questions, key, zeros, BPF_NOEXIST) == -7 /* E2BIG */) {
		bpf_for_each_map_elem(&dns_questions, pol_questions_sweep_one, &now, 0);
		bpf_map_update_elem(&dns_questions, key, zeros, BPF_NOEXIST);
	}
	return bpf_map_lookup_elem(&dns_questions, key);
}

/* Without a branch, which would double the paths through each loop: the highest bit says whether it is `A` or more, and `[` or more. */
static __always_inline __u32 pol_answer_lower(__u32 byte)
{
	return byte | ((byte + 0x80 - 'A') & ~(byte + 0x80 - '[') & ~byte & 0x80) >> 2;
}

/* Bytes of a name, which is put into lower case, and zeros behind it; 0: it has no end. */
POL_GLOBAL __u32 pol_name_settle(struct pol_name *name)
{
	__u32 end = 0, length = 1;

	if (!name)
		return 0;
	for (__u32 i = 0; i < POL_DNS_NAME / 2 + 1 && length && end < POL_DNS_NAME; i++) {
		length = name->text[end & 0xff];
		end += length + 1;
	}
	if (length || end > POL_DNS_NAME)
		return 0;
	for (__u32 i = 0; i < sizeof(name->text); i++) {
		__u32 before = i - end;

		/* Else clang makes a branch of it. Lengths of labels are below all letters. */
		asm volatile("" : "+r"(before));
		name->text[i] = pol_answer_lower(name->text[i]) & (0 - (before >> 31));
	}
	return end;
}

/* Its name, of so many bytes, is there: it waits for one answer more. */
static __always_inline void pol_asked_wait(struct pol_asked *asked, __u32 bytes, __u16 type, __u64 now)
{
	asked->bytes = bytes;
	asked->type = type;
	asked->when = now;
	asked->pending++;
}

/* Remembers a query that was read and leaves now; 0: there is no room, and an answer to it could not be taken. */
POL_GLOBAL int pol_question_note(struct __sk_buff *skb, const struct pol_case *this)
{
	__u64 now = bpf_ktime_get_ns();
	struct pol_question_key key;
	struct pol_asked *asked;
	__u32 at, bytes;
	__u16 type;

	if (!this)
		return 0;
	at = this->packet.before + this->packet.transport + sizeof(struct pol_port_header);
	bytes = this->packet.length - this->packet.transport - sizeof(struct pol_port_header) - POL_DNS_HEADER;
	pol_question_key_of(this, &key);
	if (bpf_skb_load_bytes(skb, at, &key.id, sizeof(key.id)) || bytes < 1)
		return 0;
	asked = pol_asked_make(&key, now);
	if (bytes > POL_DNS_NAME)
		bytes = POL_DNS_NAME;
	/* The verifier of 6.1 wants a lower bound too. */
	bytes--;
	asm volatile("" : "+r"(bytes));
	bytes = (bytes & 0xff) + 1;
	if (!asked || bpf_skb_load_bytes(skb, at + POL_DNS_HEADER, asked->name.text, bytes))
		return 0;
	bytes = pol_name_settle(&asked->name);
	if (!bytes || bpf_skb_load_bytes(skb, at + POL_DNS_HEADER + bytes, &type, sizeof(type)))
		return 0;
	pol_asked_wait(asked, bytes, bpf_ntohs(type), now);
	return 1;
}
