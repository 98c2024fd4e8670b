/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What a packet is, as policy sees it: addresses, transport point, ports, and whether it is one to be judged at all.
 * Headers are copied (pol_packet_load), so paged and short packets take the same road as all others; every read is
 * checked by the helper, and one that fails makes the packet malformed. Offsets count from the IP header, wherever the
 * hook's data begins.
 */
#pragma once
#include <bpf/bpf_endian.h>
#include "verdict.h"

enum {
	POL_ETHERTYPE_IPV4 = 0x0800,
	POL_ETHERTYPE_IPV6 = 0x86dd,
	POL_NUMBER_HOP_BY_HOP = 0,
	POL_NUMBER_ICMP = 1,
	POL_NUMBER_TCP = 6,
	POL_NUMBER_UDP = 17,
	POL_NUMBER_ROUTING = 43,
	POL_NUMBER_FRAGMENT = 44,
	POL_NUMBER_ICMPV6 = 58,
	POL_NUMBER_DESTINATION_OPTIONS = 60,
	POL_NUMBER_SCTP = 132,
	POL_TCP_SYN = 0x02,
	POL_TCP_ACK = 0x10,
	POL_TCP_URG = 0x20,
	/* More extension headers than this are malformed (RFC 8200 has each once, destination options twice). */
	POL_EXTENSIONS = 8,
	/* Most headers begin before it. */
	POL_PACKET_NEAR = 1024,
};

enum pol_packet_kind {
	POL_PACKET_EVENT,
	POL_PACKET_NO_EVENT, /* neighbour discovery, MLD */
	POL_PACKET_MALFORMED,
	POL_PACKET_FRAGMENT, /* a later fragment: no ports */
	POL_PACKET_FAMILY, /* neither IPv4 nor IPv6 */
};

struct pol_packet {
	struct pol_address source;
	struct pol_address destination;
	__u32 point; /* of the transport line */
	__u32 payload; /* TCP: bytes after its header */
	__u32 sequence; /* TCP: of its first byte */
	__u16 transport; /* offset of the transport header */
	__u16 source_port; /* host order; 0 where there are none */
	__u16 destination_port; /* host order; icmp: type * 256 + code; other: protocol number */
	__u16 echo; /* ICMP echo: identifier */
	__u8 number; /* IP protocol number */
	__u8 protocol; /* POL_PROTOCOL_*, which is also the slot of the transport line */
	__u8 tcp_flags;
	__u8 hop_limit;
	__u8 more_fragments; /* a first fragment: the transport header has to be whole */
	__u32 before; /* bytes before the IP header, where the hook's data begins */
	__u32 length; /* of the packet, from the IP header on */
	__u32 fragment; /* of a fragment: its identification, as it stands there */
	__u16 offset; /* of a fragment: where it begins in the whole, in bytes */
	__u16 fragmented; /* of a fragment: offset of its part of the whole */
};

struct pol_ipv4_header {
	__u8 version_length, service;
	__be16 length, id, fragment;
	__u8 hop_limit, number;
	__be16 checksum;
	__u32 source, destination;
};
struct pol_ipv6_header {
	__u8 version, flow[3];
	__be16 length;
	__u8 number, hop_limit;
	struct pol_address source, destination;
};
struct pol_tcp_header {
	__be16 source, destination;
	__be32 sequence, acknowledged;
	__u8 offset, flags;
	__be16 window, checksum, urgent;
};
/* UDP; of SCTP and ICMP errors only the beginning is this one's. */
struct pol_port_header {
	__be16 source, destination;
	__be16 length, checksum;
};
struct pol_icmp_header {
	__u8 type, code;
	__be16 checksum, id, sequence;
};
struct pol_extension_header {
	__u8 next, length; /* length: in units of 8 bytes, the first not counted; fragment header: reserved */
	__u8 type, segments_left; /* routing header; fragment header: offset and flags */
	__be32 rest;
};

/*
 * Copies `size` bytes, a multiple of 4, from `at` on: where they stand in the packet's first piece at once, else (paged, or too
 * short) by the helper, which costs as much as the rest of a header's reading. In words, though they may stand at any place:
 * told nothing clang reads byte by byte, and that is most of what reading a packet costs.
 */
static __always_inline int pol_packet_load(struct __sk_buff *skb, __u32 at, void *to, __u32 size)
{
	const char *data = (const char *)(long)skb->data, *end = (const char *)(long)skb->data_end;

	/* The verifier wants to know that offsets are small. */
	if (at < POL_PACKET_NEAR && data + at + size <= end) {
		__builtin_memcpy(to, __builtin_assume_aligned(data + at, 4), size);
		return 0;
	}
	return bpf_skb_load_bytes(skb, at, to, size);
}

/* Options that send a packet elsewhere than its destination says (RFC 791): loose and strict source route. */
POL_GLOBAL int pol_ipv4_has_source_route(struct __sk_buff *skb, __u32 before, __u32 end)
{
	__u32 at = sizeof(struct pol_ipv4_header);

	/* At most 40 bytes of options: as many steps, for every one takes a byte at least. */
	for (int step = 0; step < 40 && at < end; step++) {
		__u8 option[2] = {};

		if (bpf_skb_load_bytes(skb, before + at, option, 1))
			return 1;
		if (option[0] == 0)
			return 0;
		if (option[0] == 1) {
			at++;
			continue;
		}
		if (option[0] == 131 || option[0] == 137 || bpf_skb_load_bytes(skb, before + at + 1, option + 1, 1) || option[1] < 2)
			return 1;
		at += option[1];
	}
	return at > end;
}

static __always_inline int pol_parse_ipv4(struct __sk_buff *skb, struct pol_packet *packet)
{
	struct pol_ipv4_header header;
	__u32 length;
	__u16 fragment;

	if (pol_packet_load(skb, packet->before, &header, sizeof(header)) || header.version_length >> 4 != 4)
		return POL_PACKET_MALFORMED;
	pol_address_mapped(&packet->source, header.source);
	pol_address_mapped(&packet->destination, header.destination);
	packet->number = header.number;
	packet->hop_limit = header.hop_limit;
	length = (header.version_length & 0xf) * 4;
	if (length < sizeof(header) || length > packet->length)
		return POL_PACKET_MALFORMED;
	if (length > sizeof(header) && pol_ipv4_has_source_route(skb, packet->before, length))
		return POL_PACKET_MALFORMED;
	packet->transport = length;
	fragment = bpf_ntohs(header.fragment);
	packet->more_fragments = !!(fragment & 0x2000);
	packet->offset = (fragment & 0x1fff) * 8;
	packet->fragmented = length;
	if (fragment & 0x3fff)
		packet->fragment = header.id;
	return fragment & 0x1fff ? POL_PACKET_FRAGMENT : POL_PACKET_EVENT;
}

/* Does this number of an IPv6 packet name a header that another follows, whose length is told in its second byte or, of a fragment, fixed? */
static __always_inline int pol_number_is_extension(__u8 number)
{
	return number == POL_NUMBER_HOP_BY_HOP || number == POL_NUMBER_ROUTING || number == POL_NUMBER_FRAGMENT ||
	       number == POL_NUMBER_DESTINATION_OPTIONS;
}

POL_GLOBAL int pol_parse_ipv6(struct __sk_buff *skb, struct pol_packet *packet)
{
	struct pol_extension_header extension;
	struct pol_ipv6_header header;
	__u32 at = sizeof(header);
	__u8 next;

	if (!packet)
		return POL_PACKET_MALFORMED;
	if (pol_packet_load(skb, packet->before, &header, sizeof(header)) || header.version >> 4 != 6)
		return POL_PACKET_MALFORMED;
	packet->source = header.source;
	packet->destination = header.destination;
	packet->hop_limit = header.hop_limit;
	next = header.number;
	for (int i = 0; i < POL_EXTENSIONS; i++) {
		if (!pol_number_is_extension(next)) {
			packet->number = next;
			packet->transport = at;
			return POL_PACKET_EVENT;
		}
		if (pol_packet_load(skb, packet->before + at, &extension, sizeof(extension)))
			return POL_PACKET_MALFORMED;
		/* With segments left the packet's destination is a stop on its way: its peer cannot be known. */
		if (next == POL_NUMBER_ROUTING && extension.segments_left)
			return POL_PACKET_MALFORMED;
		if (next == POL_NUMBER_FRAGMENT) {
			__u16 fragment = extension.type << 8 | extension.segments_left;

			packet->number = extension.next;
			packet->more_fragments = fragment & 1;
			packet->offset = fragment & ~7;
			packet->fragment = extension.rest;
			packet->fragmented = at + 8;
			if (fragment & ~7)
				return POL_PACKET_FRAGMENT;
			at += 8;
		} else {
			at += 8 + extension.length * 8;
		}
		next = extension.next;
	}
	return POL_PACKET_MALFORMED;
}

/* Not events: neighbour discovery (hop limit 255, RFC 4861), MLD (hop limit 1, RFC 2710 and 3810). */
static __always_inline int pol_icmpv6_is_link_signalling(const struct pol_icmp_header *header, __u8 hop_limit)
{
	if (header->type >= 133 && header->type <= 137)
		return hop_limit == 255 && header->code == 0;
	return hop_limit == 1 && header->code == 0 && ((header->type >= 130 && header->type <= 132) || header->type == 143);
}

static __always_inline int pol_parse_icmp(struct __sk_buff *skb, struct pol_packet *packet)
{
	struct pol_icmp_header header;

	if (pol_packet_load(skb, packet->before + packet->transport, &header, sizeof(header)))
		return POL_PACKET_MALFORMED;
	packet->destination_port = header.type << 8 | header.code;
	packet->echo = bpf_ntohs(header.id);
	if (packet->protocol == POL_PROTOCOL_ICMPV6 && pol_icmpv6_is_link_signalling(&header, packet->hop_limit))
		return POL_PACKET_NO_EVENT;
	return POL_PACKET_EVENT;
}

static __always_inline int pol_parse_tcp(struct __sk_buff *skb, struct pol_packet *packet)
{
	struct pol_tcp_header header;
	__u32 length, end;

	if (pol_packet_load(skb, packet->before + packet->transport, &header, sizeof(header)))
		return POL_PACKET_MALFORMED;
	packet->source_port = bpf_ntohs(header.source);
	packet->destination_port = bpf_ntohs(header.destination);
	packet->tcp_flags = header.flags;
	length = (header.offset >> 4) * 4;
	end = packet->transport + length;
	if (length < sizeof(header) || end > packet->length)
		return POL_PACKET_MALFORMED;
	packet->payload = packet->length - end;
	packet->sequence = bpf_ntohl(header.sequence);
	return POL_PACKET_EVENT;
}

static __always_inline int pol_parse_ports(struct __sk_buff *skb, struct pol_packet *packet)
{
	struct pol_port_header header;

	/* Eight bytes: all of UDP's header, ports and verification tag of SCTP's. */
	if (pol_packet_load(skb, packet->before + packet->transport, &header, sizeof(header)))
		return POL_PACKET_MALFORMED;
	packet->source_port = bpf_ntohs(header.source);
	packet->destination_port = bpf_ntohs(header.destination);
	return POL_PACKET_EVENT;
}

/* POL_PROTOCOL_* of an IP protocol number. ICMP of the other family is some other protocol. */
static __always_inline __u8 pol_protocol_of(__u8 number, int ipv4)
{
	switch (number) {
	case POL_NUMBER_TCP:
		return POL_PROTOCOL_TCP;
	case POL_NUMBER_UDP:
		return POL_PROTOCOL_UDP;
	case POL_NUMBER_SCTP:
		return POL_PROTOCOL_SCTP;
	case POL_NUMBER_ICMP:
		return ipv4 ? POL_PROTOCOL_ICMP : POL_PROTOCOL_OTHER;
	case POL_NUMBER_ICMPV6:
		return ipv4 ? POL_PROTOCOL_OTHER : POL_PROTOCOL_ICMPV6;
	default:
		return POL_PROTOCOL_OTHER;
	}
}

/* As pol_packet_parse, of any packet. */
POL_GLOBAL int pol_packet_parse_any(struct __sk_buff *skb, struct pol_packet *packet, __u32 before)
{
	int ipv4, kind;

	if (!packet)
		return POL_PACKET_MALFORMED;
	__builtin_memset(packet, 0, sizeof(*packet));
	packet->before = before;
	packet->length = skb->len > before ? skb->len - before : 0;
	packet->protocol = POL_PROTOCOL_OTHER;
	ipv4 = skb->protocol == bpf_htons(POL_ETHERTYPE_IPV4);
	if (!ipv4 && skb->protocol != bpf_htons(POL_ETHERTYPE_IPV6))
		return POL_PACKET_FAMILY;
	kind = ipv4 ? pol_parse_ipv4(skb, packet) : pol_parse_ipv6(skb, packet);
	packet->protocol = pol_protocol_of(packet->number, ipv4);
	if (kind != POL_PACKET_EVENT)
		return kind;
	if (packet->protocol == POL_PROTOCOL_TCP)
		kind = pol_parse_tcp(skb, packet);
	else if (packet->protocol == POL_PROTOCOL_UDP || packet->protocol == POL_PROTOCOL_SCTP)
		kind = pol_parse_ports(skb, packet);
	else if (packet->protocol != POL_PROTOCOL_OTHER)
		kind = pol_parse_icmp(skb, packet);
	else
		packet->destination_port = packet->number;
	packet->point = packet->protocol * 65536 + packet->destination_port;
	return kind;
}

/*
 * As pol_packet_parse_any, of what nearly all packets are: TCP or UDP over IPv4, without options or fragments, with headers in the
 * packet's first piece. False: it is not such a packet. Inline, since a return costs as much as both headers where processors
 * must not guess whereto (AMD, "safe ret").
 */
static __always_inline int pol_packet_parse_plain(struct __sk_buff *skb, struct pol_packet *packet, __u32 before)
{
	const char *data = (const char *)(long)skb->data, *end = (const char *)(long)skb->data_end;
	const struct pol_ipv4_header *ip;
	const struct pol_tcp_header *tcp;
	__u32 length, headers = sizeof(*ip) + sizeof(struct pol_port_header);

	if (skb->protocol != bpf_htons(POL_ETHERTYPE_IPV4) || before >= POL_PACKET_NEAR || data + before + headers > end)
		return 0;
	ip = (const struct pol_ipv4_header *)(data + before);
	if (ip->version_length != 0x45 || ip->fragment & bpf_htons(0x3fff))
		return 0;
	length = skb->len - before;
	*packet = (struct pol_packet){
		.transport = sizeof(*ip),
		.number = ip->number,
		.hop_limit = ip->hop_limit,
		.before = before,
		.length = length,
		.fragmented = sizeof(*ip),
	};
	pol_address_mapped(&packet->source, ip->source);
	pol_address_mapped(&packet->destination, ip->destination);
	tcp = (const struct pol_tcp_header *)(ip + 1);
	packet->source_port = bpf_ntohs(tcp->source);
	packet->destination_port = bpf_ntohs(tcp->destination);
	if (packet->number == POL_NUMBER_UDP) {
		packet->protocol = POL_PROTOCOL_UDP;
		packet->point = POL_PROTOCOL_UDP * 65536 + packet->destination_port;
		return 1;
	}
	if (packet->number != POL_NUMBER_TCP || (const char *)(tcp + 1) > end)
		return 0;
	headers = sizeof(*ip) + (tcp->offset >> 4) * 4;
	if (headers < sizeof(*ip) + sizeof(*tcp) || headers > length)
		return 0;
	packet->protocol = POL_PROTOCOL_TCP;
	packet->point = POL_PROTOCOL_TCP * 65536 + packet->destination_port;
	packet->tcp_flags = tcp->flags;
	packet->sequence = bpf_ntohl(tcp->sequence);
	packet->payload = length - headers;
	return 1;
}

/*
 * Fills `packet` of a hook whose data begins so many bytes before the IP header; returns a pol_packet_kind. What was read
 * before a fault is there, for the report.
 */
static __always_inline int pol_packet_parse(struct __sk_buff *skb, struct pol_packet *packet, __u32 before)
{
	return pol_packet_parse_plain(skb, packet, before) ? POL_PACKET_EVENT : pol_packet_parse_any(skb, packet, before);
}
