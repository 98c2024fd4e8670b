// Is what stands in the kernel's tables still what was written there? Somebody with bpftool can change a pinned map; nothing in
// the kernel tells. Counts the entries of a table that are not as they were written: missing or other ones, and ones too many.
import { mapType } from '../ffi/constants.ts';
import { mapById, mapLookup, mapNextKey } from '../ffi/libbpf.ts';
import { using } from './descriptor.ts';
import { type Entries, type InnerShape, u32 } from './entries.ts';
import type { TableName } from './tables.ts';

/** A table that does not hold what was written, and how many of its entries. */
export type Drift = { readonly table: TableName; readonly entries: number };

/** `found`: room for one value. */
type Looked = { readonly fd: number; readonly found: Uint8Array };

function changed({ fd, found }: Looked, { keySize, valueSize }: InnerShape, { count, keys, values }: Entries): number {
  let different = 0;
  for (let index = 0; index < count; index++) {
    const wanted = values.subarray(index * valueSize, (index + 1) * valueSize);
    const isThere = mapLookup(fd, keys.slice(index * keySize, (index + 1) * keySize), found);
    if (!isThere || Buffer.compare(found, wanted) !== 0) different++;
  }
  return different;
}

/** Keys of a hash that nobody wrote; an array has all of its keys. */
function surplus(fd: number, { type, keySize }: InnerShape, { count }: Entries): number {
  if (type !== mapType.hash) return 0;
  const next = new Uint8Array(keySize);
  let found = 0;
  let key: Uint8Array | null = null;
  while (mapNextKey(fd, key, next)) {
    found++;
    key = next.slice();
  }
  return Math.max(0, found - count);
}

/** Of the inner maps of `outer` from number `first` on. */
export function differing(outer: number, first: number, [shape, pages]: readonly [InnerShape, readonly Entries[]]): number {
  const id = new Uint32Array(1);
  const bytes = new Uint8Array(id.buffer);
  // Touched once before the kernel does: what it cannot page in while it copies is an error (EFAULT), here it is waited for.
  const found = new Uint8Array(shape.valueSize).fill(1);
  return pages.reduce((sum, entries, page) => {
    if (!mapLookup(outer, u32(first + page), bytes)) return sum + Math.max(1, entries.count);
    return sum + using(mapById(id[0] ?? 0), (fd) => changed({ fd, found }, shape, entries) + surplus(fd, shape, entries));
  }, 0);
}
