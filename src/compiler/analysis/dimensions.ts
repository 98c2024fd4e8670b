// One dimension of a box, split into what some sets in it can tell apart. The parts come in a fixed order: along the line of points
// and addresses, and of a label value by value, then any other value, then no value.
import type { AddressSet } from '../space/address.ts';
import { type Interval, type IntervalSet, intervals, next, previous } from '../space/interval.ts';
import type { TransportSet } from '../space/transport.ts';
import { type Cell, type End, everyAddress, type Side } from './cell.ts';
import { anyValue, type LabelCube, type ValueSet, withKey } from './label-cube.ts';

/** A set in one dimension. `name`: of the dimension; they are asked in the order of their names. */
export type Part = { readonly name: string } & (
  | { readonly kind: 'points'; readonly set: TransportSet }
  | { readonly kind: 'addresses'; readonly side: Side; readonly set: AddressSet }
  | { readonly kind: 'label'; readonly side: Side; readonly key: string; readonly set: ValueSet }
);

/** Sets of events that no part tells apart, in order. `within`: which of them, by their numbers, are in a part. */
export type Atoms = { readonly parts: readonly Part[]; readonly within: (part: Part) => readonly number[] };

/** The atoms of the box in the dimension of the parts, which are all of one dimension and none of which is empty. */
export function atomsOf(box: Cell, parts: readonly Part[]): Atoms {
  const [first] = parts;
  switch (first?.kind) {
    case undefined:
      return { parts: [], within: () => [] };
    case 'points':
      return lineAtoms(box.points, setsOf(parts, 'points'), (set) => ({ ...first, set }));
    case 'addresses':
      return lineAtoms(addressesOf(box[first.side]), setsOf(parts, 'addresses'), (set) => ({ ...first, set }));
    case 'label':
      return labelAtoms(labelsOf(box[first.side]).get(first.key) ?? anyValue, setsOf(parts, 'label'), (set) => ({ ...first, set }));
  }
}

const setsOf = <Kind extends Part['kind']>(parts: readonly Part[], kind: Kind): readonly Extract<Part, { kind: Kind }>[] =>
  parts.filter((part): part is Extract<Part, { kind: Kind }> => part.kind === kind);

const addressesOf = (end: End): AddressSet => ('addresses' in end ? end.addresses : everyAddress);
const labelsOf = (end: End): LabelCube => ('labels' in end ? (end.labels ?? new Map()) : new Map());

/** The cell narrowed to a part of itself. */
export function withPart(cell: Cell, part: Part): Cell {
  if (part.kind === 'points') return { ...cell, points: part.set };
  const end = cell[part.side];
  if (part.kind === 'addresses') return 'addresses' in end ? { ...cell, [part.side]: { ...end, addresses: part.set } } : cell;
  return end.kind === 'workload' ? { ...cell, [part.side]: { ...end, labels: withKey(end.labels, part.key, part.set) } } : cell;
}

// --- points and addresses -----------------------------------------------------------------------------------------------

type Ranged<T extends number | bigint> = Part & { readonly set: IntervalSet<T> };

/** From border to border, as far as the box reaches. */
function lineAtoms<T extends number | bigint>(
  whole: IntervalSet<T>,
  parts: readonly Ranged<T>[],
  put: (set: IntervalSet<T>) => Part,
): Atoms {
  const bordersOf = (set: IntervalSet<T>): readonly T[] => set.flatMap(({ low, high }) => [low, next(high)]);
  const borders = [...new Set([...bordersOf(whole), ...parts.flatMap(({ set }) => bordersOf(set))])].sort((a, b) => (a < b ? -1 : 1));
  const atoms: Interval<T>[] = [];
  let place = 0;
  for (const [i, low] of borders.entries()) {
    const end = borders[i + 1];
    while (place < whole.length && (whole[place]?.high ?? low) < low) place++;
    const around = whole[place];
    if (end !== undefined && around && around.low <= low) atoms.push({ low, high: previous(end) });
  }
  const firstFrom = (value: T): number => firstWhere(atoms.length, (i) => (atoms[i]?.low ?? value) >= value);
  const setOf = new Map<Part, IntervalSet<T>>(parts.map((part) => [part, part.set]));
  const within = (part: Part): readonly number[] =>
    (setOf.get(part) ?? []).flatMap(({ low, high }) => {
      const [from, to] = [firstFrom(low), firstFrom(next(high))];
      return Array.from({ length: to - from }, (_, i) => from + i);
    });
  return { parts: atoms.map((atom) => put([atom])), within };
}

/** The first of `count` numbers for which it holds; it holds for all that follow one for which it does. */
function firstWhere(count: number, holds: (i: number) => boolean): number {
  let [from, to] = [0, count];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (holds(middle)) to = middle;
    else from = middle + 1;
  }
  return from;
}

// --- labels -------------------------------------------------------------------------------------------------------------

type Labelled = Extract<Part, { kind: 'label' }>;

/** Value by value, then any other value, then none. */
function labelAtoms(whole: ValueSet, parts: readonly Labelled[], put: (set: ValueSet) => Part): Atoms {
  const named = [...new Set([...whole.values, ...parts.flatMap(({ set }) => set.values)])].sort();
  const inWhole = new Set(whole.values);
  const values = named.filter((value) => inWhole.has(value) !== whole.others);
  const numberOf = new Map(values.map((value, i) => [value, i]));
  const others = whole.others ? values.length : undefined;
  const absent = whole.absent ? values.length + Number(whole.others) : undefined;
  const within = (part: Part): readonly number[] => {
    if (part.kind !== 'label') return [];
    const said = new Set(part.set.values.flatMap((value) => numberOf.get(value) ?? []));
    const ofValues = part.set.others ? [...numberOf.values()].filter((number) => !said.has(number)) : [...said];
    const rest = [part.set.others ? others : undefined, part.set.absent ? absent : undefined];
    return [...ofValues, ...rest.flatMap((number) => number ?? [])];
  };
  const atoms: readonly ValueSet[] = [
    ...values.map((value) => ({ absent: false, others: false, values: [value] })),
    ...(whole.others ? [{ absent: false, others: true, values: named }] : []),
    ...(whole.absent ? [{ absent: true, others: false, values: [] }] : []),
  ];
  return { parts: atoms.map(put), within };
}

// --- unions -------------------------------------------------------------------------------------------------------------

/** The union of atoms of one dimension. */
export function unionOf(parts: readonly Part[]): Part {
  const [first] = parts;
  if (!first) throw new Error('policyc bug: a union of nothing');
  if (parts.length === 1) return first;
  switch (first.kind) {
    case 'points':
      return { ...first, set: intervals(setsOf(parts, 'points').flatMap(({ set }) => set)) };
    case 'addresses':
      return { ...first, set: intervals(setsOf(parts, 'addresses').flatMap(({ set }) => set)) };
    case 'label':
      return { ...first, set: unionOfValues(setsOf(parts, 'label').map(({ set }) => set)) };
  }
}

function unionOfValues(atoms: readonly ValueSet[]): ValueSet {
  const absent = atoms.some((atom) => atom.absent);
  const named = new Set(atoms.flatMap(({ others, values }) => (others ? [] : values)));
  const rest = atoms.find(({ others }) => others);
  return rest
    ? { absent, others: true, values: rest.values.filter((value) => !named.has(value)) }
    : { absent, others: false, values: [...named].sort() };
}

/** Equal for equal sets of one dimension. */
export const partKey = ({ name, kind, set }: Part): string =>
  `${name} ${kind === 'label' ? JSON.stringify(set) : set.map(({ low, high }) => `${low}-${high}`).join()}`;
