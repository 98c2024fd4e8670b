// Which class chooses what, small: a class (of ports, or of peers) has a choice, a number; choices stand in blocks of classes
// that follow each other, and equal blocks are one. Rules of a policy have few patterns of ports and peers, so there are few
// blocks, and most of them are all 0, "none of one's own", which are not even named.
import { type choiceForm, limits } from '../../compiler/ir/abi.ts';
import { GenerationLimit } from './generation.ts';
import type { SparseRow } from './memory/displaced.ts';
import { WordRuns } from './memory/word-runs.ts';

const blockSize = limits.choiceBlock;
/** A choice has one byte, or two. */
const choicesOfByte = 256;

/** How a row finds its choices (ir/abi.ts, `choiceForm`). */
export type ChoiceForm = keyof typeof choiceForm;
/**
 * `bytes`: block of classes -> number of a block of choices; `wide`: of two, as a choice has two bytes. Of the others, grouped
 * blocks of classes -> number of a group (grouped-choices.ts).
 */
export type ChoiceRow = SparseRow & { readonly form: ChoiceForm };
export type Choices = {
  /** Blocks of the longest row. */
  readonly columns: number;
  readonly rows: readonly ChoiceRow[];
  /** Of each group, where its blocks begin, in units of `limits.choiceUnit` bytes. */
  readonly groups: Uint32Array;
  /** One behind the other; the first is all 0. */
  readonly blocks: Uint8Array;
};

/** Rows, equal ones once. */
class RowNumbers {
  readonly rows: ChoiceRow[] = [];
  /** Hash -> rows that have it. */
  readonly #known = new Map<number, number[]>();

  of(row: ChoiceRow): number {
    const hash = hashOf(row);
    const alike = this.#known.get(hash) ?? [];
    if (alike.length === 0) this.#known.set(hash, alike);
    const known = alike.find((number) => isSame(this.rows[number], row));
    if (known !== undefined) return known;
    const number = this.rows.push(row) - 1;
    alike.push(number);
    return number;
  }
}

function hashOf({ columns, values, form }: ChoiceRow): number {
  let hash = form.length;
  for (let i = 0; i < columns.length; i++) {
    hash = Math.imul(hash ^ (columns[i] ?? 0), 0x9e3779b1);
    hash = Math.imul((hash ^ (hash >>> 15)) + (values[i] ?? 0), 0x85ebca6b);
  }
  return hash | 0;
}

function isSame(a: ChoiceRow | undefined, b: ChoiceRow): boolean {
  if (a?.form !== b.form || a.columns.length !== b.columns.length) return false;
  for (let i = 0; i < b.columns.length; i++) if (a.columns[i] !== b.columns[i] || a.values[i] !== b.values[i]) return false;
  return true;
}

/** Blocks of choices of one width. */
class BlockNumbers {
  readonly #runs = new WordRuns(blockSize / 2);
  /** Run of choices -> the number of its block. */
  readonly #numbers: number[] = [];
  readonly #choices = new Uint16Array(blockSize);
  readonly #words = new Uint32Array(this.#choices.buffer);

  /** Of the choices from `first` on; `append` writes a block that is new. */
  of(choices: Uint16Array, first: number, append: (block: Uint16Array) => number): number {
    const block = this.#choices;
    for (let i = 0; i < blockSize; i++) block[i] = choices[first + i] ?? 0;
    const run = this.#runs.numberOf(this.#words);
    const number = this.#numbers[run] ?? append(block);
    this.#numbers[run] = number;
    return number;
  }
}

/** Interns blocks and rows. */
export class ChoiceTable {
  #blocks = Buffer.alloc(1 << 14);
  #count = 1;
  #columns = 1;
  readonly #rows = new RowNumbers();
  readonly #narrow = new BlockNumbers();
  readonly #wide = new BlockNumbers();

  /** Number of the row with these choices, of which `most` is the highest; `chosen`: those that may be other than 0, ascending. @throws GenerationLimit */
  row(choices: Uint16Array, most: number, chosen: ArrayLike<number>): number {
    const form = most >= choicesOfByte ? 'wide' : 'bytes';
    if (most >= choicesOfByte ** 2) throw new GenerationLimit('deciders of one port', most, choicesOfByte ** 2 - 1);
    const columns: number[] = [];
    const values: number[] = [];
    let end = 0;
    for (let i = 0; i < chosen.length; i++) {
      const at = chosen[i] ?? 0;
      if (at < end || choices[at] === 0) continue;
      const first = at - (at % blockSize);
      end = first + blockSize;
      columns.push(first / blockSize);
      values.push(form === 'wide' ? this.#wide.of(choices, first, this.#appendWide) : this.#narrow.of(choices, first, this.#appendNarrow));
    }
    this.#columns = Math.max(this.#columns, Math.ceil(choices.length / blockSize));
    return this.#rows.of({ columns, values, form });
  }

  readonly #appendNarrow = (block: Uint16Array): number => this.#append(block);
  readonly #appendWide = (block: Uint16Array): number => this.#append(new Uint8Array(block.buffer, block.byteOffset, block.byteLength));

  /** As bytes. */
  #append(block: ArrayLike<number>): number {
    const number = this.#count;
    this.#count += block.length / blockSize;
    if (this.#count * blockSize > this.#blocks.length) this.#blocks = Buffer.concat([this.#blocks, Buffer.alloc(this.#blocks.length)]);
    this.#blocks.set(block, number * blockSize);
    return number;
  }

  done(): Choices {
    const blocks = this.#blocks.subarray(0, this.#count * blockSize);
    return { columns: this.#columns, rows: this.#rows.rows, groups: new Uint32Array(), blocks };
  }
}
