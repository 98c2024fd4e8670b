// A program that reads a generation as packet programs do, and what it found.
import { loadObjects } from '../../src/runtime/kernel/load.ts';
import { compile, expectOk, privatePins, testRun } from './kernel.ts';

/** Looks like a packet program: reads the revision once, then one entry of each kind of table; the answer is in the packet's mark. */
export const reader = `
#include "count.h"
#include "verdict.h"
struct pol_found { __u32 revision, prefix_class, endpoint_class, address_endpoint, cgroup_endpoint, verdict, cause, port_class; };
SEC("tc") int pol_read(struct __sk_buff *skb)
{
	struct pol_generation now = pol_generation_read();
	struct pol_found found = { .revision = now.revision };
	struct pol_address mapped = { .word = { 0, 0, bpf_htonl(0xffff), bpf_htonl(0x0a000001) } };
	struct pol_address elsewhere = { .word = { 0, 0, bpf_htonl(0xffff), bpf_htonl(0x0a000002) } };
	const struct pol_memory *memory = pol_memory_of(now.slot);
	__u32 zero = 0, node, *word, slot = now.slot;
	__u64 cgroup = 77;
	void *inner;

	if (memory) {
		const struct pol_endpoint *classes = pol_endpoint_in(slot, memory, 16);
		const struct pol_section *section = pol_memory_at(slot, memory, memory->subjects + 4 * sizeof(*section), sizeof(*section));
		const struct pol_row *row = section ? pol_memory_at(slot, memory, section->rows, sizeof(*row)) : 0;

		node = pol_address_find(slot, memory, &elsewhere);
		if (pol_address_kind(node) == POL_NODE_CLASS) found.prefix_class = pol_address_number(node);
		node = pol_address_find(slot, memory, &mapped);
		if (pol_address_kind(node) == POL_NODE_ENDPOINT) found.address_endpoint = pol_address_number(node);
		if (classes) found.endpoint_class = classes->subject_class;
		pol_port_class(slot, memory, 443, &found.port_class);
		if (row && memory->subject_count > 1) {
			struct pol_verdict verdict;

			pol_choice_of(slot, memory, row->cells, 2, &found.verdict);
			if (pol_verdict_at(slot, 0, found.verdict, &verdict)) found.cause = verdict.cause;
		}
	}
	inner = bpf_map_lookup_elem(&t_cgroups, &slot);
	if (inner && (word = bpf_map_lookup_elem(inner, &cgroup))) found.cgroup_endpoint = *word;
	bpf_skb_store_bytes(skb, 14, &found, sizeof(found), 0);

	/* A mixture of two generations: counted under a cause of its own. */
	if (now.revision && (found.endpoint_class != found.verdict || found.address_endpoint != found.verdict ||
			     found.cgroup_endpoint != found.verdict || found.cause != found.verdict * 100 || found.verdict == 0))
		found.cause = 0xbad;
	struct pol_counter_key key = { .cause = found.cause, .direction = 1, .protocol = 2, .match = 3, .verdict = 5 };
	__u64 *count;
	pol_counter_raise(&key);
	struct pol_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (event) {
		__builtin_memset(event, 0, sizeof(*event));
		event->cause = found.cause;
		event->revision = now.revision;
		event->verdict = POL_VERDICT_DROPPED;
		bpf_ringbuf_submit(event, 0);
	}
	else if ((count = bpf_map_lookup_elem(&lost, &zero))) *count += 1;
	return 0;
}
`;
/** Takes its time between one table and the next: what is written into them meanwhile it would see. */
export const slowReader = reader
  .replace('SEC("tc")', 'static long pol_nothing(__u32 number, void *context) { return 0; }\nSEC("tc")')
  .replace('found.endpoint_class = classes->subject_class;', '$&\n\t\tbpf_loop(1 << 21, pol_nothing, 0, 0);');
export const readerObject = (text = reader) => ({ template: 'test/reader', bytes: compile(text) });
export type Loaded = Parameters<typeof testRun>[0];
export const load = (pins = privatePins(), text = reader): Loaded => expectOk(loadObjects([readerObject(text)], pins));

/** What it found: the words of its `pol_found`. */
export function seen(loaded: Loaded): readonly number[] {
  const { data } = testRun(loaded, 'pol_read', new Uint8Array(64), { outBytes: 64 });
  return Array.from({ length: 8 }, (_, index) => new DataView(data.buffer, data.byteOffset).getUint32(14 + 4 * index, true));
}
