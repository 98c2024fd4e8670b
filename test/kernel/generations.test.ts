// Generations in real maps: what a program sees before, during and after a switch, what a restart takes over, counters.
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { eventDomain, innerEntries, layouts, limits } from '../../src/compiler/ir/abi.ts';
import { encode } from '../../src/compiler/ir/layout.ts';
import { openRing, readRing } from '../../src/runtime/events/ring.ts';
import type { VerdictEvent } from '../../src/runtime/events/verdict-event.ts';
import { mapLookup, mapUpdate, possibleCpus } from '../../src/runtime/ffi/libbpf.ts';
import { readCounters, readLost } from '../../src/runtime/kernel/counters.ts';
import { u32 } from '../../src/runtime/kernel/entries.ts';
import { loadObjects } from '../../src/runtime/kernel/load.ts';
import { currentRevision, generations } from '../../src/runtime/kernel/tables.ts';
import { compile, content, expectOk, kernelTest, mapOf, privatePins, testRun } from '../harness/kernel.ts';
import { address, generationOf } from '../harness/numbered-generation.ts';
import { patience } from '../harness/patience.ts';

/** Looks like a packet program: reads the revision once, then one entry of each kind of table; the answer is in the packet's mark. */
const reader = `
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
const slowReader = reader
  .replace('SEC("tc")', 'static long pol_nothing(__u32 number, void *context) { return 0; }\nSEC("tc")')
  .replace('found.endpoint_class = classes->subject_class;', '$&\n\t\tbpf_loop(1 << 21, pol_nothing, 0, 0);');
const readerObject = (text = reader) => ({ template: 'test/reader', bytes: compile(text) });
type Loaded = Parameters<typeof testRun>[0];
const load = (pins = privatePins(), text = reader): Loaded => expectOk(loadObjects([readerObject(text)], pins));

function seen(loaded: Loaded): readonly number[] {
  const { data } = testRun(loaded, 'pol_read', new Uint8Array(64), { outBytes: 64 });
  return Array.from({ length: 8 }, (_, index) => new DataView(data.buffer, data.byteOffset).getUint32(14 + 4 * index, true));
}

const generation = generationOf;

kernelTest('before the first generation nothing is found', () => {
  const loaded = load();
  assert.equal(seen(loaded), [0, 0, 0, 0, 0, 0, 0, 0]);
  loaded.close();
});

kernelTest('a generation is found whole, the next one takes its place', () => {
  const loaded = load();
  const tables = generations(loaded.maps);
  assert.is(expectOk(tables.install(generation(3))), 1);
  assert.equal(seen(loaded), [1, 0, 3, 3, 3, 3, 300, 9]);
  assert.is(expectOk(tables.install(generation(5))), 2);
  assert.equal(seen(loaded), [2, 0, 5, 5, 5, 5, 500, 9]);
  assert.is(expectOk(tables.install(content({}))), 3);
  assert.equal(seen(loaded), [3, 0, 0, 0, 0, 0, 0, 0]);
  assert.is(tables.revision(), 3);
  loaded.close();
});

/** Runs the pinned program over and over in a process of its own; ends by itself. */
const hammer = (pins: string, milliseconds: number) =>
  spawn(process.execPath, [
    '--import',
    'tsx',
    '--input-type=module',
    '-e',
    `import { objectGet, programTestRun } from ${JSON.stringify(join(import.meta.dirname, '../../src/runtime/ffi/libbpf.ts'))};
     const program = objectGet(${JSON.stringify(join(pins, 'programs/pol_read'))});
     console.log('ready');
     for (const end = Date.now() + ${milliseconds}; Date.now() < end; ) programTestRun(program, { data: new Uint8Array(64), repeat: 20 });`,
  ]);

const neverMixed = async (text: string): Promise<void> => {
  const pins = privatePins();
  const loaded = load(pins, text);
  const tables = generations(loaded.maps);
  expectOk(tables.install(generation(1)));
  const prepared = Array.from({ length: 16 }, (_, i) => generation(1 + 3 * i));
  const child = hammer(pins, 1500);
  const ended = new Promise((resolve) => child.on('close', resolve));
  await new Promise((resolve) => child.stdout.once('data', resolve));
  let installed = 0;
  for (const end = Date.now() + 1300; Date.now() < end; installed++)
    expectOk(tables.install(prepared[(installed * 7) % prepared.length] ?? generation(1)));
  assert.is(await ended, 0);
  const counters = readCounters(loaded.maps);
  const mixed = counters.find(({ cause }) => cause === 0xbad);
  const runs = counters.reduce((sum, { count }) => sum + count, 0n);
  console.log(`${installed} generations during ${runs} runs, ${(1300 / installed).toFixed(1)} ms each`);
  assert.is(mixed, undefined);
  // That few where a machine is emulated.
  // An emulated kernel gets through few of them.
  const [least, leastRuns] = patience > 1 ? [0, 1n] : [3, 10n];
  assert.ok(installed > least && runs > leastRuns, `${installed} generations, ${runs} runs`);
  tables.close();
  loaded.close();
};
kernelTest('a program that runs meanwhile never sees a mixture', () => neverMixed(reader));
kernelTest('nor does one that runs for long', () => neverMixed(slowReader));

/** Installs one generation after the other until it is killed. */
const installer = (pins: string) => {
  const from = (path: string): string => JSON.stringify(join(import.meta.dirname, path));
  return spawn(
    process.execPath,
    [
      '--import',
      'tsx',
      '--input-type=module',
      '-e',
      `import { generationOf } from ${from('../harness/numbered-generation.ts')};
       import { pinnedMaps } from ${from('../../src/runtime/daemon/pinned.ts')};
       import { generations } from ${from('../../src/runtime/kernel/tables.ts')};
       const tables = generations(pinnedMaps(${JSON.stringify(pins)}));
       const prepared = Array.from({ length: 8 }, (_, i) => generationOf(1 + 3 * i));
       console.log('ready');
       for (let i = 0; ; i++) if (!tables.install(prepared[i % 8]).ok) throw new Error('not installed');`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
};

kernelTest('whoever is killed at any moment of a change leaves a whole generation, and the next one takes over', async () => {
  const pins = privatePins();
  const loaded = load(pins);
  expectOk(generations(loaded.maps).install(generation(1)));
  let revision = 1;
  for (const wait of [3, 17, 40, 71, 113, 160]) {
    const child = installer(pins);
    const ended = new Promise((resolve) => child.on('close', resolve));
    await new Promise((resolve) => child.stdout.once('data', resolve));
    await sleep(wait);
    child.kill('SIGKILL');
    await ended;
    const [after = 0, , ...found] = seen(loaded);
    assert.ok(after >= revision, `${after} after ${revision}`);
    assert.ok(found.slice(0, 4).every((n) => n === found[0]) && found[4] === (found[0] ?? 0) * 100, `${found}`);
    const tables = generations(loaded.maps);
    revision = expectOk(tables.install(generation(2)));
    assert.is(revision, after + 1);
    assert.equal(seen(loaded).slice(2, 7), [2, 2, 2, 2, 200]);
    revision = expectOk(tables.install(generation(4)));
    assert.equal(seen(loaded).slice(2, 7), [4, 4, 4, 4, 400]);
    tables.close();
  }
  loaded.close();
});

kernelTest('a restart takes the tables over and goes on counting', () => {
  const pins = privatePins();
  const before = load(pins);
  expectOk(generations(before.maps).install(generation(4)));
  seen(before);
  before.close();
  const after = load(pins);
  assert.is(currentRevision(after.maps), 1);
  assert.equal(seen(after), [1, 0, 4, 4, 4, 4, 400, 9]);
  assert.equal(readCounters(after.maps), [{ cause: 400, direction: 1, protocol: 2, match: 3, verdict: 5, count: 2n }]);
  assert.is(expectOk(generations(after.maps).install(generation(6))), 2);
  assert.is(seen(after)[2], 6);
  after.close();
});

/** Kernel ids of the inner maps of both slots. */
function innerIds(loaded: Loaded, table: string): readonly number[] {
  const stride = table === 't_memory' ? limits.memoryPages : 1;
  return [0, 1].map((slot) => {
    const id = new Uint8Array(4);
    mapLookup(mapOf(loaded, table), new Uint8Array(Uint32Array.of(slot * stride).buffer), id);
    return new DataView(id.buffer).getUint32(0, true);
  });
}
const mapExists = (id: number): boolean => spawnSync('bpftool', ['map', 'show', 'id', String(id)]).status === 0;

kernelTest('old inner maps are released, unchanged ones kept', async () => {
  const loaded = load();
  const tables = generations(loaded.maps);
  expectOk(tables.install(generation(1)));
  const [memory, programs] = [innerIds(loaded, 't_memory'), innerIds(loaded, 't_http')];
  assert.is(programs[0], programs[1]);
  assert.is.not(memory[0], memory[1]);
  expectOk(tables.install(generation(2)));
  expectOk(tables.install(generation(3)));
  assert.equal([innerIds(loaded, 't_memory'), innerIds(loaded, 't_http')], [memory, programs], 'written in place, or left');
  tables.close();
  const again = generations(loaded.maps);
  expectOk(again.install(generation(2)));
  assert.ok(
    innerIds(loaded, 't_memory').every((id) => !memory.includes(id)),
    'what an earlier run left is not trusted',
  );
  const gone = async (): Promise<boolean> => {
    for (let tries = 0; tries < 100; tries++) {
      if (!mapExists(memory[0] ?? 0)) return true;
      await sleep(20);
    }
    return false;
  };
  assert.ok(await gone());
  loaded.close();
});

kernelTest('more entries than a table takes are refused, the generation before stays', () => {
  const loaded = load();
  const tables = generations(loaded.maps);
  expectOk(tables.install(generation(2)));
  const endpoints = [{ id: innerEntries.endpoints, subjectClass: 1, peerClass: 1 }];
  const refused = tables.install(content({ endpoints }));
  assert.equal(refused, {
    ok: false,
    failures: [{ kind: 'too-large', table: 'endpoint numbers', entries: innerEntries.endpoints + 1, limit: innerEntries.endpoints }],
  });
  assert.equal(seen(loaded), [1, 0, 2, 2, 2, 2, 200, 9]);
  loaded.close();
});

kernelTest('tables of DNS and TLS are there while a connection is read so, and not before or after', () => {
  const loaded = load();
  const tables = generations(loaded.maps);
  const held = (): readonly boolean[] =>
    ['t_dns', 't_dns_cells', 't_tls', 't_tls_cells', 't_http'].map((name) => {
      return mapLookup(mapOf(loaded, name), u32(tables.revision() % limits.slots), new Uint8Array(4));
    });
  const none = new Uint8Array(layouts.requests.size + layouts.page.size);
  const steps = [
    { domain: undefined, expected: [false, false, false, false, true] },
    { domain: eventDomain.dns, expected: [true, true, false, false, true] },
    { domain: eventDomain.tls, expected: [false, false, true, true, true] },
    { domain: undefined, expected: [false, false, false, false, true] },
  ];
  for (const { domain, expected } of steps) {
    const verdicts = domain === undefined ? [] : [{ action: 'inspect' as const, cause: 16, next: 1, domain }];
    expectOk(tables.install(content({ verdicts, images: { http: none, dns: none, tls: none } })));
    assert.equal(held(), expected);
    assert.equal(tables.drift(), []);
  }
  loaded.close();
});

kernelTest('large tables are filled', () => {
  const loaded = load();
  const addresses = Array.from({ length: 200_000 }, (_, index) => ({ address: address + BigInt(index), endpoint: index }));
  const verdicts = { words: new Uint32Array(4_000_000), inspections: new Uint32Array() };
  const big = { ...content({ addresses }), tables: { ...content({}).tables, verdicts } };
  const start = performance.now();
  expectOk(generations(loaded.maps).install(big));
  console.log(`200,000 addresses and 4,000,000 verdicts: ${(performance.now() - start).toFixed(0)} ms`);
  loaded.close();
});

kernelTest('of large tables what changes is written, in whichever page it stands; more pages and fewer, too', () => {
  const loaded = load();
  const tables = generations(loaded.maps);
  const verdictsOf = (count: number, last: number) => ({ words: new Uint32Array(count).fill(last, -4), inspections: new Uint32Array() });
  const big = (count: number, last: number) => {
    const { tables: made, images, ...rest } = generation(3);
    const none = new Uint8Array(layouts.requests.size);
    return { ...rest, images: { ...images, http: none, dns: none }, tables: { ...made, verdicts: verdictsOf(count, last) } };
  };
  const steps = [
    big(160_000, 1),
    big(160_000, 2),
    big(160_000, 3),
    big(240_000, 3),
    big(240_000, 4),
    big(80_000, 5),
    big(80_000, 6),
    big(240_000, 7),
    big(240_000, 8),
  ];
  for (const [step, content_] of steps.entries()) {
    assert.is(expectOk(tables.install(content_)), step + 1);
    assert.equal(tables.drift(), [], `step ${step}`);
    assert.equal(seen(loaded).slice(2, 5), [3, 3, 3], `step ${step}`);
  }
  tables.close();
  loaded.close();
});

kernelTest('counters are summed over the CPUs, thousands of them too; what was lost is read', () => {
  const loaded = load();
  const [fd, cpus] = [mapOf(loaded, 'counters'), possibleCpus()];
  const perCpu = new Uint8Array(BigUint64Array.from({ length: cpus }, (_, cpu) => BigInt(cpu + 1)).buffer);
  for (let cause = 0; cause < 5000; cause++) mapUpdate(fd, encode(layouts.counterKey, { cause, verdict: 2 }), perCpu);
  const counters = readCounters(loaded.maps);
  assert.is(counters.length, 5000);
  assert.is(new Set(counters.map(({ cause }) => cause)).size, 5000);
  assert.ok(counters.every(({ count, verdict }) => count === BigInt((cpus * (cpus + 1)) / 2) && verdict === 2));
  assert.equal(readLost(mapOf(loaded, 'lost')), { ringFull: 0n, countersFull: 0n });
  loaded.close();
});

kernelTest('a counter whose place is taken by another is counted all the same', () => {
  const loaded = load();
  expectOk(generations(loaded.maps).install(generation(4)));
  seen(loaded);
  const [first] = readCounters(loaded.maps);
  const [fd, cpus] = [mapOf(loaded, 'counter_cells'), possibleCpus()];
  const key = new DataView(encode(layouts.counterKey, { cause: 7, verdict: 1 }).buffer).getBigUint64(0, true);
  const cell = encode(layouts.counterCell, { key, count: 3n });
  const everywhere = new Uint8Array(Buffer.concat(Array.from({ length: cpus }, () => cell)));
  for (let at = 0; at < limits.counterCells; at++) mapUpdate(fd, u32(at), everywhere);
  seen(loaded);
  seen(loaded);
  const counters = readCounters(loaded.maps);
  assert.equal(
    counters.filter(({ cause }) => cause === first?.cause),
    [{ ...first, count: 2n }],
  );
  assert.is(counters.find(({ cause }) => cause === 7)?.count, BigInt(3 * cpus * limits.counterCells));
  loaded.close();
});

kernelTest('the ring gives every event once, goes on after it was full, and says how many it left out', () => {
  const loaded = load();
  expectOk(generations(loaded.maps).install(generation(3)));
  const ring = openRing(mapOf(loaded, 'events'));
  const causes: number[] = [];
  const read = (): number => ring.drain((record) => causes.push(record.getUint32(8, true)));
  testRun(loaded, 'pol_read', new Uint8Array(64), { repeat: 10 });
  assert.is(read(), 10);
  assert.is(read(), 0);
  testRun(loaded, 'pol_read', new Uint8Array(64), { repeat: 5000 });
  const kept = read();
  assert.is(BigInt(kept) + readLost(mapOf(loaded, 'lost')).ringFull, 5000n);
  for (let round = 0; round < 20; round++) {
    testRun(loaded, 'pol_read', new Uint8Array(64), { repeat: 700 });
    assert.is(read(), 700);
  }
  assert.ok(causes.every((cause) => cause === 300));
  ring.close();
  loaded.close();
});

kernelTest('a reader gives decoded events as they come, and none after it was stopped', async () => {
  const loaded = load();
  expectOk(generations(loaded.maps).install(generation(3)));
  const ring = openRing(mapOf(loaded, 'events'));
  const events: VerdictEvent[] = [];
  const reader = readRing(ring, (event) => events.push(event));
  testRun(loaded, 'pol_read', new Uint8Array(64), { repeat: 3 });
  for (let tries = 0; tries < 50 && events.length < 3; tries++) await sleep(20);
  assert.equal(
    events.map(({ cause, revision, verdict, text }) => ({ cause, revision, verdict, text })),
    Array.from({ length: 3 }, () => ({ cause: 300, revision: 1, verdict: 'dropped', text: '' })),
  );
  reader.stop();
  testRun(loaded, 'pol_read', new Uint8Array(64), { repeat: 2 });
  await sleep(150);
  assert.is(events.length, 3);
  reader.flush();
  assert.is(events.length, 5);
  ring.close();
  ring.close();
  reader.flush();
  assert.is(events.length, 5);
  loaded.close();
});

test.run();
