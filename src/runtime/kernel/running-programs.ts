// Waiting until every program that runs now has ended. The kernel does that whenever an element of a map of maps is written
// (kernel/bpf/syscall.c, maybe_wait_bpf_programs), of whichever: so one is kept for it alone, which no program ever reads.
import { mapFlag, mapType } from '../ffi/constants.ts';
import { mapCreate, mapUpdate, mapUpdateLater } from '../ffi/libbpf.ts';
import { closeFd, using } from './descriptor.ts';
import { u32 } from './entries.ts';

const shape = { name: 'pol_wait', keySize: 4, valueSize: 4, maxEntries: 1, flags: 0 } as const;
const inner = (): number => mapCreate({ ...shape, type: mapType.array, flags: mapFlag.innerMap });

export class RunningPrograms {
  readonly #outer: number;
  #pending = 0;
  #isClosed = false;

  constructor() {
    this.#outer = using(inner(), (fd) => mapCreate({ ...shape, type: mapType.arrayOfMaps, innerFd: fd }));
  }

  /** Returns when all have ended. */
  await(): void {
    using(inner(), (fd) => mapUpdate(this.#outer, u32(0), u32(fd)));
  }

  /** Calls `ended` when all have ended, and not where that cannot be known. */
  awaitLater(ended: () => void): void {
    const fd = inner();
    this.#pending++;
    mapUpdateLater(this.#outer, { key: u32(0), value: u32(fd) }, (isDone) => {
      closeFd(fd);
      if (--this.#pending === 0 && this.#isClosed) closeFd(this.#outer);
      if (isDone) ended();
    });
  }

  /** What is waited for goes on. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#pending === 0) closeFd(this.#outer);
  }
}
