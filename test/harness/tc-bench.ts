// Packets through the programs of a workload's own interface, without sending any: BPF_PROG_TEST_RUN in the context of an
// interface of this process' own. The other side of packet-bench.ts, which does the same for programs on cgroups.
import { mapDelete, mapLookup, mapNextKey, mapUpdate, mapUpdateBatch } from '../../src/runtime/ffi/libbpf.ts';
import { readCounters } from '../../src/runtime/kernel/counters.ts';
import { ownInterfaces } from '../../src/runtime/kernel/interfaces.ts';
import type { Loaded } from '../../src/runtime/kernel/load.ts';
import { type GenerationContent, generations } from '../../src/runtime/kernel/tables.ts';
import { expectOk, loadTemplates, mapOf, privatePins, testRun } from './kernel.ts';
import { ethernet, type NetworkPacket } from './packet.ts';
import { contextOf, difference, farInterface, type Outcome, type Raised, type Side } from './packet-bench.ts';

/** struct pol_track_key and struct pol_track of bpf/templates/include/track.h; the value begins with the time it was seen. */
const track = { keyBytes: 48, valueBytes: 32, entries: 131072, numberOffset: 40 } as const;
/** What the programs return. */
const passes = 0xffffffff;

export type TcBench = {
  readonly loaded: Loaded;
  readonly install: (content: GenerationContent) => number;
  /** Whose the interface is from now on; 0: nobody's yet. `hasCgroup`: its sockets are governed as well. */
  readonly own: (endpoint: number, hasCgroup?: boolean) => void;
  /** Several have the interface. */
  readonly share: (endpoints: readonly number[]) => void;
  readonly run: (side: Side, packet: NetworkPacket) => Outcome;
  /** Only whether it passed: no counter is read. */
  readonly passes: (side: Side, packet: NetworkPacket) => boolean;
  readonly forget: () => void;
  /** Makes every connection look as if it was seen so many seconds ago for the last time. */
  readonly age: (seconds: number) => void;
  /** Fills the table of connections up to its last place with others, as if seen so many seconds ago. */
  readonly fill: (seconds: number) => void;
  readonly tracked: () => number;
};

function keysOf(fd: number): readonly Uint8Array[] {
  const keys: Uint8Array[] = [];
  const next = new Uint8Array(track.keyBytes);
  while (mapNextKey(fd, keys.at(-1) ?? null, next)) keys.push(next.slice());
  return keys;
}

const seenBefore = (seconds: number): bigint => process.hrtime.bigint() - BigInt(seconds) * 1_000_000_000n;

function age(fd: number, seconds: number): void {
  const value = new Uint8Array(track.valueBytes);
  for (const key of keysOf(fd)) {
    mapLookup(fd, key, value);
    new DataView(value.buffer).setBigUint64(0, seenBefore(seconds), true);
    mapUpdate(fd, key, value);
  }
}

function fill(fd: number, seconds: number): void {
  const count = track.entries - keysOf(fd).length;
  const keys = new Uint8Array(count * track.keyBytes);
  const values = new Uint8Array(count * track.valueBytes);
  const [keyView, valueView] = [new DataView(keys.buffer), new DataView(values.buffer)];
  for (let at = 0; at < count; at++) {
    keyView.setUint32(at * track.keyBytes, at + 1);
    keys[at * track.keyBytes + track.numberOffset] = 17;
    valueView.setBigUint64(at * track.valueBytes, seenBefore(seconds), true);
  }
  mapUpdateBatch(fd, keys, values, count);
}

/** Loads the programs of interfaces into a bench of this process' own. */
export function tcBench(templates: readonly string[] = ['net/tc']): TcBench {
  const loaded = loadTemplates(templates, privatePins());
  const index = farInterface();
  const place = { index, name: 'bench', before: 14 };
  const context = contextOf(index);
  const tables = generations(loaded.maps);
  const connections = mapOf(loaded, 'tracked');
  const counters = mapOf(loaded, 'counters');
  const passed = (side: Side, packet: NetworkPacket): boolean =>
    testRun(loaded, side === 'egress' ? 'pol_tc_from' : 'pol_tc_to', ethernet(packet), { context }).value === passes;
  return {
    loaded,
    install: (content) => expectOk(tables.install(content)),
    own: (endpoint, hasCgroup = false) => ownInterfaces(loaded.maps, [{ ...place, endpoint, hasCgroup }]),
    share: (endpoints) =>
      ownInterfaces(
        loaded.maps,
        endpoints.map((endpoint) => ({ ...place, endpoint, hasCgroup: false })),
      ),
    run: (side, packet) => {
      const before = readCounters(counters);
      const outcome = passed(side, packet);
      return { passed: outcome, raised: difference(before, readCounters(counters)) satisfies readonly Raised[] };
    },
    passes: passed,
    forget: () => {
      for (const key of keysOf(connections)) mapDelete(connections, key);
    },
    age: (seconds) => age(connections, seconds),
    fill: (seconds) => fill(connections, seconds),
    tracked: () => keysOf(connections).length,
  };
}
