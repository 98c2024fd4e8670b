// What is right and still should be looked at: rules that never decide or change nothing, rules that are one, rules that contradict those of
// another file, rules that allow more than any statement asks for. Each is proved over all events; where that needs more than the
// limit, that is said.
import { isEqual } from '../base/equal.ts';
import { placeOf as orderOf } from '../ir/deciding-order.ts';
import type { PolicyEvent } from '../ir/event.ts';
import type { Invariant, Rule, TypedPolicy } from '../ir/typed.ts';
import { cellsOutside } from './changed-cells.ts';
import { eventIn } from './diff.ts';
import type { Change, Decisions } from './effects.ts';
import { aboutRelation } from './invariants.ts';
import { AnalysisLimit } from './limit.ts';
import { RuleVariations } from './rule-variations.ts';
import { budget, contentOf, type OwnedRule } from './split.ts';
import { flowIn } from './witness.ts';

/**
 * `never-decides`: all that it matches is decided by `by`, in deciding order. `no-effect`: without it every verdict is the same.
 * All rules of these two kinds can go at once. `mergeable`: with `other` of its policy it is one rule. `contradiction`: it
 * allows `event`, and `other`, in another file and of the same place in the order, refuses it. `too-wide`: it alone allows
 * `event`, which no statement asks for, though some ask for others that it allows. `undecided`: within the limit.
 */
export type LintFinding =
  | { readonly kind: 'never-decides' | 'no-effect'; readonly rule: Rule; readonly by: readonly Rule[] }
  | { readonly kind: 'mergeable'; readonly rule: Rule; readonly other: Rule }
  | { readonly kind: 'contradiction'; readonly rule: Rule; readonly other: Rule; readonly event: PolicyEvent }
  | { readonly kind: 'too-wide'; readonly rule: Rule; readonly invariant: Invariant; readonly event: PolicyEvent }
  | { readonly kind: 'undecided'; readonly rule: Rule; readonly limit: number };

/**
 * `goOn` is asked before each line, with how many are done of how many; false ends the work. `limit`: parts of the events of a rule
 * that one question may tell apart.
 */
export type LintOptions = { readonly goOn?: (done: number, total: number) => boolean; readonly limit?: number };

const mostCells = 50_000;

/** In the order of rules. `done` of `total` lines were looked at. */
export type Lint = { readonly findings: readonly LintFinding[]; readonly done: number; readonly total: number };

export function lint(typed: TypedPolicy, { goOn = () => true, limit = mostCells }: LintOptions = {}): Lint {
  const lines = linesOf(typed);
  const variations = new RuleVariations(typed, limit);
  const findings: LintFinding[] = [...mergeable(lines)];
  let done = 0;
  // From the last one on: of two that say the same the later one is superfluous.
  for (const line of [...lines].reverse()) {
    if (!goOn(done, lines.length)) break;
    done++;
    findings.push(...found(typed, variations, line));
  }
  const idle = new Set(findings.flatMap(({ kind, rule }) => (kind === 'never-decides' || kind === 'no-effect' ? [rule] : [])));
  const shown = findings.filter((one) => one.kind !== 'mergeable' || (!idle.has(one.rule) && !idle.has(one.other)));
  return { findings: shown.sort((a, b) => a.rule.id - b.rule.id), done, total: lines.length };
}

/** What is written once: a rule, or the rules that one of a `rules` block is in each policy that uses it. */
type Line = readonly OwnedRule[];

function linesOf({ rules, policies }: TypedPolicy): readonly Line[] {
  const lines = new Map<string, OwnedRule[]>();
  for (const rule of rules) {
    const policy = policies[rule.policy];
    const { source, start } = rule.span;
    const key = rule.usedAt ? `${source.path} ${start} ${rule.section}` : `${rule.id}`;
    if (policy) lines.set(key, [...(lines.get(key) ?? []), { rule, policy }]);
  }
  return [...lines.values()];
}

function found(typed: TypedPolicy, variations: RuleVariations, line: Line): readonly LintFinding[] {
  const [first] = line;
  if (!first) return [];
  try {
    const idle = idleFinding(variations, line);
    if (idle) variations.remove(line.map(({ rule }) => rule));
    return idle ? [idle] : [...contradictions(typed, variations, line), ...tooWide(typed, variations, line)];
  } catch (error) {
    if (!(error instanceof AnalysisLimit)) throw error;
    return [{ kind: 'undecided', rule: first.rule, limit: error.allowed }];
  }
}

// --- rules that change nothing ----------------------------------------------------------------------------------------

/** By its answers addresses are known by names, whichever rule decides (grammar/README.md, "Addresses and names"). */
const bringsNames = ({ rule }: OwnedRule): boolean =>
  rule.section === 'egress' && rule.action === 'allow' && !rule.audit && rule.layer7?.domain === 'dns';
/** It does more than to decide. */
const doesMore = ({ rule }: OwnedRule): boolean => rule.log !== undefined || rule.require.length > 0;

function idleFinding(variations: RuleVariations, line: Line): LintFinding | undefined {
  const [first] = line;
  if (!first || line.some(bringsNames)) return undefined;
  const isNeeded = (change: Change): boolean => change.effect !== 'another-rule' || !isSameAction(first.rule, change);
  for (const change of variations.withoutAmongOthers(line)) if (isNeeded(change)) return undefined;
  const by = new Set<Rule>();
  let decides = first.rule.action === 'pass';
  for (const change of variations.without(line)) {
    decides = true;
    if (isNeeded(change)) return undefined;
    for (const rule of decidersIn(change.after)) by.add(rule);
  }
  if (decides)
    return line.some(doesMore) || !isThere(variations, line) ? undefined : { kind: 'no-effect', rule: first.rule, by: inOrder(by) };
  for (const owned of line) for (const change of variations.first(owned)) for (const rule of decidersIn(change.before)) by.add(rule);
  return by.size === 0 ? undefined : { kind: 'never-decides', rule: first.rule, by: inOrder(by) };
}

/** What matches nothing is told by check. */
const isThere = (variations: RuleVariations, line: Line): boolean => line.some((owned) => !variations.boxes(owned, budget()).next().done);

const decidersIn = ({ enforced, withAudit }: Decisions): readonly Rule[] =>
  [enforced, withAudit].flatMap((decision) => (decision.kind === 'rule' ? [decision.owned.rule] : []));
const inOrder = (rules: Iterable<Rule>): readonly Rule[] => [...new Set(rules)].sort((a, b) => a.id - b.id);

/** Is an event refused in the same way without the rule? `drop` is no `deny`, and no default. */
function isSameAction(rule: Rule, { after: { enforced, withAudit } }: Change): boolean {
  const decision = rule.audit ? withAudit : enforced;
  if (rule.action === 'pass' || rule.action === 'allow') return true;
  if (decision.kind !== 'rule') return rule.action === 'deny' && said(rule).every((one) => one === undefined);
  return decision.owned.rule.action === rule.action && isEqual(said(decision.owned.rule), said(rule));
}
const said = (rule: Rule): readonly unknown[] => (rule.section === 'process' ? [rule.errno, rule.signal] : []);

// --- contradictions ---------------------------------------------------------------------------------------------------

/** Allowing rules against refusing ones of other files that nobody put before or behind them. */
function contradictions({ domains }: TypedPolicy, variations: RuleVariations, line: Line): readonly LintFinding[] {
  const isOpposed = (one: OwnedRule, { rule, policy }: OwnedRule): boolean =>
    rule.action !== 'allow' &&
    rule.span.source.path !== one.rule.span.source.path &&
    policy.tier === one.policy.tier &&
    policy.priority === one.policy.priority &&
    rule.priority === one.rule.priority;
  for (const owned of line) {
    if (owned.rule.action !== 'allow' || owned.rule.audit) continue;
    for (const change of variations.first(owned)) {
      const { enforced } = change.before;
      const event = eventIn(change, domains);
      if (event && enforced.kind === 'rule' && isOpposed(owned, enforced.owned))
        return [{ kind: 'contradiction', rule: owned.rule, other: enforced.owned.rule, event }];
    }
  }
  return [];
}

// --- more than is asked for ---------------------------------------------------------------------------------------------

/** Of allowing network rules that some `every` statement is about: a flow that it alone allows and that no such statement is about. */
function tooWide({ invariants }: TypedPolicy, variations: RuleVariations, line: Line): readonly LintFinding[] {
  const asked = invariants.filter(({ kind, quantifier }) => kind === 'flow' && quantifier === 'every');
  const [first] = line;
  if (!first || asked.length === 0 || first.rule.action !== 'allow' || first.rule.section === 'process' || first.rule.audit) return [];
  const about = asked.map((invariant) => ({ invariant, relation: (cell: Change['cell']) => aboutRelation(cell, invariant) }));
  const isAsked = new Set<Invariant>();
  let event: PolicyEvent | undefined;
  const spend = budget(mostCells);
  for (const change of variations.without(line)) {
    if (change.effect !== 'newly-denied') continue;
    for (const { invariant, relation } of about) if (relation(change.cell).kind !== 'apart') isAsked.add(invariant);
    for (const cell of cellsOutside({ spend }, change.cell, about)) event ??= flowIn(cell);
  }
  const [invariant] = isAsked;
  return event && invariant ? [{ kind: 'too-wide', rule: first.rule, invariant, event }] : [];
}

// --- rules that are one -------------------------------------------------------------------------------------------------

/** All that decides where a rule stands and what it does beside its conditions; of rules of one policy. */
const standing = (rule: Rule): readonly unknown[] => [
  ...[
    rule.section,
    rule.policy,
    rule.action,
    orderOf(rule),
    rule.audit,
    rule.log,
    rule.require,
    rule.annotations.map(({ name, values }) => [name, values]),
  ],
  ...said(rule),
];

/** Pairs that differ in one part alone, which then is a union. What stands between them in the order does the same as they. */
function mergeable(lines: readonly Line[]): readonly LintFinding[] {
  const groups = new Map<string, Rule[]>();
  for (const line of lines) {
    const [first] = line;
    if (!first || first.rule.usedAt || first.rule.name !== undefined) continue;
    const key = JSON.stringify(standing(first.rule));
    const list = groups.get(key);
    if (list) list.push(first.rule);
    else groups.set(key, [first.rule]);
  }
  return [...groups.values()].flatMap((rules) =>
    rules.flatMap((rule, i): readonly LintFinding[] => {
      const other = rules.slice(Math.max(0, i - 64), i).find((one) => areOne(one, rule));
      return other ? [{ kind: 'mergeable', rule, other }] : [];
    }),
  );
}

function areOne(a: Rule, b: Rule): boolean {
  const [content, other] = [contentOf(a), contentOf(b)];
  if (content?.domain !== other?.domain) return false;
  if (a.section === 'process' || b.section === 'process') return true;
  const same = [isEqual(a.peers, b.peers), isEqual(a.transport, b.transport), isEqual(content, other)];
  return same.filter((one) => !one).length === 1;
}
