/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * BPF_PROG_TEST_RUN for a list of packets, and what each of them told the ring of events: from JavaScript, a call that takes
 * five times as long as the program would be made for each.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Layout: packet-runs.ts. */
struct run {
	uint32_t program; /* descriptor */
	uint32_t offset; /* of the packet */
	uint32_t length;
	uint32_t returned;
	uint32_t told; /* events of this packet; the last of them is kept */
};
struct ring {
	uint64_t *consumer;
	const uint64_t *producer;
	const uint8_t *data;
	uint64_t size;
};
enum { BUSY = 0x80000000, DISCARDED = 0x40000000, HEADER = 8 };

static uint32_t drain(const struct ring *ring, uint8_t *event, uint32_t bytes)
{
	uint64_t at = *ring->consumer, end = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);
	uint32_t count = 0;

	while (at < end) {
		const uint8_t *record = ring->data + at % ring->size;
		uint32_t length = __atomic_load_n((const uint32_t *)record, __ATOMIC_ACQUIRE);

		if (length & BUSY)
			break;
		if (!(length & DISCARDED)) {
			count++;
			memcpy(event, record + HEADER, bytes);
		}
		at += (HEADER + (length & ~DISCARDED) + 7) & ~7u;
	}
	__atomic_store_n(ring->consumer, at, __ATOMIC_RELEASE);
	return count;
}

/* 0, or the negative errno of the first that fails. `context`: of each packet, NULL: none. `events`: `event_bytes` for each run. */
int packet_runs(struct ring *ring, const uint8_t *packets, const uint8_t *context, uint32_t context_bytes, struct run *runs, uint32_t count,
		uint8_t *events, uint32_t event_bytes)
{
	for (uint32_t i = 0; i < count; i++) {
		struct run *run = &runs[i];
		union bpf_attr attr;

		memset(&attr, 0, sizeof(attr));
		attr.test.prog_fd = run->program;
		attr.test.data_in = (uint64_t)(uintptr_t)(packets + run->offset);
		attr.test.data_size_in = run->length;
		attr.test.ctx_in = (uint64_t)(uintptr_t)context;
		attr.test.ctx_size_in = context ? context_bytes : 0;
		attr.test.repeat = 1;
		while (syscall(__NR_bpf, BPF_PROG_TEST_RUN, &attr, sizeof(attr)) < 0)
			if (errno != EINTR && errno != EAGAIN)
				return -errno;
		run->returned = attr.test.retval;
		run->told = drain(ring, events + (uint64_t)i * event_bytes, event_bytes);
	}
	return 0;
}

/* Deletes every entry, each when the next one is known: from the beginning the kernel would look through all empty places. */
int map_clear(uint32_t map, uint32_t key_bytes)
{
	uint8_t keys[2][256];
	union bpf_attr attr;
	int turn = 0, is_there;

	if (key_bytes > sizeof(keys[0]))
		return -E2BIG;
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = map;
	attr.next_key = (uint64_t)(uintptr_t)keys[turn];
	is_there = !syscall(__NR_bpf, BPF_MAP_GET_NEXT_KEY, &attr, sizeof(attr));
	while (is_there) {
		attr.key = (uint64_t)(uintptr_t)keys[turn];
		attr.next_key = (uint64_t)(uintptr_t)keys[!turn];
		is_there = !syscall(__NR_bpf, BPF_MAP_GET_NEXT_KEY, &attr, sizeof(attr));
		attr.next_key = 0;
		if (syscall(__NR_bpf, BPF_MAP_DELETE_ELEM, &attr, sizeof(attr)) && errno != ENOENT)
			return -errno;
		turn = !turn;
	}
	return errno == ENOENT ? 0 : -errno;
}
