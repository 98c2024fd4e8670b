// What one edit can have changed: rules that stand on one side only, or in another order, and policies whose default
// deny came or went. A verdict can differ only where one of these speaks, so a diff looks nowhere else. Policies are paired by
// their names and their rules by what they say: what is the same on both sides is compared as text once, and never again.
import { isEqual } from '../base/equal.ts';
import type { Span } from '../base/source.ts';
import type { Policy, Rule, Subject, TypedPolicy } from '../ir/typed.ts';
import { type Cell, subjectRelation } from './cell.ts';
import { type Condition, ruleCondition, subjectCondition } from './conditions.ts';
import type { Relation } from './relation.ts';
import { byPolicy } from './section-index.ts';
import { brings, decidingOrder, type OwnedRule, type Place, placeName, placeOf, ruleRelation } from './split.ts';

/** A part of the event space that a change can have touched: what endpoints of `subject` do, and of that what `relation` says. */
export type Region = {
  readonly subject: Subject;
  /** The rule or policy that changed. */
  readonly span: Span;
  readonly relation: (cell: Cell) => Relation<Cell>;
  readonly condition: (cell: Cell) => Condition;
};
/** `regions`: of everything that differs, for each place by its name. `numberOf`: equal of what is and means the same in both states. */
export type Alignment = {
  readonly regions: ReadonlyMap<string, readonly Region[]>;
  readonly numberOf: (one: OwnedRule | Policy) => number;
};

type Pair<T> = { readonly before?: T; readonly after?: T };
type RulePair = { readonly before: OwnedRule; readonly after: OwnedRule };

export function align(before: TypedPolicy, after: TypedPolicy, places: readonly Place[]): Alignment {
  const policies = paired(before, after);
  const isSamePolicy = ({ before: was, after: is }: Pair<Policy>): boolean =>
    was !== undefined && is !== undefined && isEqual(denies(was), denies(is));
  const changed = policies.filter((pair) => !isSamePolicy(pair));
  const { rules, kept } = alignedRules(policies, before, after);
  const regions = places.map((place) => [placeName(place), [...changedDefaults(changed, place), ...regionsOf(rules, place)]] as const);
  const numbers = new Numbers();
  for (const { before: was, after: is } of kept) numbers.equate(is, was);
  for (const pair of policies) if (pair.before && pair.after && isSamePolicy(pair)) numbers.equate(pair.after, pair.before);
  const numberOf = (one: OwnedRule | Policy): number => numbers.of(one);
  return { regions: new Map(regions), numberOf };
}

/** A number for each policy and each rule of a policy: two states can share a rule whose policy is another one in each. */
class Numbers {
  readonly #known = new Map<Policy, Map<Rule | undefined, number>>();
  #last = 0;

  of(one: OwnedRule | Policy): number {
    const [inner, rule] = this.#place(one);
    const number = inner.get(rule) ?? this.#last++;
    inner.set(rule, number);
    return number;
  }

  equate(one: OwnedRule | Policy, other: OwnedRule | Policy): void {
    const [inner, rule] = this.#place(one);
    inner.set(rule, this.of(other));
  }

  #place(one: OwnedRule | Policy): readonly [Map<Rule | undefined, number>, Rule | undefined] {
    const [policy, rule] = 'rule' in one ? [one.policy, one.rule] : [one, undefined];
    const inner = this.#known.get(policy) ?? new Map<Rule | undefined, number>();
    this.#known.set(policy, inner);
    return [inner, rule];
  }
}

const regionsOf = (rules: readonly OwnedRule[], place: Place): readonly Region[] =>
  rules
    .filter(({ rule }) => placeName(placeOf(rule)) === placeName(place))
    .map((owned) => ({
      subject: owned.policy.subject,
      span: owned.rule.span,
      relation: (cell) => ruleRelation(cell, owned),
      condition: (cell) => ruleCondition(cell, owned),
    }));

// --- default deny -----------------------------------------------------------------------------------------------------

function paired({ policies }: TypedPolicy, now: TypedPolicy): readonly Pair<Policy>[] {
  const later = new Map(now.policies.map((policy) => [policy.name, policy]));
  const both = policies.map((before): Pair<Policy> => ({ before, ...withAfter(later.get(before.name)) }));
  const known = new Set(policies.map(({ name }) => name));
  return [...both, ...now.policies.filter(({ name }) => !known.has(name)).map((after) => ({ after }))];
}

const withAfter = (after: Policy | undefined): { readonly after?: Policy } => (after ? { after } : {});

/** Whom its default deny is for, in which mode and sections. */
const denies = ({ subject, audit, defaultDeny }: Policy) => [subject, audit, defaultDeny];

function changedDefaults(policies: readonly Pair<Policy>[], { section, domain }: Place): readonly Region[] {
  const denying = policies.flatMap(({ before, after }) => {
    const [was, is] = [before, after].map((policy) => (policy && brings(policy, section, domain) ? policy : undefined));
    if (was && is && was.audit === is.audit && isEqual(was.subject, is.subject)) return [];
    return [was, is].flatMap((policy) => policy ?? []);
  });
  return denying.map(({ subject, span }) => ({
    subject,
    span,
    relation: (cell) => subjectRelation(cell, section, subject),
    condition: (cell) => subjectCondition(cell, section, subject),
  }));
}

// --- rules --------------------------------------------------------------------------------------------------------------

const conditionOf = (rule: Rule): readonly unknown[] =>
  rule.section === 'process' ? [rule.match] : [rule.peers, rule.transport, rule.layer7];

/** The same policy says the same about the same events. */
const isSameSaid = (a: OwnedRule, b: OwnedRule): boolean =>
  a.rule === b.rule ||
  (a.rule.section === b.rule.section && a.rule.action === b.rule.action && isEqual(conditionOf(a.rule), conditionOf(b.rule)));
const isSameHead = (a: Policy, b: Policy): boolean => a.name === b.name && a.tier === b.tier && isEqual(a.subject, b.subject);

/** One rule in two states of a policy: it says the same, or it is the same line over other declarations. */
export function isSameRule(a: OwnedRule, b: OwnedRule): boolean {
  const isSameLine = a.rule.text === b.rule.text && a.rule.section === b.rule.section && a.rule.action === b.rule.action;
  return (isSameLine && a.policy.name === b.policy.name) || (isSameHead(a.policy, b.policy) && isSameSaid(a, b));
}

/** Pairs equal rules and keeps the longest run of pairs that stand in one order; `rules`: all others of both sides. */
function alignedRules(
  policies: readonly Pair<Policy>[],
  before: TypedPolicy,
  after: TypedPolicy,
): { readonly rules: readonly OwnedRule[]; readonly kept: readonly RulePair[] } {
  const [old, now] = [before, after].map(byPolicy);
  const owned = (rules: readonly Rule[] = [], policy: Policy): readonly OwnedRule[] => rules.map((rule) => ({ rule, policy }));
  const changed: OwnedRule[] = [];
  const pairs: RulePair[] = [];
  for (const pair of policies) {
    const was = pair.before ? owned(old?.[pair.before.id], pair.before) : [];
    const is = pair.after ? owned(now?.[pair.after.id], pair.after) : [];
    const found = pair.before && pair.after && isSameHead(pair.before, pair.after) ? pairsOf(was, is) : [];
    pairs.push(...found);
    changed.push(
      ...without(
        was,
        found.map((one) => one.before),
      ),
      ...without(
        is,
        found.map((one) => one.after),
      ),
    );
  }
  const inOrder = new Set(isInOrder(pairs) ? pairs : longestRise(pairs));
  const isKept = (pair: RulePair): boolean => inOrder.has(pair) && pair.before.rule.audit === pair.after.rule.audit;
  const others = pairs.filter((pair) => !isKept(pair)).flatMap((pair) => [pair.before, pair.after]);
  return { rules: [...changed, ...others], kept: pairs.filter(isKept) };
}

function without(rules: readonly OwnedRule[], some: readonly OwnedRule[]): readonly OwnedRule[] {
  const gone = new Set(some);
  return gone.size === rules.length ? [] : rules.filter((rule) => !gone.has(rule));
}

/** Of one policy. Where the lists are not the same, what is left between equal beginnings and ends is looked up by what it says. */
function pairsOf(before: readonly OwnedRule[], after: readonly OwnedRule[]): readonly RulePair[] {
  const pairs: RulePair[] = [];
  let [first, last, lastNow] = [0, before.length, after.length];
  const pairAt = (i: number, j: number): boolean => {
    const [was, is] = [before[i], after[j]];
    if (!was || !is || !isSameSaid(was, is)) return false;
    pairs.push({ before: was, after: is });
    return true;
  };
  while (first < Math.min(last, lastNow) && pairAt(first, first)) first++;
  while (first < Math.min(last, lastNow) && pairAt(last - 1, lastNow - 1)) [last, lastNow] = [last - 1, lastNow - 1];
  const places = new Map<string, OwnedRule[]>();
  for (const one of after.slice(first, lastNow)) {
    const key = keyOf(one.rule);
    const list = places.get(key);
    if (list) list.push(one);
    else places.set(key, [one]);
  }
  for (const one of before.slice(first, last)) {
    const partner = places.get(keyOf(one.rule))?.shift();
    if (partner) pairs.push({ before: one, after: partner });
  }
  return pairs;
}

/** Of what a rule says, but whom it is about and what order it stands in. */
export const keyOf = (rule: Rule): string =>
  JSON.stringify([rule.section, rule.action, conditionOf(rule)], (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString(16) : value,
  );

/** Do all stand in one order on both sides? They do where no priority is another and the ids rise together. */
function isInOrder(pairs: readonly RulePair[]): boolean {
  const isSteady = ({ before, after }: RulePair): boolean =>
    before.rule.priority === after.rule.priority && before.policy.priority === after.policy.priority;
  if (!pairs.every(isSteady)) return false;
  const rising = [...pairs].sort((a, b) => a.before.rule.id - b.before.rule.id);
  return rising.every(({ after }, i) => after.rule.id > (rising[i - 1]?.after.rule.id ?? -1));
}

/** The most pairs that stand in one order on both sides: a longest rising subsequence (patience sorting). */
function longestRise(pairs: readonly RulePair[]): readonly RulePair[] {
  const order = new Map([...pairs].sort((a, b) => decidingOrder(a.after, b.after)).map((pair, place) => [pair, place]));
  const sorted = [...pairs].sort((a, b) => decidingOrder(a.before, b.before));
  const places = sorted.map((pair) => order.get(pair) ?? 0);
  const piles: number[] = [];
  const below: number[] = [];
  places.forEach((to, i) => {
    let low = 0;
    for (let high = piles.length; low < high; ) {
      const middle = (low + high) >> 1;
      if ((places[piles[middle] ?? 0] ?? 0) < to) low = middle + 1;
      else high = middle;
    }
    below[i] = low > 0 ? (piles[low - 1] ?? -1) : -1;
    piles[low] = i;
  });
  const rise: RulePair[] = [];
  for (let at = piles.at(-1) ?? -1; at >= 0; at = below[at] ?? -1) {
    const pair = sorted[at];
    if (pair) rise.push(pair);
  }
  return rise;
}
