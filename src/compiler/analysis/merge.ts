// Joins cells that differ in one dimension only into one, until none do: what a reader wants to see of a decision tree.
// The joined cells are exactly the given ones; nothing is rounded.
import type { ReservedName } from '../ir/event.ts';
import type { AddressSet } from '../space/address.ts';
import { equals, union } from '../space/interval.ts';
import { anyPlace, type Cell, type End } from './cell.ts';
import { anyValue, isAny, join, type LabelCube } from './label-cube.ts';

type Side = 'source' | 'destination';
/** One dimension in which two cells can be joined. Flags and labels that a cell does not restrict are not listed. */
type Dimension = { readonly name: string; readonly text: string; readonly joined: (cells: readonly Cell[]) => Cell };
/** A cell, its dimensions by name, and the one text of all of them. */
type Entry = { readonly cell: Cell; readonly dimensions: ReadonlyMap<string, Dimension> };

/** The same events in as few cells as joining finds. The order is that of each cell's first part. */
export function mergeCells(cells: readonly Cell[]): readonly Cell[] {
  let entries = cells.map(entryOf);
  for (let before = -1; before !== entries.length; ) {
    before = entries.length;
    for (const name of new Set(entries.flatMap(({ dimensions }) => [...dimensions.keys()]))) entries = joinAlong(entries, name);
  }
  return entries.map(({ cell }) => cell);
}

function joinAlong(entries: readonly Entry[], name: string): Entry[] {
  const groups = new Map<string, Entry[]>();
  for (const entry of entries) {
    const key = [...entry.dimensions.values()]
      .filter((dimension) => dimension.name !== name)
      .map(({ text }) => text)
      .join('\n');
    const group = groups.get(key);
    if (group) group.push(entry);
    else groups.set(key, [entry]);
  }
  return [...groups.values()].flatMap((group) => {
    const dimension = group.flatMap(({ dimensions }) => dimensions.get(name) ?? [])[0];
    return group.length === 1 || !dimension ? group : [entryOf(dimension.joined(group.map(({ cell }) => cell)))];
  });
}

function entryOf(cell: Cell): Entry {
  const dimensions = [
    ...endDimensions(cell, 'source'),
    ...endDimensions(cell, 'destination'),
    ...flagDimensions(cell),
    {
      name: 'points',
      text: `points ${cell.points.map(({ low, high }) => `${low}-${high}`).join()}`,
      joined: (cells: readonly Cell[]) => ({ ...cell, points: cells.map(({ points }) => points).reduce(union) }),
    },
  ];
  return { cell, dimensions: new Map(dimensions.map((dimension) => [dimension.name, dimension])) };
}

function endDimensions(cell: Cell, side: Side): readonly Dimension[] {
  const end = cell[side];
  const kind: Dimension = { name: `${side} kind`, text: `${side} ${end.kind}`, joined: () => cell };
  // INVARIANT: `kind` is never a dimension to join along: its name is unique to its text.
  const fixed = { ...kind, name: kind.text };
  switch (end.kind) {
    case 'workload':
      return [fixed, ...placeDimension(cell, side), ...[...end.labels].sort(byKey).map(([key]) => labelDimension(cell, side, key))];
    case 'reserved':
      return [
        fixed,
        ...placeDimension(cell, side),
        ...[...end.names].sort(byKey).map(([name, borne]) => reservedDimension(cell, side, { name, borne })),
        ...[...(end.labels ?? [])].sort(byKey).map(([key]) => labelDimension(cell, side, key)),
      ];
    case 'address':
      return [
        fixed,
        addressDimension(cell, side),
        ...[...end.names.flags].map(([place, met]) => nameDimension(cell, side, { place, met })),
        ...(end.isApiServer === undefined ? [] : [serverDimension(cell, side, end.isApiServer)]),
      ];
    case 'nothing':
      return [fixed];
  }
}

function addressDimension(cell: Cell, side: Side): Dimension {
  const addressesOf = (one: Cell): AddressSet => ('addresses' in one[side] ? one[side].addresses : []);
  const end = cell[side];
  return {
    name: `${side} addresses`,
    text: `${side} ${addressesOf(cell)
      .map(({ low, high }) => `${low}-${high}`)
      .join()}`,
    joined: (cells) => withEnd(cell, side, end.kind === 'nothing' ? end : { ...end, addresses: cells.map(addressesOf).reduce(union) }),
  };
}

/** The address of a managed endpoint, where it matters. */
function placeDimension(cell: Cell, side: Side): readonly Dimension[] {
  const end = cell[side];
  return 'addresses' in end && !equals(end.addresses, anyPlace) ? [addressDimension(cell, side)] : [];
}

function nameDimension(cell: Cell, side: Side, { place, met }: { readonly place: number; readonly met: boolean }): Dimension {
  return {
    name: `${side} names ${place}`,
    text: `${side} names ${place} ${met}`,
    joined: () => {
      const end = cell[side];
      if (end.kind !== 'address') return cell;
      const flags = new Map([...end.names.flags].filter(([other]) => other !== place));
      return withEnd(cell, side, { ...end, names: { ...end.names, flags } });
    },
  };
}

const byKey = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1);
const withEnd = (cell: Cell, side: Side, end: End): Cell => ({ ...cell, [side]: end });

function labelDimension(cell: Cell, side: Side, key: string): Dimension {
  const labelsOf = (one: Cell): LabelCube => ('labels' in one[side] ? (one[side].labels ?? new Map()) : new Map());
  return {
    name: `${side} label ${key}`,
    text: `${side} label ${key} ${JSON.stringify(labelsOf(cell).get(key))}`,
    joined: (cells) => {
      const set = cells.map((one) => labelsOf(one).get(key) ?? anyValue).reduce(join);
      const labels = new Map(labelsOf(cell));
      if (isAny(set)) labels.delete(key);
      else labels.set(key, set);
      const end = cell[side];
      if (end.kind === 'workload') return withEnd(cell, side, { ...end, labels });
      if (end.kind !== 'reserved') return cell;
      const { labels: _, ...any } = end;
      return withEnd(cell, side, labels.size === 0 ? any : { ...end, labels });
    },
  };
}

/** Cells of one group have both values of the flag, or leave it open: either way it no longer restricts. */
function reservedDimension(cell: Cell, side: Side, { name, borne }: { readonly name: ReservedName; readonly borne: boolean }): Dimension {
  return {
    name: `${side} reserved ${name}`,
    text: `${side} reserved ${name} ${borne}`,
    joined: () => {
      const end = cell[side];
      if (end.kind !== 'reserved') return cell;
      const names = new Map(end.names);
      names.delete(name);
      return withEnd(cell, side, { ...end, names });
    },
  };
}

/** As of a flag of a reserved endpoint. */
function serverDimension(cell: Cell, side: Side, isApiServer: boolean): Dimension {
  return {
    name: `${side} API server`,
    text: `${side} API server ${isApiServer}`,
    joined: () => {
      const end = cell[side];
      if (end.kind !== 'address') return cell;
      const { isApiServer: _, ...both } = end;
      return withEnd(cell, side, both);
    },
  };
}

function flagDimensions(cell: Cell): readonly Dimension[] {
  return [...cell.portNames].sort(byKey).map(([name, here]) => ({
    name: `port ${name}`,
    text: `port ${name} ${here}`,
    joined: () => ({ ...cell, portNames: new Map([...cell.portNames].filter(([other]) => other !== name)) }),
  }));
}
