// Counters as the programs raised them: one value per CPU, added up here. They are pinned, so they go on after a restart.
import { layouts, limits, lostReason } from '../../compiler/ir/abi.ts';
import { decode } from '../../compiler/ir/layout.ts';
import { mapLookup, mapLookupBatch, possibleCpus } from '../ffi/libbpf.ts';
import { everyBatch } from './hash-entries.ts';
import type { MapSource } from './tables.ts';

/** One counter; the numbers are those of compiler/ir/abi.ts. */
export type Counter = {
  readonly cause: number;
  readonly direction: number;
  readonly protocol: number;
  readonly match: number;
  readonly verdict: number;
  readonly count: bigint;
};

const valueBytes = 8;
const keyBytes = layouts.counterKey.size;

/** Counter keys as one word -> how often. */
type Sums = Map<bigint, bigint>;

/** All counters that were raised at least once, whichever of the two tables they are in; [] where there are none. */
export function readCounters(maps: MapSource): readonly Counter[] {
  const [entries, cells] = [maps.get('counters'), maps.get('counter_cells')];
  const sums: Sums = new Map();
  if (cells !== undefined) addCells(cells, sums);
  if (entries !== undefined) addEntries(entries, sums);
  return [...sums].map(([key, count]) => counterOf(key, count));
}

function add(sums: Sums, key: bigint, count: bigint): void {
  sums.set(key, (sums.get(key) ?? 0n) + count);
}

/** Each CPU may have another key at a place. */
function addCells(fd: number, sums: Sums): void {
  const cpus = possibleCpus();
  const capacity = limits.counterCells;
  const values = new Uint8Array(capacity * layouts.counterCell.size * cpus);
  mapLookupBatch(fd, { from: null, to: new Uint8Array(4) }, { keys: new Uint8Array(capacity * 4), values, capacity });
  const view = new DataView(values.buffer);
  for (let at = 0; at < values.length; at += layouts.counterCell.size) {
    const key = view.getBigUint64(at, true);
    if (key !== 0n) add(sums, key, view.getBigUint64(at + valueBytes, true));
  }
}

function addEntries(fd: number, sums: Sums): void {
  const cpus = possibleCpus();
  const perCpu = valueBytes * cpus;
  const counts = everyBatch(fd, { key: keyBytes, value: perCpu }, ({ count, keys, values }) => {
    const view = new DataView(keys.buffer);
    return Array.from(
      { length: count },
      (_, index) => [view.getBigUint64(index * keyBytes, true), sum(new DataView(values.buffer, index * perCpu, perCpu), cpus)] as const,
    );
  });
  for (const [key, count] of counts) add(sums, key, count);
}

function counterOf(word: bigint, count: bigint): Counter {
  const key = decode(layouts.counterKey, new DataView(BigUint64Array.of(word).buffer), 0);
  const { cause, direction, protocol, match, verdict } = key;
  return {
    cause: Number(cause),
    direction: Number(direction),
    protocol: Number(protocol),
    match: Number(match),
    verdict: Number(verdict),
    count,
  };
}

const sum = (perCpu: DataView, cpus: number): bigint =>
  Array.from({ length: cpus }, (_, cpu) => perCpu.getBigUint64(cpu * valueBytes, true)).reduce((total, value) => total + value, 0n);

/** What could not be shown or counted, by reason. */
export type Lost = Readonly<Record<keyof typeof lostReason, bigint>>;

/** `fd`: the map `lost`. */
export function readLost(fd: number): Lost {
  const cpus = possibleCpus();
  const read = (index: number): bigint => {
    const values = new Uint8Array(valueBytes * cpus);
    mapLookup(fd, new Uint8Array(Uint32Array.of(index).buffer), values);
    return sum(new DataView(values.buffer), cpus);
  };
  return { ringFull: read(lostReason.ringFull), countersFull: read(lostReason.countersFull) };
}
