// Does one rule match every event that another one matches? Part by part, and each part of the one by a single part of the
// other: yes is certain, no is not.
import type { FieldTest, LineMatch } from '../domains/domain.ts';
import {
  type DomainMatch,
  type EntityName,
  matchesUndecidable,
  type NetworkRule,
  type PeerSet,
  type ReservedSet,
  type Rule,
  type Subject,
  type Transport,
} from '../ir/typed.ts';
import { type AddressSet, ipv4Space, ipv6Space } from '../space/address.ts';
import type { Containment } from '../space/containment.ts';
import { type IntervalSet, intervals } from '../space/interval.ts';
import { type Requirement, type Selector, selects } from '../space/labels.ts';
import type { Pattern } from '../space/pattern.ts';
import { wholeProtocol } from '../space/transport.ts';
import { everyAddress, reservedNames } from './cell.ts';
import { cubesOf, type LabelCube } from './label-cube.ts';

/** Are all members of `part` members of `whole`? */
export function isSubset<T extends number | bigint>(part: IntervalSet<T>, whole: IntervalSet<T>): boolean {
  if (part === whole) return true;
  let at = 0;
  for (const { low, high } of part) {
    let one = whole[at];
    while (one !== undefined && one.high < low) one = whole[++at];
    if (one === undefined || one.low > low || high > one.high) return false;
  }
  return true;
}

// --- labels -----------------------------------------------------------------------------------------------------------

const cubes = new WeakMap<Selector, readonly LabelCube[]>();

export function cubesIn(selector: Selector): readonly LabelCube[] {
  const known = cubes.get(selector) ?? cubesOf(selector);
  cubes.set(selector, known);
  return known;
}

/** Do all values of the key in the cube meet the requirement? */
function meets(cube: LabelCube, requirement: Requirement): boolean {
  const set = cube.get(requirement.key);
  if (!set) return false;
  switch (requirement.kind) {
    case 'one-of':
      return !set.absent && !set.others && set.values.every((value) => requirement.values.includes(value));
    case 'not-one-of':
      return requirement.values.every((value) => set.values.includes(value) === set.others);
    case 'exists':
      return !set.absent;
    case 'absent':
      return set.absent && !set.others && set.values.length === 0;
  }
}

const isSelectedBy = (part: Selector, whole: Selector): boolean =>
  part === whole || cubesIn(part).every((cube) => whole.some((conjunction) => conjunction.every((one) => meets(cube, one))));

export const subjectCovers = (whole: Subject, part: Subject): boolean =>
  isSelectedBy(part.workloads, whole.workloads) &&
  governedSets(part).every((set) => governedSets(whole).some((one) => reservedCovers(one, set)));

/** Of a policy: the host and other reserved endpoints that it governs. */
export function governedSets({ workloads, host, reserved }: Subject): readonly ReservedSet[] {
  const implied = selects(workloads, {}) ? [{ name: 'init' as const, except: [] }] : [];
  return [...(host ? [{ name: 'host' as const, except: [] }] : []), ...(reserved ?? implied)];
}

// --- peers ------------------------------------------------------------------------------------------------------------

/** Peers by the kinds of endpoints: those of the world by address or name, others by labels, reserved names or address. */
export type PeerParts = {
  readonly selectors: readonly Selector[];
  readonly reserved: readonly ReservedSet[];
  /** The addresses of the world at which the API server stands. */
  readonly apiServer: boolean;
  readonly world: AddressSet;
  readonly domains: readonly Pattern[];
  readonly anyNetworks: AddressSet;
};

const everyLabels: Selector = [[]];
const everyWorkload: readonly Selector[] = [everyLabels];
const everyReserved: readonly ReservedSet[] = [{ except: [] }];
const worlds: Partial<Record<EntityName, AddressSet>> = {
  all: everyAddress,
  world: everyAddress,
  'world-ipv4': ipv4Space,
  'world-ipv6': ipv6Space,
};

/** One that nothing manages has no other name and no labels. */
const isApiServer = ({ name, except, labels }: ReservedSet): boolean =>
  name === 'kube-apiserver' && !except.includes(name) && (labels === undefined || selects(labels, {}));

function partsIn({ selectors, networks, anyNetworks, domains, entities, reserved = [] }: PeerSet): PeerParts {
  const isCluster = entities.includes('all') || entities.includes('cluster');
  const named = reservedNames.filter((name) => entities.includes(name)).map((name): ReservedSet => ({ name, except: [] }));
  const addresses = [...networks, ...anyNetworks, ...entities.flatMap((entity) => worlds[entity] ?? [])];
  return {
    selectors: isCluster ? everyWorkload : selectors,
    reserved: isCluster ? everyReserved : [...named, ...reserved],
    apiServer: isCluster || [...named, ...reserved].some(isApiServer),
    world: addresses.length === networks.length ? networks : intervals(addresses),
    domains,
    anyNetworks,
  };
}

const parts = new WeakMap<PeerSet, PeerParts>();

export function peerParts(peers: PeerSet): PeerParts {
  const known = parts.get(peers) ?? partsIn(peers);
  parts.set(peers, known);
  return known;
}

const reservedCovers = (whole: ReservedSet, part: ReservedSet): boolean =>
  (whole.name === undefined || whole.name === part.name) &&
  whole.except.every((name) => part.except.includes(name)) &&
  (whole.labels === undefined || isSelectedBy(part.labels ?? everyLabels, whole.labels));

function peersCover(outer: PeerSet, inner: PeerSet, texts: Containment): boolean {
  if (outer === inner) return true;
  const [whole, part] = [peerParts(outer), peerParts(inner)];
  if (!part.selectors.every((selector) => whole.selectors.some((one) => isSelectedBy(selector, one)))) return false;
  if (!part.reserved.every((set) => whole.reserved.some((one) => reservedCovers(one, set)))) return false;
  if (!isSubset(part.world, whole.world)) return false;
  // What is not of the world can have any address.
  const isCluster = whole.selectors === everyWorkload && whole.reserved === everyReserved;
  if (!isCluster && !isSubset(part.anyNetworks, whole.anyNetworks)) return false;
  const isNamed = (domain: Pattern): boolean => whole.domains.some((one) => texts.isWithin(domain, one));
  return ((whole.apiServer || !part.apiServer) && part.domains.every(isNamed)) || isSubset(everyAddress, whole.world);
}

const transportCovers = (whole: Transport, part: Transport): boolean =>
  whole === part ||
  (isSubset(part.points, whole.points) &&
    part.named.every(
      ({ protocol, name }) =>
        whole.named.some((one) => one.protocol === protocol && one.name === name) || isSubset(wholeProtocol(protocol), whole.points),
    ));

// --- content ----------------------------------------------------------------------------------------------------------

/** Whatever the values: does `whole` hold where `part` does, and is it not false where `part` is undecidable? */
function testCovers(whole: FieldTest, part: FieldTest, texts: Containment): boolean {
  if (whole.field !== part.field || whole.every !== part.every || (part.orAbsent && !whole.orAbsent)) return false;
  const [outer, inner] = [whole.values, part.values];
  if (outer.kind === 'text') return inner.kind === 'text' && texts.isWithin(inner.pattern, outer.pattern);
  return inner.kind === 'number' && isSubset(inner.ranges, outer.ranges);
}

const lineCovers = (whole: LineMatch, part: LineMatch, texts: Containment): boolean =>
  whole.every((outer) => part.some((inner) => testCovers(outer, inner, texts)));

const isImpossible = (line: LineMatch, texts: Containment): boolean =>
  line.some(({ orAbsent, values }) => !orAbsent && (values.kind === 'text' ? texts.isEmpty(values.pattern) : values.ranges.length === 0));

export const contentOf = (rule: Rule): DomainMatch | undefined => (rule.section === 'process' ? rule.match : rule.layer7);

/** What is undecidable is matched by what refuses; to a network rule the content of every other domain is. */
function contentCovers(whole: Rule, part: Rule, texts: Containment): boolean {
  const [outer, inner] = [contentOf(whole), contentOf(part)];
  if (!outer) return true;
  if (!inner) return false;
  const isPartDecided = !matchesUndecidable(part.action);
  if (outer.domain !== inner.domain) return isNetwork(part) && isPartDecided && matchesUndecidable(whole.action);
  if (!isPartDecided && !matchesUndecidable(whole.action)) return false;
  return outer === inner || inner.lines.every((line) => outer.lines.some((one) => lineCovers(one, line, texts)));
}

// --- rules ------------------------------------------------------------------------------------------------------------

const isNetwork = (rule: Rule): rule is NetworkRule => rule.section !== 'process';

/** Of two rules of one section whose subjects cover each other so: does `whole` match what `part` matches? */
export function ruleCovers(whole: Rule, part: Rule, texts: Containment): boolean {
  if (isNetwork(whole) !== isNetwork(part)) return false;
  if (isNetwork(whole) && isNetwork(part)) {
    if (!transportCovers(whole.transport, part.transport) || !peersCover(whole.peers, part.peers, texts)) return false;
  }
  return contentCovers(whole, part, texts);
}

/** Is it certain that there is no event that the rule matches? What refuses matches what cannot be read. */
export function matchesNothing(rule: Rule, texts: Containment): boolean {
  if (isNetwork(rule)) {
    const { selectors, reserved, world, domains } = peerParts(rule.peers);
    if (selectors.length + reserved.length + world.length + domains.length === 0) return true;
    if (rule.transport.points.length + rule.transport.named.length === 0) return true;
  }
  const content = matchesUndecidable(rule.action) ? undefined : contentOf(rule);
  return content?.lines.every((line) => isImpossible(line, texts)) === true;
}
