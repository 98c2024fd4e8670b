// May two rules be about one event? `false` is certain; where it takes more than a look at each dimension, the answer is yes.
import type { EntityName, NetworkRule, PeerSet, Policy, ReservedSet, Subject, Transport } from '../ir/typed.ts';
import { type AddressSet, ipv4Space, ipv6Space } from '../space/address.ts';
import { intersect, isEmpty, union } from '../space/interval.ts';
import type { Requirement, Selector } from '../space/labels.ts';
import { wholeProtocol } from '../space/transport.ts';

/** A rule with the policy that it stands in. */
export type Ruled = { readonly rule: NetworkRule; readonly policy: Policy };

export const mayOverlap = (a: Ruled, b: Ruled): boolean =>
  a.rule.section === b.rule.section &&
  maySubjectsMeet(a.policy.subject, b.policy.subject) &&
  mayTransportsMeet(a.rule.transport, b.rule.transport) &&
  mayPeersMeet(a.rule.peers, b.rule.peers);

export function maySubjectsMeet(a: Subject, b: Subject): boolean {
  if (maySelectorsMeet(a.workloads, b.workloads)) return true;
  const isBeside = ({ host, reserved = [] }: Subject): boolean => host || reserved.length > 0;
  // `init` is governed by who governs workloads without labels.
  return isBeside(a) && isBeside(b) ? true : isBeside(a) ? isOpen(b) : isBeside(b) && isOpen(a);
}

const isOpen = ({ workloads }: Subject): boolean =>
  workloads.some((one) => one.every(({ kind }) => kind === 'absent' || kind === 'not-one-of'));

export const maySelectorsMeet = (a: Selector, b: Selector): boolean => a.some((one) => b.some((other) => mayMeet(one, other)));

const mayMeet = (a: readonly Requirement[], b: readonly Requirement[]): boolean =>
  a.every((one) => b.every((other) => one.key !== other.key || (!excludes(one, other) && !excludes(other, one))));

function excludes(one: Requirement, other: Requirement): boolean {
  if (one.kind === 'exists') return other.kind === 'absent';
  if (one.kind !== 'one-of') return false;
  if (other.kind === 'absent') return true;
  if (other.kind === 'one-of') return !one.values.some((value) => other.values.includes(value));
  return other.kind === 'not-one-of' && one.values.every((value) => other.values.includes(value));
}

const worlds: Readonly<Partial<Record<EntityName, AddressSet>>> = {
  all: union(ipv4Space, ipv6Space),
  world: union(ipv4Space, ipv6Space),
  'world-ipv4': ipv4Space,
  'world-ipv6': ipv6Space,
};

/** Addresses that nothing manages; `isAnywhere`: also some of which nothing is known, by a name or as the API server's. */
function outsideOf({ networks, anyNetworks, domains, entities, reserved = [] }: PeerSet): {
  readonly addresses: AddressSet;
  readonly isAnywhere: boolean;
} {
  const addresses = entities.reduce((set, name) => union(set, worlds[name] ?? []), union(networks, anyNetworks));
  const isServer = entities.some((name) => name === 'kube-apiserver' || name === 'cluster') || reserved.some(isApiServer);
  return { addresses, isAnywhere: domains.length > 0 || isServer };
}
const isApiServer = ({ name, except }: ReservedSet): boolean => name === 'kube-apiserver' && !except.includes('kube-apiserver');

export function mayPeersMeet(a: PeerSet, b: PeerSet): boolean {
  const [ours, theirs] = [outsideOf(a), outsideOf(b)];
  if (!isEmpty(intersect(ours.addresses, theirs.addresses))) return true;
  const isThere = ({ addresses, isAnywhere }: typeof ours): boolean => isAnywhere || !isEmpty(addresses);
  if ((ours.isAnywhere && isThere(theirs)) || (theirs.isAnywhere && isThere(ours))) return true;
  return arePodsShared(a, b) || areEndpointsShared(a, b);
}

const isEveryPod = ({ entities, anyNetworks }: PeerSet): boolean =>
  entities.includes('all') || entities.includes('cluster') || !isEmpty(anyNetworks);

function arePodsShared(a: PeerSet, b: PeerSet): boolean {
  const has = (peers: PeerSet): boolean => isEveryPod(peers) || peers.selectors.length > 0;
  if (isEveryPod(a) || isEveryPod(b)) return has(a) && has(b);
  return maySelectorsMeet(a.selectors.flat(), b.selectors.flat());
}

/** Endpoints of the cluster that are no pods; one may have several names. */
function areEndpointsShared(a: PeerSet, b: PeerSet): boolean {
  const [ours, theirs] = [reservedOf(a), reservedOf(b)];
  return ours.some((one) => theirs.some((other) => !areApart(one, other) && !areApart(other, one)));
}

function reservedOf(peers: PeerSet): readonly ReservedSet[] {
  const named = peers.entities.flatMap((name): readonly ReservedSet[] => {
    if (name === 'all' || name === 'cluster') return [{ except: [] }];
    return name === 'world' || name === 'world-ipv4' || name === 'world-ipv6' ? [] : [{ name, except: [] }];
  });
  return [...named, ...(peers.reserved ?? []), ...(isEmpty(peers.anyNetworks) ? [] : [{ except: [] }])];
}

/** A node is not another node. */
const areApart = (one: ReservedSet, other: ReservedSet): boolean =>
  (one.name === 'host' && other.name === 'remote-node') || (one.name !== undefined && other.except.includes(one.name));

export function mayTransportsMeet(a: Transport, b: Transport): boolean {
  if (!isEmpty(intersect(a.points, b.points))) return true;
  return meetsByName(a, b) || meetsByName(b, a);
}

const meetsByName = ({ named }: Transport, { points, named: others }: Transport): boolean =>
  named.some(({ protocol }) => !isEmpty(intersect(points, wholeProtocol(protocol))) || others.some((other) => other.protocol === protocol));
