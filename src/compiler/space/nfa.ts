// Thompson's construction over byte classes: several patterns become one nondeterministic automaton whose accepting
// states name the pattern. Byte classes are the coarsest split of 0..255 that all patterns respect. What has no
// construction of its own (the complement, texts that match several patterns) is made deterministic by itself first.
import { invariant } from '../base/assert.ts';
import type { Automaton } from './automaton.ts';
import { determinize } from './determinize.ts';
import { minimize } from './minimize.ts';
import type { ByteRange, Pattern } from './pattern.ts';

/** The coarsest partition that some byte sets respect: `of[byte]` is the class, numbered by first byte. */
export type ByteClasses = { readonly count: number; readonly of: Uint8Array };

/** A state either reads one byte out of `on` and goes to `to`, or goes to all of `free` without reading. */
export type NfaState = {
  /** Byte classes, ascending; empty for a state that reads nothing. */
  readonly on: readonly number[];
  readonly to: number;
  readonly free: readonly number[];
  /** Does a text that ends here match? */
  readonly accepts: boolean;
  /** Index of the pattern that it belongs to. */
  readonly pattern: number;
};
export type Nfa = { readonly states: readonly NfaState[]; readonly starts: readonly number[]; readonly bytes: ByteClasses };

const encoder = new TextEncoder();
const rangesKey = (ranges: readonly ByteRange[]): string => ranges.join(';');

/** Splits the classes along each of the sets; a set is a list of inclusive ranges. */
export function byteClassesOf(sets: Iterable<readonly ByteRange[]>): ByteClasses {
  let of = new Uint8Array(256);
  let count = 1;
  for (const ranges of sets) {
    const inside = new Uint8Array(256);
    for (const [low, high] of ranges) inside.fill(1, low, high + 1);
    const numbers = new Map<number, number>();
    const refined = of.map((old, byte) => {
      const key = old * 2 + (inside[byte] ?? 0);
      const number = numbers.get(key) ?? numbers.size;
      numbers.set(key, number);
      return number;
    });
    of = refined;
    count = numbers.size;
  }
  return { count, of };
}

function collectSets(pattern: Pattern, sets: Map<string, readonly ByteRange[]>): void {
  switch (pattern.kind) {
    case 'literal':
      for (const byte of encoder.encode(pattern.text)) sets.set(`${byte},${byte}`, [[byte, byte]]);
      return;
    case 'byte':
      sets.set(rangesKey(pattern.ranges), pattern.ranges);
      return;
    case 'sequence':
    case 'either':
    case 'both':
      for (const part of pattern.parts) collectSets(part, sets);
      return;
    case 'repeat':
    case 'not':
      collectSets(pattern.part, sets);
  }
}

/** Patterns that are made deterministic before they are part of another, with their automata. */
type Embedded = Map<Pattern, Automaton>;

/** What `embeddedAutomaton` gave before, by limit: declarations stand on each other. */
const madeBefore = new WeakMap<Pattern, Map<number, Automaton | undefined>>();

/** Finds them; false when one takes more than `limit` states. */
function embed(pattern: Pattern, limit: number, embedded: Embedded): boolean {
  switch (pattern.kind) {
    case 'literal':
    case 'byte':
      return true;
    case 'sequence':
    case 'either':
      return pattern.parts.every((part) => embed(part, limit, embedded));
    case 'repeat':
      return embed(pattern.part, limit, embedded);
    case 'both':
    case 'not': {
      const found = remembered(pattern, limit);
      if (found) embedded.set(pattern, found);
      return found !== undefined;
    }
  }
}

function remembered(pattern: Pattern & { readonly kind: 'both' | 'not' }, limit: number): Automaton | undefined {
  const known = madeBefore.get(pattern) ?? new Map<number, Automaton | undefined>();
  if (!known.has(limit)) known.set(limit, embeddedAutomaton(pattern, limit));
  madeBefore.set(pattern, known);
  return known.get(limit);
}

function embeddedAutomaton(pattern: Pattern & { readonly kind: 'both' | 'not' }, limit: number): Automaton | undefined {
  const nfa = nfaOf(pattern.kind === 'both' ? pattern.parts : [pattern.part], limit);
  const raw = nfa && determinize(nfa, limit);
  if (!nfa || !raw) return undefined;
  const wanted = pattern.kind === 'both' ? pattern.parts.length : 0;
  const accept = raw.accept.map((value) => (raw.values[value]?.length === wanted ? 1 : 0));
  return minimize({ ...raw, bytes: nfa.bytes, accept }, 0);
}

/** Builds from the end: `#enter` returns the state that reads `pattern` and goes on to `next`. */
class Construction {
  readonly states: NfaState[] = [];
  readonly #bytes: ByteClasses;
  readonly #embedded: Embedded;
  #pattern = 0;
  readonly #classLists = new Map<string, readonly number[]>();

  constructor(bytes: ByteClasses, embedded: Embedded) {
    this.#bytes = bytes;
    this.#embedded = embedded;
  }

  /** Builds the next pattern; returns where it begins. */
  build(pattern: Pattern, index: number): number {
    this.#pattern = index;
    return this.#enter(pattern, this.#add({ on: [], to: 0, free: [], accepts: true }));
  }

  #enter(pattern: Pattern, next: number): number {
    switch (pattern.kind) {
      case 'literal':
        return encoder.encode(pattern.text).reduceRight((after, byte) => this.#reading([[byte, byte]], after), next);
      case 'byte':
        return this.#reading(pattern.ranges, next);
      case 'sequence':
        return pattern.parts.reduceRight((after, part) => this.#enter(part, after), next);
      case 'either':
        return this.#add({ on: [], to: 0, free: pattern.parts.map((part) => this.#enter(part, next)), accepts: false });
      case 'repeat': {
        const free = [next];
        const loop = this.#add({ on: [], to: 0, free, accepts: false });
        const body = this.#enter(pattern.part, loop);
        free.push(body);
        return pattern.minimum === 0 ? loop : body;
      }
      case 'both':
      case 'not':
        return this.#splice(pattern, next);
    }
  }

  /** The states of an automaton, each one that goes on without reading to what it can read. */
  #splice(pattern: Pattern, next: number): number {
    const automaton = this.#embedded.get(pattern);
    invariant(automaton, 'an embedded pattern without its automaton');
    const { states, classes, start, accept } = automaton;
    const free = Array.from({ length: states }, (_, state): number[] => (accept[state] ? [next] : []));
    const entries = free.map((list) => this.#add({ on: [], to: 0, free: list, accepts: false }));
    const columns = this.#columnsOf(automaton);
    // State 0 is the dead one.
    for (let state = 1; state < states; state++) {
      const targets = new Map<number, number[]>();
      for (let column = 0; column < classes; column++) {
        const to = automaton.next[state * classes + column] ?? 0;
        if (to !== 0) targets.set(to, [...(targets.get(to) ?? []), ...(columns[column] ?? [])]);
      }
      for (const [to, on] of targets)
        free[state]?.push(this.#add({ on: on.sort((a, b) => a - b), to: entries[to] ?? 0, free: [], accepts: false }));
    }
    return entries[start] ?? 0;
  }

  /** Byte class of the automaton -> the byte classes here that it is made of. */
  #columnsOf({ classes, byteClass }: Automaton): readonly (readonly number[])[] {
    const columns = Array.from({ length: classes }, () => new Set<number>());
    byteClass.forEach((column, byte) => columns[column]?.add(this.#bytes.of[byte] ?? 0));
    return columns.map((column) => [...column]);
  }

  #reading(ranges: readonly ByteRange[], to: number): number {
    return this.#add({ on: this.#classesOf(ranges), to, free: [], accepts: false });
  }

  #classesOf(ranges: readonly ByteRange[]): readonly number[] {
    const key = rangesKey(ranges);
    const known = this.#classLists.get(key);
    if (known) return known;
    const found = new Set<number>();
    for (const [low, high] of ranges) for (let byte = low; byte <= high; byte++) found.add(this.#bytes.of[byte] ?? 0);
    const list = [...found].sort((a, b) => a - b);
    this.#classLists.set(key, list);
    return list;
  }

  #add(state: Omit<NfaState, 'pattern'>): number {
    return this.states.push({ ...state, pattern: this.#pattern }) - 1;
  }
}

/** One automaton for all patterns; `starts[i]` is where the i-th begins. Undefined when a part takes more than `limit` states by itself. */
export function nfaOf(patterns: readonly Pattern[], limit: number): Nfa | undefined {
  const embedded: Embedded = new Map();
  if (!patterns.every((pattern) => embed(pattern, limit, embedded))) return undefined;
  const sets = new Map<string, readonly ByteRange[]>();
  for (const pattern of patterns) collectSets(pattern, sets);
  const bytes = byteClassesOf(sets.values());
  const construction = new Construction(bytes, embedded);
  const starts = patterns.map((pattern, index) => construction.build(pattern, index));
  return { states: construction.states, starts, bytes };
}
