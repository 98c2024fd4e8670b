// All entries of a hash table of the kernel's, some at a time. Read while programs write: an entry that comes or goes meanwhile is told or not.
import { isCode } from '../ffi/errno.ts';
import { mapLookupBatch } from '../ffi/libbpf.ts';
import type { Entries } from './entries.ts';

/** Entries of one batch; the kernel asks for more room (ENOSPC) if a bucket of its table holds more. */
const firstCapacity = 1024;
const mostCapacity = 1 << 17;

/** Bytes of a key, and of a value (of all processors, where each has its own). */
export type EntryShape = { readonly key: number; readonly value: number };

function* batches(fd: number, { key, value }: EntryShape, capacity: number): Generator<Entries> {
  const [keys, values] = [new Uint8Array(capacity * key), new Uint8Array(capacity * value)];
  const [from, to] = [new Uint8Array(8), new Uint8Array(8)];
  for (let last = false, first = true; !last; first = false) {
    const batch = mapLookupBatch(fd, { from: first ? null : from, to }, { keys, values, capacity });
    yield { count: batch.count, keys, values };
    from.set(to);
    last = batch.last;
  }
}

/** What `take` makes of the entries, which it is given in parts; what it gets is written over by the next part. */
export function everyBatch<T>(fd: number, shape: EntryShape, take: (entries: Entries) => readonly T[]): readonly T[] {
  for (let capacity = firstCapacity; ; capacity *= 4) {
    try {
      const found: T[] = [];
      for (const entries of batches(fd, shape, capacity)) for (const one of take(entries)) found.push(one);
      return found;
    } catch (error) {
      if (!isCode(error, 'ENOSPC') || capacity > mostCapacity) throw error;
    }
  }
}
