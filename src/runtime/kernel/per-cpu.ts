// Tables whose values each CPU has by itself, added up here.
import { mapLookup, mapNextKey, possibleCpus } from '../ffi/libbpf.ts';

/** Words of a value, each the sum over all CPUs. */
export function summed(values: Uint8Array, words: number, cpus: number): readonly bigint[] {
  const view = new DataView(values.buffer, values.byteOffset);
  return Array.from({ length: words }, (_, word) => {
    let sum = 0n;
    for (let cpu = 0; cpu < cpus; cpu++) sum += view.getBigUint64((cpu * words + word) * 8, true);
    return sum;
  });
}

/** Every key (of so many bytes) of the table `fd`, whose values are one word each CPU, with its count. */
export function countsByKey(fd: number, keyBytes: number): readonly { readonly key: DataView; readonly count: bigint }[] {
  const cpus = possibleCpus();
  const [key, next, values] = [new Uint8Array(keyBytes), new Uint8Array(keyBytes), new Uint8Array(8 * cpus)];
  const counts: { key: DataView; count: bigint }[] = [];
  for (let first = true; mapNextKey(fd, first ? null : key, next); first = false) {
    key.set(next);
    if (!mapLookup(fd, key, values)) continue;
    const [count = 0n] = summed(values, 1, cpus);
    counts.push({ key: new DataView(key.slice().buffer), count });
  }
  return counts;
}
