// Sets of label sets, symbolic over every key and value that is asked about, and "any other": a cube says for each key
// which values (or absence) are in. Selectors cut a cube in halves; a cube is never enumerated.
import type { Labels, Requirement, Selector } from '../space/labels.ts';
import { allOf, anyOf, apart, covered, type Relation } from './relation.ts';

/** What one label can be: with `others`, every value but `values`; without, only these. `absent`: the key may be missing. */
export type ValueSet = { readonly absent: boolean; readonly others: boolean; readonly values: readonly string[] };
/** A key that is not listed can be anything. No listed set is empty. */
export type LabelCube = ReadonlyMap<string, ValueSet>;

export const anyValue: ValueSet = { absent: true, others: true, values: [] };
export const everyLabelSet: LabelCube = new Map();

const minus = (a: readonly string[], b: readonly string[]): readonly string[] => a.filter((value) => !b.includes(value));
const both = (a: readonly string[], b: readonly string[]): readonly string[] => a.filter((value) => b.includes(value));
const sorted = (values: Iterable<string>): readonly string[] => [...new Set(values)].sort();

export function meet(a: ValueSet, b: ValueSet): ValueSet {
  const absent = a.absent && b.absent;
  if (a.others && b.others) return { absent, others: true, values: sorted([...a.values, ...b.values]) };
  const values = a.others ? minus(b.values, a.values) : b.others ? minus(a.values, b.values) : both(a.values, b.values);
  return { absent, others: false, values };
}

export const complement = (set: ValueSet): ValueSet => ({ absent: !set.absent, others: !set.others, values: set.values });
export const join = (a: ValueSet, b: ValueSet): ValueSet => complement(meet(complement(a), complement(b)));
export const isNone = (set: ValueSet): boolean => !set.absent && !set.others && set.values.length === 0;
export const isAny = (set: ValueSet): boolean => set.absent && set.others && set.values.length === 0;

const known = new WeakMap<Requirement, ValueSet>();

/** The values that satisfy one requirement. */
export function valuesOf(requirement: Requirement): ValueSet {
  const values = known.get(requirement) ?? valuesFor(requirement);
  known.set(requirement, values);
  return values;
}

function valuesFor(requirement: Requirement): ValueSet {
  switch (requirement.kind) {
    case 'one-of':
      return { absent: false, others: false, values: sorted(requirement.values) };
    case 'not-one-of':
      return { absent: true, others: true, values: sorted(requirement.values) };
    case 'exists':
      return { absent: false, others: true, values: [] };
    case 'absent':
      return { absent: true, others: false, values: [] };
  }
}

/** `cube` with one key narrowed to `set`, which may not be empty. */
export function withKey(cube: LabelCube, key: string, set: ValueSet): LabelCube {
  const copy = new Map(cube);
  if (isAny(set)) copy.delete(key);
  else copy.set(key, set);
  return copy;
}

function requirementRelation(cube: LabelCube, requirement: Requirement): Relation<LabelCube> {
  const here = cube.get(requirement.key) ?? anyValue;
  const wanted = valuesOf(requirement);
  if (isOne(here)) return isOf(here, wanted) ? covered : apart;
  const inside = meet(here, wanted);
  if (isNone(inside)) return apart;
  const outside = meet(here, complement(wanted));
  if (isNone(outside)) return covered;
  return { kind: 'split', halves: [withKey(cube, requirement.key, inside), withKey(cube, requirement.key, outside)] };
}

/** One value, or absence: nothing to split. */
const isOne = ({ absent, others, values }: ValueSet): boolean => !others && values.length === (absent ? 0 : 1);
const isOf = ({ absent, values: [value = ''] }: ValueSet, wanted: ValueSet): boolean =>
  absent ? wanted.absent : wanted.values.includes(value) !== wanted.others;

/** How a selector lies to a cube. */
export const selectorRelation = (cube: LabelCube, selector: Selector): Relation<LabelCube> =>
  anyOf(selector, (conjunction) => allOf(conjunction, (requirement) => requirementRelation(cube, requirement)));

/** The cubes that together are what `selector` selects (they may overlap); a contradiction gives none. */
export function cubesOf(selector: Selector): readonly LabelCube[] {
  return selector.flatMap((conjunction) => {
    const cube = new Map<string, ValueSet>();
    for (const requirement of conjunction) cube.set(requirement.key, meet(cube.get(requirement.key) ?? anyValue, valuesOf(requirement)));
    return [...cube.values()].some(isNone) ? [] : [cube];
  });
}

export const inCube = (cube: LabelCube, labels: Labels): boolean =>
  [...cube].every(([key, set]) => {
    const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
    return value === undefined ? set.absent : set.values.includes(value) !== set.others;
  });

/** One label set of the cube: a named value if the cube asks for one, absence where it may, else a value that nobody names. */
export function labelsIn(cube: LabelCube): Labels {
  const sorted = [...cube].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    sorted.flatMap(([key, set]) => {
      const value = valueIn(set);
      return value === undefined ? [] : [[key, value]];
    }),
  );
}

function valueIn({ absent, others, values }: ValueSet): string | undefined {
  const fresh = (): string => {
    for (let n = 1; ; n++) {
      const name = n === 1 ? 'other' : `other-${n}`;
      if (!values.includes(name)) return name;
    }
  };
  if (absent) return undefined;
  return others ? fresh() : values[0];
}
