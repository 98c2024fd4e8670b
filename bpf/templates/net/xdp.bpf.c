/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What is denied early, on an interface of the host, before the kernel has made anything of a packet: what the interface
 * of a workload (tc.bpf.c) would certainly refuse. Only packets from addresses that no endpoint has, to a workload with an
 * interface and an address of its own, and only those that can be no reply: they begin something, and nothing is remembered
 * that they could belong to. The verdict, its cause and its count are those of that place; a packet that is not understood
 * passes on to it.
 */
#include "../include/interface.h"
#include "../include/track.h"

enum { POL_ETHERNET_BYTES = 14, POL_ETHERTYPE_AT = 12 };

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pol_case);
} xdp_case SEC(".maps");

/* Copies bytes of the packet; false where it ends before. */
static __always_inline int pol_xdp_load(struct xdp_md *context, __u32 at, void *to, __u32 size)
{
	const char *data = (const char *)(long)context->data, *end = (const char *)(long)context->data_end;

	if (at > 128 || data + at + size > end)
		return 0;
	__builtin_memcpy(to, data + at, size);
	return 1;
}

/* Addresses and protocol; returns where the transport header begins, 0 for packets with options, extensions, in fragments. */
static __always_inline __u32 pol_xdp_network(struct xdp_md *context, struct pol_packet *packet)
{
	struct pol_ipv4_header four;
	struct pol_ipv6_header six;
	__be16 type;

	if (!pol_xdp_load(context, POL_ETHERTYPE_AT, &type, sizeof(type)))
		return 0;
	if (type == bpf_htons(POL_ETHERTYPE_IPV4)) {
		if (!pol_xdp_load(context, POL_ETHERNET_BYTES, &four, sizeof(four)) || four.version_length != 0x45 ||
		    four.fragment & bpf_htons(0x3fff))
			return 0;
		pol_address_mapped(&packet->source, four.source);
		pol_address_mapped(&packet->destination, four.destination);
		packet->number = four.number;
		packet->protocol = pol_protocol_of(four.number, 1);
		return POL_ETHERNET_BYTES + sizeof(four);
	}
	if (type != bpf_htons(POL_ETHERTYPE_IPV6) || !pol_xdp_load(context, POL_ETHERNET_BYTES, &six, sizeof(six)) || six.version >> 4 != 6)
		return 0;
	packet->source = six.source;
	packet->destination = six.destination;
	packet->number = six.number;
	packet->protocol = pol_protocol_of(six.number, 0);
	return POL_ETHERNET_BYTES + sizeof(six);
}

/* Fills ports and point; false for what could be a reply, or is not read here. */
static __always_inline int pol_xdp_begins(struct xdp_md *context, struct pol_packet *packet, __u32 at)
{
	struct pol_port_header ports;
	struct pol_icmp_header icmp;
	struct pol_tcp_header tcp;

	switch (packet->protocol) {
	case POL_PROTOCOL_TCP:
		if (!pol_xdp_load(context, at, &tcp, sizeof(tcp)))
			return 0;
		packet->source_port = bpf_ntohs(tcp.source);
		packet->destination_port = bpf_ntohs(tcp.destination);
		packet->tcp_flags = tcp.flags;
		break;
	case POL_PROTOCOL_UDP:
		if (!pol_xdp_load(context, at, &ports, sizeof(ports)))
			return 0;
		packet->source_port = bpf_ntohs(ports.source);
		packet->destination_port = bpf_ntohs(ports.destination);
		break;
	case POL_PROTOCOL_ICMP:
	case POL_PROTOCOL_ICMPV6:
		if (!pol_xdp_load(context, at, &icmp, sizeof(icmp)))
			return 0;
		packet->destination_port = icmp.type << 8 | icmp.code;
		packet->echo = bpf_ntohs(icmp.id);
		if (pol_icmp_kind_of(packet) != POL_ICMP_REQUEST)
			return 0;
		break;
	default:
		return 0;
	}
	packet->point = packet->protocol * 65536 + packet->destination_port;
	return packet->protocol != POL_PROTOCOL_TCP || pol_packet_begins(packet);
}

static __always_inline int pol_xdp_denies(struct xdp_md *context, struct pol_case *this)
{
	struct pol_generation now = pol_generation_read();
	__u32 at = pol_xdp_network(context, &this->packet);
	struct pol_track_key key;
	__u32 subject;

	if (!now.revision || !at || !pol_xdp_begins(context, &this->packet, at))
		return 0;
	this->revision = now.revision;
	this->question.slot = now.slot;
	pol_case_orient(this, POL_SECTION_INGRESS);
	subject = pol_endpoint_listed(now.slot, pol_case_local(this));
	if (!subject || !bpf_map_lookup_elem(&interface_of, &subject))
		return 0;
	this->question.subject = subject;
	/* Endpoints may have another road to the workload. */
	if (pol_endpoint_of_address(now.slot, &this->peer.address) != POL_ENDPOINT_NONE)
		return 0;
	pol_track_key_of(this, POL_ICMP_REQUEST, &key);
	if (bpf_map_lookup_elem(&tracked, &key))
		return 0;
	return pol_verdict_decide(&this->question, &this->peer, &this->verdict) == POL_ACTION_DENY;
}

SEC("xdp")
int pol_xdp(struct xdp_md *context)
{
	__u32 zero = 0;
	struct pol_case *this = bpf_map_lookup_elem(&xdp_case, &zero);

	if (!this)
		return XDP_PASS;
	__builtin_memset(this, 0, sizeof(*this));
	if (!pol_xdp_denies(context, this))
		return XDP_PASS;
	pol_case_deny(this);
	return XDP_DROP;
}
