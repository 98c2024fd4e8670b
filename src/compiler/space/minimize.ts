// Hopcroft's algorithm (1971), n k log n: splits the states by what texts can still tell apart, then numbers the blocks
// in the order in which a breadth-first walk meets them, so that equal languages give equal automata.
import type { Automaton } from './automaton.ts';
import type { ByteClasses } from './nfa.ts';

/** A complete DFA in the making; `next[state * columns + column]`. */
export type RawAutomaton = {
  readonly states: number;
  readonly start: number;
  readonly bytes: ByteClasses;
  readonly next: Uint32Array;
  readonly accept: Uint32Array;
};

const at = (list: Uint32Array, index: number): number => list[index] ?? 0;

/** Sets of states, refined in place: `order` holds each block's states in a row. */
class Blocks {
  readonly of: Uint32Array;
  readonly #order: Uint32Array;
  readonly #place: Uint32Array;
  readonly #first: number[] = [];
  readonly #end: number[] = [];
  /** Marked states stand at the front of their block. */
  readonly #marked: number[] = [];
  readonly #touched: number[] = [];

  constructor(states: number, value: Uint32Array) {
    this.of = new Uint32Array(states);
    this.#order = Uint32Array.from({ length: states }, (_, state) => state).sort((a, b) => at(value, a) - at(value, b) || a - b);
    this.#place = new Uint32Array(states);
    this.#order.forEach((state, place) => {
      this.#place[state] = place;
      const isNew = place === 0 || at(value, state) !== at(value, at(this.#order, place - 1));
      if (isNew) this.#open(place);
      this.of[state] = this.count - 1;
      this.#end[this.count - 1] = place + 1;
    });
  }

  get count(): number {
    return this.#first.length;
  }

  #open(place: number): void {
    this.#first.push(place);
    this.#end.push(place);
    this.#marked.push(0);
  }

  size(block: number): number {
    return (this.#end[block] ?? 0) - (this.#first[block] ?? 0);
  }

  members(block: number): Uint32Array {
    return this.#order.slice(this.#first[block], this.#end[block]);
  }

  mark(state: number): void {
    const block = at(this.of, state);
    const marked = this.#marked[block] ?? 0;
    const front = (this.#first[block] ?? 0) + marked;
    const place = at(this.#place, state);
    if (place < front) return;
    if (marked === 0) this.#touched.push(block);
    const other = at(this.#order, front);
    this.#order[front] = state;
    this.#place[state] = front;
    this.#order[place] = other;
    this.#place[other] = place;
    this.#marked[block] = marked + 1;
  }

  /** Splits every block that is marked in part; tells `onSplit` (old block, new block). */
  split(onSplit: (block: number, made: number) => void): void {
    for (const block of this.#touched) {
      const marked = this.#marked[block] ?? 0;
      this.#marked[block] = 0;
      if (marked === this.size(block)) continue;
      const first = this.#first[block] ?? 0;
      const made = this.count;
      this.#open(first);
      this.#end[made] = first + marked;
      this.#first[block] = first + marked;
      for (let place = first; place < first + marked; place++) this.of[at(this.#order, place)] = made;
      onSplit(block, made);
    }
    this.#touched.length = 0;
  }
}

/** Predecessors of each state on each column, in compressed rows. */
function predecessors({ states, bytes, next }: RawAutomaton) {
  const columns = bytes.count;
  const first = new Uint32Array(states * columns + 1);
  for (let cell = 0; cell < next.length; cell++) {
    const slot = at(next, cell) * columns + (cell % columns) + 1;
    first[slot] = at(first, slot) + 1;
  }
  for (let slot = 1; slot < first.length; slot++) first[slot] = at(first, slot) + at(first, slot - 1);
  const free = first.slice();
  const from = new Uint32Array(next.length);
  for (let cell = 0; cell < next.length; cell++) {
    const slot = at(next, cell) * columns + (cell % columns);
    from[at(free, slot)] = Math.floor(cell / columns);
    free[slot] = at(free, slot) + 1;
  }
  return { first, from };
}

/** state -> block of states that no text tells apart. */
function refine(raw: RawAutomaton): Blocks {
  const columns = raw.bytes.count;
  const { first, from } = predecessors(raw);
  const blocks = new Blocks(raw.states, raw.accept);
  const waiting = Array.from({ length: blocks.count }, (_, block) => block);
  const isWaiting = new Set(waiting);
  for (let block = waiting.pop(); block !== undefined; block = waiting.pop()) {
    isWaiting.delete(block);
    const splitter = blocks.members(block);
    for (let column = 0; column < columns; column++) {
      for (const state of splitter) {
        const slot = state * columns + column;
        for (let edge = at(first, slot); edge < at(first, slot + 1); edge++) blocks.mark(at(from, edge));
      }
      blocks.split((old, made) => {
        const smaller = isWaiting.has(old) || blocks.size(made) <= blocks.size(old) ? made : old;
        isWaiting.add(smaller);
        waiting.push(smaller);
      });
    }
  }
  return blocks;
}

/** The block that no text leaves and whose value is `dead`; undefined if there is none. */
function deadBlock(raw: RawAutomaton, blocks: Blocks, dead: number): number | undefined {
  const columns = raw.bytes.count;
  for (let state = 0; state < raw.states; state++) {
    if (at(raw.accept, state) !== dead) continue;
    const block = at(blocks.of, state);
    const row = raw.next.subarray(state * columns, (state + 1) * columns);
    if (row.every((to) => at(blocks.of, to) === block)) return block;
  }
  return undefined;
}

/** Blocks in breadth-first order from the start; place 0 is the dead one's, whether a text gets there or not. */
function walk(raw: RawAutomaton, blocks: Blocks, dead: number | undefined) {
  const columns = raw.bytes.count;
  const representative = new Map<number, number>();
  const number = new Map<number, number>();
  const order: number[] = [];
  if (dead !== undefined) number.set(dead, 0);
  const meet = (state: number): void => {
    const block = at(blocks.of, state);
    if (representative.has(block)) return;
    representative.set(block, state);
    if (block !== dead) number.set(block, order.push(block));
  };
  meet(raw.start);
  for (let i = 0; i < order.length; i++) {
    const state = representative.get(order[i] ?? 0) ?? 0;
    for (let column = 0; column < columns; column++) meet(at(raw.next, state * columns + column));
  }
  return { order, numberOf: (state: number) => number.get(at(blocks.of, state)) ?? 0, representative };
}

/** Drops byte classes that no state tells apart; numbers the rest by first byte. */
function mergeColumns(states: number, bytes: ByteClasses, next: Uint32Array) {
  const numbers = new Map<string, number>();
  const kept: number[] = [];
  const merged = Array.from({ length: bytes.count }, (_, column) => {
    const cells = Array.from({ length: states }, (_, state) => at(next, state * bytes.count + column)).join();
    const known = numbers.get(cells);
    if (known !== undefined) return known;
    numbers.set(cells, kept.length);
    return kept.push(column) - 1;
  });
  const packed = new Uint32Array(states * kept.length);
  for (let state = 0; state < states; state++) {
    kept.forEach((column, i) => {
      packed[state * kept.length + i] = at(next, state * bytes.count + column);
    });
  }
  return { classes: kept.length, byteClass: bytes.of.map((column) => merged[column] ?? 0), next: packed };
}

/**
 * The smallest automaton with the same value for every text. State 0 is the dead one: a text that gets there keeps
 * the value `dead` for good; it is there even when no text does.
 */
export function minimize(raw: RawAutomaton, dead: number): Automaton {
  const columns = raw.bytes.count;
  const blocks = refine(raw);
  const { order, numberOf, representative } = walk(raw, blocks, deadBlock(raw, blocks, dead));
  const states = order.length + 1;
  const next = new Uint32Array(states * columns);
  const accept = new Uint32Array(states).fill(dead, 0, 1);
  order.forEach((block, i) => {
    const state = representative.get(block) ?? 0;
    accept[i + 1] = at(raw.accept, state);
    for (let column = 0; column < columns; column++) {
      next[(i + 1) * columns + column] = numberOf(at(raw.next, state * columns + column));
    }
  });
  return { states, start: numberOf(raw.start), accept, ...mergeColumns(states, raw.bytes, next) };
}
