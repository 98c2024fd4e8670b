/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Connections as an interface shows them, without a socket: TCP too. Only allowed ones are remembered; a packet of one
 * passes in both directions, under a new revision the connection is decided again by its first packet. Where a new one
 * cannot be remembered it is denied with the cause `tableFull`: what cannot be followed is not let in. Nobody fills the
 * table for others: a workload may have as many connections as there is room left. So one alone has at most half of all, of n
 * that want all each has one part of n + 1, and as much is left for who comes next.
 */
#pragma once
#include "flow.h"
#include "related.h"

enum { POL_TRACK_ENTRIES = 131072 };
#define POL_SECOND_NS 1000000000ull
/* After its last packet a connection is remembered so long. A TCP connection that is opening or closing, and all without TCP: as in flow.h. */
#define POL_TRACK_OPEN_NS (6ull * 3600 * POL_SECOND_NS)
#define POL_TRACK_CLOSING_NS (10ull * POL_SECOND_NS)
/* The table is swept of what is over, where something new finds no room, at most so often. */
#define POL_TRACK_SWEEP_NS (POL_SECOND_NS / 10)

enum { POL_TCP_FIN = 0x01, POL_TCP_RESET = 0x04 };
enum pol_track_stage {
	POL_STAGE_OPENING, /* TCP: SYN alone */
	POL_STAGE_OPEN,
	POL_STAGE_CLOSING,
};

struct pol_track_key {
	struct pol_address remote;
	struct pol_address local;
	__u32 endpoint; /* the subject */
	__u16 local_port; /* echo: identifier */
	__u16 remote_port; /* echo: the direction of the requests */
	__u8 number; /* IP protocol */
	__u8 reserved[7];
};

struct pol_track {
	__u64 seen; /* nanoseconds, CLOCK_MONOTONIC */
	__u64 verdict; /* revision << 32 | action, one word: nobody sees a new revision with an old action */
	__u32 peer; /* endpoint id */
	__u32 point; /* of the first packet, by which it is decided again */
	__u8 direction; /* of the first packet */
	__u8 stage;
	__u8 ended; /* bit for each direction that sent FIN */
	__u8 reserved;
	__u32 sequence; /* TCP: of the first packet */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, POL_TRACK_ENTRIES);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, struct pol_track_key);
	__type(value, struct pol_track);
} tracked SEC(".maps");

/* Connections of each workload; under POL_ENDPOINT_NONE those of all. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, POL_INTERFACES);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, __u32);
	__type(value, __s64);
} track_shares SEC(".maps");

/* When the table was swept last. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, __u32);
	__type(value, __u64);
} track_swept SEC(".maps");

/* First fragments that passed: later ones have no ports and follow them. */
struct pol_fragment_key {
	struct pol_address source;
	struct pol_address destination;
	__u32 endpoint;
	__u32 id;
	__u8 number; /* IPv4 alone: of IPv6, later fragments name another header */
	__u8 direction;
	__u8 reserved[6];
};
struct pol_fragment {
	__u64 seen;
	__u32 revision;
	__u32 length; /* bytes of the first fragment: a later one must not begin below, or it would rewrite what was decided */
};
enum { POL_FRAGMENT_ENTRIES = 8192 };
#define POL_FRAGMENT_NS (30ull * POL_SECOND_NS)

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, POL_FRAGMENT_ENTRIES);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, struct pol_fragment_key);
	__type(value, struct pol_fragment);
} fragments SEC(".maps");

static __always_inline int pol_track_is_over(const struct pol_track_key *key, const struct pol_track *track, __u64 now)
{
	__u64 limit = POL_FLOW_IDLE_NS;

	if (key->number == POL_NUMBER_TCP && track->stage != POL_STAGE_OPENING)
		limit = track->stage == POL_STAGE_OPEN ? POL_TRACK_OPEN_NS : POL_TRACK_CLOSING_NS;
	/* Signed: another CPU may have seen it a little later than our clock says. */
	return (__s64)(now - track->seen) >= (__s64)limit;
}

static __always_inline struct pol_track *pol_track_find(const struct pol_track_key *key, __u64 now)
{
	struct pol_track *track = bpf_map_lookup_elem(&tracked, key);

	return track && !pol_track_is_over(key, track, now) ? track : 0;
}

static __always_inline __s64 *pol_track_share(__u32 endpoint)
{
	__s64 none = 0;
	__s64 *share = bpf_map_lookup_elem(&track_shares, &endpoint);

	if (share)
		return share;
	bpf_map_update_elem(&track_shares, &endpoint, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(&track_shares, &endpoint);
}

static __always_inline void pol_track_give_back(__u32 endpoint)
{
	__u32 none = POL_ENDPOINT_NONE;
	__s64 *share = bpf_map_lookup_elem(&track_shares, &endpoint);
	__s64 *all = bpf_map_lookup_elem(&track_shares, &none);

	if (share)
		__sync_fetch_and_add(share, -1);
	if (all)
		__sync_fetch_and_add(all, -1);
}

/* Counts one connection more; 0 where the workload has its share. */
static __always_inline int pol_track_take(__u32 endpoint)
{
	__s64 *share = pol_track_share(endpoint), *all = pol_track_share(POL_ENDPOINT_NONE);

	if (!share || !all)
		return 0;
	if (__sync_fetch_and_add(share, 1) < POL_TRACK_ENTRIES - __sync_fetch_and_add(all, 1))
		return 1;
	__sync_fetch_and_add(share, -1);
	__sync_fetch_and_add(all, -1);
	return 0;
}

/* Only who takes it out gives it back. */
static __always_inline void pol_track_forget(const struct pol_track_key *key)
{
	if (!bpf_map_delete_elem(&tracked, key))
		pol_track_give_back(key->endpoint);
}

static long pol_track_sweep_one(void *map, struct pol_track_key *key, struct pol_track *track, __u64 *now)
{
	struct pol_track_key gone = *key;

	if (pol_track_is_over(key, track, *now))
		pol_track_forget(&gone);
	return 0;
}

/* Makes room; false if that was tried a moment ago. */
static __always_inline int pol_track_sweep(__u64 now)
{
	__u32 zero = 0;
	__u64 *swept = bpf_map_lookup_elem(&track_swept, &zero);
	__u64 last;

	if (!swept)
		return 0;
	last = *swept;
	if (now - last < POL_TRACK_SWEEP_NS || __sync_val_compare_and_swap(swept, last, now) != last)
		return 0;
	bpf_for_each_map_elem(&tracked, pol_track_sweep_one, &now, 0);
	return 1;
}

/* Remembers a connection; 0 if there is no room for it. */
static __always_inline int pol_track_store(const struct pol_track_key *key, const struct pol_track *track)
{
	/* In the place of one that is over, or of another CPU's packet. */
	if (!bpf_map_update_elem(&tracked, key, track, BPF_EXIST))
		return 1;
	if (!pol_track_take(key->endpoint) && !(pol_track_sweep(track->seen) && pol_track_take(key->endpoint)))
		return 0;
	if (!bpf_map_update_elem(&tracked, key, track, BPF_NOEXIST))
		return 1;
	pol_track_give_back(key->endpoint);
	return !bpf_map_update_elem(&tracked, key, track, BPF_EXIST);
}

static __always_inline void pol_track_key_of(const struct pol_case *this, int icmp, struct pol_track_key *key)
{
	__builtin_memset(key, 0, sizeof(*key));
	key->remote = this->peer.address;
	key->local = *pol_case_local(this);
	key->endpoint = this->question.subject;
	key->number = this->packet.number;
	if (this->packet.protocol == POL_PROTOCOL_OTHER)
		return;
	if (pol_packet_is_icmp(&this->packet)) {
		key->local_port = this->packet.echo;
		key->remote_port = icmp == POL_ICMP_REPLY ? !this->direction : this->direction;
		return;
	}
	key->local_port = pol_case_local_port(this);
	key->remote_port = pol_case_remote_port(this);
}

static __always_inline int pol_packet_begins(const struct pol_packet *packet)
{
	return packet->protocol == POL_PROTOCOL_TCP && (packet->tcp_flags & (POL_TCP_SYN | POL_TCP_ACK)) == POL_TCP_SYN;
}

/* What a packet does to a TCP connection. */
static __always_inline void pol_track_advance(struct pol_track *track, const struct pol_case *this)
{
	__u8 flags = this->packet.tcp_flags;

	if (this->packet.protocol != POL_PROTOCOL_TCP)
		return;
	if (flags & POL_TCP_FIN)
		track->ended |= 1 << (this->direction & 1);
	if (flags & POL_TCP_RESET || track->ended == 3)
		track->stage = POL_STAGE_CLOSING;
	else if (track->stage == POL_STAGE_OPENING && (flags & POL_TCP_ACK))
		track->stage = POL_STAGE_OPEN;
}

static __always_inline void pol_fragment_key_of(const struct pol_case *this, struct pol_fragment_key *key)
{
	__builtin_memset(key, 0, sizeof(*key));
	key->source = this->packet.source;
	key->destination = this->packet.destination;
	key->endpoint = this->question.subject;
	key->id = this->packet.fragment;
	key->direction = this->direction;
	if (!this->packet.source.word[0] && !this->packet.source.word[1] && this->packet.source.word[2] == bpf_htonl(0xffff))
		key->number = this->packet.number;
}

/* A first fragment passed: those that follow it may, too. */
static __always_inline void pol_fragment_admit(const struct pol_case *this, __u64 now)
{
	struct pol_fragment_key key;
	struct pol_fragment first = {.seen = now, .revision = this->revision};

	if (!this->packet.more_fragments)
		return;
	first.length = this->packet.length - this->packet.fragmented;
	pol_fragment_key_of(this, &key);
	/* Where it cannot be remembered, the later ones are denied. */
	bpf_map_update_elem(&fragments, &key, &first, BPF_ANY);
}

/* May this later fragment pass? */
static __always_inline int pol_fragment_follows(const struct pol_case *this, __u64 now)
{
	const struct pol_fragment *first;
	struct pol_fragment_key key;

	pol_fragment_key_of(this, &key);
	first = bpf_map_lookup_elem(&fragments, &key);
	return first && first->revision == this->revision && (__s64)(now - first->seen) < (__s64)POL_FRAGMENT_NS &&
	       this->packet.offset >= first->length;
}

/* Does this packet pass as an ICMP error about an allowed connection? Otherwise it is an event of its own. */
POL_GLOBAL int pol_track_related(struct __sk_buff *skb, const struct pol_case *this)
{
	const struct pol_track *track;
	struct pol_track_key wanted = {};
	struct pol_flow_key quoted;

	if (!this || !pol_packet_is_icmp(&this->packet) || pol_icmp_kind_of(&this->packet) != POL_ICMP_ERROR)
		return 0;
	if (!pol_quoted_key(skb, this, &quoted))
		return 0;
	/* Any router may tell of it; what is told goes to who is in the connection. */
	if (this->direction == POL_SECTION_EGRESS && !pol_address_equal(&quoted.remote, &this->peer.address))
		return 0;
	wanted.remote = quoted.remote;
	wanted.local = *pol_case_local(this);
	wanted.endpoint = quoted.endpoint;
	wanted.local_port = quoted.local_port;
	wanted.remote_port = quoted.remote_port;
	wanted.number = quoted.number;
	track = pol_track_find(&wanted, bpf_ktime_get_ns());
	return track && pol_word_load(&track->verdict) >> 32 == this->revision;
}
