// A change makes objects, and V8 clears its young ones away when they have no more room: in the midst of a change, as that is when
// objects are made. Done after each change instead, the next one finds the room empty. (`gc` is V8's own function, shown by a flag.)
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Clears young objects away, once nothing else is to be done; a few milliseconds at most. */
export class YoungMemory {
  readonly #collect: unknown;
  #isAwaited = false;

  constructor() {
    setFlagsFromString('--expose-gc');
    // What a change makes lives until the next. V8 would take that for long, make it among old objects at once and compile anew for it;
    // and what is dead there keeps young objects alive until all garbage is collected.
    setFlagsFromString('--no-allocation-site-pretenuring');
    this.#collect = runInNewContext('gc');
  }

  clearSoon(): void {
    const collect = this.#collect;
    if (this.#isAwaited) return;
    this.#isAwaited = true;
    setImmediate(() => {
      this.#isAwaited = false;
      if (typeof collect === 'function') collect({ type: 'minor' });
    });
  }

  /** What a start left behind, and would else be cleared away by the first changes; some hundred milliseconds, where there are many policies. */
  clearAllSoon(): void {
    const collect = this.#collect;
    if (typeof collect === 'function') setImmediate(() => collect());
  }
}
