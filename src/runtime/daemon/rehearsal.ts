// V8 interprets what it has not run often and compiles it on another thread: the first changes after a start cost twice the work of later
// ones, and as much again on a second processor. A collection of all garbage takes compiled code away, too, where objects that it was made
// for are no more. So after each, the first of which follows the start, a change is gone through some times while nothing else is to be done.
import { constants, PerformanceObserver } from 'node:perf_hooks';
import type { YoungMemory } from './young-memory.ts';

/** Rounds; after so many, hardly anything is left to compile. */
const rounds = 80;
/** Microseconds of processor, of all threads, after which no other round begins. */
const most = 3_000_000;

export class Rehearsal {
  readonly #round: (number: number) => boolean;
  readonly #memory: YoungMemory;
  readonly #collections: PerformanceObserver;
  #next: NodeJS.Immediate | undefined;
  /** A rehearsal leaves garbage behind: without a change it would bring the next one about. */
  #hasChanged = true;

  /** `round`: is given 0, 1, 2 ...; no other one where it says no. */
  constructor(round: (number: number) => boolean, memory: YoungMemory) {
    this.#round = round;
    this.#memory = memory;
    this.#collections = new PerformanceObserver((seen) => {
      if (this.#hasChanged && seen.getEntries().some(isOfAll)) this.#begin();
    });
  }

  /** From now on, until `close`. What the start left behind is collected. */
  follow(): void {
    this.#collections.observe({ entryTypes: ['gc'] });
    this.#memory.clearAllSoon();
  }

  /** Something else is in force. */
  changed(): void {
    this.#hasChanged = true;
    this.#memory.clearSoon();
  }

  close(): void {
    this.#collections.disconnect();
    clearImmediate(this.#next);
  }

  #begin(): void {
    this.#hasChanged = false;
    const before = process.cpuUsage();
    const isEnough = (): boolean => {
      const { user, system } = process.cpuUsage(before);
      return user + system > most;
    };
    let number = 0;
    const step = (): void => {
      if (number >= rounds || isEnough() || !this.#round(number++)) return;
      // Else what rounds leave behind is taken for what stays, and brings the next collection of everything about.
      this.#memory.clearSoon();
      this.#next = setImmediate(step);
    };
    clearImmediate(this.#next);
    this.#next = setImmediate(step);
  }
}

function isOfAll(collection: object): boolean {
  const detail = 'detail' in collection ? collection.detail : undefined;
  return typeof detail === 'object' && detail !== null && 'kind' in detail && detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR;
}
