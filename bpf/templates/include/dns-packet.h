/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Queries over UDP: one packet, one message, decided where the packet is. */
#pragma once
#include "../l7/dns.h"
#include "dns-answer.h"

/*
 * What becomes of a packet: denied, passed, to be decided as the query that it is, or passed once that query was noted, or once what the
 * answer in it names was learned.
 */
enum { POL_FLOW_DENIED, POL_FLOW_PASSES, POL_FLOW_QUERY, POL_FLOW_QUESTION, POL_FLOW_ANSWER };

/* A message in a packet. */
struct pol_dns_packet {
	struct __sk_buff *skb;
	__u32 base; /* where it begins */
	/*
	 * What a sender of this machine put there without a copy (MSG_ZEROCOPY, splice) is not read: it stands in memory that may be
	 * written to after the verdict.
	 */
	__u32 from_here;
};

/* Bytes from `at` on that are in memory of the packet's own. */
static __always_inline __u32 pol_dns_packet_own(struct __sk_buff *skb, __u32 at)
{
	__u32 own = skb->data_end - skb->data;

	return at < own ? own - at : 0;
}

static __always_inline int pol_dns_load(const void *source, struct pol_dns *dns, struct pol_dns_part *part)
{
	const struct pol_dns_packet *packet = source;
	__u32 at = packet->base + dns->at, length = dns->length - dns->at, own;

	part->read = 0;
	if (dns->at >= dns->length)
		return 0;
	if (length > POL_DNS_PART)
		length = POL_DNS_PART;
	own = packet->from_here ? pol_dns_packet_own(packet->skb, at) : length;
	if (!own)
		dns->reason = POL_REASON_AMBIGUOUS_QUERY;
	if (length > own)
		length = own;
	if (!length)
		return 0;
	/* Changes nothing: the verifier of 6.1 concludes no lower bound from a comparison with 0. */
	length--;
	asm volatile("" : "+r"(length));
	length = (length & (POL_DNS_PART - 1)) + 1;
	part->length = length;
	return !bpf_skb_load_bytes(packet->skb, at, part->byte, length);
}

/* Reads the query of a packet. 1: `dns` holds one; 0: there is none, for `dns->reason`. */
static __always_inline int pol_dns_packet_read(struct __sk_buff *skb, const struct pol_case *this, struct pol_dns *dns,
					       const struct pol_tables *tables)
{
	const struct pol_packet *packet = &this->packet;
	struct pol_dns_packet source = {
		.skb = skb,
		.base = packet->before + packet->transport + sizeof(struct pol_port_header),
		.from_here = this->direction == POL_SECTION_EGRESS || this->near,
	};
	struct pol_port_header header;

	dns->reason = POL_REASON_MALFORMED_QUERY;
	if (pol_packet_load(skb, packet->before + packet->transport, &header, sizeof(header)))
		return 0;
	/* One packet of several messages (UDP_SEGMENT): servers see each of them by itself. */
	if (skb->gso_size) {
		dns->reason = POL_REASON_AMBIGUOUS_QUERY;
		return 0;
	}
	dns->length = bpf_ntohs(header.length) - sizeof(header);
	/* Bytes behind the datagram belong to no message. */
	if (bpf_ntohs(header.length) < sizeof(header) || packet->transport + sizeof(header) + dns->length != packet->length)
		return 0;
	return pol_dns_read(&source, dns, tables);
}

/* Shows the question as it was sent. */
static __always_inline void pol_dns_packet_show(struct __sk_buff *skb, const struct pol_packet *packet, const struct pol_dns *dns,
						struct pol_event *event)
{
	__u32 at = packet->before + packet->transport + sizeof(struct pol_port_header) + POL_DNS_HEADER;
	__u32 bytes = pol_dns_shown(dns);

	if (!bytes)
		return;
	/* The verifier of 6.1 wants a lower bound too. */
	bytes--;
	asm volatile("" : "+r"(bytes));
	bytes = (bytes & (POL_LIMIT_EVENT_TEXT - 1)) + 1;
	if (!bpf_skb_load_bytes(skb, at, event->text, bytes))
		event->text_length = bytes;
}

/* Decides, counts and tells the query of one packet. `this->verdict.next`: base of the verdicts of queries. DENIED, PASSES or QUESTION. */
POL_GLOBAL int pol_dns_judge(struct __sk_buff *skb, struct pol_case *this)
{
	__u32 class = POL_CLASS_UNDECIDABLE;
	struct pol_tables tables;
	struct pol_event *event;
	struct pol_dns dns = {};

	if (!this)
		return 0;
	dns.reason = POL_REASON_NOT_INSPECTABLE;
	if (pol_tables_find(&tables, &t_dns, this->question.slot) &&
	    pol_dns_packet_read(skb, this, &dns, &tables)) {
		dns.reason = POL_REASON_NONE;
		class = pol_dns_class(&dns, &tables);
	}
	pol_verdict_at(this->question.slot, this->verdict.next, class, &this->verdict);
	pol_dns_raise(this, &dns);
	event = pol_event_reserve();
	if (event) {
		pol_dns_describe(event, this, &dns);
		pol_dns_packet_show(skb, &this->packet, &dns, event);
		bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	}
	if (this->verdict.action != POL_ACTION_ALLOW)
		return POL_FLOW_DENIED;
	return this->verdict.flags & POL_FLAG_NAMING ? POL_FLOW_QUESTION : POL_FLOW_PASSES;
}

/* A query that leaves now. 1 pass, 0 deny: there is no room to take its answer by. */
POL_GLOBAL int pol_question_judge(struct __sk_buff *skb, struct pol_case *this)
{
	if (!this)
		return 0;
	return pol_question_note(skb, this) || pol_case_refuse(this, POL_CAUSE_TABLE_FULL);
}

/* An answer that was loaded: what it names holds from now on. 1 pass, 0 deny. */
POL_GLOBAL int pol_answer_learned(struct pol_case *this)
{
	__u32 zero = 0;
	struct pol_answer *answer = bpf_map_lookup_elem(&answers, &zero);

	return this && answer && pol_answer_refuse(this, pol_answer_take(answer));
}

/* The answer to a query that was noted: what it names holds before anybody reads it. 1 pass, 0 deny. */
POL_GLOBAL int pol_answer_judge(struct __sk_buff *skb, struct pol_case *this)
{
	__u32 zero = 0, base, length;
	struct pol_answer *answer = bpf_map_lookup_elem(&answers, &zero);

	if (!this || !answer)
		return 0;
	/* Where no rule is about a name, none is learned. */
	if (!pol_names_are_asked(this->question.slot))
		return 1;
	base = this->packet.before + this->packet.transport + sizeof(struct pol_port_header);
	length = this->packet.length - this->packet.transport - sizeof(struct pol_port_header);
	pol_question_key_of(this, &answer->key);
	if (bpf_skb_load_bytes(skb, base, &answer->key.id, sizeof(answer->key.id)))
		return 1;
	if (!pol_answer_is_due(this->question.slot, &answer->key))
		return 1;
	if (skb->gso_size || !pol_answer_load(skb, answer, base, length))
		return pol_answer_refuse(this, POL_ANSWER_UNREADABLE);
	return pol_answer_learned(this);
}
