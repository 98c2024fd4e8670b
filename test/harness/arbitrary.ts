// Random policies and events for differential tests, of the whole language, or (`native`) of what the kernel programs hold. Events are biased to where mistakes live: ports and addresses at
// the borders of a rule's sets and beside them, requests and programs near its patterns, both families, and places where
// two rules of different action meet. `EventTally` says how well that went.
import { speakingRules, verdictOf } from '../../src/compiler/analysis/oracle.ts';
import { isHost, isPeer, isSubject } from '../../src/compiler/analysis/oracle-members.ts';
import type { Content, Endpoint, FlowEvent, PolicyEvent, ProcessEvent, Verdict } from '../../src/compiler/ir/event.ts';
import type { DomainMatch, NetworkRule, ProcessRule, Rule, Section, TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { type Address, isIpv4 } from '../../src/compiler/space/address.ts';
import { includes } from '../../src/compiler/space/interval.ts';
import { selects } from '../../src/compiler/space/labels.ts';
import { protocolOf, type TransportPoint, transportPoint } from '../../src/compiler/space/transport.ts';
import { member, randomContent } from './arbitrary-text.ts';
import type { Random } from './random.ts';
import { addressedEndpoints, isWorldAddress, ownedAddresses, reservedEndpoint, type Universe, workloadEndpoint } from './universe.ts';

export { editedPolicy, randomPolicy } from './arbitrary-policy.ts';
export { randomUniverse, type Universe, type WorkloadEntry } from './universe.ts';

const isNetworkRule = (rule: Rule): rule is NetworkRule => rule.section !== 'process';
const isProcessRule = (rule: Rule): rule is ProcessRule => rule.section === 'process';

const commonPoints: readonly TransportPoint[] = [
  ...[80, 443, 8080, 9000, 22, 1023, 1024, 65535].map((port) => transportPoint('tcp', port)),
  ...[53, 1000, 2000].map((port) => transportPoint('udp', port)),
  ...[transportPoint('icmp', 8 * 256), transportPoint('icmpv6', 128 * 256), transportPoint('other', 47), transportPoint('sctp', 3868)],
];
const commonAddresses: readonly Address[] = [0xffff_0808_0808n, 0xffff_c633_6408n, 0x2001_0db8_0009_0000_0000_0000_0000_0001n];

/** Neither port 0, nor what is no event (neighbour discovery, multicast listeners), nor the number of a protocol that has points of its own. */
function isEventPoint(point: TransportPoint): boolean {
  const { protocol, value } = protocolOf(point);
  if (protocol === 'icmpv6') return !(value >> 8 >= 130 && value >> 8 <= 137) && value >> 8 !== 143;
  if (protocol === 'other') return ![0, 1, 6, 17, 43, 44, 50, 51, 58, 59, 60, 132, 135].includes(value) && value < 256;
  return protocol === 'icmp' || value !== 0;
}

/**
 * `native`: events of what the kernel programs read; ends without addresses and names. `packets`: connections alone, and the host
 * is a subject too.
 */
export type EventOptions = { readonly random: Random; readonly count: number; readonly native?: boolean; readonly packets?: boolean };

/** What one policy makes interesting. */
type Scene = {
  readonly typed: TypedPolicy;
  readonly native: boolean;
  readonly packets: boolean;
  readonly subjects: readonly Endpoint[];
  readonly peers: readonly Endpoint[];
  readonly points: readonly TransportPoint[];
  readonly matches: readonly DomainMatch[];
};

const unique = <T>(values: readonly T[]): readonly T[] => [...new Set(values)];

const hostEndpoint: Endpoint = { kind: 'reserved', entities: ['host'] };
const initEndpoint: Endpoint = { kind: 'reserved', entities: ['init'] };

/** Addresses of the world at the borders of the rules' sets, and beside them. */
function worldAddresses(network: readonly NetworkRule[], universe: Universe): readonly Address[] {
  const owned = ownedAddresses(universe);
  const sets = network.flatMap(({ peers }) => [...peers.networks, ...peers.anyNetworks]);
  const borders = sets.flatMap(({ low, high }) => [low - 1n, low, high, high + 1n]);
  return unique([...borders, ...commonAddresses]).filter((address) => isWorldAddress(address) && !owned.has(address));
}

function sceneOf(typed: TypedPolicy, universe: Universe, { random, native = false, packets = false }: EventOptions): Scene {
  const network = typed.rules.filter(isNetworkRule);
  const addresses = worldAddresses(network, universe);
  const edges = network.flatMap(({ transport }) => transport.points.flatMap(({ low, high }) => [low - 1, low, high, high + 1]));
  const named = universe.workloads.flatMap(({ ports }) => ports.map(({ protocol, port }) => transportPoint(protocol, port)));
  const domains = native ? [] : network.flatMap(({ peers }) => peers.domains);
  const names = [...domains, ...domains].map((domain) => member(random, domain));
  const hosts = universe.reserved.map(reservedEndpoint).filter(isHost);
  const inventory = native
    ? [...universe.workloads.map(workloadEndpoint), ...universe.reserved.map(reservedEndpoint)]
    : addressedEndpoints(universe);
  return {
    typed,
    native,
    packets,
    subjects: [...universe.workloads.map(workloadEndpoint), ...(packets ? hosts : native ? [] : [hostEndpoint, initEndpoint])],
    peers: [
      ...inventory,
      ...addresses.map((address): Endpoint => ({ kind: 'address', address })),
      ...names.map((name): Endpoint => ({ kind: 'address', address: random.pick(addresses), names: [name, ...random.some(names, 0.1)] })),
    ],
    points: unique([...edges, ...named, ...commonPoints]).filter((point) => point >= 0 && isEventPoint(point)),
    matches: typed.rules.flatMap((rule) => (isNetworkRule(rule) ? (rule.layer7 ?? []) : rule.match)),
  };
}

/** An address has one family, and each ICMP belongs to one. */
function isPossible(point: TransportPoint, ends: readonly Endpoint[]): boolean {
  const { protocol } = protocolOf(point);
  return ends.every((end) => end.address === undefined || (isIpv4(end.address) ? protocol !== 'icmpv6' : protocol !== 'icmp'));
}

function subjectFor(random: Random, { typed, subjects }: Scene, rule: Rule): Endpoint {
  const subject = typed.policies[rule.policy]?.subject;
  const chosen = subjects.filter((end) => subject && isSubject(subject, end));
  return chosen.length > 0 && random.chance(0.9) ? random.pick(chosen) : random.pick(subjects);
}

function isNear(rule: NetworkRule, peer: Endpoint): boolean {
  if (peer.kind === 'workload') return rule.peers.selectors.some((selector) => selects(selector, peer.labels));
  if (peer.kind === 'reserved') return isPeer(rule.peers, peer, () => false);
  return includes(rule.peers.networks, peer.address) || (peer.names !== undefined && rule.peers.domains.length > 0);
}

function peerFor(random: Random, { peers }: Scene, rule: NetworkRule): Endpoint {
  const near = peers.filter((peer) => isNear(rule, peer));
  return near.length > 0 && random.chance(0.65) ? random.pick(near) : random.pick(peers);
}

function pointFor(random: Random, { points }: Scene, rule: NetworkRule): TransportPoint {
  const inside = points.filter((point) => includes(rule.transport.points, point));
  return inside.length > 0 && random.chance(0.7) ? random.pick(inside) : random.pick(points);
}

/** The domain of a request on a connection: the rule's own, or another that its protocol carries. */
function requestFor(
  random: Random,
  { typed, native, matches }: Scene,
  { rule, point }: { readonly rule: NetworkRule; readonly point: TransportPoint },
): FlowEvent['request'] {
  const { protocol } = protocolOf(point);
  const asked = new Set(matches.map(({ domain }) => domain));
  const carried = typed.domains.filter(({ name, over }) => asked.has(name) && over.some((one) => one === protocol));
  if (carried.length === 0 || !random.chance(rule.layer7 ? 0.8 : 0.4)) return undefined;
  const own = carried.find(({ name }) => name === rule.layer7?.domain);
  const domain = own && random.chance(0.8) ? own : random.pick(carried);
  const near = rule.layer7 && random.chance(0.6) ? [rule.layer7] : matches;
  return { domain: domain.name, content: randomContent(random, domain, { matches: near, native }) };
}

function flowFor(random: Random, scene: Scene, rule: NetworkRule): FlowEvent | undefined {
  const subject = subjectFor(random, scene, rule);
  const peer = random.chance(0.02) ? subject : peerFor(random, scene, rule);
  const point = pointFor(random, scene, rule);
  if (!isPossible(point, [subject, peer])) return undefined;
  const ends = rule.section === 'ingress' ? { source: peer, destination: subject } : { source: subject, destination: peer };
  const request = scene.packets ? undefined : requestFor(random, scene, { rule, point });
  return { kind: 'flow', ...ends, point, ...(request && { request }) };
}

function processFor(random: Random, scene: Scene, rule: ProcessRule): ProcessEvent | undefined {
  const domain = scene.typed.domains.find(({ name }) => name === rule.match.domain);
  if (!domain) return undefined;
  const matches = random.chance(0.5) ? [rule.match] : scene.matches;
  const content = randomContent(random, domain, { matches, native: scene.native });
  return { kind: 'process', domain: domain.name, subject: subjectFor(random, scene, rule), content };
}

function anyFlow(random: Random, scene: Scene): FlowEvent | undefined {
  const [source, destination, point] = [random.pick(scene.subjects), random.pick(scene.peers), random.pick(scene.points)];
  return isPossible(point, [source, destination]) ? { kind: 'flow', source, destination, point } : undefined;
}

function candidate(random: Random, scene: Scene): PolicyEvent | undefined {
  const { rules } = scene.typed;
  if (rules.length === 0) return anyFlow(random, scene);
  const wanted = rules.filter(random.chance(0.15) && !scene.packets ? isProcessRule : isNetworkRule);
  if (wanted.length === 0 && scene.packets) return anyFlow(random, scene);
  const rule = random.pick(wanted.length > 0 ? wanted : rules);
  return isNetworkRule(rule) ? flowFor(random, scene, rule) : processFor(random, scene, rule);
}

const sectionsOf = (event: PolicyEvent): readonly Section[] => (event.kind === 'process' ? ['process'] : ['egress', 'ingress']);

/** Do two rules of different action speak about one side of the event? */
export const isContested = (typed: TypedPolicy, event: PolicyEvent): boolean =>
  sectionsOf(event).some((section) => new Set(speakingRules(typed, section, event).map(({ action }) => action)).size > 1);

/**
 * `count` events of the universe, about equally often allowed and denied, and contested where the policy lets them be.
 * Events without a subject at either end are not made: nobody decides them.
 */
export function randomEvents(typed: TypedPolicy, universe: Universe, options: EventOptions): readonly PolicyEvent[] {
  const { random, count } = options;
  const scene = sceneOf(typed, universe, options);
  const events: PolicyEvent[] = [];
  const tally = eventTally();
  while (events.length < count) {
    let best: PolicyEvent | undefined;
    for (let tries = 0; tries < 12; tries++) {
      const event = candidate(random, scene);
      if (!event) continue;
      best = event;
      if (tally.isWelcome(typed, event)) break;
    }
    if (!best) continue;
    tally.add(typed, best);
    events.push(best);
  }
  return events;
}

/** How events are spread: `line()` for people; shares in 0..1. */
export type EventTally = {
  readonly add: (typed: TypedPolicy, event: PolicyEvent) => void;
  /** Would this event bring the shares nearer to half allowed, half denied, and half contested? */
  readonly isWelcome: (typed: TypedPolicy, event: PolicyEvent) => boolean;
  readonly shares: () => { readonly events: number; readonly contested: number; readonly allowed: number; readonly denied: number };
  readonly line: () => string;
};

type Judge = {
  readonly verdict: (typed: TypedPolicy, event: PolicyEvent) => Verdict;
  readonly isContested: (typed: TypedPolicy, event: PolicyEvent) => boolean;
};

/** An event is asked about when it is a candidate, and again when it is counted. */
function judging(): Judge {
  const [verdicts, contested] = [new WeakMap<PolicyEvent, Verdict>(), new WeakMap<PolicyEvent, boolean>()];
  return {
    verdict: (typed, event) => {
      const known = verdicts.get(event) ?? verdictOf(typed, event);
      verdicts.set(event, known);
      return known;
    },
    isContested: (typed, event) => {
      const known = contested.get(event) ?? isContested(typed, event);
      contested.set(event, known);
      return known;
    },
  };
}

export function eventTally(): EventTally {
  const counts = { events: 0, contested: 0, denied: 0, requests: 0, undecidable: 0, programs: 0, audited: 0 };
  const share = (part: number): number => (counts.events === 0 ? 0 : part / counts.events);
  const judge = judging();
  const contentOf = (event: PolicyEvent): Content | undefined => (event.kind === 'process' ? event.content : event.request?.content);
  return {
    add: (typed, event) => {
      counts.events++;
      if (judge.isContested(typed, event)) counts.contested++;
      const { action, audit } = judge.verdict(typed, event);
      if (action === 'denied') counts.denied++;
      if (audit) counts.audited++;
      if (event.kind === 'process') counts.programs++;
      else if (event.request) counts.requests++;
      if (contentOf(event)?.kind === 'undecidable') counts.undecidable++;
    },
    isWelcome: (typed, event) => {
      const wanted = share(counts.denied) < 0.5 ? 'denied' : 'allowed';
      return judge.verdict(typed, event).action === wanted && (share(counts.contested) > 0.5 || judge.isContested(typed, event));
    },
    shares: () => ({
      events: counts.events,
      contested: share(counts.contested),
      denied: share(counts.denied),
      allowed: 1 - share(counts.denied),
    }),
    line: () => {
      const percent = (part: number): string => `${Math.round(100 * share(part))} %`;
      const parts = [
        `contested ${percent(counts.contested)}`,
        `denied ${percent(counts.denied)}`,
        `allowed ${percent(counts.events - counts.denied)}`,
      ];
      const kinds = [
        `requests ${percent(counts.requests)}`,
        `programs ${percent(counts.programs)}`,
        `audited ${percent(counts.audited)}`,
        `undecidable ${percent(counts.undecidable)}`,
      ];
      return `${counts.events} events: ${[...parts, ...kinds].join(', ')}`;
    },
  };
}
