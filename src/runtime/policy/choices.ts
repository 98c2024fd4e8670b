// Which class chooses what, small: a class (of ports, or of peers) has a choice, a number; choices stand in blocks of classes
// that follow each other, and equal blocks are one. Rules of a policy have few patterns of ports and peers, so there are few
// blocks, and most of them are all 0, "none of one's own", which are not even named.
import { type choiceForm, limits } from '../../compiler/ir/abi.ts';
import { GenerationLimit } from './generation.ts';
import type { SparseRow } from './memory/displaced.ts';

const blockSize = limits.choiceBlock;
/** A choice has one byte, or two. */
const choicesOfByte = 256;

/** How a row finds its choices (ir/abi.ts, `choiceForm`). */
export type ChoiceForm = keyof typeof choiceForm;
/**
 * `bytes`: block of classes -> number of a block of choices; `wide`: the block behind it has their upper bytes. Of the others, grouped
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

/** Interns blocks and rows. */
export class ChoiceTable {
  readonly #blockNumbers = new Map<string, number>();
  #blocks = Buffer.alloc(1 << 14);
  #count = 1;
  #columns = 1;
  readonly #rows: ChoiceRow[] = [];
  readonly #narrow = Buffer.alloc(blockSize);
  readonly #wide = Buffer.alloc(2 * blockSize);
  readonly #rowNumbers = new Map<string, number>();

  /** Number of the row with these choices, of which `most` is the highest; `chosen`: those that may be other than 0, ascending. @throws GenerationLimit */
  row(choices: Uint16Array, most: number, chosen: readonly number[]): number {
    const isWide = most >= choicesOfByte;
    if (most >= choicesOfByte ** 2) throw new GenerationLimit('deciders of one port', most, choicesOfByte ** 2 - 1);
    const columns: number[] = [];
    const values: number[] = [];
    let end = 0;
    for (const at of chosen) {
      if (at < end || choices[at] === 0) continue;
      const first = at - (at % blockSize);
      end = Math.min(first + blockSize, choices.length);
      columns.push(first / blockSize);
      values.push(this.#block(choices, first, isWide));
    }
    this.#columns = Math.max(this.#columns, Math.ceil(choices.length / blockSize));
    const key = `${isWide ? 'w' : ''}${columns.join()};${values.join()}`;
    const number = this.#rowNumbers.get(key) ?? this.#rows.push({ columns, values, form: isWide ? 'wide' : 'bytes' }) - 1;
    this.#rowNumbers.set(key, number);
    return number;
  }

  #block(choices: Uint16Array, first: number, isWide: boolean): number {
    const bytes = isWide ? this.#wide : this.#narrow;
    for (let i = 0; i < blockSize; i++) {
      const choice = choices[first + i] ?? 0;
      bytes[i] = choice & 0xff;
      if (isWide) bytes[blockSize + i] = choice >> 8;
    }
    const key = bytes.toString('latin1');
    const known = this.#blockNumbers.get(key);
    if (known !== undefined) return known;
    const number = this.#count;
    this.#count += isWide ? 2 : 1;
    if (this.#count * blockSize > this.#blocks.length) this.#blocks = Buffer.concat([this.#blocks, Buffer.alloc(this.#blocks.length)]);
    this.#blocks.set(bytes, number * blockSize);
    this.#blockNumbers.set(key, number);
    return number;
  }

  done(): Choices {
    const blocks = this.#blocks.subarray(0, this.#count * blockSize);
    return { columns: this.#columns, rows: this.#rows, groups: new Uint32Array(), blocks };
  }
}
