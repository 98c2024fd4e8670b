// Subset construction. Sets of states are interned as chains (set, next member) -> set, so that moving a set over all
// byte classes costs one look-up per member and class, and equal successors are found without comparing lists.
import { invariant } from '../base/assert.ts';
import type { Nfa, NfaState } from './nfa.ts';

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

/**
 * Interns sets of small numbers: `extend(set, member)`; 0 is the empty set. The order of members matters. A hash table with open
 * addressing over plain numbers, because nearly all of a determinization is asked of it.
 */
class Chains {
  #last = new Int32Array(64).fill(-1, 0, 1);
  #before = new Int32Array(64);
  #size = 1;
  /** Sets by their hash, twice as many places as sets; 0 is a free place. */
  #table = new Int32Array(128);

  extend(set: number, member: number): number {
    if (this.#last[set] === member) return set;
    const place = this.#placeOf(set, member);
    const known = this.#table[place] ?? 0;
    if (known !== 0) return known;
    const made = this.#size++;
    this.#last[made] = member;
    this.#before[made] = set;
    this.#table[place] = made;
    if (this.#size === this.#last.length) this.#grow();
    return made;
  }

  /** Members, last first. */
  members(set: number): readonly number[] {
    const out: number[] = [];
    for (let at = set; at !== 0; at = this.#before[at] ?? 0) out.push(this.#last[at] ?? 0);
    return out;
  }

  /** Where this set stands, or would. */
  #placeOf(set: number, member: number): number {
    const mask = this.#table.length - 1;
    const hash = Math.imul(Math.imul(set, 0x9e3779b1) ^ member, 0x85ebca6b);
    for (let place = (hash ^ (hash >>> 15)) & mask; ; place = (place + 1) & mask) {
      const found = this.#table[place] ?? 0;
      if (found === 0 || (this.#before[found] === set && this.#last[found] === member)) return place;
    }
  }

  #grow(): void {
    const [last, before] = [this.#last, this.#before];
    this.#last = new Int32Array(last.length * 2);
    this.#last.set(last);
    this.#before = new Int32Array(before.length * 2);
    this.#before.set(before);
    this.#table = new Int32Array(last.length * 4);
    for (let made = 1; made < this.#size; made++) this.#table[this.#placeOf(before[made] ?? 0, last[made] ?? 0)] = made;
  }
}

/** Pattern -> the patterns that nobody asks about where it matches; never in a circle. */
export type Overshadowed = ReadonlyMap<number, ReadonlySet<number>>;

/** States that read every byte and come back to themselves: once their pattern matches, it matches for good. */
function openEnds({ states, bytes }: Nfa, closure: (targets: readonly number[]) => readonly number[]): ReadonlySet<number> {
  const open = new Set<number>();
  states.forEach(({ on, to, pattern }, state) => {
    if (on.length < bytes.count) return;
    const after = closure([to]);
    if (after.includes(state) && after.some((one) => states[one]?.accepts && states[one]?.pattern === pattern)) open.add(state);
  });
  return open;
}

class Determinization {
  readonly #nfa: Nfa;
  readonly #overshadowed: Overshadowed;
  readonly #openEnds: ReadonlySet<number>;
  readonly #chains = new Chains();
  readonly #seen: Uint32Array;
  #round = 0;
  /** Chain of closed, sorted members -> state. */
  readonly #stateOf = new Map<number, number>();
  /** Chain of successors, as met -> state. */
  readonly #closed = new Map<number, number>();
  readonly sets: (readonly number[])[] = [];
  readonly accept: number[] = [];
  readonly values: (readonly number[])[] = [];
  readonly #valueOf = new Map<string, number>();
  /** States of the NFA looked at, and steps over a byte class out of one. */
  work = 0;

  constructor(nfa: Nfa, overshadowed: Overshadowed) {
    this.#nfa = nfa;
    this.#overshadowed = overshadowed;
    this.#seen = new Uint32Array(nfa.states.length);
    this.#openEnds = overshadowed.size === 0 ? new Set() : openEnds(nfa, (targets) => this.#closure(targets));
    this.stateOfTargets([]);
  }

  stateOfTargets(targets: readonly number[]): number {
    const members = this.#withoutOvershadowed(this.#closure(targets));
    const chain = members.reduce((set, member) => this.#chains.extend(set, member), 0);
    const known = this.#stateOf.get(chain);
    if (known !== undefined) return known;
    const state = this.sets.length;
    this.#stateOf.set(chain, state);
    this.sets.push(members);
    this.accept.push(this.#value(members));
    return state;
  }

  /** The successors of one state, by byte class; `target` is scratch space. */
  move(state: number, target: Float64Array): void {
    target.fill(0);
    for (const member of this.sets[state] ?? []) {
      const { on, to } = this.#state(member);
      this.work += on.length;
      for (const column of on) target[column] = this.#chains.extend(target[column] ?? 0, to);
    }
    for (let column = 0; column < target.length; column++) target[column] = this.#stateOfChain(target[column] ?? 0);
  }

  #stateOfChain(chain: number): number {
    const known = this.#closed.get(chain);
    if (known !== undefined) return known;
    const state = this.stateOfTargets(this.#chains.members(chain));
    this.#closed.set(chain, state);
    return state;
  }

  /** States that read or accept, reachable without reading, ascending. */
  #closure(targets: readonly number[]): readonly number[] {
    this.#round++;
    const stack = [...targets];
    const out: number[] = [];
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      if (this.#seen[at] === this.#round) continue;
      this.#seen[at] = this.#round;
      this.work++;
      const state = this.#state(at);
      if (state.on.length > 0 || state.accepts) out.push(at);
      for (const free of state.free) stack.push(free);
    }
    return out.sort((a, b) => a - b);
  }

  #state(state: number): NfaState {
    const found = this.#nfa.states[state];
    invariant(found, `no state ${state}`);
    return found;
  }

  /** What is overshadowed by a pattern that matches for good need not be followed: this is what keeps the states few. */
  #withoutOvershadowed(members: readonly number[]): readonly number[] {
    if (!members.some((member) => this.#openEnds.has(member))) return members;
    const matched = new Set(this.#matched(members));
    const decided = members.filter((member) => this.#openEnds.has(member)).map((member) => this.#state(member).pattern);
    const isHidden = this.#hiddenBy(decided.filter((pattern) => matched.has(pattern)));
    return isHidden ? members.filter((member) => !isHidden(this.#state(member).pattern)) : members;
  }

  /** Does one of these patterns overshadow a pattern? Undefined when they overshadow none. */
  #hiddenBy(patterns: readonly number[]): ((pattern: number) => boolean) | undefined {
    const hidden = patterns.flatMap((pattern) => this.#overshadowed.get(pattern) ?? []);
    if (hidden.length === 0) return undefined;
    return (pattern) => {
      this.work += hidden.length;
      return hidden.some((one) => one.has(pattern));
    };
  }

  #matched(members: readonly number[]): readonly number[] {
    return members.filter((member) => this.#state(member).accepts).map((member) => this.#state(member).pattern);
  }

  #value(members: readonly number[]): number {
    const matched = this.#matched(members);
    const isHidden = this.#hiddenBy(matched);
    const sorted = (isHidden ? matched.filter((pattern) => !isHidden(pattern)) : [...matched]).sort((a, b) => a - b);
    const key = sorted.join();
    const known = this.#valueOf.get(key);
    if (known !== undefined) return known;
    this.#valueOf.set(key, this.values.length);
    this.values.push(sorted);
    return this.values.length - 1;
  }
}

/** A quarter of a second or so: past it the work, not the table, is out of hand. */
const mostWork = 4_000_000;

/** The DFA that reads all patterns at once. `undefined` when it would have more than `limit` states, or takes the work of far more. */
export function determinize(nfa: Nfa, limit: number, overshadowed: Overshadowed = new Map()): Subsets | undefined {
  const columns = nfa.bytes.count;
  const work = new Determinization(nfa, overshadowed);
  const start = work.stateOfTargets(nfa.starts);
  const rows: Float64Array[] = [];
  for (let state = 0; state < work.sets.length; state++) {
    if (work.sets.length > limit || work.work > mostWork) return undefined;
    const row = new Float64Array(columns);
    work.move(state, row);
    rows.push(row);
  }
  const next = new Uint32Array(rows.length * columns);
  rows.forEach((row, state) => next.set(row, state * columns));
  return { states: rows.length, start, next, accept: Uint32Array.from(work.accept), values: work.values };
}
