// Subset construction. The members of a set that read the same bytes are moved together, and byte classes to which the same
// moves belong have one successor: a set is moved over all byte classes by little more than one look at each member.
import { FlatNfa, type Scratch, scratchOf } from './flat-nfa.ts';
import type { Nfa } from './nfa.ts';
import { NumberLists } from './number-lists.ts';

/** A DFA whose states are not yet the fewest. State 0 is the empty set: it matches nothing any more. */
export type Subsets = {
  readonly states: number;
  readonly start: number;
  readonly next: Uint32Array;
  /** state -> index into `values`. */
  readonly accept: Uint32Array;
  /** The distinct sets of matched patterns (overshadowed ones left out), ascending; `values[0]` is the empty one. */
  readonly values: readonly (readonly number[])[];
};

/** Which patterns are such that nobody asks about them where another one, `by`, matches? Never in a circle. */
export type Overshadowed = {
  readonly isBy: (pattern: number, by: number) => boolean;
  /** May there be one that is overshadowed by this? Soon answered. */
  readonly mayBeBy: (by: number) => boolean;
};

/** States that read every byte and come back to themselves: once their pattern matches, it matches for good. */
function openEnds(nfa: FlatNfa, scratch: Scratch): Uint8Array {
  const open = new Uint8Array(nfa.size);
  for (let state = 0; state < nfa.size && nfa.work <= mostWork; state++) {
    if (nfa.lists.at(nfa.listOf[state] ?? 0).length < nfa.columns) continue;
    nfa.begin(scratch);
    nfa.reach(nfa.to[state] ?? 0, scratch);
    const after = scratch.members.subarray(0, scratch.length);
    const pattern = nfa.pattern[state];
    if (after.includes(state) && after.some((one) => nfa.accepts[one] === 1 && nfa.pattern[one] === pattern)) open[state] = 1;
  }
  nfa.work = 0;
  return open;
}

/** Answers about overshadowing, each asked for once. */
class Hidden {
  readonly #overshadowed: Overshadowed;
  readonly #patterns: number;
  /** 0: not asked yet; 1: no; 2: yes. */
  readonly #rows: (Uint8Array | undefined)[] = [];
  /** Questions. */
  work = 0;

  constructor(overshadowed: Overshadowed, patterns: number) {
    this.#overshadowed = overshadowed;
    this.#patterns = patterns;
  }

  /** Those of the patterns that others need be asked about. */
  among = (patterns: readonly number[]): readonly number[] => patterns.filter(this.#overshadowed.mayBeBy);

  is(pattern: number, by: readonly number[]): boolean {
    for (const one of by) {
      this.work++;
      if (one !== pattern && this.#isBy(one, pattern)) return true;
    }
    return false;
  }

  #isBy(by: number, pattern: number): boolean {
    const row = this.#rows[by] ?? new Uint8Array(this.#patterns);
    this.#rows[by] = row;
    row[pattern] ||= this.#overshadowed.isBy(pattern, by) ? 2 : 1;
    return row[pattern] === 2;
  }
}

class Determinization {
  readonly #nfa: FlatNfa;
  readonly #hidden: Hidden | undefined;
  readonly #openEnds: Uint8Array;
  readonly #set: Scratch;
  /** Where the members of a state go, by the list of byte classes that they read. */
  readonly #moved: readonly Scratch[];
  readonly #movedLists: number[] = [];
  /** Byte class -> the numbers of its moves. */
  readonly #moves: readonly Scratch[];
  readonly #targets = new NumberLists();
  readonly #successors = new NumberLists();
  /** Number of a successor -> state, or -1. */
  readonly #stateOf: number[] = [];
  readonly #values = new NumberLists();
  readonly sets = new NumberLists();
  readonly accept: number[] = [];
  #work = 0;

  constructor(source: Nfa, overshadowed: Overshadowed | undefined) {
    const nfa = new FlatNfa(source);
    this.#nfa = nfa;
    this.#set = scratchOf(nfa.size);
    this.#hidden = overshadowed && new Hidden(overshadowed, source.starts.length);
    this.#openEnds = overshadowed ? openEnds(nfa, this.#set) : new Uint8Array();
    this.#moved = nfa.readers.map(scratchOf);
    this.#moves = nfa.listsWith().map(scratchOf);
    this.stateOfTargets([]);
    this.#successors.intern(this.#set.members, 0);
    this.#stateOf.push(0);
  }

  /** States of the NFA looked at, and steps over a byte class. */
  get work(): number {
    return this.#work + this.#nfa.work + (this.#hidden?.work ?? 0);
  }

  get values(): readonly (readonly number[])[] {
    return Array.from({ length: this.#values.count }, (_, value) => [...this.#values.at(value)]);
  }

  stateOfTargets(targets: Iterable<number>): number {
    this.#nfa.begin(this.#set);
    for (const target of targets) this.#nfa.reach(target, this.#set);
    return this.#stateOfSet();
  }

  #stateOfSet(): number {
    this.#nfa.end(this.#set);
    this.#leaveOutOvershadowed();
    const known = this.sets.count;
    const state = this.sets.intern(this.#set.members, this.#set.length);
    if (state === known) this.accept.push(this.#value());
    return state;
  }

  /** The successors of one state, by byte class. */
  move(state: number, row: Uint32Array): void {
    this.#moveLists(state);
    for (const list of this.#movedLists) {
      const moved = this.#moved[list];
      if (!moved) continue;
      const targets = this.#targets.intern(moved.members, moved.length);
      moved.length = 0;
      for (const column of this.#nfa.lists.at(list)) {
        const moves = this.#moves[column];
        if (moves) moves.members[moves.length++] = targets;
        this.#work++;
      }
    }
    this.#movedLists.length = 0;
    this.#moves.forEach((moves, column) => {
      row[column] = moves.length === 0 ? 0 : this.#successor(moves);
      moves.length = 0;
    });
  }

  #moveLists(state: number): void {
    const members = this.sets.at(state);
    this.#work += members.length;
    for (const member of members) {
      const list = this.#nfa.listOf[member] ?? 0;
      const moved = this.#moved[list];
      if (list === 0 || !moved) continue;
      if (moved.length === 0) this.#movedLists.push(list);
      moved.members[moved.length++] = this.#nfa.to[member] ?? 0;
    }
  }

  #successor({ members, length }: Scratch): number {
    const successor = this.#successors.intern(members, length);
    const known = this.#stateOf[successor];
    if (known !== undefined) return known;
    this.#nfa.begin(this.#set);
    for (let i = 0; i < length; i++) for (const target of this.#targets.at(members[i] ?? 0)) this.#nfa.reach(target, this.#set);
    const state = this.#stateOfSet();
    this.#stateOf[successor] = state;
    return state;
  }

  /** What is overshadowed by a pattern that matches for good need not be followed: this is what keeps the states few. */
  #leaveOutOvershadowed(): void {
    const [set, hidden, { pattern }] = [this.#set, this.#hidden, this.#nfa];
    if (!hidden) return;
    const open = new Set<number>();
    for (let i = 0; i < set.length; i++) if (this.#openEnds[set.members[i] ?? 0] === 1) open.add(pattern[set.members[i] ?? 0] ?? 0);
    if (open.size === 0) return;
    const decided = hidden.among(this.#matched().filter((one) => open.has(one)));
    if (decided.length === 0) return;
    let kept = 0;
    for (let i = 0; i < set.length; i++) {
      const member = set.members[i] ?? 0;
      if (!hidden.is(pattern[member] ?? 0, decided)) set.members[kept++] = member;
    }
    set.length = kept;
  }

  /** The patterns that the set matches, ascending. */
  #matched(): readonly number[] {
    const [found, { members, length }]: [number[], Scratch] = [[], this.#set];
    for (let i = 0; i < length; i++) {
      const member = members[i] ?? 0;
      if (this.#nfa.accepts[member] === 1) found.push(this.#nfa.pattern[member] ?? 0);
    }
    return found;
  }

  #value(): number {
    const matched = this.#matched();
    const hidden = this.#hidden;
    const by = hidden && matched.length > 1 ? hidden.among(matched) : [];
    const asked = by.length > 0 ? matched.filter((pattern) => !hidden?.is(pattern, by)) : matched;
    return this.#values.intern(Uint32Array.from(asked), asked.length);
  }
}

/** A quarter of a second or so: past it the work, not the table, is out of hand. */
const mostWork = 4_000_000;

/** What determinizations have taken together. */
export class Work {
  done = 0;
}

type Asked = { readonly overshadowed?: Overshadowed | undefined; readonly work?: Work; readonly mostWork?: number };

/** The DFA that reads all patterns at once. `undefined` when it would have more than `limit` states, or takes the work of far more. */
export function determinize(nfa: Nfa, limit: number, asked: Asked = {}): Subsets | undefined {
  const { overshadowed, work: spent = new Work(), mostWork: most = mostWork } = asked;
  const columns = nfa.bytes.count;
  const work = new Determinization(nfa, overshadowed);
  const start = work.stateOfTargets(nfa.starts);
  let next: Uint32Array = new Uint32Array(64 * columns);
  for (let state = 0; state < work.sets.count; state++) {
    if (work.sets.count > limit || work.work > most) {
      spent.done += work.work;
      return undefined;
    }
    if ((state + 1) * columns > next.length) next = copied(next, next.length * 2);
    work.move(state, next.subarray(state * columns, (state + 1) * columns));
  }
  spent.done += work.work;
  const states = work.sets.count;
  return { states, start, next: copied(next, states * columns), accept: Uint32Array.from(work.accept), values: work.values };
}

function copied(from: Uint32Array, length: number): Uint32Array {
  const to = new Uint32Array(length);
  to.set(from.subarray(0, length));
  return to;
}
