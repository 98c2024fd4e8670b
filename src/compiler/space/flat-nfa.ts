// An NFA as plain numbers, and what of it is reached without reading. Nearly all the work of a determinization is here.
import type { Nfa } from './nfa.ts';
import { NumberLists } from './number-lists.ts';

/** A set of states in the making: the first `length` members of `members`. */
export type Scratch = { readonly members: Uint32Array; length: number };

export const scratchOf = (size: number): Scratch => ({ members: new Uint32Array(size), length: 0 });

/** Below this, sorting in place is sooner done than asked for. */
const fewMembers = 24;

function sort({ members, length }: Scratch): void {
  if (length > fewMembers) members.subarray(0, length).sort();
  else
    for (let i = 1; i < length; i++) {
      const member = members[i] ?? 0;
      let place = i;
      for (; place > 0 && (members[place - 1] ?? 0) > member; place--) members[place] = members[place - 1] ?? 0;
      members[place] = member;
    }
}

/** How often each of the numbers below `end` is there. */
function countsOf(numbers: Iterable<number>, end: number): readonly number[] {
  const counts = Array.from({ length: end }, () => 0);
  for (const number of numbers) counts[number] = (counts[number] ?? 0) + 1;
  return counts;
}

export class FlatNfa {
  readonly size: number;
  readonly columns: number;
  /** The distinct lists of byte classes that states read; 0 is the empty one. */
  readonly lists = new NumberLists();
  readonly listOf: Uint32Array;
  /** List -> how many states read it. */
  readonly readers: readonly number[];
  readonly to: Uint32Array;
  readonly pattern: Uint32Array;
  readonly accepts: Uint8Array;
  readonly #free: readonly (readonly number[])[];
  readonly #seen: Uint32Array;
  readonly #stack: number[] = [];
  #round = 0;
  /** States looked at. */
  work = 0;

  constructor({ states, bytes }: Nfa) {
    this.size = states.length;
    this.columns = bytes.count;
    const columns = new Uint32Array(bytes.count);
    this.lists.intern(columns, 0);
    this.listOf = new Uint32Array(states.length);
    this.to = new Uint32Array(states.length);
    this.pattern = new Uint32Array(states.length);
    this.accepts = new Uint8Array(states.length);
    states.forEach(({ on, to, pattern, accepts }, state) => {
      for (let i = 0; i < on.length; i++) columns[i] = on[i] ?? 0;
      this.listOf[state] = this.lists.intern(columns, on.length);
      this.to[state] = to;
      this.pattern[state] = pattern;
      this.accepts[state] = accepts ? 1 : 0;
    });
    this.readers = countsOf(this.listOf, this.lists.count);
    this.#free = states.map(({ free }) => free);
    this.#seen = new Uint32Array(states.length);
  }

  /** Byte class -> how many lists it is in. */
  listsWith(): readonly number[] {
    return countsOf(Array.from({ length: this.lists.count }, (_, list) => [...this.lists.at(list)]).flat(), this.columns);
  }

  /** Begins a closure; `reach` adds to it. */
  begin(into: Scratch): void {
    this.#round++;
    into.length = 0;
  }

  /** Adds the states that read or accept, reachable from one without reading. */
  reach(target: number, into: Scratch): void {
    const stack = this.#stack;
    stack.push(target);
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      this.work++;
      if (this.#seen[at] === this.#round) continue;
      this.#seen[at] = this.#round;
      if (this.listOf[at] !== 0 || this.accepts[at] === 1) into.members[into.length++] = at;
      for (const free of this.#free[at] ?? []) stack.push(free);
    }
  }

  /** Ends it: ascending. */
  end(into: Scratch): void {
    sort(into);
  }
}
