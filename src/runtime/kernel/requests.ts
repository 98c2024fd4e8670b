// Requests of inspected connections as the programs counted them: by method and status, and how long the responses took. One value
// per CPU, added up here; pinned, so they go on after a restart.
import { layouts, limits } from '../../compiler/ir/abi.ts';
import { decode } from '../../compiler/ir/layout.ts';
import { mapLookup, possibleCpus } from '../ffi/libbpf.ts';
import { countsByKey, summed } from './per-cpu.ts';

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

/** `fd`: the map `http_requests`. */
export function readRequestCounts(fd: number): readonly RequestCount[] {
  return countsByKey(fd, layouts.requestKey.size).map(({ key, count }) => {
    const { section, method, version, status } = decode(layouts.requestKey, key);
    return { section: Number(section), method: Number(method), version: Number(version), status: Number(status), count };
  });
}

/** Those that were ever raised. `fd`: the map `http_durations`. */
export function readRequestDurations(fd: number): readonly RequestDurations[] {
  const cpus = possibleCpus();
  const words = layouts.durations.size / 8;
  const values = new Uint8Array(layouts.durations.size * cpus);
  return Array.from({ length: 2 * limits.requestMethods }, (_, index) => index).flatMap((index) => {
    mapLookup(fd, new Uint8Array(Uint32Array.of(index).buffer), values);
    const [nanoseconds = 0n, ...buckets] = summed(values, words, cpus);
    if (buckets.every((count) => count === 0n)) return [];
    return [{ section: Math.floor(index / limits.requestMethods), method: index % limits.requestMethods, nanoseconds, buckets }];
  });
}
