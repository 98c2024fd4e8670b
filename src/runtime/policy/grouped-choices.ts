// Choices of a large generation, smaller at the price of one load more: four blocks are a group, equal groups are one, and where
// a row has few choices they are half bytes. Of what is small anyway, the first loads are worth more than its bytes.
import { limits } from '../../compiler/ir/abi.ts';
import type { ChoiceForm, ChoiceRow, Choices } from './choices.ts';
import { WordRuns } from './memory/word-runs.ts';

const blockSize = limits.choiceBlock;
const unit = limits.choiceUnit;
/** From so many bytes of cells and blocks on. */
const groupedFrom = 3 << 18;
/** Choices of half a byte. */
const choicesOfNibble = 16;
/** Rows of `bytes` become one of these. */
type Grouped = Extract<ChoiceForm, 'groupedBytes' | 'groupedNibbles'>;

const bytesOf = ({ rows, blocks }: Choices): number => rows.reduce((sum, { columns }) => sum + columns.length * 4, blocks.length);

/** Of each block its highest choice. */
function highestOf(blocks: Uint8Array): Uint8Array {
  const highest = new Uint8Array(blocks.length / blockSize);
  for (let at = 0; at < blocks.length; at++) {
    const block = Math.floor(at / blockSize);
    highest[block] = Math.max(highest[block] ?? 0, blocks[at] ?? 0);
  }
  return highest;
}

class Grouping {
  readonly #from: Uint8Array;
  readonly #highest: Uint8Array;
  readonly #groups = new WordRuns(limits.choiceGroup);
  readonly #blocks: Uint8Array;
  /** The first block is all 0, of either width. */
  #end = blockSize;
  /** Block -> where it begins, in units; 0 = nowhere yet, or all 0. */
  readonly #places: Readonly<Record<Grouped, Uint32Array>>;

  constructor({ rows, blocks }: Choices) {
    this.#from = blocks;
    this.#highest = highestOf(blocks);
    // A block may be there three times, as what it is in rows of each form.
    this.#blocks = new Uint8Array(blockSize + blocks.length * 2 + rows.reduce((sum, row) => sum + wideBytes(row), 0));
    this.#places = { groupedBytes: new Uint32Array(this.#highest.length), groupedNibbles: new Uint32Array(this.#highest.length) };
  }

  /** All that are wide stay as they are, at the beginning, where their blocks have numbers. */
  wide(row: ChoiceRow): ChoiceRow {
    const values = Array.from(
      row.values,
      (block) => this.#append(this.#from.subarray(block * blockSize, (block + 2) * blockSize)) / blockSize,
    );
    return { ...row, values };
  }

  grouped({ columns, values }: ChoiceRow): ChoiceRow {
    let most = 0;
    for (let i = 0; i < values.length; i++) most = Math.max(most, this.#highest[values[i] ?? 0] ?? 0);
    const form = most < choicesOfNibble ? 'groupedNibbles' : 'groupedBytes';
    const groupColumns: number[] = [];
    const groups: number[] = [];
    const group = new Uint32Array(limits.choiceGroup);
    for (let i = 0; i < columns.length; ) {
      const column = Math.floor((columns[i] ?? 0) / limits.choiceGroup);
      group.fill(0);
      for (; i < columns.length && Math.floor((columns[i] ?? 0) / limits.choiceGroup) === column; i++)
        group[(columns[i] ?? 0) % limits.choiceGroup] = this.#placeOf(values[i] ?? 0, form);
      groupColumns.push(column);
      groups.push(this.#groups.numberOf(group));
    }
    return { columns: groupColumns, values: groups, form };
  }

  #placeOf(block: number, form: Grouped): number {
    const places = this.#places[form];
    const known = places[block] ?? 0;
    if (known > 0 || this.#highest[block] === 0) return known;
    const bytes = this.#from.subarray(block * blockSize, (block + 1) * blockSize);
    const place = this.#append(form === 'groupedBytes' ? bytes : halved(bytes)) / unit;
    places[block] = place;
    return place;
  }

  #append(bytes: Uint8Array): number {
    const at = this.#end;
    this.#blocks.set(bytes, at);
    this.#end += bytes.length;
    return at;
  }

  done(): Pick<Choices, 'groups' | 'blocks'> {
    return { groups: this.#groups.words, blocks: this.#blocks.subarray(0, Math.ceil(this.#end / blockSize) * blockSize) };
  }
}

const wideBytes = ({ form, values }: ChoiceRow): number => (form === 'wide' ? values.length * 2 * blockSize : 0);

/** Two choices a byte, the first in its lower half. */
const halved = (choices: Uint8Array): Uint8Array =>
  Uint8Array.from({ length: choices.length / 2 }, (_, i) => (choices[2 * i] ?? 0) | ((choices[2 * i + 1] ?? 0) << 4));

/** The same choices; grouped where they are many. */
export function compactChoices(choices: Choices, from = groupedFrom): Choices {
  if (bytesOf(choices) < from) return choices;
  const grouping = new Grouping(choices);
  const rows: ChoiceRow[] = [...choices.rows];
  choices.rows.forEach((row, number) => {
    if (row.form === 'wide') rows[number] = grouping.wide(row);
  });
  choices.rows.forEach((row, number) => {
    if (row.form === 'bytes') rows[number] = grouping.grouped(row);
  });
  return { columns: choices.columns, rows, ...grouping.done() };
}
