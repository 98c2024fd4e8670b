// Tables whose values each CPU has by itself, added up here.
import { decode, type Layout } from '../../compiler/ir/layout.ts';
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

type Counted<Names extends string> = { readonly key: Readonly<Record<Names, number | bigint | Uint8Array>>; readonly count: bigint };

/** Every key of the table `fd` (one word each CPU) with its count. */
export function countsByKey<Names extends string>(fd: number, layout: Layout<Names>): readonly Counted<Names>[] {
  const cpus = possibleCpus();
  const [key, next, values] = [new Uint8Array(layout.size), new Uint8Array(layout.size), new Uint8Array(8 * cpus)];
  const counts: Counted<Names>[] = [];
  for (let first = true; mapNextKey(fd, first ? null : key, next); first = false) {
    key.set(next);
    if (!mapLookup(fd, key, values)) continue;
    const [count = 0n] = summed(values, 1, cpus);
    counts.push({ key: decode(layout, new DataView(key.buffer)), count });
  }
  return counts;
}
