// What policies come to among the workloads that there are: whom none governs, what selects nobody, which govern the same workload, and
// what could be taken out without a connection more or less. Each is decided for every pair of ends and every port; none is guessed.
import type { Direction, NetworkRule, Policy, TypedPolicy } from '../ir/typed.ts';
import { equals } from '../space/interval.ts';
import { anyTransport } from '../space/transport.ts';
import { Admissions, type NodePair, nodePairs, pairsBetween, representatives } from './admissions.ts';
import { partsText } from './connectivity.ts';
import type { Node } from './nodes.ts';
import { isOutside, Reachability, ReachabilityMemory, type Selection } from './reachability.ts';
import { brings } from './split.ts';

const directions: readonly Direction[] = ['ingress', 'egress'];

/** Policies among nodes that were made for (at least) them. `policies`: those that count. */
export class Situation {
  readonly typed: TypedPolicy;
  readonly nodes: readonly Node[];
  readonly memory: ReachabilityMemory;
  readonly policies: readonly Policy[];
  readonly reachability: Reachability;
  readonly admissions: Admissions;
  readonly #subjects = new Map<Policy, readonly Node[]>();
  #representatives: ReadonlyMap<Node, number> | undefined;

  constructor(
    typed: TypedPolicy,
    nodes: readonly Node[],
    options: { readonly memory?: ReachabilityMemory; readonly policies?: readonly Policy[] } = {},
  ) {
    const { memory = new ReachabilityMemory(typed), policies } = options;
    this.typed = typed;
    this.nodes = nodes;
    this.memory = memory;
    this.policies = policies ?? typed.policies;
    this.reachability = new Reachability(memory, policies && this.#without());
    this.admissions = new Admissions(this.reachability, memory);
  }

  /** Those of the nodes that some rule tells apart. */
  get representatives(): ReadonlyMap<Node, number> {
    this.#representatives ??= representatives(this.nodes);
    return this.#representatives;
  }

  /** The rules of a policy in one direction, in their order. */
  rulesOf(policy: Policy, direction: Direction): readonly NetworkRule[] {
    return this.typed.rules.filter((rule): rule is NetworkRule => rule.policy === policy.id && rule.section === direction);
  }

  /** The nodes that a policy governs. */
  subjectsOf(policy: Policy): readonly Node[] {
    const known = this.#subjects.get(policy) ?? this.nodes.filter((node) => !isOutside(node) && this.memory.isSubject(policy, node));
    this.#subjects.set(policy, known);
    return known;
  }

  /** The same without one policy, or one rule. */
  without(left: { readonly policy?: Policy; readonly rule?: NetworkRule }): Reachability {
    return new Reachability(this.memory, this.#without(left));
  }

  #without({ policy, rule }: { readonly policy?: Policy; readonly rule?: NetworkRule } = {}): Selection {
    const counted = new Set(this.policies);
    return { policies: (one) => one !== policy && counted.has(one), rules: (one) => one !== rule };
  }
}

/** Workloads that no policy governs in a direction, but for those of tier fallback: what is left to these is open or closed without them. */
export function ungoverned({ nodes, reachability }: Situation, direction: Direction): readonly Node[] {
  return nodes.filter((node) => {
    const { rules, denying } = reachability.governing(direction, node);
    return node.kind === 'workload' && denying.length === 0 && rules.every(({ policy }) => policy.tier === 'fallback');
  });
}

/** A rule by its place among the rules of its policy in its direction, from 1. */
export type RulePlace = { readonly policy: Policy; readonly rule: NetworkRule; readonly place: number };
export type EmptyParts = { readonly policies: readonly Policy[]; readonly rules: readonly RulePlace[] };

/** Policies that govern nobody, and rules whose peers are nobody: neither a workload nor an entity, an address or a name. */
export function emptyParts(situation: Situation): EmptyParts {
  const { policies, nodes, memory } = situation;
  return {
    policies: policies.filter((policy) => situation.subjectsOf(policy).length === 0),
    rules: policies.flatMap((policy) =>
      everyRule(situation, policy).filter(({ rule }) => !nodes.some((node) => memory.isPeer(rule.peers, node))),
    ),
  };
}

const everyRule = (situation: Situation, policy: Policy): readonly RulePlace[] =>
  directions.flatMap((direction) => situation.rulesOf(policy, direction).map((rule, i) => ({ policy, rule, place: i + 1 })));

export type Overlap = { readonly policies: readonly [Policy, Policy]; readonly workloads: readonly Node[] };

/** Pairs of policies of one tier that govern the same workloads. */
export function overlaps(situation: Situation): readonly Overlap[] {
  const subjects = situation.policies.map((policy) => ({ policy, nodes: new Set(situation.subjectsOf(policy)) }));
  return subjects.flatMap(({ policy, nodes }, i) =>
    subjects.slice(i + 1).flatMap((other): readonly Overlap[] => {
      const workloads = [...nodes].filter((node) => other.nodes.has(node));
      return workloads.length === 0 || policy.tier !== other.policy.tier ? [] : [{ policies: [policy, other.policy], workloads }];
    }),
  );
}

/** Do the policies leave every connection allowed? */
export const isVacuous = (situation: Situation): boolean =>
  nodePairs(situation.nodes).every((pair) => equals(situation.admissions.allowed(pair), anyTransport) && !isNarrowed(situation, pair));

/** Are requests told apart? */
const isNarrowed = ({ typed, reachability }: Situation, { source, destination }: NodePair): boolean =>
  hasRequests(typed) && reachability.between(source, destination).some(({ requests }) => requests !== undefined);

const hasRequests = ({ rules }: TypedPolicy): boolean => rules.some((rule) => rule.section !== 'process' && rule.layer7 !== undefined);

export type Redundancy = { readonly policies: readonly Policy[]; readonly rules: readonly RulePlace[] };

/**
 * What could be taken out, one at a time, without a connection more or less: policies, and rules of the other policies. A policy
 * alone is never among them.
 */
export function redundancy(situation: Situation): Redundancy {
  const { policies } = situation;
  const redundant = policies.length < 2 ? [] : policies.filter((policy) => isSame(situation, { policy }));
  const others = policies.filter((policy) => !redundant.includes(policy));
  const rules = others.flatMap((policy) => everyRule(situation, policy).filter(({ rule }) => isSame(situation, { policy, rule })));
  return { policies: redundant, rules };
}

type Left = { readonly policy: Policy; readonly rule?: NetworkRule };

/** Is every connection what it was, without the policy, or without its rule? Only where they speak can one be another. */
function isSame(situation: Situation, { policy, rule }: Left): boolean {
  const { typed, nodes, memory, admissions, reachability } = situation;
  const without = situation.without(rule ? { rule } : { policy });
  const others = new Admissions(without, memory);
  const counts = situation.representatives;
  const among = (some: readonly Node[]): readonly Node[] => some.filter((node) => counts.has(node));
  const subjects = among(situation.subjectsOf(policy));
  const peers = among(rule ? nodes.filter((node) => memory.isPeer(rule.peers, node)) : nodes);
  const touched = directions
    .filter((direction) => (rule ? rule.section === direction : isAbout(situation, policy, direction)))
    .flatMap((direction) => (direction === 'ingress' ? pairsBetween(counts, peers, subjects) : pairsBetween(counts, subjects, peers)));
  const textOf = (of: Reachability, { source, destination }: NodePair): string => partsText(of.between(source, destination));
  const isEqual = (pair: NodePair): boolean =>
    hasRequests(typed) ? textOf(without, pair) === textOf(reachability, pair) : equals(others.allowed(pair), admissions.allowed(pair));
  return touched.every(isEqual);
}

const isAbout = (situation: Situation, policy: Policy, direction: Direction): boolean =>
  brings(policy, direction) || situation.rulesOf(policy, direction).length > 0;
