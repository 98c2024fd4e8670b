/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Every packet of a workload's interface (the host's side of a veth pair; a bridge or tunnel behind which there are
 * several), both ways: also what never meets a program on its cgroup, as ICMP, segments to closed ports, packet sockets, and workloads whose processes are none of
 * this machine's. Whose packet it is says the interface, or of several behind it the address. What leaves the workload comes *in* here.
 * At an uplink (an interface of the host through which the traffic of workloads is forwarded) it goes *out*, and the address says whose it is.
 */
#include "../include/interface.h"
#include "../include/track.h"
#include "../include/unreadable.h"

enum {
	POL_ETHERTYPE_ARP = 0x0806,
	/* Let others decide, too; nobody else: it passes. TCX_NEXT, and TC_ACT_UNSPEC before there was tcx. */
	POL_TC_PASS = -1,
	POL_TC_DROP = 2,
};

/* One packet at a time on a CPU (bottom halves are off): the stack is for the functions below. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pol_case);
} tc_case SEC(".maps");

/* Owner of the socket on this machine that the peer's address and port belong to; the host where no workload owns it. */
static __always_inline __u32 pol_tc_local_owner(struct __sk_buff *skb, const struct pol_case *this)
{
	struct bpf_sock *sk = skb->sk;
	__u32 owner;

	/* Towards the workload: the sender's own socket, if it is on this machine. */
	if (this->direction == POL_SECTION_INGRESS) {
		sk = sk ? bpf_sk_fullsock(sk) : 0;
		if (!sk)
			return POL_ENDPOINT_HOST;
		owner = pol_owner_of_socket(this->question.slot, sk);
		return owner ? owner : POL_ENDPOINT_HOST;
	}
	owner = pol_peer_owner(skb, this);
	return owner == POL_OWNER_NO_SOCKET ? POL_ENDPOINT_HOST : owner;
}

/* The peer has an address of the host, about which was asked: if its socket is another's, that is asked about. Returns as pol_verdict_ask does. */
POL_GLOBAL __u64 pol_tc_ask_host(struct __sk_buff *skb, struct pol_case *this)
{
	if (!this)
		return 0;
	this->peer.endpoint = pol_tc_local_owner(skb, this);
	if (this->peer.endpoint == POL_OWNER_UNKNOWN) {
		pol_verdict_fixed(&this->verdict, POL_ACTION_DENY, POL_CAUSE_INTERNAL);
		return 0;
	}
	return this->peer.endpoint == POL_ENDPOINT_HOST ? 0 : pol_verdict_ask(&this->question, &this->peer, &this->verdict);
}

/* As pol_verdict_by_name. */
POL_GLOBAL int pol_tc_ask_names(struct pol_case *this, __u64 named)
{
	if (this)
		pol_verdict_by_name(&this->question, &this->peer, named, &this->verdict);
	return 0;
}

/*
 * On the host's addresses the socket says who the peer is, everywhere else the address: so the address is asked first, with the
 * verdict, and the few that are the host's are decided again by their socket's owner.
 */
static __always_inline int pol_tc_decide(struct __sk_buff *skb, struct pol_case *this)
{
	__u64 named;

	this->peer.endpoint = POL_ENDPOINT_BY_ADDRESS;
	named = pol_verdict_ask(&this->question, &this->peer, &this->verdict);
	if (this->peer.endpoint == POL_ENDPOINT_HOST)
		named = pol_tc_ask_host(skb, this);
	if (named)
		pol_tc_ask_names(this, named);
	return this->verdict.action;
}

/* What becomes of a packet whose connection is allowed: requests are read on the sockets of a cgroup, or not at all. */
static __always_inline int pol_tc_pass(struct pol_case *this, __u32 action, const struct pol_interface *interface)
{
	return interface->has_cgroup || pol_flow_pass(this, action);
}

/*
 * Does the packet open another connection on the ports of one that is there? While that one is opening it is the same one, from whichever
 * side, and later if the packet was sent before.
 */
static __always_inline int pol_track_is_other(const struct pol_case *this, const struct pol_track *track)
{
	return pol_packet_begins(&this->packet) && track->stage != POL_STAGE_OPENING &&
	       (track->direction != this->direction || track->sequence != this->packet.sequence);
}

/* A packet of a known connection: 1 pass, 0 denied (told), -1 it belongs to none any more and is to be decided by itself. */
static __always_inline int pol_track_continue(struct __sk_buff *skb, struct pol_case *this, const struct pol_track_key *key,
					      struct pol_track *track, const struct pol_interface *interface)
{
	__u64 known = pol_word_load(&track->verdict);
	int action;

	this->question.section = track->direction;
	this->question.point = track->point;
	if (known >> 32 == this->revision && track->peer != this->question.subject)
		return pol_tc_pass(this, (__u32)known, interface);
	this->question.has_begun = 1;
	action = pol_tc_decide(skb, this);
	if (action == POL_ACTION_DENY) {
		pol_track_forget(key);
		return track->direction == this->direction ? pol_case_deny(this) : -1;
	}
	track->peer = this->peer.endpoint;
	pol_word_store(&track->verdict, pol_word(this->revision, action));
	return pol_tc_pass(this, action, interface);
}

/* Decides a packet by itself; `key`: the connection that it begins, NULL if it begins none. */
static __always_inline int pol_track_begin(struct __sk_buff *skb, struct pol_case *this, const struct pol_track_key *key,
					   const struct pol_interface *interface)
{
	struct pol_track track = {};

	this->question.section = this->direction;
	this->question.point = this->packet.point;
	this->question.has_begun = 0;
	if (pol_tc_decide(skb, this) == POL_ACTION_DENY)
		return pol_case_deny(this);
	if (!pol_tc_pass(this, this->verdict.action, interface))
		return 0;
	if (key && !(this->packet.tcp_flags & POL_TCP_RESET)) {
		track.seen = bpf_ktime_get_ns();
		track.verdict = pol_word(this->revision, this->verdict.action);
		track.peer = this->peer.endpoint;
		track.point = this->packet.point;
		track.direction = this->direction;
		track.sequence = this->packet.sequence;
		track.stage = pol_packet_begins(&this->packet) ? POL_STAGE_OPENING : POL_STAGE_OPEN;
		if (!pol_track_store(key, &track))
			return pol_case_refuse(this, POL_CAUSE_TABLE_FULL);
	}
	pol_case_admit(this);
	return 1;
}

/* 1 pass, 0 deny. */
POL_GLOBAL int pol_track_judge(struct __sk_buff *skb, struct pol_case *this, const struct pol_interface *interface)
{
	struct pol_track_key key;
	struct pol_track *track;
	__u64 now = bpf_ktime_get_ns();
	int icmp = POL_ICMP_MESSAGE;
	int outcome = -1;

	if (!this || !interface)
		return 0;
	if (pol_packet_is_icmp(&this->packet))
		icmp = pol_icmp_kind_of(&this->packet);
	if (pol_packet_is_icmp(&this->packet) && icmp != POL_ICMP_REQUEST && icmp != POL_ICMP_REPLY)
		return pol_track_begin(skb, this, 0, interface);
	pol_track_key_of(this, icmp, &key);
	track = pol_track_find(&key, now);
	if (track && !pol_track_is_other(this, track)) {
		outcome = pol_track_continue(skb, this, &key, track, interface);
		if (outcome > 0) {
			pol_track_advance(track, this);
			track->seen = now;
		}
	}
	if (outcome < 0)
		outcome = pol_track_begin(skb, this, icmp == POL_ICMP_REPLY ? 0 : &key, interface);
	if (outcome > 0)
		pol_fragment_admit(this, now);
	return outcome;
}

/*
 * Does the workload send with a source that is another's? Its interface has an address of its own, so the host's and those
 * of loopback are foreign here, too.
 */
static __always_inline int pol_tc_is_forged(const struct pol_case *this)
{
	__u32 owner = pol_endpoint_of_address(this->question.slot, pol_case_local(this));

	return owner != POL_ENDPOINT_NONE && owner != this->question.subject;
}

/* What comes from elsewhere is not from the host, nor from a workload that has an interface here. */
static __always_inline int pol_uplink_is_forged(const struct pol_case *this)
{
	__u32 owner = pol_endpoint_of_address(this->question.slot, &this->peer.address);

	return owner == POL_ENDPOINT_HOST || bpf_map_lookup_elem(&interface_of, &owner);
}

static __always_inline int pol_tc_judge(struct __sk_buff *skb, __u8 direction, int is_uplink)
{
	__u32 zero = 0;
	struct pol_case *this = bpf_map_lookup_elem(&tc_case, &zero);
	struct pol_generation now = pol_generation_read();
	__u32 number = skb->ifindex;
	const struct pol_interface *found = bpf_map_lookup_elem(&interfaces, &number);
	struct pol_interface interface = {};
	int kind;

	if (!this)
		return 0;
	__builtin_memset(this, 0, sizeof(*this));
	/* Below IP; without it nobody finds anybody. */
	if (skb->protocol == bpf_htons(POL_ETHERTYPE_ARP))
		return 1;
	if (found)
		interface = *found;
	kind = pol_packet_parse(skb, &this->packet, interface.before);
	if (kind == POL_PACKET_NO_EVENT)
		return 1;
	this->revision = now.revision;
	this->question.slot = now.slot;
	pol_case_orient(this, direction);
	if (!found)
		return pol_case_refuse(this, POL_CAUSE_INTERNAL);
	if (interface.endpoint == POL_ENDPOINT_NONE)
		return 1;
	if (!now.revision)
		return pol_case_refuse(this, POL_CAUSE_INTERNAL);
	this->question.subject = pol_interface_owner(&interface, now.slot, number, pol_case_local(this));
	if (this->question.subject == POL_ENDPOINT_NONE)
		return 1;
	if (direction == POL_SECTION_EGRESS && kind != POL_PACKET_FAMILY && pol_tc_is_forged(this))
		return pol_case_refuse(this, POL_CAUSE_FORGED_SOURCE);
	if (is_uplink && direction == POL_SECTION_INGRESS && kind != POL_PACKET_FAMILY && pol_uplink_is_forged(this))
		return pol_case_refuse(this, POL_CAUSE_FORGED_SOURCE);
	if (kind == POL_PACKET_FRAGMENT && pol_fragment_follows(this, bpf_ktime_get_ns()))
		return 1;
	if (kind != POL_PACKET_EVENT)
		return pol_unreadable_judge(this, kind);
	return pol_track_related(skb, this) || pol_track_judge(skb, this, &interface);
}

/* Exchanges source and destination that stand one behind the other; 0, or an error. */
static __always_inline long pol_tc_exchange(struct __sk_buff *skb, __u32 at, void *ends, __u32 half)
{
	char *first = ends, *second = (char *)ends + half;

	if (bpf_skb_load_bytes(skb, at, ends, 2 * half))
		return -1;
	return bpf_skb_store_bytes(skb, at, second, half, 0) | bpf_skb_store_bytes(skb, at + half, first, half, 0);
}

/*
 * A denied connect fails at once, as on a cgroup: the SYN becomes the reset that a closed port would answer with, and goes
 * back where it came from. Sums over what is exchanged stay as they are. Nothing but a veth pair takes it: elsewhere, and
 * where something fails, the packet is dropped all the same.
 */
POL_GLOBAL int pol_tc_refuse(struct __sk_buff *skb, __u32 before, __u32 transport, __u32 ipv4)
{
	__u32 tcp = before + transport, sum = tcp + __builtin_offsetof(struct pol_tcp_header, checksum);
	__u32 flags = tcp + __builtin_offsetof(struct pol_tcp_header, offset);
	struct pol_tcp_header old, new;
	struct pol_address addresses[2];
	__u16 word[2];

	if (before != 14 || bpf_skb_load_bytes(skb, tcp, &old, sizeof(old)))
		return POL_TC_DROP;
	new = old;
	new.sequence = 0;
	new.acknowledged = bpf_htonl(bpf_ntohl(old.sequence) + 1);
	new.flags = POL_TCP_RESET | POL_TCP_ACK;
	word[0] = old.offset | old.flags << 8;
	word[1] = new.offset | new.flags << 8;
	if (bpf_l4_csum_replace(skb, sum, old.sequence, new.sequence, 4) || bpf_l4_csum_replace(skb, sum, old.acknowledged, new.acknowledged, 4) ||
	    bpf_l4_csum_replace(skb, sum, word[0], word[1], 2))
		return POL_TC_DROP;
	if (bpf_skb_store_bytes(skb, tcp + 4, &new.sequence, 8, 0) || bpf_skb_store_bytes(skb, flags, &word[1], 2, 0))
		return POL_TC_DROP;
	if (pol_tc_exchange(skb, tcp, addresses, 2) || pol_tc_exchange(skb, 0, addresses, 6))
		return POL_TC_DROP;
	if (ipv4 ? pol_tc_exchange(skb, before + 12, addresses, 4) : pol_tc_exchange(skb, before + 8, addresses, 16))
		return POL_TC_DROP;
	return bpf_redirect_peer(skb->ifindex, 0);
}

/* What the workload sends. */
SEC("tc")
int pol_tc_from(struct __sk_buff *skb)
{
	__u32 zero = 0, ipv4 = skb->protocol == bpf_htons(POL_ETHERTYPE_IPV4);
	const struct pol_case *this;

	if (pol_tc_judge(skb, POL_SECTION_EGRESS, 0))
		return POL_TC_PASS;
	this = bpf_map_lookup_elem(&tc_case, &zero);
	if (!this || this->verdict.flags & POL_FLAG_SILENT || this->verdict.cause == POL_CAUSE_MALFORMED || !pol_packet_begins(&this->packet))
		return POL_TC_DROP;
	return pol_tc_refuse(skb, this->packet.before, this->packet.transport, ipv4);
}

/* What is sent to it. */
SEC("tc")
int pol_tc_to(struct __sk_buff *skb)
{
	return pol_tc_judge(skb, POL_SECTION_INGRESS, 0) ? POL_TC_PASS : POL_TC_DROP;
}

/* What workloads send through an uplink. It is past the place where a reset could be sent back from. */
SEC("tc")
int pol_uplink_from(struct __sk_buff *skb)
{
	return pol_tc_judge(skb, POL_SECTION_EGRESS, 1) ? POL_TC_PASS : POL_TC_DROP;
}

/* What is sent to them. */
SEC("tc")
int pol_uplink_to(struct __sk_buff *skb)
{
	return pol_tc_judge(skb, POL_SECTION_INGRESS, 1) ? POL_TC_PASS : POL_TC_DROP;
}
