// Is what stands in the kernel's tables still what was written there? Somebody with bpftool can change a pinned map; nothing in
// the kernel tells. Reads every table of the slot in force and compares it with the generation that it should hold.
import { limits } from '../../compiler/ir/abi.ts';
import { mapById, mapLookup, mapNextKey } from '../ffi/libbpf.ts';
import { using } from './descriptor.ts';
import { type Result, success } from './failure.ts';
import {
  currentRevision,
  type Entries,
  type GenerationContent,
  type MapSource,
  mapOf,
  pagesFor,
  pagesOf,
  type TableName,
  tableNames,
  u32,
} from './tables.ts';

/** A table whose entries are not those of the generation: missing or other ones, and ones too many. */
export type Drift = { readonly table: TableName; readonly entries: number };

function differing(fd: number, { count, keys, values }: Entries, keySize: number): number {
  const valueSize = values.length / Math.max(1, count);
  const found = new Uint8Array(valueSize);
  let different = 0;
  for (let index = 0; index < count; index++) {
    const wanted = values.subarray(index * valueSize, (index + 1) * valueSize);
    const isThere = mapLookup(fd, keys.slice(index * keySize, (index + 1) * keySize), found);
    if (!isThere || Buffer.compare(found, wanted) !== 0) different++;
  }
  return different;
}

/** Keys of a hash that the generation has not. */
function surplus(fd: number, count: number, keySize: number): number {
  const next = new Uint8Array(keySize);
  let found = 0;
  let key: Uint8Array | null = null;
  while (mapNextKey(fd, key, next)) {
    found++;
    key = next.slice();
  }
  return Math.max(0, found - count);
}

const isHash = (name: TableName): boolean => name === 't_cgroups' || name === 't_services';

function driftOf(outer: number, name: TableName, pages: readonly Entries[], slot: number): number {
  const id = new Uint32Array(1);
  const bytes = new Uint8Array(id.buffer);
  return pages.reduce((sum, entries, page) => {
    if (!mapLookup(outer, u32(slot * pagesOf(name) + page), bytes)) return sum + Math.max(1, entries.count);
    const keySize = entries.count === 0 ? 0 : entries.keys.length / entries.count;
    return using(mapById(id[0] ?? 0), (fd) => {
      const own = differing(fd, entries, keySize);
      return sum + own + (isHash(name) && entries.count > 0 ? surplus(fd, entries.count, keySize) : 0);
    });
  }, 0);
}

/** Tables that do not hold `content`, in the slot that packets read now; [] when all is as it was written. */
export function drift(maps: MapSource, content: GenerationContent): Result<readonly Drift[]> {
  const pages = pagesFor(content);
  if (!pages.ok) return pages;
  const slot = currentRevision(maps) % limits.slots;
  const present = tableNames.filter((name) => maps.get(name) !== undefined);
  const found = present.map((table) => ({ table, entries: driftOf(mapOf(maps, table), table, pages.value[table], slot) }));
  return success(found.filter(({ entries }) => entries > 0));
}
