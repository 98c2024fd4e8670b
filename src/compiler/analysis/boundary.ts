// Where the rules of a policy change their mind, as questions with the oracle's answers: the first and the last port of a
// rule and those beside them, asked from ends that its sets hold and, of networks, from just outside. policyd asks the
// programs in its kernel the same before it switches to the policy.

import { hashOf } from '../base/hash.ts';
import type { BoundaryEndpoint, BoundaryPoint, BoundaryTable } from '../ir/bundle.ts';
import type { Cause, Endpoint, Verdict } from '../ir/event.ts';
import type { Direction, NetworkRule, Policy, TypedPolicy } from '../ir/typed.ts';
import { type Address, formatAddress, ipv4Space, ipv6Space } from '../space/address.ts';
import { includes } from '../space/interval.ts';
import { type Selector, selects } from '../space/labels.ts';
import { anyTransport, protocolOf, type TransportPoint } from '../space/transport.ts';
import { cubesOf, labelsIn } from './label-cube.ts';
import { verdictIn } from './oracle.ts';

/** Most questions of one policy, and most readings of rules that its answers may take: each asks every rule. */
const most = { questions: 2048, readings: 20_000_000 } as const;
/** Of one rule: ends of the other side, and points. */
const eachRule = { peers: 3, points: 3 } as const;

/** Two workloads with the same labels are two, so what one sends to itself is no question here. */
const workload = (id: string, selector: Selector): readonly Endpoint[] => {
  const [cube] = cubesOf(selector);
  return cube ? [{ kind: 'workload', id, labels: labelsIn(cube) }] : [];
};

const isAddress = (address: Address): boolean => includes(ipv4Space, address) || includes(ipv6Space, address);

/** The first and the last address of a network, and those just outside. */
function edges({ networks }: NetworkRule['peers']): readonly Endpoint[] {
  const [first] = networks;
  if (!first) return [];
  const found = [first.low, first.high + 1n, first.high, first.low - 1n].filter(isAddress);
  return found.map((address) => ({ kind: 'address', address }));
}

const [worldIpv4, worldIpv6]: readonly [Address, Address] = [0xffff_c633_6407n, 0x2001_0db8n << 96n];

const entitiesOf = ({ entities }: NetworkRule['peers']): readonly Endpoint[] =>
  entities.map((name): Endpoint => {
    switch (name) {
      case 'world':
      case 'world-ipv4':
        return { kind: 'address', address: worldIpv4 };
      case 'world-ipv6':
        return { kind: 'address', address: worldIpv6 };
      case 'all':
      case 'cluster':
        return { kind: 'workload', id: 'peer', labels: {} };
      default:
        return { kind: 'reserved', entities: [name] };
    }
  });

const peersOf = ({ peers }: NetworkRule): readonly Endpoint[] =>
  [...edges(peers).slice(0, 2), ...peers.selectors.flatMap((selector) => workload('peer', selector)), ...entitiesOf(peers)].slice(
    0,
    eachRule.peers,
  );

/** Of one range: its first point, the one behind its last, its last. */
function pointsOf({ transport }: NetworkRule): readonly TransportPoint[] {
  const [first] = transport.points;
  if (!first) return [];
  const found = [first.low, first.high + 1, first.high].filter((point) => includes(anyTransport, point));
  return [...new Set(found)].slice(0, eachRule.points);
}

/** ICMP is of one family; each is asked of an end of its own. */
function isPossible(peer: Endpoint, point: TransportPoint): boolean {
  const { protocol } = protocolOf(point);
  if (peer.kind !== 'address') return true;
  return protocol !== (includes(ipv4Space, peer.address) ? 'icmpv6' : 'icmp');
}

function causeOf(cause: Cause): BoundaryPoint['cause'] | undefined {
  switch (cause.kind) {
    case 'rule':
      return { kind: 'rule', rule: cause.rule };
    case 'default-deny':
      return { kind: 'default-deny', policies: cause.policies };
    case 'default-allow':
      return { kind: 'default-allow' };
    case 'self':
      return undefined;
  }
}

/** As the programs tell it. */
function answerOf({ rules }: TypedPolicy, { action, cause, audit }: Verdict): Pick<BoundaryPoint, 'action' | 'cause'> | undefined {
  const told = action === 'allowed' && audit ? audit.cause : cause;
  const by = causeOf(told);
  if (!by) return undefined;
  if (action === 'allowed') return { action: audit ? 'audited' : 'allowed', cause: by };
  return { action: cause.kind === 'rule' && rules[cause.rule]?.action === 'drop' ? 'dropped' : 'denied', cause: by };
}

class Table {
  readonly endpoints: BoundaryEndpoint[] = [];
  readonly points: BoundaryPoint[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #asked = new Set<string>();
  readonly #typed: TypedPolicy;

  constructor(typed: TypedPolicy) {
    this.#typed = typed;
  }

  ask(subject: Endpoint, direction: Direction, [peer, point]: readonly [Endpoint, TransportPoint]): void {
    const [own, other] = [this.#number(subject), this.#number(peer)];
    const key = `${own} ${direction} ${other} ${point}`;
    if (this.#asked.has(key)) return;
    this.#asked.add(key);
    const answer = answerOf(this.#typed, verdictIn(this.#typed, direction, { subject, peer, point }));
    if (answer) this.points.push({ subject: own, direction, peer: other, point, ...answer });
  }

  #number(endpoint: Endpoint): number {
    const shown = shownOf(endpoint);
    const key = endpoint.kind === 'workload' ? `${endpoint.id} ${JSON.stringify(shown)}` : JSON.stringify(shown);
    const found = this.#numbers.get(key) ?? this.endpoints.push(shown) - 1;
    this.#numbers.set(key, found);
    return found;
  }
}

function shownOf(endpoint: Endpoint): BoundaryEndpoint {
  if (endpoint.kind === 'workload') return { kind: 'workload', labels: endpoint.labels };
  if (endpoint.kind === 'reserved') return { kind: 'reserved', entities: endpoint.entities };
  return { kind: 'address', address: formatAddress(endpoint.address) };
}

/**
 * Rules whose edges are asked. Of too many those whose hash is lowest: that spreads them over all, and a rule more or less changes
 * one of the others at most, so that what a kernel was asked before need not be asked again.
 */
function chosen(typed: TypedPolicy): readonly NetworkRule[] {
  const rules = typed.rules.filter((rule): rule is NetworkRule => rule.section !== 'process');
  const questions = Math.min(most.questions, Math.floor(most.readings / Math.max(1, rules.length)));
  const count = Math.max(1, Math.floor(questions / (eachRule.peers + eachRule.points - 1)));
  if (rules.length <= count) return rules;
  const hashes = rules.map(({ policy, text }) => hashOf(`${typed.policies[policy]?.name} ${text}`));
  const highest = Uint32Array.from(hashes).sort()[count - 1] ?? 0;
  return rules.filter((_, i) => (hashes[i] ?? 0) <= highest);
}

const theHost: Endpoint = { kind: 'reserved', entities: ['host'] };

/** One of those that a policy governs; the same for policies with the same one, so that the oracle asks once whom else it knows. */
class Subjects {
  readonly #known = new Map<string, Endpoint>();

  of({ subject }: Policy): Endpoint | undefined {
    if (subject.host) return theHost;
    const [first] = workload('subject', subject.workloads);
    if (first?.kind !== 'workload' || !selects(subject.workloads, first.labels)) return undefined;
    const key = JSON.stringify(first.labels);
    const found = this.#known.get(key) ?? first;
    this.#known.set(key, found);
    return found;
  }
}

/** What policyd tries a bundle with: the oracle's answers at the edges of the rules. */
export function boundaryTable(typed: TypedPolicy): BoundaryTable {
  const table = new Table(typed);
  const subjects = new Subjects();
  for (const rule of chosen(typed)) {
    const policy = typed.policies[rule.policy];
    const subject = policy && subjects.of(policy);
    if (!subject) continue;
    const [peers, points] = [peersOf(rule), pointsOf(rule)];
    const pairs = [...points.map((point) => [peers[0], point] as const), ...peers.slice(1).map((peer) => [peer, points[0]] as const)];
    for (const [peer, point] of pairs) {
      if (peer && point !== undefined && isPossible(peer, point)) table.ask(subject, rule.section, [peer, point]);
    }
  }
  return { endpoints: table.endpoints, points: table.points };
}
