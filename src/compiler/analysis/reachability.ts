// Which connections there are between concrete ends: exact, at every protocol, port and ICMP type, with who decides each. What is
// enforced counts. The rules of both sides are asked once for each pair of ends that they can tell apart; ports are split where
// rules split them, so nothing is sampled. It shares no code with the oracle, which its tests hold it against.
import { invariant } from '../base/assert.ts';
import type { Direction, NetworkRule, Policy, Tier, Transport, TypedPolicy } from '../ir/typed.ts';
import { namedRange } from '../ir/typed.ts';
import { intersect, isEmpty, subtract, union } from '../space/interval.ts';
import { anyTransport, type TransportSet, transportRange } from '../space/transport.ts';
import { endRelation, subjectEndRelation } from './cell.ts';
import { type ContentClasses, contentClasses } from './content.ts';
import { type Decision, isAllowed } from './decide.ts';
import { type Item, judge } from './judge.ts';
import type { Node } from './nodes.ts';
import type { Relation } from './relation.ts';
import { type OwnedRule, type SectionRules, type Speakers, viewsOf } from './split.ts';

/** Points at which the same rules speak. */
export type Piece = { readonly points: TransportSet; readonly speakers: Speakers };
/** Points of a connection that are allowed, who decides them, and which requests are; `requests` absent: all, or none are told apart. */
export type Part = {
  readonly points: TransportSet;
  readonly egress: Decision;
  readonly ingress: Decision;
  readonly requests?: readonly Item[];
};
/** What one end may send to another; `parts` is never empty. */
export type Connection = { readonly source: Node; readonly destination: Node; readonly parts: readonly Part[] };

/** Which of the policies and rules count; every one unless said otherwise. */
export type Selection = { readonly policies?: (policy: Policy) => boolean; readonly rules?: (rule: NetworkRule) => boolean };

/** What was found out about a policy and nodes, for several questions about parts of it. */
export class ReachabilityMemory {
  readonly contents: ContentClasses;
  readonly sections: Readonly<Record<Direction, SectionRules>>;
  readonly #governing: Readonly<Record<Direction, Map<Node, SectionRules>>> = { ingress: new Map(), egress: new Map() };
  readonly #peers = new Map<NetworkRule['peers'], Map<Node, boolean>>();
  readonly #points = new Map<Transport, Map<Node, TransportSet>>();

  constructor(typed: TypedPolicy) {
    this.contents = contentClasses(typed.domains);
    this.sections = { ingress: viewsOf(typed, 'ingress').enforced, egress: viewsOf(typed, 'egress').enforced };
  }

  governing(direction: Direction, subject: Node): SectionRules {
    const known = this.#governing[direction].get(subject) ?? governingOf(this.sections[direction], subject);
    this.#governing[direction].set(subject, known);
    return known;
  }

  isSubject(policy: Policy, node: Node): boolean {
    return isWhole(subjectEndRelation(node.end, policy.subject));
  }

  isPeer(peers: NetworkRule['peers'], node: Node): boolean {
    const known = this.#peers.get(peers) ?? new Map<Node, boolean>();
    this.#peers.set(peers, known);
    const is = known.get(node) ?? isWhole(endRelation(node.end, peers));
    known.set(node, is);
    return is;
  }

  pointsAt(transport: Transport, destination: Node): TransportSet {
    if (transport.named.length === 0) return transport.points;
    const known = this.#points.get(transport) ?? new Map<Node, TransportSet>();
    this.#points.set(transport, known);
    const points = known.get(destination) ?? pointsAt(transport, destination);
    known.set(destination, points);
    return points;
  }
}

/** Answers questions about nodes that were made for (at least) this policy. */
export class Reachability {
  readonly #memory: ReachabilityMemory;
  readonly #selection: Required<Selection> | undefined;
  readonly #governing: Readonly<Record<Direction, Map<Node, SectionRules>>> = { ingress: new Map(), egress: new Map() };

  constructor(memory: ReachabilityMemory, selection?: Selection) {
    this.#memory = memory;
    this.#selection = selection && { policies: () => true, rules: () => true, ...selection };
  }

  /** What the policies that count and govern a node say of one direction. */
  governing(direction: Direction, subject: Node): SectionRules {
    const whole = this.#memory.governing(direction, subject);
    if (!this.#selection) return whole;
    const known = this.#governing[direction].get(subject) ?? selected(whole, this.#selection);
    this.#governing[direction].set(subject, known);
    return known;
  }

  /** Every point once, by who speaks about it on one side. */
  pieces(direction: Direction, source: Node, destination: Node): readonly Piece[] {
    const [subject, peer] = direction === 'ingress' ? [destination, source] : [source, destination];
    const { rules, denying } = this.governing(direction, subject);
    const defaultDeny = denying.length > 0 || isInit(subject);
    if (rules.length === 0) return defaultDeny ? denied : undisturbed;
    const concerned = rules.flatMap((owned) => {
      const { rule } = owned;
      if (rule.section === 'process' || !this.#memory.isPeer(rule.peers, peer)) return [];
      return [{ owned, points: this.#memory.pointsAt(rule.transport, destination) }];
    });
    return split(concerned, defaultDeny);
  }

  /** The parts of what `source` may send to `destination`. */
  between(source: Node, destination: Node): readonly Part[] {
    const ingress = this.pieces('ingress', source, destination);
    const parts = this.pieces('egress', source, destination).flatMap((own) =>
      ingress.flatMap((other) => {
        const points = intersect(own.points, other.points);
        return isEmpty(points) ? [] : this.#part(points, own.speakers, other.speakers);
      }),
    );
    return joined(parts);
  }

  #part(points: TransportSet, egress: Speakers, ingress: Speakers): readonly Part[] {
    const judgements = judge([egress, ingress], { contents: this.#memory.contents, connection: true, asked: [] });
    const [whole, ...contents] = judgements;
    const [sent, received] = whole?.decisions ?? [];
    invariant(whole && sent && received, 'a judgement of two sides');
    if (!isAllowed(sent) || !isAllowed(received)) return [];
    const allowed = contents.filter(({ decisions }) => decisions.every(isAllowed)).map(({ item }) => item);
    return [{ points, egress: sent, ingress: received, ...(allowed.length < contents.length && { requests: allowed }) }];
  }
}

function selected({ rules, denying, ...section }: SectionRules, selection: Required<Selection>): SectionRules {
  return {
    ...section,
    rules: rules.filter(({ rule, policy }) => rule.section !== 'process' && selection.policies(policy) && selection.rules(rule)),
    denying: denying.filter(selection.policies),
  };
}

function governingOf({ rules, denying, ...section }: SectionRules, { end }: Node): SectionRules {
  const met = new Map<Policy, boolean>();
  const isMet = (policy: Policy): boolean => {
    const is = met.get(policy) ?? isWhole(subjectEndRelation(end, policy.subject));
    met.set(policy, is);
    return is;
  };
  return { ...section, rules: rules.filter(({ policy }) => isMet(policy)), denying: denying.filter(isMet) };
}

function isWhole(relation: Relation<unknown>): boolean {
  invariant(relation.kind !== 'split', 'a node that a rule splits');
  return relation.kind === 'covered';
}

/** An endpoint that has no labels yet is in default deny without any policy. */
const isInit = ({ end }: Node): boolean => end.kind === 'reserved' && end.names.get('init') === true;

/** The points of a transport at a destination: a name is the destination's port of that name, if it has one. */
export const pointsAt = ({ points, named }: Transport, { namedPorts }: Pick<Node, 'namedPorts'>): TransportSet =>
  named
    .flatMap(({ protocol, name: written }) => {
      const { name, last } = namedRange(written);
      const own = namedPorts.filter((port) => port.protocol === protocol && port.name === name);
      return own.map(({ port }) => transportRange(protocol, port, last === undefined ? port : Math.max(port, last)));
    })
    .reduce(union, points);

const nobodySpeaks = (defaultDeny: boolean): readonly Piece[] => [{ points: anyTransport, speakers: { rules: [], defaultDeny } }];
const [denied, undisturbed] = [nobodySpeaks(true), nobodySpeaks(false)];

type Concerned = { readonly owned: OwnedRule; readonly points: TransportSet };
type Open = { readonly points: TransportSet; readonly rules: readonly OwnedRule[]; readonly passed?: Tier };

/** In deciding order; a rule without content ends the question for its points, and a `pass` that of its tier. */
function split(concerned: readonly Concerned[], defaultDeny: boolean): readonly Piece[] {
  const done: Piece[] = [];
  let open: readonly Open[] = [{ points: anyTransport, rules: [] }];
  for (const { owned, points } of concerned) {
    const { rule, policy } = owned;
    const isLast = rule.section !== 'process' && rule.layer7 === undefined && rule.action !== 'pass';
    open = open.flatMap((one): readonly Open[] => {
      const inside = one.passed === policy.tier ? [] : intersect(one.points, points);
      if (isEmpty(inside)) return [one];
      const outside = subtract(one.points, points);
      const rest = isEmpty(outside) ? [] : [{ ...one, points: outside }];
      const rules = [...one.rules, owned];
      if (isLast) {
        done.push({ points: inside, speakers: { rules, defaultDeny: false } });
        return rest;
      }
      const passed = rule.action === 'pass' ? { passed: policy.tier } : {};
      return [...rest, { ...one, ...passed, points: inside, rules }];
    });
    if (open.length === 0) break;
  }
  return [...done, ...open.map(({ points, rules }) => ({ points, speakers: { rules, defaultDeny } }))];
}

/** Parts that the same rules decide, whatever is requested, are one. */
function joined(parts: readonly Part[]): readonly Part[] {
  const groups = new Map<string, Part>();
  for (const [i, part] of parts.entries()) {
    const key = part.requests ? `part ${i}` : [part.egress, part.ingress].map(deciderKey).join();
    const same = groups.get(key);
    groups.set(key, same ? { ...same, points: union(same.points, part.points) } : part);
  }
  return [...groups.values()];
}

const deciderKey = (decision: Decision): string => (decision.kind === 'rule' ? `${decision.owned.rule.id}` : decision.kind);

/** All points of some parts. */
export const pointsOf = (parts: readonly Part[]): TransportSet => parts.map(({ points }) => points).reduce(union, []);

/**
 * All connections between nodes of which at least one can be governed: in order of source, then of destination. What an endpoint
 * sends to itself is always allowed, and is not among them.
 */
export function connectionsBetween(reachability: Reachability, nodes: readonly Node[]): readonly Connection[] {
  const alike = firstAlike(nodes);
  const known = new Map<Node, Map<Node, readonly Part[]>>(nodes.map((node) => [node, new Map()]));
  const between = (source: Node, destination: Node): readonly Part[] => {
    const [from, to] = [alike.get(source) ?? source, alike.get(destination) ?? destination];
    const parts = known.get(from)?.get(to) ?? reachability.between(from, to);
    known.get(from)?.set(to, parts);
    return parts;
  };
  return nodes.flatMap((source) =>
    nodes.flatMap((destination) => {
      if (source === destination || (isOutside(source) && isOutside(destination))) return [];
      const parts = between(source, destination);
      return parts.length === 0 ? [] : [{ source, destination, parts }];
    }),
  );
}

export const isOutside = ({ kind }: Node): boolean => kind === 'addresses' || kind === 'names';

/** Each node -> the first that no rule can tell from it. */
export function firstAlike(nodes: readonly Node[]): ReadonlyMap<Node, Node> {
  const first = new Map<string, Node>();
  return new Map(
    nodes.map((node) => {
      const { end, namedPorts, kind } = node;
      const key =
        end.kind === 'workload' ? JSON.stringify([kind, [...end.labels], namedPorts, end.addresses.map(({ low }) => String(low))]) : '';
      const same = key === '' ? node : (first.get(key) ?? node);
      if (key !== '') first.set(key, same);
      return [node, same] as const;
    }),
  );
}
