/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Queries and answers over UDP at ports that somebody wants to see (policyd run --observe-dns): told and counted, never decided. What
 * cannot be read of them is not told. Read where they are, as a buffer of its own has no place on the way out.
 */
#pragma once
#include "dns-packet.h"
#include "port-bits.h"

POL_PORT_BITS(dns_observed);

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, POL_LIMIT_ANSWER_COUNTERS);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, __u32); /* type (of those that are not counted by themselves the next), code of the response, addresses in it */
	__type(value, __u64);
} dns_responses SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, POL_LIMIT_ANSWER_COUNTERS);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, __u32); /* type that was asked for, type of a record in the answer (of both as above) */
	__type(value, __u64);
} dns_response_types SEC(".maps");

/* As far as a message is read: a place in its packet, from the first byte that programs see, and its end. */
struct pol_seen {
	__u32 at;
	__u32 end;
	__u32 type; /* that was asked for */
	__u32 addresses; /* in memory: the verifier of 6.1 would follow each number by itself */
};

/* Goes behind the name at `seen->at`; 0: it has no end. `is_question`: it is written out. */
POL_GLOBAL int pol_seen_name(struct __sk_buff *skb, struct pol_seen *seen, int is_question)
{
	__u8 length;

	if (!seen)
		return 0;
	for (int i = 0; i < POL_DNS_NAME / 2 + 1; i++) {
		if (seen->at >= seen->end || bpf_skb_load_bytes(skb, seen->at, &length, 1))
			return 0;
		if (length > 63) {
			seen->at += 2;
			return length >= 0xc0 && !is_question && seen->at <= seen->end;
		}
		seen->at += length + 1;
		if (!length)
			return 1;
	}
	return 0;
}

static __always_inline __u32 pol_type_counted(__u32 type)
{
	return type < POL_LIMIT_QUERY_TYPES ? type : POL_LIMIT_QUERY_TYPES;
}

/* Counts a record of an answer. By itself: the loop over records would go through it each time. */
POL_GLOBAL int pol_answer_type_count(__u32 asked, __u32 type)
{
	__u32 key = pol_type_counted(asked) << 16 | pol_type_counted(type);

	if (!pol_entry_raise(&dns_response_types, &key))
		pol_lost_raise(POL_LOST_COUNTERS_FULL);
	return 0;
}

/* Addresses among the records from `seen->at` on, which are counted by their types; what cannot be read ends them. */
POL_GLOBAL int pol_seen_addresses(struct __sk_buff *skb, struct pol_seen *seen, __u32 records)
{
	__u16 head[POL_DNS_RECORD_HEAD / 2];

	if (!seen)
		return 0;
	seen->addresses = 0;
	for (__u32 i = 0; i < POL_ANSWER_RECORDS && i < records; i++) {
		__u32 type;

		if (!pol_seen_name(skb, seen, 0) || bpf_skb_load_bytes(skb, seen->at, head, sizeof(head)))
			break;
		type = bpf_ntohs(head[0]);
		seen->at += sizeof(head) + bpf_ntohs(head[4]);
		if (seen->at > seen->end)
			break;
		pol_answer_type_count(seen->type, type);
		seen->addresses += (type == POL_DNS_TYPE_A) | (type == POL_DNS_TYPE_AAAA);
	}
	return seen->addresses;
}

static __always_inline void pol_answer_count(__u32 type, __u32 code, __u32 addresses)
{
	__u32 key = pol_type_counted(type) << 16 | code << 8 | addresses;

	if (!pol_entry_raise(&dns_responses, &key))
		pol_lost_raise(POL_LOST_COUNTERS_FULL);
}

/* Tells the message from `at` on; of an answer all that there is room for, of a query its question. */
static __always_inline void pol_seen_tell(struct __sk_buff *skb, const struct pol_case *this, const struct pol_seen *text, int is_answer)
{
	struct pol_event *event = pol_event_reserve();
	__u32 bytes = text->end - text->at;

	if (!event)
		return;
	pol_case_describe(event, this);
	event->protocol = POL_PROTOCOL_DNS;
	event->verdict = pol_verdict_hubble(&this->verdict);
	event->domain = POL_DOMAIN_DNS;
	event->carrier = this->packet.protocol;
	event->is_answer = is_answer;
	if (bytes > POL_LIMIT_EVENT_TEXT)
		bytes = POL_LIMIT_EVENT_TEXT;
	/* The verifier of 6.1 wants a lower bound too. */
	bytes--;
	asm volatile("" : "+r"(bytes));
	bytes = (bytes & (POL_LIMIT_EVENT_TEXT - 1)) + 1;
	if (!bpf_skb_load_bytes(skb, text->at, event->text, bytes))
		event->text_length = bytes;
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
}

/* Is a packet of a port that is looked at: the one that its flow's first packet went to? */
static __always_inline int pol_dns_is_observed(const struct pol_case *this)
{
	__u16 port = this->question.section == POL_SECTION_EGRESS ? pol_case_remote_port(this) : pol_case_local_port(this);

	return this->packet.protocol == POL_PROTOCOL_UDP && pol_port_in(&dns_observed, port);
}

/* A packet that passes, of a flow that a workload began or was asked by; no query that was judged, and told by that. */
POL_GLOBAL int pol_dns_observe(struct __sk_buff *skb, const struct pol_case *this)
{
	__u8 header[POL_DNS_HEADER];
	struct pol_dns dns = {};
	struct pol_seen seen, text = {};
	int is_answer;
	__u16 type;

	if (!this || skb->gso_size)
		return 0;
	text.at = this->packet.before + this->packet.transport + sizeof(struct pol_port_header);
	text.end = this->packet.before + this->packet.length;
	seen = text;
	if (bpf_skb_load_bytes(skb, seen.at, header, sizeof(header)))
		return 0;
	is_answer = header[2] >> 7;
	/* Queries go as their flow does, answers the other way; of one question. */
	if (is_answer != (this->direction != this->question.section) || header[4] || header[5] != 1)
		return 0;
	seen.at += sizeof(header);
	if (!pol_seen_name(skb, &seen, 1) || seen.at + POL_DNS_KIND > seen.end || bpf_skb_load_bytes(skb, seen.at, &type, sizeof(type)))
		return 0;
	seen.at += POL_DNS_KIND;
	dns.type = bpf_ntohs(type);
	seen.type = dns.type;
	if (is_answer) {
		pol_answer_count(dns.type, header[3] & 0xf, pol_seen_addresses(skb, &seen, header[6] << 8 | header[7]));
	} else {
		pol_dns_count(&dns, 0);
		text.at += sizeof(header);
		text.end = seen.at;
	}
	pol_seen_tell(skb, this, &text, is_answer);
	return 0;
}
