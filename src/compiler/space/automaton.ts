// Regular languages over bytes as minimal automata: what patterns compile to. The operations are exact, equal languages
// give equal automata, and one automaton can read many patterns at once (`classify`).
import { determinize, type Overshadowed, type Work } from './determinize.ts';
import { minimize } from './minimize.ts';
import { byteClassesOf, nfaOf } from './nfa.ts';
import type { ByteRange, Pattern } from './pattern.ts';

/**
 * Complete DFA: every state has a successor for every byte; a text's value is `accept` of the state after its last byte.
 * State 0 is the dead state: a text that gets there keeps its value, "matched by nothing", for good. It is always there,
 * also when no text gets there.
 */
export type Automaton = {
  readonly states: number;
  readonly start: number;
  /** Number of byte classes: the stride of `next`. */
  readonly classes: number;
  /** byte -> byte class. */
  readonly byteClass: Uint8Array;
  /** `next[state * classes + byteClass[byte]]`. */
  readonly next: Uint32Array;
  /** state -> value of the texts that end there; a language has 0 (outside) and 1 (inside). */
  readonly accept: Uint32Array;
};

/** More states than this on the way to the smallest automaton end the attempt, whatever the result would be. */
const languageLimit = 1 << 18;
const encoder = new TextEncoder();

/** The language of one pattern. @throws when its automaton is past all measure: not for patterns that users give. */
export function language(pattern: Pattern): Automaton {
  const nfa = nfaOf([pattern], languageLimit);
  const raw = nfa && determinize(nfa, languageLimit);
  if (!nfa || !raw) throw new RangeError(`a pattern of more than ${languageLimit} states`);
  const accept = raw.accept.map((value) => raw.values[value]?.length ?? 0);
  return minimize({ ...raw, bytes: nfa.bytes, accept }, 0);
}

/** The value of a text: of a language, 1 if it is in it. */
export function textValue(automaton: Automaton, text: string | Uint8Array): number {
  const { classes, byteClass, next, accept } = automaton;
  let state = automaton.start;
  for (const byte of typeof text === 'string' ? encoder.encode(text) : text) {
    state = next[state * classes + (byteClass[byte] ?? 0)] ?? 0;
  }
  return accept[state] ?? 0;
}

/** The byte sets that an automaton tells apart. */
function byteSets({ classes, byteClass }: Automaton): readonly (readonly ByteRange[])[] {
  const sets: [number, number][][] = Array.from({ length: classes }, () => []);
  byteClass.forEach((column, byte) => sets[column]?.push([byte, byte]));
  return sets;
}

/** Texts by their values in two languages: `keep(a, b)`, each 0 or 1, says which are in the result. */
function product(a: Automaton, b: Automaton, keep: (inA: number, inB: number) => boolean): Automaton {
  const bytes = byteClassesOf([...byteSets(a), ...byteSets(b)]);
  const samples = Array.from({ length: bytes.count }, (_, column) => bytes.of.indexOf(column));
  const numberOf = new Map<number, number>();
  const pairs: (readonly [number, number])[] = [];
  const meet = (x: number, y: number): number => {
    const key = x * b.states + y;
    const number = numberOf.get(key) ?? pairs.push([x, y]) - 1;
    numberOf.set(key, number);
    return number;
  };
  meet(a.start, b.start);
  const next: number[] = [];
  const accept: number[] = [];
  for (let i = 0; i < pairs.length; i++) {
    const [x, y] = pairs[i] ?? [0, 0];
    accept.push(keep(a.accept[x] ?? 0, b.accept[y] ?? 0) ? 1 : 0);
    for (const byte of samples) {
      next.push(meet(a.next[x * a.classes + (a.byteClass[byte] ?? 0)] ?? 0, b.next[y * b.classes + (b.byteClass[byte] ?? 0)] ?? 0));
    }
  }
  return minimize({ states: pairs.length, start: 0, bytes, next: Uint32Array.from(next), accept: Uint32Array.from(accept) }, 0);
}

export const unite = (a: Automaton, b: Automaton): Automaton => product(a, b, (inA, inB) => inA + inB > 0);
export const intersect = (a: Automaton, b: Automaton): Automaton => product(a, b, (inA, inB) => inA + inB > 1);
export const subtract = (a: Automaton, b: Automaton): Automaton => product(a, b, (inA, inB) => inA > inB);
export const complement = (a: Automaton): Automaton => product(a, a, (inA) => inA === 0);

/** Is no text in the language? */
export const isEmpty = (a: Automaton): boolean => shortestText(a, 1) === undefined;

const sameNumbers = (a: ArrayLike<number>, b: ArrayLike<number>): boolean =>
  a.length === b.length && Array.prototype.every.call(a, (value, i) => value === b[i]);

/** Do both give every text the same value? */
export function equals(a: Automaton, b: Automaton): boolean {
  return a.start === b.start && sameNumbers(a.accept, b.accept) && sameNumbers(a.byteClass, b.byteClass) && sameNumbers(a.next, b.next);
}

/** How well a byte reads in a witness; lower is better. */
function legibility(byte: number): number {
  if (byte >= 0x61 && byte <= 0x7a) return byte - 0x61;
  if (byte >= 0x41 && byte <= 0x5a) return byte;
  if (byte >= 0x30 && byte <= 0x39) return 256 + byte;
  if (byte >= 0x21 && byte <= 0x7e) return 512 + byte;
  return (byte === 0x20 ? 768 : 1024) + byte;
}

/** The most legible byte of each class, most legible class first. */
function samplesOf({ classes, byteClass }: Automaton): readonly number[] {
  const best = new Map<number, number>();
  byteClass.forEach((column, byte) => {
    const before = best.get(column);
    if (before === undefined || legibility(byte) < legibility(before)) best.set(column, byte);
  });
  return [...best.values()].slice(0, classes).sort((a, b) => legibility(a) - legibility(b));
}

/** value -> a shortest text that has it (bytes), for every value that some text has; equally short ones by legibility. */
export function shortestTexts(automaton: Automaton): ReadonlyMap<number, Uint8Array> {
  const samples = samplesOf(automaton);
  const cameFrom = new Map<number, { readonly state: number; readonly byte: number } | undefined>([[automaton.start, undefined]]);
  const found = new Map<number, Uint8Array>();
  const textTo = (state: number): Uint8Array => {
    const bytes: number[] = [];
    for (let step = cameFrom.get(state); step; step = cameFrom.get(step.state)) bytes.push(step.byte);
    return Uint8Array.from(bytes.reverse());
  };
  for (const state of cameFrom.keys()) {
    const value = automaton.accept[state] ?? 0;
    if (!found.has(value)) found.set(value, textTo(state));
    for (const byte of samples) {
      const to = automaton.next[state * automaton.classes + (automaton.byteClass[byte] ?? 0)] ?? 0;
      if (!cameFrom.has(to)) cameFrom.set(to, { state, byte });
    }
  }
  return found;
}

/** A shortest text (bytes) that has this value; undefined if none has. */
export const shortestText = (automaton: Automaton, value: number): Uint8Array | undefined => shortestTexts(automaton).get(value);

export { type Overshadowed, Work } from './determinize.ts';

/**
 * What several patterns can tell apart. Every text has exactly one class, numbered from 1: `automaton.accept` holds
 * them. Two texts are in one class exactly when the same patterns match both, those left out that are overshadowed by
 * another that matches. The class of texts that no pattern matches is 1 if there are such texts; class 0 is nobody's, for
 * content that could not be read.
 */
export type Classification = {
  readonly automaton: Automaton;
  /** One more than the highest class. */
  readonly classes: number;
  /** Pattern -> the classes whose texts it matches without being overshadowed, ascending. */
  readonly classesOf: readonly (readonly number[])[];
  /** Class -> a shortest text of it (bytes); index 0 is empty. */
  readonly witnesses: readonly Uint8Array[];
};

/** What a classification may leave out, where it adds the work that it takes, and how much that may be. */
export type ClassifyOptions = { readonly overshadowed?: Overshadowed | undefined; readonly work?: Work; readonly mostWork?: number };

/** Classifies texts by which of the patterns match; undefined when that takes more than `limit` states on the way. */
export function classify(patterns: readonly Pattern[], limit: number, options: ClassifyOptions = {}): Classification | undefined {
  const nfa = nfaOf(patterns, limit);
  const raw = nfa && determinize(nfa, limit, options);
  if (!nfa || !raw) return undefined;
  const bySet = minimize({ ...raw, bytes: nfa.bytes }, 0);
  const texts = shortestTexts(bySet);
  // The empty set of patterns is value 0, so it comes first if it has a text.
  const values = [...texts.keys()].sort((a, b) => a - b);
  const classOf = new Map(values.map((value, i) => [value, i + 1]));
  const classesOf: number[][] = patterns.map(() => []);
  values.forEach((value, i) => {
    for (const pattern of raw.values[value] ?? []) classesOf[pattern]?.push(i + 1);
  });
  return {
    automaton: { ...bySet, accept: bySet.accept.map((value) => classOf.get(value) ?? 1) },
    classes: values.length + 1,
    classesOf,
    witnesses: [new Uint8Array(), ...values.map((value) => texts.get(value) ?? new Uint8Array())],
  };
}
