/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * BPF_PROG_TEST_RUN for a list of packets, and whether each returns and tells the ring of events what it is to: from JavaScript, a
 * call that takes five times as long as the program would be made for each.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Layouts: packed-packets.ts and packet-runs.ts. */
struct ask {
	uint32_t program; /* index of its descriptor */
	uint32_t offset; /* of the packet */
	uint32_t length;
	uint32_t returned; /* to be */
	uint32_t told; /* events to be */
	uint32_t verdicts; /* of which the event has to have one, by bits */
	uint32_t direction;
	uint32_t cause; /* the first number that means the same */
};
struct field {
	uint32_t offset, width;
};
struct expectation {
	uint32_t subject; /* of every event */
	uint32_t causes;
	const uint32_t *same_cause; /* the first number that means the same, by number */
	struct field cause_at, subject_at, direction_at, verdict_at; /* in an event */
};
struct found {
	uint32_t returned;
	uint32_t told;
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

static uint64_t value_of(const uint8_t *event, struct field at)
{
	uint64_t value = 0;

	memcpy(&value, event + at.offset, at.width);
	return value;
}

static int is_told_as(const uint8_t *event, const struct ask *ask, const struct expectation *all)
{
	uint64_t cause = value_of(event, all->cause_at), verdict = value_of(event, all->verdict_at);

	return cause < all->causes && all->same_cause[cause] == ask->cause && verdict < 32 && (ask->verdicts >> verdict & 1) &&
	       value_of(event, all->direction_at) == ask->direction && value_of(event, all->subject_at) == all->subject;
}

/*
 * The index of the first whose answer is another than the expected one, which is in `found` and `event` then; `count`: none. Or a
 * negative errno. `context`: of each packet, NULL: none.
 */
int packet_asks(struct ring *ring, const uint32_t *programs, const uint8_t *packets, const uint8_t *context, uint32_t context_bytes,
		const struct ask *asks, uint32_t count, const struct expectation *all, struct found *found, uint8_t *event, uint32_t event_bytes)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct ask *ask = &asks[i];
		union bpf_attr attr;

		memset(&attr, 0, sizeof(attr));
		attr.test.prog_fd = programs[ask->program];
		attr.test.data_in = (uint64_t)(uintptr_t)(packets + ask->offset);
		attr.test.data_size_in = ask->length;
		attr.test.ctx_in = (uint64_t)(uintptr_t)context;
		attr.test.ctx_size_in = context ? context_bytes : 0;
		attr.test.repeat = 1;
		while (syscall(__NR_bpf, BPF_PROG_TEST_RUN, &attr, sizeof(attr)) < 0)
			if (errno != EINTR && errno != EAGAIN)
				return -errno;
		found->returned = attr.test.retval;
		found->told = drain(ring, event, event_bytes);
		if (found->returned != ask->returned || found->told != ask->told || (found->told && !is_told_as(event, ask, all)))
			return i;
	}
	return count;
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
