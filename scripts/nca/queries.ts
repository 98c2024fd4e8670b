// The answers to the queries of schemes: the integer that each kind of query has.
import { type NodePair, nodePairs } from '../../src/compiler/analysis/admissions.ts';
import type { Node } from '../../src/compiler/analysis/nodes.ts';
import { isOutside } from '../../src/compiler/analysis/reachability.ts';
import { emptyParts, isVacuous, overlaps, redundancy, Situation, ungoverned } from '../../src/compiler/analysis/workload-findings.ts';
import type { Policy } from '../../src/compiler/ir/typed.ts';
import { equals, intersect, isEmpty, subtract, union } from '../../src/compiler/space/interval.ts';
import type { TransportSet } from '../../src/compiler/space/transport.ts';
import { droppedRules } from './policy-set.ts';
import { sanityIssues } from './sanity.ts';
import { endsOf, type Named, podsOf } from './world.ts';

/** Undefined: the query was not executed. */
type Answer = number | undefined;
type Single = (set: Named) => Answer;
type Double = (one: Named, other: Named) => Answer;

/** The ends in a query, and what a set says about them. */
export function focused(set: Named, ends: readonly Node[]): Situation {
  const own = new Set(set.situation.nodes);
  const nodes = ends.filter((node) => own.has(node));
  if (nodes.length === own.size) return set.situation;
  const { typed, memory, policies } = set.situation;
  return new Situation(typed, nodes, { memory, policies });
}

const single: Readonly<Record<string, Single>> = {
  disjointness: ({ situation }) => overlaps(situation).length,
  emptiness: (set) => {
    const { policies, rules } = emptyParts(set.situation);
    return policies.length + rules.length + droppedRules(set.set, set.situation.policies);
  },
  vacuity: (set) => Number(isVacuous(focused(set, endsOf([set])))),
  redundancy: (set) => {
    const { policies, rules } = redundancy(focused(set, endsOf([set])));
    return policies.length + rules.length;
  },
  sanity: (set) => sanityIssues(focused(set, endsOf([set]))),
  allCaptured: (set) => {
    if (set.situation.policies.length === 0) return podsOf(set).length;
    const ownersOf = (nodes: readonly Node[]): number => new Set(nodes.map(({ name }) => set.set.owners.get(name) ?? name)).size;
    return ownersOf(ungoverned(set.situation, 'ingress')) + ownersOf(ungoverned(set.situation, 'egress'));
  },
  connectivityMap: () => 0,
};

const pairs = new WeakMap<readonly Node[], readonly NodePair[]>();

/** Of the same ends the same pairs. */
function pairsOf(ends: readonly Node[]): readonly NodePair[] {
  const known = pairs.get(ends) ?? nodePairs(ends);
  pairs.set(ends, known);
  return known;
}

type Both = { readonly ends: readonly Node[]; readonly one: Situation; readonly other: Situation };
const both = (one: Named, other: Named): Both => {
  const ends = endsOf([one, other]);
  return { ends, one: focused(one, ends), other: focused(other, ends) };
};

/** Have both the same pods? */
function isSameTopology(one: Named, other: Named): boolean {
  const [a, b] = [new Set(podsOf(one)), new Set(podsOf(other))];
  return a.size === b.size && [...a].every((node) => b.has(node));
}

type Sets = (situation: Situation, pair: { readonly source: Node; readonly destination: Node }) => TransportSet;
const all: Sets = ({ admissions }, pair) => admissions.allowed(pair);
const explicit: Sets = ({ admissions }, pair) => admissions.explicit(pair);

/** What the first has of each connection, and the second not. */
const isWithin = ({ ends, one, other }: Both, first: Sets, second: Sets): boolean =>
  pairsOf(ends).every((pair) => isEmpty(subtract(first(one, pair), second(other, pair))));

const isEquivalent = ({ ends, one, other }: Both): boolean => pairsOf(ends).every((pair) => equals(all(one, pair), all(other, pair)));

function isContained(one: Named, other: Named): boolean {
  const pods = new Set(podsOf(other));
  return podsOf(one).every((node) => pods.has(node)) && isWithin(both(one, other), all, all);
}

const double: Readonly<Record<string, Double>> = {
  equivalence: (one, other) => (isSameTopology(one, other) ? Number(!isEquivalent(both(one, other))) : 1),
  strongEquivalence: (one, other) => (isSameTopology(one, other) ? Number(!isStronglyEquivalent(one, other)) : 1),
  semanticDiff: (one, other) => changedKinds(one, other).length,
  // The set that is compared with the first comes first.
  containment: (one, other) => Number(isContained(one, other)),
  twoWayContainment: (one, other) => 2 * Number(isContained(one, other)) + Number(isContained(other, one)),
  permits: (one, other) => (hasPolicies(one) ? Number(!isWithin(both(one, other), explicit, all)) : undefined),
  forbids: (one, other) => (hasPolicies(one) ? Number(isMet(both(one, other))) : undefined),
  interferes: (one, other) => Number(!isWithin(both(one, other), explicit, explicit)),
  pairwiseInterferes: (one, other) => Number(!isWithin(both(one, other), explicit, explicit)),
};

const hasPolicies = ({ situation }: Named): boolean => situation.policies.length > 0;
const isMet = ({ ends, one, other }: Both): boolean =>
  pairsOf(ends).some((pair) => !isEmpty(intersect(explicit(one, pair), all(other, pair))));

/** Policies of the same names, each equivalent. */
function isStronglyEquivalent(one: Named, other: Named): boolean {
  const [names, others] = [one, other].map(({ situation }) => new Set(situation.policies.map(({ annotations }) => originOf(annotations))));
  if (!names || !others || names.size !== others.size || [...names].some((name) => !others.has(name))) return false;
  return strongDifference(one, other).every(({ points }) => isEmpty(points));
}

type Difference = NodePair & { readonly points: TransportSet };

/** What the first policy that differs from its namesake makes of each connection, and the other not, both ways. */
export function strongDifference(one: Named, other: Named): readonly Difference[] {
  const ends = endsOf([one, other]);
  const alone = ({ situation: { typed, memory } }: Named, policy: Policy): Situation =>
    new Situation(typed, ends, { memory, policies: [policy] });
  for (const policy of one.situation.policies) {
    const same = other.situation.policies.find(({ annotations }) => originOf(annotations) === originOf(policy.annotations));
    if (!same) continue;
    const [a, b] = [alone(one, policy), alone(other, same)];
    const pairs = nodePairsOfAll(ends).map((pair) => ({
      ...pair,
      points: union(subtract(all(a, pair), all(b, pair)), subtract(all(b, pair), all(a, pair))),
    }));
    if (pairs.some(({ points }) => !isEmpty(points))) return pairs;
  }
  return [];
}

type Annotations = Named['situation']['policies'][number]['annotations'];
const originOf = (annotations: Annotations): string => annotations.find(({ name }) => name === 'origin')?.values[0]?.text ?? '';

/** The kinds of changed connections, in the order in which they are told, with the connections of each. */
export type Change = { readonly kind: string; readonly source: Node; readonly destination: Node; readonly points: TransportSet };

export function changesOf(one: Named, other: Named): readonly Change[] {
  const { ends, one: before, other: after } = both(one, other);
  const [old, now] = [new Set(podsOf(one)), new Set(podsOf(other))];
  const stateOf = (node: Node): string =>
    isOutside(node) ? 'ipBlocks' : !now.has(node) ? 'removed' : !old.has(node) ? 'added' : 'persistent';
  return nodePairsOfAll(ends).flatMap((pair): readonly Change[] => {
    const states = [stateOf(pair.source), stateOf(pair.destination)];
    const isIn = (state: string): boolean => states.includes(state);
    if (isIn('removed') && isIn('added')) return [];
    const place = isIn('ipBlocks') ? 'ipBlocks' : isIn('persistent') ? 'persistent' : 'own';
    const change = (kind: string, points: TransportSet): readonly Change[] => (isEmpty(points) ? [] : [{ kind, ...pair, points }]);
    if (isIn('removed')) return change(`lost ${place}`, all(before, pair));
    if (isIn('added')) return change(`new ${place}`, all(after, pair));
    const [was, is] = [all(before, pair), all(after, pair)];
    return [...change(`added ${place}`, subtract(is, was)), ...change(`removed ${place}`, subtract(was, is))];
  });
}

/** A pod and itself are no pair; two pods that no rule tells apart are. */
const nodePairsOfAll = (nodes: readonly Node[]) =>
  nodes.flatMap((source) =>
    nodes.flatMap((destination) =>
      source === destination || (isOutside(source) && isOutside(destination)) ? [] : [{ source, destination }],
    ),
  );

const changedKinds = (one: Named, other: Named): readonly string[] => [...new Set(changesOf(one, other).map(({ kind }) => kind))];

/** The sum over the sets of a query; `notExecuted`: how many were not. Undefined: no such kind of query. */
export function answer(kind: string, sets: readonly Named[]): { readonly result: number; readonly notExecuted: number } | undefined {
  const [alone, pair] = [single[kind], double[kind]];
  const [base, ...others] = sets;
  const answers = alone ? sets.map(alone) : pair && base ? pairsFor(kind, base, others).map(([one, other]) => pair(one, other)) : undefined;
  return answers && { result: sum(answers.map((one) => one ?? 0)), notExecuted: answers.filter((one) => one === undefined).length };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

function pairsFor(kind: string, base: Named, others: readonly Named[]): readonly (readonly [Named, Named])[] {
  const sets = [base, ...others];
  if (kind === 'pairwiseInterferes') return sets.flatMap((one) => sets.flatMap((other) => (one === other ? [] : [[one, other] as const])));
  if (/^(?:equivalence|strongEquivalence|semanticDiff|twoWayContainment)$/.test(kind))
    return sets.flatMap((one, i) => sets.slice(i + 1).map((other) => [one, other] as const));
  return others.map((other) => [other, base] as const);
}
