// One concrete event of a cell: what a reviewer can picture, so familiar addresses and ports are taken where the cell has them.
import type { Domains } from '../domains/domain.ts';
import type { Content, Endpoint, FlowEvent, ProcessEvent } from '../ir/event.ts';
import { type Address, type AddressSet, ipv4Space, ipv6Space, parseAddress } from '../space/address.ts';
import { includes, intersect, isEmpty, subtract, union } from '../space/interval.ts';
import {
  protocolOf,
  type TransportPoint,
  type TransportProtocol,
  type TransportSet,
  transportPoint,
  wholeProtocol,
} from '../space/transport.ts';
import { addressUnknown, type Cell, type End, reservedNames, unknownAddress } from './cell.ts';
import { specOf } from './content.ts';
import { encodingOf } from './content-encoding.ts';
import type { Item } from './judge.ts';
import { labelsIn } from './label-cube.ts';
import { namesIn } from './name-cube.ts';

/** One flow of the cell, without a request; undefined where there is none (an endpoint that bears no reserved name, or two that exclude each other). */
export function flowIn(cell: Cell): FlowEvent | undefined {
  for (const family of families) {
    const source = endpointOf(cell.source, 'source', family);
    const destination = endpointOf(cell.destination, 'destination', family);
    const points = subtract(cell.points, family.others);
    const flow = source && destination && flowBetween(source, destination, { ...cell, points });
    if (flow) return flow;
  }
  return undefined;
}

/** `others`: the points that no flow of these addresses has; each ICMP is of one family. */
type Family = { readonly addresses: AddressSet; readonly others: TransportSet };
const families: readonly Family[] = [
  { addresses: ipv4Space, others: wholeProtocol('icmpv6') },
  { addresses: ipv6Space, others: wholeProtocol('icmp') },
];

function endpointOf(end: End, id: string, family: Family): Endpoint | undefined {
  if (end.kind === 'nothing') return undefined;
  const known = end.kind === 'address' ? family.addresses : union(addressUnknown, family.addresses);
  const addresses = intersect(end.addresses, known);
  return isEmpty(addresses) ? undefined : endpointIn({ ...end, addresses }, id);
}

/** One flow between two endpoints, at one of the points; undefined where there is none. */
export function flowBetween(
  source: Endpoint,
  destination: Endpoint,
  { points, portNames }: Pick<Cell, 'points' | 'portNames'>,
): FlowEvent | undefined {
  const point = pointIn(points);
  if (point === undefined) return undefined;
  const named = [...portNames].filter(([, here]) => here);
  if (destination.kind !== 'workload' || named.length === 0) return { kind: 'flow', source, destination, point };
  const { protocol, value } = protocolOf(point);
  const namedPorts = named.flatMap(([key]) => {
    const exact = key.replace(/\.\.$/, '');
    const name = exact.slice(exact.indexOf('/') + 1);
    if (key === exact) return [{ protocol, name, port: value }];
    const known = portNames.get(exact);
    return known === true ? [] : [{ protocol, name, port: known === false ? value - 1 : value }];
  });
  if (namedPorts.some(({ port }) => port < 1)) return undefined;
  return { kind: 'flow', source, destination: { ...destination, namedPorts }, point };
}

/** One process event of the cell. */
export function processEventIn(cell: Cell, { domain, content }: Request): ProcessEvent | undefined {
  const subject = endpointIn(cell.source, 'subject');
  return subject && { kind: 'process', domain, subject, content };
}

type Request = { readonly domain: string; readonly content: Content };

/** A content of these: one that can be read, where there is one. */
export function requestIn(items: readonly Item[]): Request | undefined {
  const readable = items.find((item) => item.kind === 'content');
  if (readable) return { domain: readable.classes.domain.name, content: { kind: 'fields', fields: readable.content.example() } };
  const undecidable = items.find((item) => item.kind === 'undecidable');
  return undecidable && { domain: undecidable.domain, content: { kind: 'undecidable', reason: 'ambiguous' } };
}

/** Some content of a domain. */
export const plainContent = (domains: Domains, domain: string): Content => ({
  kind: 'fields',
  fields: encodingOf(specOf(domains, domain), []).decode(new Uint8Array()),
});

/** One endpoint of a set, undefined where there is none; `id` keeps the two ends of a flow apart. */
export function endpointIn(end: End, id: string): Endpoint | undefined {
  switch (end.kind) {
    case 'workload':
      return { kind: 'workload', id, labels: labelsIn(end.labels), ...addressOf(end.addresses) };
    case 'reserved': {
      const borne = reservedNames.filter((name) => end.names.get(name) === true);
      const free = familiarNames.filter((name) => !end.names.has(name));
      const entities = borne.length > 0 ? borne : free.slice(0, 1);
      // A node is not another node.
      if (entities.includes('host') && entities.includes('remote-node')) return undefined;
      const labels = end.labels ? labelsIn(end.labels) : {};
      if (entities.length === 0) return undefined;
      return { kind: 'reserved', entities, ...(Object.keys(labels).length > 0 && { labels }), ...addressOf(end.addresses) };
    }
    case 'address': {
      const address = addressIn(end.addresses);
      const names = namesIn(end.names);
      if (address === undefined) return undefined;
      return { kind: 'address', address, ...(names.length > 0 && { names }), ...(end.isApiServer && { isApiServer: true }) };
    }
    case 'nothing':
      return undefined;
  }
}

/** The address of a managed endpoint, where the set wants one. */
function addressOf(set: AddressSet): { readonly address?: Address } {
  const address = includes(set, unknownAddress) ? undefined : addressIn(set);
  return address === undefined ? {} : { address };
}

const familiarNames = ['host', 'remote-node', ...reservedNames.filter((name) => name !== 'host' && name !== 'remote-node')] as const;
const familiarAddresses = ['198.51.100.7', '2001:db8::7'].map(parseAddress);
const familiarPorts: readonly (readonly [TransportProtocol, number])[] = [
  ['tcp', 443],
  ['tcp', 80],
  ['udp', 53],
];
/** Port 0 is legal in a rule and odd in an example. */
const portZero: TransportSet = (['tcp', 'udp', 'sctp'] as const).map((protocol) => {
  const point = transportPoint(protocol, 0);
  return { low: point, high: point };
});

function addressIn(set: AddressSet): bigint | undefined {
  const familiar = familiarAddresses.find((address) => address !== undefined && includes(set, address));
  return familiar ?? intersect(set, ipv4Space)[0]?.low ?? set[0]?.low;
}

function pointIn(points: TransportSet): TransportPoint | undefined {
  const familiar = familiarPorts.map(([protocol, port]) => transportPoint(protocol, port)).find((point) => includes(points, point));
  return familiar ?? subtract(points, portZero)[0]?.low ?? points[0]?.low;
}
