// Reads the ring of verdict events in place: the kernel's pages are mapped, a record costs no system call and no copy
// before it is decoded. Layout: kernel/bpf/ringbuf.c (one page with our position, one with the kernel's, then the data
// twice in a row, so that no record is ever split). Polled on a timer that slows down while nothing comes.
import { limits } from '../../compiler/ir/abi.ts';
import { memoryMap, pageSize } from '../ffi/libbpf.ts';
import { AnsweredRequests } from './answered-requests.ts';
import type { VerdictEvent } from './verdict-event.ts';

/** Header of a record: u32 length with two flags, u32 page offset; records start at multiples of 8. */
const header = { bytes: 8, busy: 0x80000000, discarded: 0x40000000 } as const;

export type Ring = {
  /** Gives every record that was complete when it was called to `use` and frees its room; returns how many there were. The view is valid only during the call. */
  readonly drain: (use: (record: DataView) => void) => number;
  /** Unmaps the ring; `drain` finds nothing after it. Not to be called by `use`. */
  readonly close: () => void;
};

/** Opens the ring buffer map `fd` of `size` bytes. Only one reader may be open, in whatever process. */
export function openRing(fd: number, size: number = limits.ringBytes): Ring {
  const page = pageSize();
  const ours = memoryMap(fd, 'readWrite', { offset: 0, length: page });
  const theirs = memoryMap(fd, 'read', { offset: page, length: page + 2 * size });
  const consumer = new BigUint64Array(ours.bytes, 0, 1);
  const producer = new BigUint64Array(theirs.bytes, 0, 1);
  const words = new Uint32Array(theirs.bytes, page, size / 2);

  let open = true;

  const drain = (use: (record: DataView) => void): number => {
    if (!open) return 0;
    let used = 0;
    // Atomics: the kernel writes the length last (a release) and the position before that; neither may be read early.
    let at = Atomics.load(consumer, 0);
    // Not what comes meanwhile: a workload that is denied without end would keep us here for ever.
    for (const end = Atomics.load(producer, 0); at < end; ) {
      const offset = Number(at % BigInt(size));
      const length = Atomics.load(words, offset / 4);
      if (length >= header.busy) break;
      const bytes = length & ~header.discarded;
      if ((length & header.discarded) === 0) {
        use(new DataView(theirs.bytes, page + offset + header.bytes, bytes));
        used++;
      }
      at += BigInt((header.bytes + bytes + 7) & ~7);
      Atomics.store(consumer, 0, at);
    }
    return used;
  };
  const close = (): void => {
    if (!open) return;
    open = false;
    ours.release();
    theirs.release();
  };
  return { drain, close };
}

/** Milliseconds between two looks: the first while events come, growing to the last while none does. */
const pause = { least: 5, most: 100 } as const;

export type RingReader = {
  /** Reads what has come until now; for tests and before an end. */
  readonly flush: () => void;
  /** As AnsweredRequests.unmatched. */
  readonly unmatched: () => number;
  readonly stop: () => void;
};

/** Gives events to `use` until `stop`. The timer does not keep the process alive. */
export function readRing(ring: Ring, use: (event: VerdictEvent) => void): RingReader {
  let wait: number = pause.least;
  let timer: NodeJS.Timeout | undefined;
  const requests = new AnsweredRequests();
  const flush = (): number =>
    ring.drain((record) => {
      const event = requests.eventOf(record);
      if (event) use(event);
    });
  const tick = (): void => {
    const begin = performance.now();
    const found = flush();
    // However many come, half of the time is for everything else.
    wait = found > 0 ? Math.max(pause.least, performance.now() - begin) : Math.min(wait * 2, pause.most);
    timer = setTimeout(tick, wait).unref();
  };
  timer = setTimeout(tick, wait).unref();
  return { flush: () => void flush(), unmatched: () => requests.unmatched, stop: () => clearTimeout(timer) };
}
