// Does one rule match every event that another one matches? Part by part, and each part of the one by a single part of the
// other: yes is certain, no is not.
import type { FieldTest, LineMatch } from '../domains/domain.ts';
import {
  type DomainMatch,
  type EntityName,
  matchesUndecidable,
  type NetworkRule,
  type PeerSet,
  type Rule,
  type Subject,
  type Transport,
} from '../ir/typed.ts';
import { type AddressSet, ipv4Space, ipv6Space } from '../space/address.ts';
import type { Containment } from '../space/containment.ts';
import { type Interval, type IntervalSet, intervals } from '../space/interval.ts';
import type { Selector } from '../space/labels.ts';
import type { Pattern } from '../space/pattern.ts';
import { wholeProtocol } from '../space/transport.ts';
import { cubesOf, type LabelCube, selectorRelation } from './label-cube.ts';

/** Are all members of `part` members of `whole`? */
export function isSubset<T extends number | bigint>(part: IntervalSet<T>, whole: IntervalSet<T>): boolean {
  let at = 0;
  const isInside = ({ low, high }: Interval<T>): boolean => {
    for (let one = whole[at]; one !== undefined && one.high < low; one = whole[at]) at++;
    const one = whole[at];
    return one !== undefined && one.low <= low && high <= one.high;
  };
  return part === whole || part.every(isInside);
}

// --- labels -----------------------------------------------------------------------------------------------------------

const cubes = new WeakMap<Selector, readonly LabelCube[]>();

function cubesIn(selector: Selector): readonly LabelCube[] {
  const known = cubes.get(selector) ?? cubesOf(selector);
  cubes.set(selector, known);
  return known;
}

const isSelectedBy = (part: Selector, whole: Selector): boolean =>
  part === whole || cubesIn(part).every((cube) => selectorRelation(cube, whole).kind === 'covered');

export const subjectCovers = (whole: Subject, part: Subject): boolean =>
  (whole.host || !part.host) && isSelectedBy(part.workloads, whole.workloads);

// --- peers ------------------------------------------------------------------------------------------------------------

const has = ({ entities }: PeerSet, ...names: readonly EntityName[]): boolean => names.some((name) => entities.includes(name));

/** The addresses of nothing managed that are peers by what they are. */
function worldOf(peers: PeerSet): AddressSet {
  const both = has(peers, 'all', 'world');
  const families = [...(both || has(peers, 'world-ipv4') ? ipv4Space : []), ...(both || has(peers, 'world-ipv6') ? ipv6Space : [])];
  return families.length === 0 && peers.anyNetworks.length === 0
    ? peers.networks
    : intervals([...families, ...peers.networks, ...peers.anyNetworks]);
}

const isOfWorld = (entity: EntityName): boolean => entity === 'world' || entity === 'world-ipv4' || entity === 'world-ipv6';

function entitiesCover(whole: PeerSet, part: PeerSet): boolean {
  return part.entities.every((entity) => {
    if (whole.entities.includes(entity) || isOfWorld(entity)) return true;
    return has(whole, 'cluster') && entity !== 'all';
  });
}

function peersCover(whole: PeerSet, part: PeerSet, texts: Containment): boolean {
  if (whole === part || has(whole, 'all')) return true;
  if (!entitiesCover(whole, part)) return false;
  if (!has(whole, 'cluster')) {
    const isCovered = (selector: Selector): boolean => whole.selectors.some((one) => isSelectedBy(selector, one));
    if (!part.selectors.every(isCovered) || !isSubset(part.anyNetworks, whole.anyNetworks)) return false;
  }
  const world = worldOf(whole);
  if (!isSubset(worldOf(part), world)) return false;
  const isNamed = (domain: Pattern): boolean => whole.domains.some((one) => texts.isWithin(domain, one));
  return part.domains.every(isNamed) || isSubset(intervals([...ipv4Space, ...ipv6Space]), world);
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

const contentOf = (rule: Rule): DomainMatch | undefined => (rule.section === 'process' ? rule.match : rule.layer7);

/** What is undecidable is matched by what refuses; to a rule the content of every other domain is. */
function contentCovers(whole: Rule, part: Rule, texts: Containment): boolean {
  const [outer, inner] = [contentOf(whole), contentOf(part)];
  if (!outer) return true;
  if (!inner) return false;
  const isPartDecided = !matchesUndecidable(part.action);
  if (outer.domain !== inner.domain) return isPartDecided && matchesUndecidable(whole.action);
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

/** Is it certain that there is no event that the rule matches? */
export function matchesNothing(rule: Rule, texts: Containment): boolean {
  if (isNetwork(rule)) {
    const { selectors, networks, anyNetworks, domains, entities } = rule.peers;
    if (selectors.length + networks.length + anyNetworks.length + domains.length + entities.length === 0) return true;
    if (rule.transport.points.length + rule.transport.named.length === 0) return true;
  }
  return contentOf(rule)?.lines.every((line) => isImpossible(line, texts)) === true;
}
