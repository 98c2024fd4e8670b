// Requests of inspected connections as the programs counted them: by method and status, and how long the responses took. One value
// per CPU, added up here; pinned, so they go on after a restart.
import { layouts, limits } from '../../compiler/ir/abi.ts';
import { decode } from '../../compiler/ir/layout.ts';
import { mapLookup, mapNextKey, possibleCpus } from '../ffi/libbpf.ts';

/** Requests of one kind; the numbers are those of compiler/ir/abi.ts. */
export type RequestCount = {
  readonly section: number;
  readonly method: number;
  readonly version: number;
  /** 0: the response was not seen. */
  readonly status: number;
  readonly count: bigint;
};
/** How long responses took to begin. `buckets`: how many in each, the last one without an end. */
export type RequestDurations = {
  readonly section: number;
  readonly method: number;
  readonly nanoseconds: bigint;
  readonly buckets: readonly bigint[];
};

const zero = 0n;

/** Words of a value, each the sum over all CPUs. */
function summed(values: Uint8Array, words: number, cpus: number): readonly bigint[] {
  const view = new DataView(values.buffer);
  return Array.from({ length: words }, (_, word) => {
    let sum = zero;
    for (let cpu = 0; cpu < cpus; cpu++) sum += view.getBigUint64((cpu * words + word) * 8, true);
    return sum;
  });
}

/** `fd`: the map `http_requests`. */
export function readRequestCounts(fd: number): readonly RequestCount[] {
  const cpus = possibleCpus();
  const [key, next, values] = [new Uint8Array(layouts.requestKey.size), new Uint8Array(layouts.requestKey.size), new Uint8Array(8 * cpus)];
  const counts: RequestCount[] = [];
  for (let first = true; mapNextKey(fd, first ? null : key, next); first = false) {
    key.set(next);
    if (!mapLookup(fd, key, values)) continue;
    const { section, method, version, status } = decode(layouts.requestKey, new DataView(key.buffer));
    const [count = zero] = summed(values, 1, cpus);
    counts.push({ section: Number(section), method: Number(method), version: Number(version), status: Number(status), count });
  }
  return counts;
}

/** Those that were ever raised. `fd`: the map `http_durations`. */
export function readRequestDurations(fd: number): readonly RequestDurations[] {
  const cpus = possibleCpus();
  const words = layouts.durations.size / 8;
  const values = new Uint8Array(layouts.durations.size * cpus);
  return Array.from({ length: 2 * limits.requestMethods }, (_, index) => index).flatMap((index) => {
    mapLookup(fd, new Uint8Array(Uint32Array.of(index).buffer), values);
    const [nanoseconds = zero, ...buckets] = summed(values, words, cpus);
    if (buckets.every((count) => count === zero)) return [];
    return [{ section: Math.floor(index / limits.requestMethods), method: index % limits.requestMethods, nanoseconds, buckets }];
  });
}
