// The flat table of verdicts, a word each (ir/abi.ts, `verdictShift`): rows of words behind each other, equal rows once. Word 0
// is absent, so that a base that was never written denies.
import { layouts, limits, verdictAction, verdictShift } from '../../compiler/ir/abi.ts';
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

/** `inspections`: the two words of a `pol_inspection` behind each other. */
export type Verdicts = { readonly words: Uint32Array; readonly inspections: Uint32Array };

const wordBytes = 4;
const inspectionWords = layouts.inspection.size / wordBytes;
const mostVerdicts = (limits.memoryPage * limits.memoryPages) / wordBytes;
/** What a word has room for: causes, and verdicts that read requests. */
const numbers = 2 ** (32 - verdictShift.number);
const bitsOf = (word: number, from: number, end: number): number => (word >>> from) & ((1 << (end - from)) - 1);

/** What a word says; of an inspection, `inspected` are its own two words. */
export function entryOf(
  word: number,
  inspected: (number: number) => readonly [cause: number, next: number] | undefined,
): Entry | undefined {
  const action = bitsOf(word, 0, verdictShift.match);
  const match = bitsOf(word, verdictShift.match, verdictShift.flags);
  const flags = bitsOf(word, verdictShift.flags, verdictShift.number);
  const number = word >>> verdictShift.number;
  if (action !== verdictAction.inspect) return { action, match, flags, cause: number, next: 0, domain: 0 };
  const [cause, next] = inspected(number) ?? [];
  if (cause === undefined || next === undefined) return undefined;
  return { action, match, flags, cause, next: next % 2 ** verdictShift.domain, domain: next >>> verdictShift.domain };
}

/** Interns rows (as bases), and what is known of verdicts that read requests. */
export class VerdictTable {
  readonly #inspections: number[] = [];
  readonly #inspectionNumbers = new Map<string, number>();
  readonly #bases = new Map<string, number>();
  /** Of rows of one word. */
  readonly #basesOfOne = new Map<number, number>();
  readonly #words: number[] = [0];

  /** The word of a verdict. @throws GenerationLimit */
  word(entry: Entry): number {
    const number = entry.action === verdictAction.inspect ? this.#inspection(entry) : entry.cause;
    if (number >= numbers) throw new GenerationLimit('numbers of deciders', number, numbers - 1);
    return number * 2 ** verdictShift.number + ((entry.flags << verdictShift.flags) | (entry.match << verdictShift.match) | entry.action);
  }

  #inspection({ cause, next, domain }: Entry): number {
    const key = `${cause},${next},${domain}`;
    const known = this.#inspectionNumbers.get(key);
    if (known !== undefined) return known;
    const number = this.#inspections.length / inspectionWords;
    this.#inspections.push(cause, domain * 2 ** verdictShift.domain + next);
    this.#inspectionNumbers.set(key, number);
    return number;
  }

  /** Base of the row that holds these words. @throws GenerationLimit */
  row(words: readonly number[]): number {
    const [first = 0] = words;
    if (words.length === 1) {
      const known = this.#basesOfOne.get(first) ?? this.#append(words);
      this.#basesOfOne.set(first, known);
      return known;
    }
    const key = words.join();
    const known = this.#bases.get(key) ?? this.#append(words);
    this.#bases.set(key, known);
    return known;
  }

  #append(words: readonly number[]): number {
    const base = this.#words.length;
    for (const word of words) this.#words.push(word);
    if (this.#words.length > mostVerdicts) throw new GenerationLimit('verdicts', this.#words.length, mostVerdicts);
    return base;
  }

  done(): Verdicts {
    return { words: Uint32Array.from(this.#words), inspections: Uint32Array.from(this.#inspections) };
  }
}
