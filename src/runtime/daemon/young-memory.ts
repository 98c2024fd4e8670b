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
    this.#collect = runInNewContext('gc');
  }

  clearSoon(): void {
    const collect = this.#collect;
    if (this.#isAwaited || typeof collect !== 'function') return;
    this.#isAwaited = true;
    setImmediate(() => {
      this.#isAwaited = false;
      collect({ type: 'minor' });
    });
  }
}
