// One dimension of a box, split into what some sets in it can tell apart. The parts come in a fixed order: along the line of points
// and addresses, and of a label value by value, then any other value, then no value.
import type { AddressSet } from '../space/address.ts';
import { type IntervalSet, intervals, next, previous } from '../space/interval.ts';
import type { TransportSet } from '../space/transport.ts';
import { type Cell, type End, everyAddress, type Side } from './cell.ts';
import { anyValue, type LabelCube, type ValueSet, withKey } from './label-cube.ts';

/** A set in one dimension. `name`: of the dimension; they are asked in the order of their names. */
export type Part = { readonly name: string } & (
  | { readonly kind: 'points'; readonly set: TransportSet }
  | { readonly kind: 'addresses'; readonly side: Side; readonly set: AddressSet }
  | { readonly kind: 'label'; readonly side: Side; readonly key: string; readonly set: ValueSet }
);

/** Events that no set tells apart. `isIn` holds until the next atom is asked for. */
export type Atom = { readonly part: Part; readonly isIn: (part: Part) => boolean };

/** The atoms of the box in the dimension of the parts, which are all of one dimension and none of which is empty. */
export function atomsOf(box: Cell, parts: readonly Part[]): Iterable<Atom> {
  const [first] = parts;
  switch (first?.kind) {
    case undefined:
      return [];
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
type Border<T> = { readonly at: T; readonly part: Part | undefined; readonly begins: boolean };

/** A sweep from border to border; `undefined` among the open parts is the box itself. */
function* lineAtoms<T extends number | bigint>(
  whole: IntervalSet<T>,
  parts: readonly Ranged<T>[],
  put: (set: IntervalSet<T>) => Part,
): Generator<Atom> {
  const bordersOf = (part: Part | undefined, set: IntervalSet<T>): readonly Border<T>[] =>
    set.flatMap(({ low, high }) => [
      { at: low, part, begins: true },
      { at: next(high), part, begins: false },
    ]);
  const borders = [...bordersOf(undefined, whole), ...[...new Set(parts)].flatMap((part) => bordersOf(part, part.set))];
  borders.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  const open = new Set<Part | undefined>();
  for (const [i, { at, part, begins }] of borders.entries()) {
    if (begins) open.add(part);
    else open.delete(part);
    const border = borders[i + 1];
    if (border && border.at !== at && open.has(undefined))
      yield { part: put([{ low: at, high: previous(border.at) }]), isIn: (one) => open.has(one) };
  }
}

// --- labels -------------------------------------------------------------------------------------------------------------

type Labelled = Extract<Part, { kind: 'label' }>;

function* labelAtoms(whole: ValueSet, parts: readonly Labelled[], put: (set: ValueSet) => Part): Generator<Atom> {
  const naming = new Map<string, Set<Part>>();
  for (const value of whole.values) naming.set(value, new Set());
  for (const part of parts) {
    for (const value of part.set.values) {
      const known = naming.get(value);
      if (known) known.add(part);
      else naming.set(value, new Set([part]));
    }
  }
  const hasOthers = (part: Part): boolean => part.kind === 'label' && part.set.others;
  const excluded = new Set(whole.others ? whole.values : []);
  const values = [...naming.keys()].sort();
  for (const value of values) {
    const named = naming.get(value);
    if (excluded.has(value) || (!whole.others && !whole.values.includes(value))) continue;
    yield { part: put({ absent: false, others: false, values: [value] }), isIn: (part) => named?.has(part) !== hasOthers(part) };
  }
  if (whole.others) yield { part: put({ absent: false, others: true, values }), isIn: hasOthers };
  if (whole.absent)
    yield { part: put({ absent: true, others: false, values: [] }), isIn: (part) => part.kind === 'label' && part.set.absent };
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
