/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What became of a request that passed. The programs that read requests say which responses are due (response-due.h); cgroup_skb reads
 * them as they go by (response-frames.h). That makes the counters of requests and their durations, tells their status, and says whether the
 * connection speaks another protocol from there on (101).
 */
#pragma once
#include "count.h"

enum { POL_RESPONSE_CONNECTIONS = 65536 }; /* inspected at one time; more are refused (uninspectable) */

enum {
	POL_RESPONSE_NONE,
	POL_RESPONSE_AWAITED,
	POL_RESPONSE_SWITCHED, /* 101 */
	POL_RESPONSE_OTHER,
	POL_RESPONSE_UNREAD, /* it came, and what it says cannot be told from its first packet */
};

/* Is every response read as far as it takes to know where it ends? */
enum {
	POL_FRAMES_UNREAD, /* not any more: the first packet of one that is awaited alone is looked at */
	POL_FRAMES_EXACT, /* since the connection began: where each begins is certain */
	POL_FRAMES_LIKELY, /* since one that began where all earlier ones seemed to have been sent: good enough to count by */
	POL_FRAMES_LOST, /* several were due, nobody knows where: for good */
};

enum { POL_RESPONSES_DUE = 16 }; /* of one connection at one time; with more, the frames are lost */

/* One that is due: of a request that passed, or our own answer. */
struct pol_response_due {
	__u64 since; /* when the request was judged; nanoseconds, CLOCK_MONOTONIC */
	__u32 own; /* bytes of our own answer; 0: the server's */
	__u8 method; /* POL_METHOD_* */
	__u8 version; /* POL_VERSION_* */
	__u8 upgrade; /* another protocol was asked for */
	__u8 counted; /* its status was read */
};

enum {
	POL_HEAD_STEP = 512, /* bytes of a head that are read at a time */
	POL_HEAD_WORD = 8, /* bytes that are looked at together: what is read by words may reach so far beyond */
};

/* Some bytes of a response. */
struct pol_head_step {
	__u8 byte[POL_HEAD_STEP + POL_HEAD_WORD];
	__u32 length; /* so many of them */
	__u32 read; /* so many were read */
	__u32 whole; /* 1: the first one begins a response */
};

/* A head as it was last read: most responses of a connection have the same. What it says is a function of its bytes alone. */
struct pol_head_known {
	__u8 byte[POL_HEAD_STEP + POL_HEAD_WORD];
	__u64 remaining; /* as pol_response.remaining behind it */
	__u16 length; /* in bytes; 0: none is known */
	__u16 status;
	__u8 flags; /* POL_FRAME_HAS_* */
	__u8 reserved[3];
};

/* The beginning of what is kept of a connection (pol_connection): all that cgroup_skb knows of it. */
struct pol_response {
	__u64 cookie; /* of its socket */
	__u32 begins; /* sequence number of the first byte of one that is awaited alone */
	/* Those that are due, numbered from 0 on: `answered` is the first that has not been sent whole, `asked` the next to come. */
	__u32 asked;
	__u32 answered;
	__u32 frames; /* POL_FRAMES_* */
	__u32 next; /* frames: sequence number of the next byte to read */
	__u32 reading; /* frames: 1 while a CPU reads */
	__u8 state; /* POL_RESPONSE_* */
	__u8 section; /* of the requests */
	/* Where the reader of frames stands. */
	__u8 phase; /* POL_FRAME_* */
	__u8 place; /* in the line, a name, a number, a word */
	__u8 header; /* POL_FRAME_NAMED_* */
	__u8 flags; /* POL_FRAME_HAS_* */
	__u16 status;
	__u64 remaining; /* bytes of a body, a chunk or our own answer; while it is read, its length */
	__u64 word[3]; /* beginning of the status line, of the name of a header in lower case, of a coding; zero filled */
	struct pol_response_due due[POL_RESPONSES_DUE];
	struct pol_head_step step;
	struct pol_head_known known;
};

enum { POL_CONNECTION_BYTES = 3064 };

/* As large as pol_connection, whose beginning is all that this header knows. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, POL_RESPONSE_CONNECTIONS);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, __u64); /* socket cookie */
	__uint(value_size, POL_CONNECTION_BYTES);
} http_connections SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, POL_LIMIT_REQUEST_COUNTERS);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, struct pol_request_key);
	__type(value, __u64);
} http_requests SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2 * POL_LIMIT_REQUEST_METHODS);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, __u32); /* section * methods + method */
	__type(value, struct pol_durations);
} http_durations SEC(".maps");

/* One request more; `status` 0: what it was answered was not seen. */
static __always_inline void pol_request_count(const struct pol_request_key *key)
{
	pol_entry_raise(&http_requests, key);
}

/* Upper bounds of the buckets, in nanoseconds: those that Hubble has by default. The last one has none. */
static const __u64 pol_duration_bounds[POL_LIMIT_DURATION_BUCKETS - 1] = {
	5000000ull,   10000000ull,   25000000ull,   50000000ull,   100000000ull,  250000000ull,
	500000000ull, 1000000000ull, 2500000000ull, 5000000000ull, 10000000000ull,
};

static __always_inline void pol_duration_count(__u8 section, __u8 method, __u64 nanoseconds)
{
	__u32 index = (section & 1) * POL_LIMIT_REQUEST_METHODS + (method & (POL_LIMIT_REQUEST_METHODS - 1));
	struct pol_durations *durations = bpf_map_lookup_elem(&http_durations, &index);
	__u32 bucket = 0;

	if (!durations)
		return;
	for (__u32 i = 0; i < POL_LIMIT_DURATION_BUCKETS - 1; i++)
		if (nanoseconds > pol_duration_bounds[i])
			bucket = i + 1;
	asm volatile("" : "+r"(bucket));
	bucket &= 15;
	if (bucket < POL_LIMIT_DURATION_BUCKETS)
		__sync_fetch_and_add(&durations->bucket[bucket], 1);
	__sync_fetch_and_add(&durations->sum, nanoseconds);
}

enum { POL_RESPONSE_LINE = 12, POL_STATUS_SWITCHED = 101, POL_STATUS_FINAL = 200 };
