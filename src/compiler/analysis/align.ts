// What one edit can have changed: rules that stand on one side only, or in another order, and policies whose default
// deny came or went. A verdict can differ only where one of these speaks, so a diff looks nowhere else.
import type { Rule, Subject } from '../ir/typed.ts';
import { type Cell, subjectRelation } from './cell.ts';
import type { Relation } from './relation.ts';
import { type OwnedRule, ruleRelation, type SectionRules, type Views } from './split.ts';

/** A part of the event space that a change can have touched. */
export type Region = (cell: Cell) => Relation<Cell>;

/** The regions of everything that differs between two states of one section, in either view. */
export function changedRegions(before: Views, after: Views): readonly Region[] {
  const enforced = [before.enforced, after.enforced] as const;
  const withAudit = [before.withAudit, after.withAudit] as const;
  const views = enforced.every((section, i) => section === withAudit[i]) ? [enforced] : [enforced, withAudit];
  const rules = new Set(views.flatMap(([old, now]) => changedRules(old.rules, now.rules)));
  const subjects = new Map(views.flatMap(([old, now]) => changedDefaults(old, now)));
  const { section } = before.enforced;
  return [
    ...[...subjects.values()].map(
      (subject): Region =>
        (cell) =>
          subjectRelation(cell, section, subject),
    ),
    ...[...rules].map(
      (owned): Region =>
        (cell) =>
          ruleRelation(cell, owned),
    ),
  ];
}

function changedDefaults(before: SectionRules, after: SectionRules): readonly (readonly [string, Subject])[] {
  const keyed = ({ denying }: SectionRules) => new Map(denying.map(({ subject }) => [JSON.stringify(subject), subject]));
  const [old, now] = [keyed(before), keyed(after)];
  return [...[...old].filter(([key]) => !now.has(key)), ...[...now].filter(([key]) => !old.has(key))];
}

const conditionOf = (rule: Rule): unknown => (rule.section === 'process' ? rule.match : [rule.peers, rule.transport, rule.layer7 ?? null]);

const keys = new WeakMap<Rule, string>();

/** Equal keys: the same policy says the same about the same events. */
function keyOf({ rule, policy }: OwnedRule): string {
  const known = keys.get(rule);
  if (known !== undefined) return known;
  const said = [policy.name, policy.subject, policy.tier, rule.section, rule.action, conditionOf(rule)];
  const key = JSON.stringify(said, (_, value: unknown) => (typeof value === 'bigint' ? value.toString(16) : value));
  keys.set(rule, key);
  return key;
}

/** One rule in two states of a policy: it says the same, or it is the same line over other declarations. */
export function isSameRule(a: OwnedRule, b: OwnedRule): boolean {
  const line = ({ rule, policy }: OwnedRule): string => `${policy.name} ${rule.section} ${rule.action} ${rule.text}`;
  return line(a) === line(b) || keyOf(a) === keyOf(b);
}

/** Pairs equal rules, keeps the longest run of pairs that stand in one order, and returns all others of both sides. */
function changedRules(before: readonly OwnedRule[], after: readonly OwnedRule[]): readonly OwnedRule[] {
  const places = new Map<string, number[]>();
  after.forEach((owned, place) => {
    const key = keyOf(owned);
    places.set(key, [...(places.get(key) ?? []), place]);
  });
  const partner = before.map((owned) => places.get(keyOf(owned))?.shift());
  const kept = new Set(longestRise(partner.flatMap((place, i) => (place === undefined ? [] : [{ from: i, to: place }]))));
  const keptBefore = new Set([...kept].map(({ from }) => from));
  const keptAfter = new Set([...kept].map(({ to }) => to));
  return [...before.filter((_, i) => !keptBefore.has(i)), ...after.filter((_, i) => !keptAfter.has(i))];
}

type Pair = { readonly from: number; readonly to: number };

/** A longest subsequence with rising `to` (patience sorting). */
function longestRise(pairs: readonly Pair[]): readonly Pair[] {
  const piles: number[] = [];
  const below: number[] = [];
  pairs.forEach(({ to }, i) => {
    let low = 0;
    for (let high = piles.length; low < high; ) {
      const middle = (low + high) >> 1;
      if ((pairs[piles[middle] ?? 0]?.to ?? 0) < to) low = middle + 1;
      else high = middle;
    }
    below[i] = low > 0 ? (piles[low - 1] ?? -1) : -1;
    piles[low] = i;
  });
  const rise: Pair[] = [];
  for (let at = piles.at(-1) ?? -1; at >= 0; at = below[at] ?? -1) {
    const pair = pairs[at];
    if (pair) rise.push(pair);
  }
  return rise.reverse();
}
