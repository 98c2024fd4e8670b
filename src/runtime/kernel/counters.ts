// Counters as the programs raised them: one value per CPU, added up here. They are pinned, so they go on after a restart.
import { layouts, limits, lostReason } from '../../compiler/ir/abi.ts';
import { decode } from '../../compiler/ir/layout.ts';
import { isCode } from '../ffi/errno.ts';
import { mapLookup, mapLookupBatch, possibleCpus } from '../ffi/libbpf.ts';
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
/** Entries of one batch; the kernel asks for more room (ENOSPC) if a bucket of its table holds more. */
const firstCapacity = 1024;

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
  for (let capacity = firstCapacity; ; capacity *= 4) {
    try {
      for (const [key, count] of readBatches(fd, capacity)) add(sums, key, count);
      return;
    } catch (error) {
      if (!isCode(error, 'ENOSPC') || capacity > 1 << 20) throw error;
    }
  }
}

function readBatches(fd: number, capacity: number): readonly (readonly [bigint, bigint])[] {
  const cpus = possibleCpus();
  const keys = new BigUint64Array(capacity);
  const values = new Uint8Array(capacity * valueBytes * cpus);
  const [from, to] = [new Uint8Array(8), new Uint8Array(8)];
  const found: (readonly [bigint, bigint])[] = [];
  for (let last = false, first = true; !last; first = false) {
    const batch = mapLookupBatch(fd, { from: first ? null : from, to }, { keys: new Uint8Array(keys.buffer), values, capacity });
    for (let index = 0; index < batch.count; index++)
      found.push([keys[index] ?? 0n, sum(new DataView(values.buffer, index * valueBytes * cpus, valueBytes * cpus), cpus)]);
    from.set(to);
    last = batch.last;
  }
  return found;
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
