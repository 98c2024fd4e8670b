// Generations in real maps: what a program sees before, during and after a switch, what a restart takes over.
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { eventDomain, innerEntries, layouts, limits } from '../../src/compiler/ir/abi.ts';
import { mapLookup } from '../../src/runtime/ffi/libbpf.ts';
import { readCounters } from '../../src/runtime/kernel/counters.ts';
import { u32 } from '../../src/runtime/kernel/entries.ts';
import { currentRevision, endTrial, goBack, monotonicNow } from '../../src/runtime/kernel/revision.ts';
import { generations } from '../../src/runtime/kernel/tables.ts';
import { type Loaded, load, reader, seen, slowReader } from '../harness/generation-reader.ts';
import { content, expectOk, kernelTest, mapOf, privatePins } from '../harness/kernel.ts';
import { address, generationOf } from '../harness/numbered-generation.ts';
import { patience } from '../harness/patience.ts';

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

const inAnHour = (): bigint => monotonicNow() + 3_600_000_000_000n;

/** Generation 3 is in force, and 5 on trial. */
function onTrial(until: bigint) {
  const loaded = load();
  const tables = generations(loaded.maps);
  expectOk(tables.install(generation(3)));
  assert.is(expectOk(tables.install(generation(5), until)), 2);
  return { loaded, tables };
}

kernelTest('what nobody confirms makes room for the generation before by itself, and its number never comes again', async () => {
  const { loaded, tables } = onTrial(monotonicNow() + 200_000_000n);
  // As if whoever did it had died.
  tables.close();
  while (currentRevision(loaded.maps) === 2) await sleep(20);
  assert.equal(seen(loaded), [1, 0, 3, 3, 3, 3, 300, 9]);
  const next = generations(loaded.maps);
  assert.is(expectOk(next.install(generation(7))), 4);
  assert.equal(seen(loaded), [4, 0, 7, 7, 7, 7, 700, 9]);
  assert.is(expectOk(next.install(generation(9))), 5);
  assert.equal(seen(loaded).slice(0, 3), [5, 0, 9]);
  loaded.close();
});

kernelTest('until then it is in force, and confirmed it stays', () => {
  const { loaded, tables } = onTrial(inAnHour());
  assert.equal(seen(loaded), [2, 0, 5, 5, 5, 5, 500, 9]);
  assert.equal(tables.drift(), []);
  endTrial(loaded.maps);
  goBack(loaded.maps);
  assert.equal(seen(loaded).slice(0, 3), [2, 0, 5]);
  assert.is(expectOk(tables.install(generation(7))), 3);
  assert.equal(seen(loaded).slice(0, 3), [3, 0, 7]);
  loaded.close();
});

kernelTest('whatever is tried one after the other, what comes back is what was there before the first of it', () => {
  const { loaded, tables } = onTrial(inAnHour());
  assert.is(expectOk(tables.install(generation(7), inAnHour())), 4);
  assert.equal(seen(loaded).slice(0, 3), [4, 0, 7]);
  goBack(loaded.maps);
  assert.equal(seen(loaded), [1, 0, 3, 3, 3, 3, 300, 9]);
  assert.equal(tables.drift(), []);
  loaded.close();
});

kernelTest('of a trial that another change came into nothing comes back', () => {
  const { loaded, tables } = onTrial(inAnHour());
  assert.is(expectOk(tables.install(generation(7))), 3);
  goBack(loaded.maps);
  assert.equal(seen(loaded), [3, 0, 7, 7, 7, 7, 700, 9]);
  loaded.close();
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

test.run();
