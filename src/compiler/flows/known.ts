// Parts of lines that come again and again (endpoints, what is said of a node), recognised by their text: comparing a known text costs a
// tenth of walking it. Whoever reads from a place in a line reads the same from the same text, so what it gave may be given again.
import { copied } from './copied.ts';

type Entry<T> = { readonly raw: string; readonly value: T };

const slots = 4096;
/** Known texts of one slot that are compared; those that were met last stand first. */
const mostTried = 32;
/** What is kept in all. Forgetting costs time only. */
const mostKept = 20_000;

/** Values by texts that begin alike but for some characters, by which they are found. */
export class Known<T> {
  readonly #slots: Entry<T>[][] = Array.from({ length: slots }, () => []);
  #kept = new Map<string, T>();
  readonly #from: number;
  readonly #to: number;

  /** Characters `from` to before `to` are those that differ most. */
  constructor(from: number, to: number) {
    this.#from = from;
    this.#to = to;
  }

  /** The known text that stands at `at`. */
  find(text: string, at: number): Entry<T> | undefined {
    const tried = this.#slots[this.#slotOf(text, at)];
    if (tried === undefined) return undefined;
    for (let i = 0; i < tried.length; i++) {
      const entry = tried[i];
      if (entry === undefined || text.slice(at, at + entry.raw.length) !== entry.raw) continue;
      if (i > 0) {
        tried.splice(i, 1);
        tried.unshift(entry);
      }
      return entry;
    }
    return undefined;
  }

  /** What `make` makes of the text from `at` to before `to`, which is remembered. */
  learn(text: string, at: number, to: number, make: (raw: string) => T): T {
    const raw = text.slice(at, to);
    const known = this.#kept.get(raw);
    const own = known === undefined ? copied(raw) : raw;
    const value = known ?? make(own);
    if (known === undefined) {
      if (this.#kept.size >= mostKept) this.#kept = new Map();
      this.#kept.set(own, value);
    }
    const tried = this.#slots[this.#slotOf(text, at)];
    tried?.unshift({ raw: known === undefined ? own : copied(raw), value });
    if (tried && tried.length > mostTried) tried.pop();
    return value;
  }

  #slotOf(text: string, at: number): number {
    let hash = 0;
    for (let i = at + this.#from; i < at + this.#to; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
    return (hash ^ (hash >>> 12)) & (slots - 1);
  }
}
