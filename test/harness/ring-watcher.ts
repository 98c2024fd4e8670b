// Sees every verdict event beside its reader, who alone frees their room: for tests that watch what a running policyd is told. Events
// stay readable until the kernel has written a whole ring more.
import { layouts, limits } from '../../src/compiler/ir/abi.ts';
import { memoryMap, pageSize } from '../../src/runtime/ffi/libbpf.ts';

/** As in src/runtime/events/ring.ts. */
const header = { bytes: 8, busy: 0x80000000, discarded: 0x40000000 } as const;

export type RingWatcher = {
  /** Shows `use` what has come since the last call; the view is a copy. @throws where some were written over before. */
  readonly look: (use: (record: DataView) => void) => void;
  readonly close: () => void;
};

/** Watches the ring buffer map `fd` from now on. */
export function watchRing(fd: number, size: number = limits.ringBytes): RingWatcher {
  const page = pageSize();
  const theirs = memoryMap(fd, 'read', { offset: page, length: page + 2 * size });
  const producer = new BigUint64Array(theirs.bytes, 0, 1);
  const words = new Uint32Array(theirs.bytes, page, size / 2);
  let at = Atomics.load(producer, 0);
  const look = (use: (record: DataView) => void): void => {
    const end = Atomics.load(producer, 0);
    const records: ArrayBuffer[] = [];
    while (at < end) {
      const offset = Number(at % BigInt(size));
      const length = Atomics.load(words, offset / 4);
      if (length >= header.busy) break;
      const bytes = length & ~header.discarded;
      const from = page + offset + header.bytes;
      if ((length & header.discarded) === 0) records.push(theirs.bytes.slice(from, from + layouts.event.size));
      at += BigInt((header.bytes + bytes + 7) & ~7);
    }
    if (Atomics.load(producer, 0) - at + (end - at) > BigInt(size)) throw new Error('events were written over before they were seen');
    for (const record of records) use(new DataView(record));
  };
  return { look, close: () => theirs.release() };
}
