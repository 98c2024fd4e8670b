// Counters and events in real maps: what programs counted and told, however much it was.
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { layouts, limits } from '../../src/compiler/ir/abi.ts';
import { encode } from '../../src/compiler/ir/layout.ts';
import { openRing, readRing } from '../../src/runtime/events/ring.ts';
import { type VerdictEvent, verdictEventOf } from '../../src/runtime/events/verdict-event.ts';
import { mapUpdate, possibleCpus } from '../../src/runtime/ffi/libbpf.ts';
import { readCounters, readLost } from '../../src/runtime/kernel/counters.ts';
import { u32 } from '../../src/runtime/kernel/entries.ts';
import { generations } from '../../src/runtime/kernel/tables.ts';
import { load, seen } from '../harness/generation-reader.ts';
import { expectOk, kernelTest, mapOf, testRun } from '../harness/kernel.ts';
import { generationOf } from '../harness/numbered-generation.ts';

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
  expectOk(generations(loaded.maps).install(generationOf(4)));
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
  expectOk(generations(loaded.maps).install(generationOf(3)));
  const ring = openRing(mapOf(loaded, 'events'));
  const causes: number[] = [];
  const read = (): number => ring.drain((record) => causes.push(verdictEventOf(record).cause));
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
  expectOk(generations(loaded.maps).install(generationOf(3)));
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

kernelTest('who makes an event for each that is read does not keep the reader from everything else', async () => {
  const loaded = load();
  expectOk(generations(loaded.maps).install(generationOf(3)));
  const ring = openRing(mapOf(loaded, 'events'));
  let events = 0;
  const another = (): void => void testRun(loaded, 'pol_read', new Uint8Array(64), { repeat: 1 });
  for (let i = 0; i < 3; i++) another();
  assert.is(
    ring.drain(() => {
      events++;
      if (events < 1000) another();
    }),
    3,
    'what had come before',
  );
  const reader = readRing(ring, () => {
    events++;
    another();
  });
  const before = events;
  for (let turn = 0; turn < 20; turn++) await sleep(10);
  assert.ok(events > before, 'events are read all the while');
  reader.stop();
  ring.close();
  loaded.close();
});

test.run();
