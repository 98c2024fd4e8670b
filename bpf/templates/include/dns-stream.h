/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What a DNS server sends over TCP, as cgroup_skb sees it go by before its reader: messages behind lengths of two bytes, cut anywhere.
 * They are read in the order of their bytes; a packet that comes too early is left to be sent again. Kept on the socket, so that it
 * cannot overflow and goes when the socket goes.
 */
#pragma once
#include "maps.h"

/* How long an answer is that is read: a power of two. And how much of one is read at a time. */
enum { POL_ANSWER_BYTES = 4096, POL_ANSWER_PIECE = 1024 };

struct pol_dns_stream {
	__u64 cookie; /* the socket's */
	__u32 next; /* sequence number of the next byte to read */
	__u32 read; /* bytes of the message that comes, its length included */
	__u32 length; /* as far as it is there */
	__u32 reading; /* 1 while a CPU reads */
	__u32 due; /* 1: so much of it is there as is read of any */
	__u32 lost; /* 1: an answer was refused, and nothing behind it passes */
	__u8 bytes[POL_ANSWER_BYTES + POL_ANSWER_PIECE]; /* of the message; the rest is for the verifier, which knows no sums */
};
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, int);
	__type(value, struct pol_dns_stream);
} dns_streams SEC(".maps");

/* From the byte `next` on; 0: there is no room. */
static __always_inline int pol_dns_stream_begin(struct bpf_sock *sk, __u64 cookie, __u32 next)
{
	struct pol_dns_stream *stream = sk ? bpf_sk_storage_get(&dns_streams, sk, 0, BPF_SK_STORAGE_GET_F_CREATE) : 0;

	if (!stream)
		return 0;
	/* The socket may have had another connection before. */
	stream->cookie = cookie;
	stream->next = next;
	stream->read = 0;
	stream->reading = 0;
	stream->due = 0;
	stream->lost = 0;
	return 1;
}
