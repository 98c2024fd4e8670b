// The oracle's own membership: labels, subjects, peers and ports, by the plainest reading of grammar/README.md. Written
// for it, so that it shares no code with what it checks.
import type { Endpoint, ReservedName } from '../ir/event.ts';
import { type EntityName, governedNames, type PeerSet, type ReservedSet, type Subject, type Transport } from '../ir/typed.ts';
import type { IntervalSet } from '../space/interval.ts';
import type { Labels, Requirement, Selector } from '../space/labels.ts';
import type { Pattern } from '../space/pattern.ts';
import { protocolOf, type TransportPoint } from '../space/transport.ts';

/** Does a pattern match a text? */
export type Matches = (pattern: Pattern, text: string) => boolean;

export function isSelected(selector: Selector, labels: Labels): boolean {
  return selector.some((conjunction) => conjunction.every((requirement) => isMet(requirement, labels)));
}

function isMet(requirement: Requirement, labels: Labels): boolean {
  const present = Object.hasOwn(labels, requirement.key);
  const value = labels[requirement.key] ?? '';
  switch (requirement.kind) {
    case 'exists':
      return present;
    case 'absent':
      return !present;
    case 'one-of':
      return present && requirement.values.some((one) => one === value);
    case 'not-one-of':
      return !present || requirement.values.every((one) => one !== value);
  }
}

const isCalled = (endpoint: Endpoint, name: ReservedName): boolean => endpoint.kind === 'reserved' && endpoint.entities.includes(name);
export const isHost = (endpoint: Endpoint): boolean => isCalled(endpoint, 'host');
/** An endpoint that has no labels yet. */
export const isInit = (endpoint: Endpoint): boolean => isCalled(endpoint, 'init');

const isGoverned = (endpoint: Endpoint): boolean => governedNames.some((name) => isCalled(endpoint, name));

/** Can a policy govern it? Nobody is asked about other nodes, the API server and addresses. */
export const isManaged = (endpoint: Endpoint): boolean => endpoint.kind === 'workload' || isHost(endpoint) || isGoverned(endpoint);

/** Does a policy govern this endpoint? */
export function isSubject({ workloads, host, reserved }: Subject, endpoint: Endpoint): boolean {
  if (endpoint.kind === 'workload') return isSelected(workloads, endpoint.labels);
  if (endpoint.kind !== 'reserved' || !isManaged(endpoint)) return false;
  if (host && isHost(endpoint)) return true;
  // Who has no labels yet has the empty label set.
  return reserved ? reserved.some((set) => isReserved(set, endpoint)) : isInit(endpoint) && isSelected(workloads, {});
}

/** Are the two one endpoint? There is one host. */
export function isSame(a: Endpoint, b: Endpoint): boolean {
  if (a.kind === 'workload' && b.kind === 'workload') return a.id === b.id;
  return isHost(a) && isHost(b);
}

export const isIn = <T extends number | bigint>(set: IntervalSet<T>, value: T): boolean =>
  set.some(({ low, high }) => low <= value && value <= high);

/** Is an endpoint one of the peers? A network without `including workloads`, and a domain, are about addresses of nothing managed. */
export function isPeer(peers: PeerSet, peer: Endpoint, matches: Matches): boolean {
  const { selectors, networks, anyNetworks, domains, entities, reserved = [] } = peers;
  if (entities.some((entity) => isEntity(entity, peer))) return true;
  if (peer.address !== undefined && isIn(anyNetworks, peer.address)) return true;
  switch (peer.kind) {
    case 'workload':
      return selectors.some((selector) => isSelected(selector, peer.labels));
    case 'address':
      if (peer.isApiServer && reserved.some((set) => set.name === 'kube-apiserver' && isReserved(set, apiServer))) return true;
      return isIn(networks, peer.address) || (peer.names ?? []).some((name) => domains.some((domain) => matches(domain, name)));
    case 'reserved':
      return reserved.some((set) => isReserved(set, peer));
  }
}

/** What one that nothing manages is, beside its address. */
const apiServer = { kind: 'reserved', entities: ['kube-apiserver'] } as const;

const isReserved = (
  { name, except, labels: selector }: ReservedSet,
  { entities, labels = {} }: Endpoint & { readonly kind: 'reserved' },
): boolean =>
  (name === undefined || entities.includes(name)) &&
  !except.some((one) => entities.includes(one)) &&
  (selector === undefined || isSelected(selector, labels));

function isEntity(entity: EntityName, peer: Endpoint): boolean {
  const mapped = (address: bigint): boolean => address >= 0xffff_0000_0000n && address <= 0xffff_ffff_ffffn;
  switch (entity) {
    case 'all':
      return true;
    case 'cluster':
      return peer.kind !== 'address' || peer.isApiServer === true;
    case 'world':
      return peer.kind === 'address';
    case 'world-ipv4':
      return peer.kind === 'address' && mapped(peer.address);
    case 'world-ipv6':
      return peer.kind === 'address' && !mapped(peer.address);
    case 'kube-apiserver':
      return peer.kind === 'address' ? peer.isApiServer === true : isCalled(peer, entity);
    default:
      return isCalled(peer, entity);
  }
}

/**
 * A named port is the destination's port of that name and protocol; a destination without it does not match. `NAME..LAST`: that
 * port, and those between it and the last.
 */
export function isAt({ points, named }: Transport, point: TransportPoint, destination: Endpoint): boolean {
  if (isIn(points, point)) return true;
  if (named.length === 0 || destination.kind !== 'workload') return false;
  const { protocol, value } = protocolOf(point);
  return (destination.namedPorts ?? []).some((port) => {
    if (port.protocol !== protocol) return false;
    const asked = named.filter((one) => one.protocol === protocol).map(({ name }) => name.split('..'));
    const lasts = asked.flatMap(([name, last = '0']) => (name === port.name ? [Number(last)] : []));
    return lasts.some((last) => value === port.port || (port.port < value && value <= last));
  });
}
