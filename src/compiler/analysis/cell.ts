// A cell: a set of flows (or process events) as a product of one set per dimension. It answers how a rule lies to it, and
// yields one concrete event. Content of requests and process events is a dimension of its own: content.ts.
import { unreachable } from '../base/assert.ts';
import type { Endpoint, ReservedName } from '../ir/event.ts';
import {
  governedNames,
  type NamedPort,
  type NetworkRule,
  namedRange,
  type PeerSet,
  type ReservedSet,
  type Section,
  type Subject,
  type Transport,
} from '../ir/typed.ts';
import { type Address, type AddressSet, ipv4Space, ipv6Space } from '../space/address.ts';
import { equals, type IntervalSet, includes, intersect, isEmpty, subtract, union } from '../space/interval.ts';
import { type Selector, selects } from '../space/labels.ts';
import { protocolOf, type TransportPoint, type TransportSet, transportRange, wholeProtocol } from '../space/transport.ts';
import { everyLabelSet, inCube, type LabelCube, selectorRelation } from './label-cube.ts';
import { anyNames, inNameCube, type NameClasses, type NameCube, nameRelation } from './name-cube.ts';
import { allOf, anyOf, apart, covered, lift, negated, type Relation } from './relation.ts';

/**
 * A set of endpoints. `reserved`: what is known of each name. `addresses` of a workload and of a reserved endpoint: the one
 * that the flow uses, `unknownAddress` included; `nothing`: a process event has no other end.
 */
export type End =
  | { readonly kind: 'workload'; readonly labels: LabelCube; readonly addresses: AddressSet }
  | {
      readonly kind: 'reserved';
      readonly names: ReadonlyMap<ReservedName, boolean>;
      /** Absent: any. */
      readonly labels?: LabelCube;
      readonly addresses: AddressSet;
    }
  /** `isApiServer`: absent where both are in it, those of the API server and others. */
  | { readonly kind: 'address'; readonly addresses: AddressSet; readonly names: NameCube; readonly isApiServer?: boolean }
  | { readonly kind: 'nothing' };

export type Cell = {
  readonly source: End;
  readonly destination: End;
  readonly points: TransportSet;
  /** `tcp/web` -> is the event's point the destination's port of that name? */
  readonly portNames: ReadonlyMap<string, boolean>;
};

export const reservedNames: readonly ReservedName[] = ['health', 'host', 'ingress', 'init', 'kube-apiserver', 'remote-node', 'unmanaged'];
export const everyAddress: AddressSet = union(ipv4Space, ipv6Space);
/** Stands on the line of addresses for "not known", which no network holds. */
export const unknownAddress: Address = -1n;
export const addressUnknown: AddressSet = [{ low: unknownAddress, high: unknownAddress }];
/** Every address, or none known. */
export const anyPlace: AddressSet = union(addressUnknown, everyAddress);
export const anyWorkload: End = { kind: 'workload', labels: everyLabelSet, addresses: anyPlace };
export const anyAddress = (names: NameClasses): End => ({ kind: 'address', addresses: everyAddress, names: anyNames(names) });
const worldAddresses = { world: everyAddress, 'world-ipv4': ipv4Space, 'world-ipv6': ipv6Space };

export const portName = ({ protocol, name }: NamedPort): string => `${protocol}/${name}`;
/** Is the event's point the port of that name, or one behind it? */
export const belowName = (port: NamedPort): string => `${portName(port)}..`;
export type Side = 'source' | 'destination';
export const subjectSide = (section: Section): Side => (section === 'ingress' ? 'destination' : 'source');
export const peerSide = (section: Section): Side => (section === 'ingress' ? 'source' : 'destination');

export const subjectOf = (cell: Cell, section: Section): End => cell[subjectSide(section)];
export const peerOf = (cell: Cell, section: Section): End => cell[peerSide(section)];

/** How the endpoints that a policy governs lie to the cell's subjects; `init` endpoints are governed as workloads without labels, unless it says otherwise. */
export function subjectRelation(cell: Cell, section: Section, subject: Subject): Relation<Cell> {
  const side = subjectSide(section);
  return lift(subjectEndRelation(cell[side], subject), (end) => ({ ...cell, [side]: end }));
}

/** The same of one end. */
export function subjectEndRelation(end: End, { workloads, host, reserved }: Subject): Relation<End> {
  if (end.kind === 'workload') return lift(selectorRelation(end.labels, workloads), (labels) => ({ ...end, labels }));
  if (end.kind !== 'reserved') return apart;
  const implied = selects(workloads, {}) ? [named('init')] : [];
  return anyOf([...(host ? [named('host')] : []), ...(reserved ?? implied)], (set) => reservedRelation(end, set));
}

/** How the subjects that are in default deny without any policy lie to the cell: `init`, in both directions. */
export function initRelation(cell: Cell, section: Section): Relation<Cell> {
  const side = subjectSide(section);
  const end = cell[side];
  if (section === 'process' || end.kind !== 'reserved') return apart;
  return flagRelation(end.names, 'init', (names) => ({ ...cell, [side]: { ...end, names } }));
}

/** How the endpoints that a policy can govern lie to a set of them. */
export function governedRelation(end: End): Relation<End> {
  if (end.kind !== 'reserved') return end.kind === 'workload' ? covered : apart;
  return anyOf(['host', ...governedNames] as const, (name) => flagRelation(end.names, name, (names): End => ({ ...end, names })));
}

/** How peers and transport of a network rule lie to the cell; its subject and its content are asked elsewhere. */
export function networkRelation(cell: Cell, rule: NetworkRule): Relation<Cell> {
  return allOf([() => peersRelation(cell, rule), () => transportRelation(cell, rule.transport)], (relate) => relate());
}

function peersRelation(cell: Cell, { section, peers }: NetworkRule): Relation<Cell> {
  const side = peerSide(section);
  return lift(endRelation(cell[side], peers), (end) => ({ ...cell, [side]: end }));
}

/** How a union of peers lies to a set of endpoints. */
export function endRelation(end: End, peers: PeerSet): Relation<End> {
  if (end.kind === 'nothing') return apart;
  if (peers.entities.includes('all')) return covered;
  if (end.kind === 'address') return outsideRelation(end, peers);
  if (peers.entities.includes('cluster')) return covered;
  const place = (): Relation<End> => lift(intervalRelation(end.addresses, peers.anyNetworks), (addresses) => ({ ...end, addresses }));
  return anyOf([() => managedRelation(end, peers), place], (relate) => relate());
}

function managedRelation(end: Extract<End, { kind: 'workload' | 'reserved' }>, peers: PeerSet): Relation<End> {
  const { selectors, entities, reserved = [] } = peers;
  switch (end.kind) {
    case 'workload':
      return lift(
        anyOf(selectors, (selector) => selectorRelation(end.labels, selector)),
        (labels) => ({ ...end, labels }),
      );
    case 'reserved': {
      const ofNames = reservedNames.filter((name) => entities.includes(name)).map(named);
      return anyOf([...ofNames, ...reserved], (set) => reservedRelation(end, set));
    }
    default:
      return unreachable(end);
  }
}

const named = (name: ReservedName): ReservedSet => ({ name, except: [] });

function reservedRelation(end: Extract<End, { kind: 'reserved' }>, { name, except, labels }: ReservedSet): Relation<End> {
  const flag = (one: ReservedName): Relation<End> => flagRelation(end.names, one, (names) => ({ ...end, names }));
  const labelled = (selector: Selector): Relation<End> =>
    lift(selectorRelation(end.labels ?? everyLabelSet, selector), (cube) => ({ ...end, labels: cube }));
  const all = [
    ...(name === undefined ? [] : [() => flag(name)]),
    ...except.map((one) => () => negated(flag(one))),
    ...(labels ? [() => labelled(labels)] : []),
  ];
  return allOf(all, (relate) => relate());
}

function outsideRelation(end: Extract<End, { kind: 'address' }>, peers: PeerSet): Relation<End> {
  const { networks, anyNetworks, domains, entities, reserved = [] } = peers;
  const worlds = Object.entries(worldAddresses).flatMap(([world, addresses]) =>
    entities.some((name) => name === world) ? [addresses] : [],
  );
  const wanted = [anyNetworks, ...worlds].reduce(union, networks);
  const place = (): Relation<End> => lift(intervalRelation(end.addresses, wanted), (addresses) => ({ ...end, addresses }));
  const byName = (): Relation<End> =>
    lift(
      anyOf(domains, (domain) => nameRelation(end.names, domain)),
      (names) => ({ ...end, names }),
    );
  const isServer = entities.includes('kube-apiserver') || entities.includes('cluster') || reserved.some(holdsServer);
  return anyOf([place, byName, ...(isServer ? [() => serverRelation(end)] : [])], (relate) => relate());
}

/** Is an API server that nothing manages one of them? Its other sets are its addresses. */
const holdsServer = ({ name, except, labels }: ReservedSet): boolean =>
  name === 'kube-apiserver' && !except.includes(name) && (!labels || selects(labels, {}));

function serverRelation(end: Extract<End, { kind: 'address' }>): Relation<End> {
  if (end.isApiServer !== undefined) return end.isApiServer ? covered : apart;
  return {
    kind: 'split',
    halves: [
      { ...end, isApiServer: true },
      { ...end, isApiServer: false },
    ],
  };
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

/** What ports are asked of. */
type Ported = Pick<Cell, 'points' | 'portNames'> & { readonly destination: { readonly kind: string } };

/** How ports and protocols lie to the cell. */
export function transportRelation<C extends Ported>(cell: C, transport: Transport): Relation<C> {
  const byPoint = lift(intervalRelation(cell.points, transport.points), (points) => ({ ...cell, points }));
  return byPoint.kind === 'apart' ? namedRelation(cell, transport) : byPoint;
}

function namedRelation<C extends Ported>(cell: C, { named }: Transport): Relation<C> {
  if (cell.destination.kind !== 'workload') return apart;
  return anyOf(named, (port) => {
    const within = intervalRelation(cell.points, wholeProtocol(port.protocol));
    if (within.kind !== 'covered') return lift(within, (points) => ({ ...cell, points }));
    const { name, last } = namedRange(port.name);
    const exact = { protocol: port.protocol, name };
    if (last === undefined) return exactRelation(cell, exact);
    const before = intervalRelation(cell.points, transportRange(port.protocol, 0, last));
    if (before.kind === 'split') return lift(before, (points) => ({ ...cell, points }));
    return before.kind === 'apart' ? exactRelation(cell, exact) : belowRelation(cell, exact);
  });
}

/** A port that is the one of a name is not below it. */
function exactRelation<C extends Ported>(cell: C, port: NamedPort): Relation<C> {
  if (cell.portNames.get(belowName(port)) === false) return apart;
  return flagRelation(cell.portNames, portName(port), (portNames) => ({ ...cell, portNames }));
}
function belowRelation<C extends Ported>(cell: C, port: NamedPort): Relation<C> {
  if (cell.portNames.get(portName(port)) === true) return covered;
  return flagRelation(cell.portNames, belowName(port), (portNames) => ({ ...cell, portNames }));
}

/** Is this flow of the cell? */
export function inCell(
  cell: Cell,
  { source, destination, point }: { readonly source: Endpoint; readonly destination: Endpoint; readonly point: TransportPoint },
): boolean {
  if (!includes(cell.points, point) || !inEnd(cell.source, source) || !inEnd(cell.destination, destination)) return false;
  const { protocol, value } = protocolOf(point);
  const ports = destination.kind === 'workload' ? (destination.namedPorts ?? []) : [];
  const isHere = (port: NamedPort & { readonly port: number }, name: string): boolean =>
    port.protocol === protocol && (name === portName(port) ? port.port === value : name === belowName(port) && port.port <= value);
  return [...cell.portNames].every(([name, here]) => here === ports.some((port) => isHere(port, name)));
}

export function inEnd(end: End, endpoint: Endpoint): boolean {
  switch (end.kind) {
    case 'nothing':
      return true;
    case 'workload':
      return endpoint.kind === 'workload' && inCube(end.labels, endpoint.labels) && includes(end.addresses, placeOf(endpoint));
    case 'reserved': {
      if (endpoint.kind !== 'reserved' || !includes(end.addresses, placeOf(endpoint))) return false;
      if (end.labels && !inCube(end.labels, endpoint.labels ?? {})) return false;
      return [...end.names].every(([name, borne]) => endpoint.entities.includes(name) === borne);
    }
    case 'address':
      if (endpoint.kind !== 'address' || !includes(end.addresses, endpoint.address)) return false;
      if (end.isApiServer !== undefined && end.isApiServer !== (endpoint.isApiServer === true)) return false;
      return inNameCube(end.names, endpoint.names ?? []);
    default:
      return unreachable(end);
  }
}

const placeOf = ({ address }: { readonly address?: Address }): Address => address ?? unknownAddress;
