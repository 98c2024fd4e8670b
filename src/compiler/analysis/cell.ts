// A cell: a set of flows (or program starts) as a product of one set per dimension. It answers how a rule lies to it, and
// yields one concrete event. Content of requests and paths is a dimension of its own: content.ts.
import { unreachable } from '../base/assert.ts';
import type { Endpoint, ReservedName } from '../ir/event.ts';
import type { NamedPort, NetworkRule, PeerSet, Section, Transport } from '../ir/typed.ts';
import { type AddressSet, ipv4Space, ipv6Space } from '../space/address.ts';
import { equals, type IntervalSet, includes, intersect, isEmpty, subtract, union } from '../space/interval.ts';
import type { Selector } from '../space/labels.ts';
import { protocolOf, type TransportPoint, type TransportSet, wholeProtocol } from '../space/transport.ts';
import { everyLabelSet, inCube, type LabelCube, selectorRelation } from './label-cube.ts';
import { allOf, anyOf, apart, covered, lift, type Relation } from './relation.ts';

/** A set of endpoints. `reserved`: what is known of each name; `nothing`: a program start has no other end. */
export type End =
  | { readonly kind: 'workload'; readonly labels: LabelCube }
  | { readonly kind: 'reserved'; readonly names: ReadonlyMap<ReservedName, boolean> }
  | { readonly kind: 'address'; readonly addresses: AddressSet }
  | { readonly kind: 'nothing' };

export type Cell = {
  readonly source: End;
  readonly destination: End;
  readonly points: TransportSet;
  /** `tcp/web` -> is the event's point the destination's port of that name? */
  readonly portNames: ReadonlyMap<string, boolean>;
};

export const reservedNames: readonly ReservedName[] = ['health', 'host', 'ingress', 'init', 'kube-apiserver', 'remote-node', 'unmanaged'];
export const anyWorkload: End = { kind: 'workload', labels: everyLabelSet };
export const anyReserved: End = { kind: 'reserved', names: new Map() };
export const everyAddress: AddressSet = union(ipv4Space, ipv6Space);
const worldAddresses = { world: everyAddress, 'world-ipv4': ipv4Space, 'world-ipv6': ipv6Space };
export const anyAddress: End = { kind: 'address', addresses: everyAddress };

export const portName = ({ protocol, name }: NamedPort): string => `${protocol}/${name}`;
const subjectSide = (section: Section): 'source' | 'destination' => (section === 'ingress' ? 'destination' : 'source');
const peerSide = (section: Section): 'source' | 'destination' => (section === 'ingress' ? 'source' : 'destination');

export const subjectOf = (cell: Cell, section: Section): End => cell[subjectSide(section)];
export const peerOf = (cell: Cell, section: Section): End => cell[peerSide(section)];

/** How the workloads of a selector lie to the cell's subjects. */
export function subjectRelation(cell: Cell, section: Section, selector: Selector): Relation<Cell> {
  const side = subjectSide(section);
  const end = cell[side];
  if (end.kind !== 'workload') return apart;
  return lift(selectorRelation(end.labels, selector), (labels) => ({ ...cell, [side]: { kind: 'workload', labels } }));
}

/** How peers and transport of a network rule lie to the cell; its subject and its content are asked elsewhere. */
export function networkRelation(cell: Cell, rule: NetworkRule): Relation<Cell> {
  return allOf([peersRelation, transportRelation], (relate) => relate(cell, rule));
}

function peersRelation(cell: Cell, { section, peers }: NetworkRule): Relation<Cell> {
  const side = peerSide(section);
  return lift(endRelation(cell[side], peers), (end) => ({ ...cell, [side]: end }));
}

function endRelation(end: End, { selectors, networks, entities }: PeerSet): Relation<End> {
  if (entities.includes('all')) return covered;
  switch (end.kind) {
    case 'workload':
      if (entities.includes('cluster')) return covered;
      return lift(
        anyOf(selectors, (selector) => selectorRelation(end.labels, selector)),
        (labels) => ({ kind: 'workload', labels }),
      );
    case 'reserved':
      if (entities.includes('cluster')) return covered;
      return anyOf(
        reservedNames.filter((name) => entities.includes(name)),
        (name) => flagRelation(end.names, name, (names) => ({ kind: 'reserved', names })),
      );
    case 'address': {
      const worlds = Object.entries(worldAddresses).flatMap(([world, addresses]) =>
        entities.some((name) => name === world) ? [addresses] : [],
      );
      return lift(intervalRelation(end.addresses, worlds.reduce(union, networks)), (addresses) => ({ kind: 'address', addresses }));
    }
    case 'nothing':
      return apart;
    default:
      return unreachable(end);
  }
}

function flagRelation<Key, Whole>(
  flags: ReadonlyMap<Key, boolean>,
  key: Key,
  put: (flags: ReadonlyMap<Key, boolean>) => Whole,
): Relation<Whole> {
  const known = flags.get(key);
  if (known !== undefined) return known ? covered : apart;
  return { kind: 'split', halves: [put(new Map(flags).set(key, true)), put(new Map(flags).set(key, false))] };
}

function intervalRelation<T extends number | bigint>(known: IntervalSet<T>, wanted: IntervalSet<T>): Relation<IntervalSet<T>> {
  const inside = intersect(known, wanted);
  if (isEmpty(inside)) return apart;
  if (equals(inside, known)) return covered;
  return { kind: 'split', halves: [inside, subtract(known, wanted)] };
}

function transportRelation(cell: Cell, { transport }: NetworkRule): Relation<Cell> {
  const byPoint = lift(intervalRelation(cell.points, transport.points), (points) => ({ ...cell, points }));
  return byPoint.kind === 'apart' ? namedRelation(cell, transport) : byPoint;
}

function namedRelation(cell: Cell, { named }: Transport): Relation<Cell> {
  if (cell.destination.kind !== 'workload') return apart;
  return anyOf(named, (port) => {
    const within = intervalRelation(cell.points, wholeProtocol(port.protocol));
    if (within.kind !== 'covered') return lift(within, (points) => ({ ...cell, points }));
    return flagRelation(cell.portNames, portName(port), (portNames) => ({ ...cell, portNames }));
  });
}

/** Is this flow of the cell? */
export function inCell(
  cell: Cell,
  { source, destination, point }: { readonly source: Endpoint; readonly destination: Endpoint; readonly point: TransportPoint },
): boolean {
  if (!includes(cell.points, point) || !inEnd(cell.source, source) || !inEnd(cell.destination, destination)) return false;
  const { protocol, value } = protocolOf(point);
  const ports = destination.kind === 'workload' ? (destination.namedPorts ?? []) : [];
  return [...cell.portNames].every(
    ([name, here]) => here === ports.some((port) => port.protocol === protocol && port.port === value && portName(port) === name),
  );
}

export function inEnd(end: End, endpoint: Endpoint): boolean {
  if (end.kind === 'workload') return endpoint.kind === 'workload' && inCube(end.labels, endpoint.labels);
  if (end.kind === 'address') return endpoint.kind === 'address' && includes(end.addresses, endpoint.address);
  if (end.kind === 'nothing') return true;
  return endpoint.kind === 'reserved' && [...end.names].every(([name, borne]) => endpoint.entities.includes(name) === borne);
}
