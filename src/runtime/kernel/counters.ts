// Counters as the programs raised them: one value per CPU, added up here. They are pinned, so they go on after a restart.
import { layouts, lostReason } from '../../compiler/ir/abi.ts';
import { decode } from '../../compiler/ir/layout.ts';
import { isCode } from '../ffi/errno.ts';
import { mapLookup, mapLookupBatch, possibleCpus } from '../ffi/libbpf.ts';

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

/** All counters that were raised at least once. `fd`: the map `counters`. */
export function readCounters(fd: number): readonly Counter[] {
  for (let capacity = firstCapacity; ; capacity *= 4) {
    try {
      return readBatches(fd, capacity);
    } catch (error) {
      if (!isCode(error, 'ENOSPC') || capacity > 1 << 20) throw error;
    }
  }
}

function readBatches(fd: number, capacity: number): readonly Counter[] {
  const cpus = possibleCpus();
  const keys = new Uint8Array(capacity * layouts.counterKey.size);
  const values = new Uint8Array(capacity * valueBytes * cpus);
  const [from, to] = [new Uint8Array(8), new Uint8Array(8)];
  const counters: Counter[] = [];
  for (let last = false, first = true; !last; first = false) {
    const batch = mapLookupBatch(fd, { from: first ? null : from, to }, { keys, values, capacity });
    for (let index = 0; index < batch.count; index++) counters.push(counterAt(index, keys, values, cpus));
    from.set(to);
    last = batch.last;
  }
  return counters;
}

function counterAt(index: number, keys: Uint8Array, values: Uint8Array, cpus: number): Counter {
  const key = decode(layouts.counterKey, new DataView(keys.buffer), index * layouts.counterKey.size);
  const { cause, direction, protocol, match, verdict } = key;
  const count = sum(new DataView(values.buffer, index * valueBytes * cpus, valueBytes * cpus), cpus);
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
