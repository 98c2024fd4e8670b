// Sets of sets of DNS names: what an address can be known by. A rule asks of a pattern only whether some name of the set
// matches, so each pattern is a flag; which flags go together is told exactly by the classes of names of one automaton.
import { invariant } from '../base/assert.ts';
import { classify, textValue } from '../space/automaton.ts';
import type { Pattern } from '../space/pattern.ts';
import { AnalysisLimit } from './limit.ts';
import { apart, covered, type Relation } from './relation.ts';

/** Bit n: names of class n. */
type Mask = bigint;
/** What some patterns can tell apart of names. Make one for a whole analysis, of every pattern that it can meet. */
export type NameClasses = {
  readonly patterns: readonly Pattern[];
  readonly masks: readonly Mask[];
  /** Place of a pattern that it was made of. */
  readonly placeOf: (pattern: Pattern) => number;
  readonly classOf: (name: string) => Mask;
  /** A short name of these classes. */
  readonly nameIn: (classes: Mask) => string | undefined;
};

/** `flags`: place of a pattern -> does some name of the set match it? */
export type NameCube = { readonly classes: NameClasses; readonly flags: ReadonlyMap<number, boolean> };

const maximumStates = 100_000;
const keyOf = (pattern: Pattern): string => JSON.stringify(pattern);

/** `possible`: every name that there can be. @throws AnalysisLimit */
export function nameClasses(given: readonly Pattern[], possible: Pattern): NameClasses {
  const byKey = new Map(given.map((pattern) => [keyOf(pattern), pattern]));
  const patterns = [...byKey.values()];
  const found = classify([...patterns, possible], maximumStates);
  if (!found) throw new AnalysisLimit('pattern states', maximumStates);
  const real = new Set(found.classesOf[patterns.length]);
  const maskOf = (classes: readonly number[]): Mask =>
    classes.reduce((mask, one) => (real.has(one) ? mask | (1n << BigInt(one)) : mask), 0n);
  const places = new Map([...byKey.keys()].map((key, place) => [key, place]));
  const decoder = new TextDecoder();
  const known = new WeakMap<Pattern, number>();
  return {
    patterns,
    masks: patterns.map((_, place) => maskOf(found.classesOf[place] ?? [])),
    placeOf: (pattern) => {
      const place = known.get(pattern) ?? places.get(keyOf(pattern));
      invariant(place !== undefined, 'a pattern that the classes of names were not made of');
      known.set(pattern, place);
      return place;
    },
    classOf: (name) => maskOf([textValue(found.automaton, name)]),
    nameIn: (classes) => {
      const one = [...real].find((number) => (classes >> BigInt(number)) & 1n);
      return one === undefined ? undefined : decoder.decode(found.witnesses[one]);
    },
  };
}

/** Every set of names. */
export const anyNames = (classes: NameClasses): NameCube => ({ classes, flags: new Map() });
const masksWhere = ({ classes, flags }: NameCube, met: boolean): readonly Mask[] =>
  [...flags].flatMap(([place, flag]) => (flag === met ? [classes.masks[place] ?? 0n] : []));
const ruledOut = (cube: NameCube): Mask => masksWhere(cube, false).reduce((all, mask) => all | mask, 0n);

/** Is every name of the one pattern a name of the other, and not the other way round? */
export const isWithin = ({ masks }: NameClasses, one: number, other: number): boolean => {
  const [inner = 0n, outer = 0n] = [masks[one], masks[other]];
  return (inner & ~outer) === 0n && inner !== outer;
};

/** Is there a set of names like this? Each pattern that is met needs a name that no unmet pattern matches. */
export function isPossible(cube: NameCube): boolean {
  const out = ruledOut(cube);
  return masksWhere(cube, true).every((mask) => (mask & ~out) !== 0n);
}

/** How "some name matches the pattern" lies to a cube. */
export function nameRelation(cube: NameCube, pattern: Pattern): Relation<NameCube> {
  const place = cube.classes.placeOf(pattern);
  const known = cube.flags.get(place);
  if (known !== undefined) return known ? covered : apart;
  const half = (met: boolean): NameCube => ({ ...cube, flags: new Map(cube.flags).set(place, met) });
  const [inside, outside] = [half(true), half(false)];
  if (!isPossible(inside)) return apart;
  return isPossible(outside) ? { kind: 'split', halves: [inside, outside] } : covered;
}

export function inNameCube(cube: NameCube, names: readonly string[]): boolean {
  const { classes, flags } = cube;
  const mask = names.reduce((all, name) => all | classes.classOf(name), 0n);
  return [...flags].every(([place, met]) => (((classes.masks[place] ?? 0n) & mask) !== 0n) === met);
}

/** One set of names of the cube, as few as a greedy choice finds. */
export function namesIn(cube: NameCube): readonly string[] {
  const { classes } = cube;
  const out = ruledOut(cube);
  const names: string[] = [];
  let open = masksWhere(cube, true);
  while (open.length > 0) {
    const shared = open.reduce((all, mask) => ((all & mask & ~out) === 0n ? all : all & mask), open[0] ?? 0n);
    const name = classes.nameIn(shared & ~out);
    if (name === undefined) return names;
    names.push(name);
    open = open.filter((mask) => (mask & classes.classOf(name)) === 0n);
  }
  return names;
}
