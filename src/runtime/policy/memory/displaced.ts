// Sparse rows of numbers in one array (row displacement, Tarjan and Yao 1979): the cells of a row stand at its base plus
// their column, in gaps that other rows left. A cell tells its column, and no two rows have one base: so what stands at
// base + column is this row's exactly when it tells that column. One load finds a cell, or that there is none.

/** `columns` ascending; `values[i]` belongs to `columns[i]`. */
export type SparseRow = { readonly columns: ArrayLike<number>; readonly values: ArrayLike<number> };
/** `cells`: column in the lowest `bits`, value above; all ones where none is. Bases are indices into it. */
export type Displaced = { readonly cells: Uint32Array; readonly bases: Uint32Array; readonly bits: number };

const free = 0xffffffff;
/** So many gaps are tried before a row goes to the end: a fuller array is not worth the time. */
const attempts = 512;
/** After so many, rows of that length do not try the gaps before again: they are too narrow for them. */
const narrow = 256;

/** Bits for columns `0 .. columns - 1`, and all ones beside them. */
export const bitsFor = (columns: number): number => Math.max(1, Math.ceil(Math.log2(columns + 1)));

class Packing {
  cells: Uint32Array;
  readonly #taken = new Set<number>();
  readonly #bits: number;
  /** Cell -> itself if it is free, else one nearer to the next free cell. */
  #towardsFree: Uint32Array;
  /** Length of a row -> where gaps for it are looked for. */
  readonly #from: number[] = [];
  #end = 0;
  #lastBase = 0;

  constructor(cells: number, bits: number) {
    this.cells = new Uint32Array(Math.max(16, cells)).fill(free);
    this.#towardsFree = this.cells.map((_, at) => at);
    this.#bits = bits;
  }

  place({ columns, values }: SparseRow): number {
    const base = this.#find(columns);
    const last = base + (columns[columns.length - 1] ?? 0);
    this.#taken.add(base);
    this.#lastBase = Math.max(this.#lastBase, base);
    if (last + 1 >= this.cells.length) this.#grow(last + 2);
    for (let i = 0; i < columns.length; i++) {
      const at = base + (columns[i] ?? 0);
      this.cells[at] = ((values[i] ?? 0) * 2 ** this.#bits + (columns[i] ?? 0)) >>> 0;
      this.#towardsFree[at] = at + 1;
    }
    this.#end = Math.max(this.#end, last + 1);
    return base;
  }

  /** The first gap that the row fits in, else behind everything. */
  #find(columns: ArrayLike<number>): number {
    const first = columns[0] ?? 0;
    const from = this.#from[columns.length] ?? 0;
    let at = this.#nextFree(Math.max(first, from));
    for (let tried = 0; tried < attempts && at < this.#end; tried++) {
      if (tried === narrow) this.#from[columns.length] = at;
      if (this.#fits(at - first, columns)) return at - first;
      at = this.#nextFree(at + 1);
    }
    // Of a row with a gap of its own, what is before the gap may stand among others.
    let base = Math.max(0, this.#end - (columns[columns.length - 1] ?? 0));
    while (!this.#fits(base, columns)) base++;
    return base;
  }

  #nextFree(from: number): number {
    let at = from;
    while (at < this.#end && this.#towardsFree[at] !== at) at = this.#towardsFree[at] ?? at + 1;
    for (let step = from; step < at; ) {
      const next = this.#towardsFree[step] ?? at;
      this.#towardsFree[step] = at;
      step = next === step ? at : next;
    }
    return at;
  }

  #fits(base: number, columns: ArrayLike<number>): boolean {
    if (this.#taken.has(base)) return false;
    // From behind: the last ones are more often taken than those beside a free one.
    for (let i = columns.length - 1; i >= 0; i--) {
      const at = base + (columns[i] ?? 0);
      if (at < this.#end && this.cells[at] !== free) return false;
    }
    return true;
  }

  #grow(least: number): void {
    const length = Math.max(least, this.cells.length * 2);
    const cells = new Uint32Array(length).fill(free);
    cells.set(this.cells);
    const towardsFree = new Uint32Array(length).map((_, at) => at);
    towardsFree.set(this.#towardsFree);
    this.cells = cells;
    this.#towardsFree = towardsFree;
  }

  /** With so many columns behind the last base that no look-up leaves the array. */
  done(columns: number): Uint32Array {
    const length = Math.max(this.#end, this.#lastBase + columns);
    if (length > this.cells.length) this.#grow(length);
    return this.cells.subarray(0, length);
  }
}

/** Values that a cell has room for beside `bits` bits of column. */
export const valuesBeside = (bits: number): number => 2 ** (32 - bits);

const widthOf = ({ columns }: SparseRow): number => (columns[columns.length - 1] ?? 0) - (columns[0] ?? 0);

/** Places `rows` over columns `0 .. columns - 1`, the widest first. Values are below `valuesBeside(bitsFor(columns))`. */
export function displaced(rows: readonly SparseRow[], columns: number): Displaced {
  const bits = bitsFor(columns);
  const packing = new Packing(
    rows.reduce((sum, row) => sum + row.columns.length, 0),
    bits,
  );
  const bases = new Uint32Array(rows.length);
  const sized = rows.map((row, number) => ({ number, width: widthOf(row), length: row.columns.length }));
  sized.sort((a, b) => b.width - a.width || b.length - a.length || a.number - b.number);
  for (const { number } of sized) bases[number] = packing.place(rows[number] ?? { columns: [], values: [] });
  return { cells: packing.done(columns), bases, bits };
}
