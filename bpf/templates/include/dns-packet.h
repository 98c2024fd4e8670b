/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Queries over UDP: one packet, one message, decided where the packet is. */
#pragma once
#include "../l7/dns.h"

enum { POL_DNS_NO_BYTE = -1, POL_DNS_SHARED_BYTE = -2 };

/*
 * The byte at `at`. What a sender of this machine put there without a copy (MSG_ZEROCOPY, splice) is not read: it stands in
 * memory that may be written to after the verdict. By itself: two ways to a byte would be twice as many paths with each.
 */
POL_GLOBAL int pol_dns_packet_byte(struct __sk_buff *skb, __u32 at, __u32 from_here)
{
	const __u8 *data = (const __u8 *)(long)skb->data, *end = (const __u8 *)(long)skb->data_end;
	__u8 byte = 0;

	/* The verifier wants to know that offsets are small. */
	if (at < POL_PACKET_NEAR && data + at + 1 <= end)
		return data[at];
	if (bpf_skb_load_bytes(skb, at, &byte, sizeof(byte)))
		return POL_DNS_NO_BYTE;
	return from_here ? POL_DNS_SHARED_BYTE : byte;
}

/* Reads the query of a packet. 1: `dns` holds one; 0: there is none, for `dns->reason`. */
static __always_inline int pol_dns_packet_read(struct __sk_buff *skb, const struct pol_case *this, struct pol_dns *dns,
					       const struct pol_requests *requests, __u32 slot)
{
	__u32 from_here = this->direction == POL_SECTION_EGRESS || this->near;
	const struct pol_packet *packet = &this->packet;
	__u32 base = packet->before + packet->transport + sizeof(struct pol_port_header);
	struct pol_port_header header;
	int outcome = POL_DNS_GOES_ON;

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
	for (__u32 i = 0; i < POL_DNS_BYTES; i++) {
		int byte = i < dns->length ? pol_dns_packet_byte(skb, base + i, from_here) : POL_DNS_NO_BYTE;

		if (byte == POL_DNS_SHARED_BYTE)
			dns->reason = POL_REASON_AMBIGUOUS_QUERY;
		if (byte < 0)
			break;
		outcome = pol_dns_byte(dns, requests, slot, byte);
		if (outcome != POL_DNS_GOES_ON)
			break;
	}
	return outcome == POL_DNS_READ;
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

/* Decides, counts and tells the query of one packet. `row`: base of the verdicts of queries. 1 pass, 0 deny. */
POL_GLOBAL int pol_dns_judge(struct __sk_buff *skb, struct pol_case *this, __u32 row)
{
	__u32 class = POL_CLASS_UNDECIDABLE;
	struct pol_tables tables;
	struct pol_event *event;
	struct pol_dns dns = {};

	if (!this)
		return 0;
	dns.reason = POL_REASON_NOT_INSPECTABLE;
	if (pol_tables_find(&tables, &t_dns, this->question.slot) &&
	    pol_dns_packet_read(skb, this, &dns, tables.requests, tables.slot)) {
		dns.reason = POL_REASON_NONE;
		class = pol_dns_class(&dns, &tables);
	}
	pol_verdict_at(this->question.slot, row, class, &this->verdict);
	pol_dns_raise(this, &dns);
	event = pol_event_reserve();
	if (event) {
		pol_dns_describe(event, this, &dns);
		pol_dns_packet_show(skb, &this->packet, &dns, event);
		bpf_ringbuf_submit(event, 0);
	}
	return this->verdict.action == POL_ACTION_ALLOW;
}
