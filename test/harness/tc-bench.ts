// Packets through the programs of a workload's own interface, without sending any: BPF_PROG_TEST_RUN in the context of an
// interface of this process' own. The other side of packet-bench.ts, which does the same for programs on cgroups.
import { fixedEndpoint } from '../../src/compiler/ir/abi.ts';
import { mapDelete, mapLookup, mapNextKey, mapUpdate, mapUpdateBatch } from '../../src/runtime/ffi/libbpf.ts';
import { readCounters } from '../../src/runtime/kernel/counters.ts';
import { ownInterfaces } from '../../src/runtime/kernel/interfaces.ts';
import type { Loaded } from '../../src/runtime/kernel/load.ts';
import { type GenerationContent, generations } from '../../src/runtime/kernel/tables.ts';
import { expectOk, loadTemplates, mapOf, privatePins, testRun } from './kernel.ts';
import { ethernet, type NetworkPacket } from './packet.ts';
import { contextOf, difference, farInterface, type Outcome, type Raised, type Side } from './packet-bench.ts';

/** struct pol_track_key and struct pol_track of bpf/templates/include/track.h; the value begins with the time it was seen. */
const track = { keyBytes: 48, valueBytes: 32, entries: 131072, endpointOffset: 32, numberOffset: 40 } as const;
/** What the programs return. */
const passes = 0xffffffff;

const programs = {
  egress: 'pol_tc_from',
  ingress: 'pol_tc_to',
  'uplink egress': 'pol_uplink_from',
  'uplink ingress': 'pol_uplink_to',
} as const satisfies Readonly<Record<Side | `uplink ${Side}`, string>>;
type Place = keyof typeof programs;

export type TcBench = {
  readonly loaded: Loaded;
  readonly install: (content: GenerationContent) => number;
  /** Whose the interface is from now on; 0: nobody's yet. `hasCgroup`: its sockets are governed as well. */
  readonly own: (endpoint: number, hasCgroup?: boolean) => void;
  /** Several have the interface. */
  readonly share: (endpoints: readonly number[]) => void;
  readonly run: (at: Place, packet: NetworkPacket) => Outcome;
  /** Only whether it passed: no counter is read. */
  readonly passes: (at: Place, packet: NetworkPacket) => boolean;
  readonly forget: () => void;
  /** Makes every connection look as if it was seen so many seconds ago for the last time. */
  readonly age: (seconds: number) => void;
  /** Puts so many connections of an endpoint into the table (absent: as many as it holds, of nobody), as if seen so many seconds ago. */
  readonly fill: (seconds: number, others?: { readonly endpoint: number; readonly count: number }) => void;
  readonly tracked: () => number;
  /** Connections that an endpoint is counted with; undefined: it is not counted. */
  readonly counted: (endpoint: number) => number | undefined;
};

function keysOf(fd: number, bytes: number = track.keyBytes): readonly Uint8Array[] {
  const keys: Uint8Array[] = [];
  const next = new Uint8Array(bytes);
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

type Others = { readonly endpoint: number; readonly count: number };
function fill(fd: number, seconds: number, { endpoint, count }: Others): void {
  const keys = new Uint8Array(count * track.keyBytes);
  const values = new Uint8Array(count * track.valueBytes);
  const [keyView, valueView] = [new DataView(keys.buffer), new DataView(values.buffer)];
  for (let at = 0; at < count; at++) {
    keyView.setUint32(at * track.keyBytes, at + 1);
    keyView.setUint32(at * track.keyBytes + track.endpointOffset, endpoint, true);
    keys[at * track.keyBytes + track.numberOffset] = 17;
    valueView.setBigUint64(at * track.valueBytes, seenBefore(seconds), true);
  }
  mapUpdateBatch(fd, keys, values, count);
}

/** An endpoint that has connections and nothing else. */
const nobody = 9999;
const word = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);
/** So many connections more are `endpoint`'s. */
function count(shares: number, endpoint: number, more: number): void {
  const value = new Uint8Array(8);
  mapLookup(shares, word(endpoint), value);
  const view = new DataView(value.buffer);
  view.setBigInt64(0, view.getBigInt64(0, true) + BigInt(more), true);
  mapUpdate(shares, word(endpoint), value);
}

/** Loads the programs of interfaces into a bench of this process' own. */
export function tcBench(templates: readonly string[] = ['net/tc']): TcBench {
  const loaded = loadTemplates(templates, privatePins());
  const index = farInterface();
  const place = { index, name: 'bench', before: 14 };
  const context = contextOf(index);
  const tables = generations(loaded.maps);
  const connections = mapOf(loaded, 'tracked');
  const shares = mapOf(loaded, 'track_shares');
  const counters = loaded.maps;
  const passed = (at: Place, packet: NetworkPacket): boolean =>
    testRun(loaded, programs[at], ethernet(packet), { context }).value === passes;
  return {
    loaded,
    install: (content) => expectOk(tables.install(content)),
    own: (endpoint, hasCgroup = false) => ownInterfaces(loaded.maps, [{ ...place, endpoint, hasCgroup }]),
    share: (endpoints) =>
      ownInterfaces(
        loaded.maps,
        endpoints.map((endpoint) => ({ ...place, endpoint, hasCgroup: false })),
      ),
    run: (at, packet) => {
      const before = readCounters(counters);
      const outcome = passed(at, packet);
      return { passed: outcome, raised: difference(before, readCounters(counters)) satisfies readonly Raised[] };
    },
    passes: passed,
    forget: () => {
      for (const key of keysOf(connections)) mapDelete(connections, key);
      for (const key of keysOf(shares, 4)) mapDelete(shares, key);
    },
    age: (seconds) => age(connections, seconds),
    fill: (seconds, others = { endpoint: nobody, count: track.entries - keysOf(connections).length }) => {
      fill(connections, seconds, others);
      count(shares, others.endpoint, others.count);
      count(shares, fixedEndpoint.none, others.count);
    },
    tracked: () => keysOf(connections).length,
    counted: (endpoint) => {
      const value = new Uint8Array(8);
      return mapLookup(shares, word(endpoint), value) ? Number(new DataView(value.buffer).getBigInt64(0, true)) : undefined;
    },
  };
}
