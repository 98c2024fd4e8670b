// The flat table of `pol_verdict`: rows of entries behind each other, equal rows once. Entry 0 is absent, so that a base
// that was never written denies.
import { layouts, verdictAction } from '../../compiler/ir/abi.ts';
import { encodeInto } from '../../compiler/ir/layout.ts';
import { GenerationLimit } from './generation.ts';

/** A `pol_verdict`. `next`: base of the request row where the action is `inspect`, else 0. */
export type Entry = {
  readonly action: number;
  readonly cause: number;
  readonly match: number;
  readonly next: number;
  readonly domain: number;
  readonly flags: number;
};
export const absent: Entry = { action: verdictAction.absent, cause: 0, match: 0, next: 0, domain: 0, flags: 0 };

const size = layouts.verdict.size;
/** Bytes of one map that the kernel still allocates in one piece on every machine. */
const largestTable = 1 << 30;

/** Interns entries (as numbers) and rows (as bases). */
export class VerdictTable {
  readonly #entries: Entry[] = [absent];
  readonly #entryNumbers = new Map<string, number>();
  readonly #bases = new Map<string, number>();
  /** Entry numbers, in table order. */
  readonly #table: number[] = [0];

  entry(entry: Entry): number {
    const key = `${entry.action},${entry.cause},${entry.match},${entry.next},${entry.domain},${entry.flags}`;
    const known = this.#entryNumbers.get(key);
    if (known !== undefined) return known;
    this.#entryNumbers.set(key, this.#entries.length);
    return this.#entries.push(entry) - 1;
  }

  /** Base of the row that holds these entries. @throws GenerationLimit */
  row(entries: ArrayLike<number>): number {
    const key = Array.prototype.join.call(entries);
    const known = this.#bases.get(key);
    if (known !== undefined) return known;
    const base = this.#table.length;
    for (let i = 0; i < entries.length; i++) this.#table.push(entries[i] ?? 0);
    if (this.#table.length * size > largestTable) throw new GenerationLimit('verdicts', this.#table.length, largestTable / size);
    this.#bases.set(key, base);
    return base;
  }

  bytes(): Uint8Array {
    const out = new Uint8Array(this.#table.length * size);
    const records = this.#entries.map((entry) => {
      const record = new Uint8Array(size);
      encodeInto(layouts.verdict, entry, new DataView(record.buffer), 0);
      return record;
    });
    this.#table.forEach((number, i) => {
      const record = records[number];
      if (number > 0 && record) out.set(record, i * size);
    });
    return out;
  }
}
