// Request classes: field by field, in the order of their slots, the lines that can still hold. A line whose last test holds
// becomes its block; what no later field can change is settled, and the blocks that hold are then its class.
//
//  1. A state is the set of lines that hold so far and of blocks that hold for good. The first is all lines.
//  2. At a field, each class of its values takes a state to another: the lines that it makes false are left out.
//  3. States with a line left are live at the next field; the others are settled.
import { limits } from '../ir/abi.ts';
import { NumberLists } from '../space/number-lists.ts';

/** A line: what it asks at each level (a number of a kind), and its block. */
export type CombinedLine = { readonly block: number; readonly kinds: ReadonlyMap<number, number> };
/** One field: how many classes it has, the classes at which a kind holds, and whether it may be without a value. */
export type Level = { readonly folded: number; readonly holds: readonly (readonly number[])[]; readonly mayBeAbsent: boolean };

export type Combined = {
  readonly start: number;
  /** Counts class 0, the undecidable one. */
  readonly classes: number;
  readonly levels: readonly { readonly live: number; readonly combine: Uint32Array }[];
  /** Block -> classes, ascending. */
  readonly classesOf: readonly (readonly number[])[];
};
/** At this level they became more than the kernel's table holds. */
export type TooMany = { readonly kind: 'too-many'; readonly level: number; readonly found: number };

/** Some seconds: past it the combinations are out of hand, whatever their table would be. */
const mostWork = 1 << 28;
/** What nobody can send: settled, undecidable. */
const impossible = -1;

class Combination {
  readonly #lines: readonly CombinedLine[];
  readonly #lastLevel: readonly number[];
  readonly sets = new NumberLists();
  readonly #buffer: Uint32Array;
  #length = 0;
  work = 0;

  constructor(lines: readonly CombinedLine[], blocks: number) {
    this.#lines = lines;
    this.#lastLevel = lines.map(({ kinds }) => Math.max(-1, ...kinds.keys()));
    this.#buffer = new Uint32Array(lines.length + blocks);
  }

  /** Sets hold lines by their number, and blocks by theirs behind the lines. */
  isBlock(item: number): boolean {
    return item >= this.#lines.length;
  }

  blockOf(item: number): number {
    return item - this.#lines.length;
  }

  isLive = (set: number): boolean => {
    const first = this.sets.at(set)[0];
    return first !== undefined && !this.isBlock(first);
  };

  /** The set of these items: a line that asks nothing after `level` is its block, and other lines of a block that holds are left out. */
  #settle(items: Iterable<number>, level: number): number {
    const kept = new Set<number>();
    for (const item of items) {
      this.work++;
      const isWhole = !this.isBlock(item) && (this.#lastLevel[item] ?? -1) <= level;
      kept.add(isWhole ? this.#lines.length + (this.#lines[item]?.block ?? 0) : item);
    }
    this.#length = 0;
    for (const item of kept) {
      const isHeld = !this.isBlock(item) && kept.has(this.#lines.length + (this.#lines[item]?.block ?? 0));
      if (!isHeld) this.#buffer[this.#length++] = item;
    }
    this.#buffer.subarray(0, this.#length).sort();
    return this.sets.intern(this.#buffer, this.#length);
  }

  first(): number {
    return this.#settle(this.#lines.keys(), -1);
  }

  /** Where the classes of one field take a set. */
  step(set: number, level: number, { folded, holds, mayBeAbsent }: Level): Int32Array {
    const kept: number[] = [];
    const added: number[][] = Array.from({ length: folded }, () => []);
    for (const item of this.sets.at(set)) {
      const kind = this.isBlock(item) ? undefined : this.#lines[item]?.kinds.get(level);
      if (kind === undefined) kept.push(item);
      else for (const number of holds[kind] ?? []) added[number]?.push(item);
    }
    const without = this.#settle(kept, level);
    return Int32Array.from(added, (more, number) => {
      if (number === 0 && !mayBeAbsent) return impossible;
      return more.length === 0 ? without : this.#settle([...kept, ...more], level);
    });
  }
}

/** Combines the classes of fields; `lines` stand in any order. */
export function combinationsOf(lines: readonly CombinedLine[], blocks: number, levels: readonly Level[]): Combined | TooMany {
  const combination = new Combination(lines, blocks);
  const first = combination.first();
  const settled = new Set<number>();
  const tables: { readonly live: ReadonlyMap<number, number>; readonly to: readonly Int32Array[] }[] = [];
  let live = numbered([first], combination, settled);
  let cells = 0;
  for (const [level, of] of levels.entries()) {
    cells += live.size * of.folded;
    if (cells > limits.requestCells || live.size > limits.requestStates) return { kind: 'too-many', level, found: cells };
    const to: Int32Array[] = [];
    for (const set of live.keys()) {
      to.push(combination.step(set, level, of));
      if (combination.work > mostWork) return { kind: 'too-many', level, found: cells };
    }
    tables.push({ live, to });
    live = numbered(
      to.flatMap((row) => [...row]),
      combination,
      settled,
    );
  }
  return numberedClasses(combination, { blocks, first, settled, tables });
}

/** The live ones of some sets, numbered as they come; the others are settled. */
function numbered(sets: readonly number[], combination: Combination, settled: Set<number>): ReadonlyMap<number, number> {
  const live = new Map<number, number>();
  for (const set of sets) {
    if (set === impossible) continue;
    if (!combination.isLive(set)) settled.add(set);
    else if (!live.has(set)) live.set(set, live.size);
  }
  return live;
}

type Made = {
  readonly blocks: number;
  readonly first: number;
  readonly settled: ReadonlySet<number>;
  readonly tables: readonly { readonly live: ReadonlyMap<number, number>; readonly to: readonly Int32Array[] }[];
};

/** Requests for which nothing holds come first, if there are any. */
function numberedClasses(combination: Combination, { blocks, first, settled, tables }: Made): Combined {
  const order = [...settled].sort((a, b) => Math.min(1, combination.sets.at(a).length) - Math.min(1, combination.sets.at(b).length));
  const classOf = new Map(order.map((set, i) => [set, i + 1]));
  const classesOf: number[][] = Array.from({ length: blocks }, () => []);
  for (const [set, number] of classOf) for (const item of combination.sets.at(set)) classesOf[combination.blockOf(item)]?.push(number);
  const stateOf = (set: number, live: ReadonlyMap<number, number> | undefined): number =>
    live?.get(set) ?? (live?.size ?? 0) + (classOf.get(set) ?? 0);
  const levels = tables.map(({ live, to }, level) => ({
    live: live.size,
    combine: Uint32Array.from(
      to.flatMap((row) => [...row]),
      (set) => stateOf(set, tables[level + 1]?.live),
    ),
  }));
  return { start: stateOf(first, tables[0]?.live), classes: order.length + 1, levels, classesOf };
}
