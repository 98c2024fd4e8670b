// Who stands at the ends of concrete connections: each workload that there is, and everything outside as the fewest classes
// that the policies tell apart. All endpoints of one node are alike to every rule.
import type { ReservedName } from '../ir/event.ts';
import type { PeerSet, Rule, Subject, Tier, TypedPolicy } from '../ir/typed.ts';
import { type Workload, workloadName } from '../ir/workload.ts';
import { type Address, type AddressSet, formatAddress, ipv4Space, ipv6Space } from '../space/address.ts';
import { intersect } from '../space/interval.ts';
import { clusterKey, defaultCluster, namespaceKey, namespaceLabelKey, type Selector } from '../space/labels.ts';
import { addressClasses } from './address-classes.ts';
import { addressUnknown, type End, reservedNames } from './cell.ts';
import type { LabelCube } from './label-cube.ts';
import { anyNames, isWithin, type NameClasses, type NameCube } from './name-cube.ts';
import { patternWords } from './pattern-words.ts';
import { namesOf } from './spaces.ts';

/** `controller`: an ingress controller, somewhere in the cluster. `names`: addresses that are known by names of some patterns. */
export type NodeKind = 'workload' | 'addresses' | 'names' | 'entity' | 'controller';
/** `end`: a set that no rule splits. `ranges`: of addresses and names, in order. */
export type Node = {
  readonly kind: NodeKind;
  readonly name: string;
  readonly end: End;
  readonly namedPorts: Workload['namedPorts'];
  readonly workload?: Workload;
  readonly ranges?: AddressSet;
};

/** What the rules of some policies can ask of an end. */
export type Asked = { readonly keys: readonly string[]; readonly rules: readonly Rule[]; readonly names: NameClasses };

/** @throws AnalysisLimit */
export function askedBy(policies: readonly TypedPolicy[]): Asked {
  const rules = policies.flatMap((policy) => policy.rules);
  const subjects = policies.flatMap((policy) => policy.policies.map(({ subject }) => subject));
  const selectors = [...subjects.flatMap(selectorsOf), ...peersOf(rules).flatMap(peerSelectors)];
  const keys = new Set(selectors.flatMap((selector) => selector.flatMap((tests) => tests.map(({ key }) => key))));
  return { keys: [...keys].sort(), rules, names: namesOf(policies) };
}

const peersOf = (rules: readonly Rule[]): readonly PeerSet[] => rules.flatMap((rule) => (rule.section === 'process' ? [] : [rule.peers]));
const selectorsOf = ({ workloads, reserved = [] }: Subject): readonly Selector[] => [
  workloads,
  ...reserved.flatMap(({ labels }) => (labels ? [labels] : [])),
];
const peerSelectors = ({ selectors, reserved = [] }: PeerSet): readonly Selector[] => [
  ...selectors,
  ...reserved.flatMap(({ labels }) => (labels ? [labels] : [])),
];

/** One node for each workload; where rules ask for the addresses of workloads, one for each of its addresses. */
export function workloadNodes(asked: Asked, workloads: readonly Workload[]): readonly Node[] {
  const isPlaced = peersOf(asked.rules).some(({ anyNetworks }) => anyNetworks.length > 0);
  return workloads.flatMap((workload) => {
    const name = workloadName(workload);
    const { addresses } = workload;
    if (!isPlaced || addresses.length === 0) return [workloadNode(asked, workload, { name })];
    if (addresses.length === 1) return [workloadNode(asked, workload, { name, address: addresses[0] })];
    return addresses.map((address) => workloadNode(asked, workload, { name: `${name} at ${formatAddress(address)}`, address }));
  });
}

type Placed = { readonly name: string; readonly address?: Address | undefined };

function workloadNode({ keys }: Asked, workload: Workload, { name, address }: Placed): Node {
  const addresses = address === undefined ? addressUnknown : [{ low: address, high: address }];
  const end: End = { kind: 'workload', labels: cubeOf(keys, workload.labels), addresses };
  return { kind: 'workload', name, end, namedPorts: workload.namedPorts, workload };
}

/** The one label set, as far as it is asked for. */
export const cubeOf = (keys: readonly string[], labels: Workload['labels']): LabelCube =>
  new Map(
    keys.map((key) => {
      const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
      return [key, { absent: value === undefined, others: false, values: value === undefined ? [] : [value] }] as const;
    }),
  );

/** An ingress controller of which nothing is known but that it is a workload of this cluster: no label, a namespace of its own. */
export function controllerNode({ keys }: Asked): Node {
  const namespace = 'ingress-controller';
  const labels = {
    [namespaceKey]: namespace,
    [clusterKey]: defaultCluster,
    [namespaceLabelKey('kubernetes.io/metadata.name')]: namespace,
  };
  const end: End = { kind: 'workload', labels: cubeOf(keys, labels), addresses: addressUnknown };
  return { kind: 'controller', name: '{ingress-controller}', end, namedPorts: [] };
}

/**
 * The reserved endpoints that policies speak of by name. `withFallback`: also those of tier fallback, where stands what an agent does
 * by its settings alone.
 */
export function entityNodes(asked: Asked, policies: readonly TypedPolicy[], withFallback = false): readonly Node[] {
  const isCounted = (tier: Tier | undefined): boolean => withFallback || tier !== 'fallback';
  const governed = policies.flatMap((one) => one.policies.filter(({ tier }) => isCounted(tier)).map(({ subject }) => subject));
  const tierOf = new Map(policies.flatMap((one) => one.rules.map((rule) => [rule, one.policies[rule.policy]?.tier] as const)));
  const peers = peersOf(asked.rules.filter((rule) => isCounted(tierOf.get(rule))));
  const isSpokenOf = (name: ReservedName): boolean =>
    peers.some(({ entities, reserved = [] }) => entities.includes(name) || reserved.some((set) => set.name === name)) ||
    governed.some(({ host, reserved = [] }) => (host && name === 'host') || reserved.some((set) => set.name === name));
  return reservedNames.filter(isSpokenOf).map((name) => entityNode(asked, name));
}

const entityNode = ({ keys }: Asked, name: ReservedName): Node => ({
  kind: 'entity',
  name,
  end: {
    kind: 'reserved',
    names: new Map(reservedNames.map((one) => [one, one === name])),
    labels: cubeOf(keys, {}),
    addresses: addressUnknown,
  },
  namedPorts: [],
});

/** The addresses outside, as the disjoint sets that the rules tell apart; and the same known by names that rules ask for. */
export function outsideNodes({ rules, names }: Asked): readonly Node[] {
  const classes = addressClasses(peersOf(rules).flatMap(({ networks, anyNetworks }) => [networks, anyNetworks]));
  const plain = classes.map((ranges): Node => outsideNode('addresses', rangesText(ranges), { ranges, names: anyNames(names), mask: 0n }));
  const named = nameMasks(names).flatMap((mask) =>
    classes.map((ranges) => outsideNode('names', maskWords(names, mask), { ranges, names: anyNames(names), mask })),
  );
  return [...plain, ...named];
}

type Outside = { readonly ranges: AddressSet; readonly names: NameCube; readonly mask: bigint };

function outsideNode(kind: 'addresses' | 'names', name: string, { ranges, names, mask }: Outside): Node {
  const flags = new Map(names.classes.masks.map((own, place) => [place, (own & mask) !== 0n]));
  const end: End = { kind: 'address', addresses: ranges, names: { ...names, flags }, isApiServer: false };
  return { kind, name, end, namedPorts: [], ranges };
}

/** The classes of names that some pattern matches. */
function nameMasks({ masks }: NameClasses): readonly bigint[] {
  const all = masks.reduce((one, other) => one | other, 0n);
  return Array.from({ length: all.toString(2).length }, (_, bit) => 1n << BigInt(bit)).filter((bit) => (all & bit) !== 0n);
}

/** The sharpest patterns that match such a name. */
function maskWords(names: NameClasses, mask: bigint): string {
  const places = names.masks.flatMap((own, place) => ((own & mask) === 0n ? [] : [place]));
  const sharpest = places.filter((place) => !places.some((other) => isWithin(names, other, place)));
  return sharpest.flatMap((place) => patternWords(names.patterns[place] ?? { kind: 'either', parts: [] })).join(' and ');
}

/** `10.0.0.0-10.255.255.255, 2001:db8::-2001:db8::ff`: ranges, each of one family. */
export const rangesText = (ranges: AddressSet): string => familyRanges(ranges).map(rangeText).join(', ');

const [belowMapped = 0n, aboveMapped = 0n] = [ipv6Space[0]?.high, ipv6Space[1]?.low];

/**
 * The ranges of IPv4, then those of IPv6. No IPv6 address is in the hole where the mapped IPv4 addresses are: what reaches both of
 * its edges is one range.
 */
export function familyRanges(ranges: AddressSet): AddressSet {
  const [ipv4, ipv6] = [intersect(ranges, ipv4Space), intersect(ranges, ipv6Space)];
  const [one, other] = [ipv6.find(({ high }) => high === belowMapped), ipv6.find(({ low }) => low === aboveMapped)];
  if (!one || !other) return [...ipv4, ...ipv6];
  return [...ipv4, ...ipv6.flatMap((range) => (range === other ? [] : [range === one ? { low: one.low, high: other.high } : range]))];
}

export function rangeText({ low, high }: AddressSet[number]): string {
  const family = low === ipv4Space[0]?.low && high === ipv4Space[0].high ? '0.0.0.0/0' : undefined;
  if (family !== undefined) return family;
  if (low === 0n && high === ipv6Space[1]?.high) return '::/0';
  return low === high ? formatAddress(low) : `${formatAddress(low)}-${formatAddress(high)}`;
}
