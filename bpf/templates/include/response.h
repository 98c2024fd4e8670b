/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What became of a request that passed. The programs that read requests say where in the other stream its response will begin
 * (pol_response_await); cgroup_skb sees the packet with that byte go by and reads the status. That makes the counters of requests
 * and their durations, and says whether the connection speaks another protocol from there on (101).
 */
#pragma once
#include "maps.h"

enum { POL_RESPONSE_CONNECTIONS = 65536 }; /* inspected at one time; more are refused (uninspectable) */

enum {
	POL_RESPONSE_NONE,
	POL_RESPONSE_AWAITED,
	POL_RESPONSE_SWITCHED, /* 101 */
	POL_RESPONSE_OTHER,
	POL_RESPONSE_UNREAD, /* it came, and what it says cannot be told from its first packet */
};

/* The beginning of what is kept of a connection (pol_connection): all that cgroup_skb knows of it. */
struct pol_response {
	__u64 since; /* when the request had passed; nanoseconds, CLOCK_MONOTONIC */
	__u32 begins; /* sequence number of its first byte */
	__u8 state; /* POL_RESPONSE_* */
	__u8 section; /* of the requests */
	__u8 method; /* POL_METHOD_* */
	__u8 version; /* POL_VERSION_* */
};

enum { POL_CONNECTION_BYTES = 528 };

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
static __always_inline void pol_request_count(const struct pol_response *request, __u32 status)
{
	struct pol_request_key key = {
		.section = request->section,
		.method = request->method,
		.version = request->version,
		.status = status,
	};
	__u64 *count = bpf_map_lookup_elem(&http_requests, &key);
	__u64 none = 0;

	if (!count) {
		bpf_map_update_elem(&http_requests, &key, &none, BPF_NOEXIST);
		count = bpf_map_lookup_elem(&http_requests, &key);
	}
	if (count)
		__sync_fetch_and_add(count, 1);
}

/* Upper bounds of the buckets, in nanoseconds: those that Hubble has by default. The last one has none. */
static const __u64 pol_duration_bounds[POL_LIMIT_DURATION_BUCKETS - 1] = {
	5000000ull,   10000000ull,   25000000ull,   50000000ull,   100000000ull,  250000000ull,
	500000000ull, 1000000000ull, 2500000000ull, 5000000000ull, 10000000000ull,
};

static __always_inline void pol_duration_count(const struct pol_response *request, __u64 nanoseconds)
{
	__u32 index = (request->section & 1) * POL_LIMIT_REQUEST_METHODS + (request->method & (POL_LIMIT_REQUEST_METHODS - 1));
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

/* From now on the byte at `begins` of the other stream is the first of the response. */
static __always_inline void pol_response_await(struct pol_response *response, __u32 begins)
{
	response->since = bpf_ktime_get_ns();
	response->begins = begins;
	/* Last: whoever finds it awaited finds the rest, too. */
	*(volatile __u8 *)&response->state = POL_RESPONSE_AWAITED;
}

/* `HTTP/1.1 200`: the number; 0 if it is no such line. */
static __always_inline __u32 pol_response_status(const __u8 *line)
{
	__u32 hundreds = line[9] - '0', tens = line[10] - '0', ones = line[11] - '0';

	if (line[0] != 'H' || line[1] != 'T' || line[2] != 'T' || line[3] != 'P' || line[4] != '/' || line[5] != '1' || line[6] != '.' ||
	    line[8] != ' ' || hundreds > 9 || tens > 9 || ones > 9)
		return 0;
	return hundreds * 100 + tens * 10 + ones;
}

enum { POL_RESPONSE_LINE = 12, POL_STATUS_SWITCHED = 101, POL_STATUS_FINAL = 200 };

/*
 * A packet of the stream in which responses go: `sequence` of the first of its `payload` bytes, which are at the offset `data`
 * of skb. The payload is verified by the helper alone.
 */
POL_GLOBAL int pol_response_seen(struct __sk_buff *skb, __u32 sequence, __u32 payload, __u32 data)
{
	__u64 cookie = bpf_get_socket_cookie(skb);
	struct pol_response *response = bpf_map_lookup_elem(&http_connections, &cookie);
	__u8 line[POL_RESPONSE_LINE];
	__u32 at, status = 0;

	if (!response || *(volatile __u8 *)&response->state != POL_RESPONSE_AWAITED)
		return 0;
	/* Behind it, or before it: a number that is too large. */
	at = response->begins - sequence;
	if (at >= payload)
		return 0;
	pol_duration_count(response, bpf_ktime_get_ns() - response->since);
	if (payload - at >= sizeof(line) && !bpf_skb_load_bytes(skb, data + at, line, sizeof(line)))
		status = pol_response_status(line);
	pol_request_count(response, status);
	if (status == POL_STATUS_SWITCHED)
		response->state = POL_RESPONSE_SWITCHED;
	else
		response->state = status >= POL_STATUS_FINAL ? POL_RESPONSE_OTHER : POL_RESPONSE_UNREAD;
	return 0;
}
