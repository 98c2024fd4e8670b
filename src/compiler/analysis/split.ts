// Which rules speak about a cell: the rules of one section in deciding order, asked one after the other. Where a rule
// matches a part of the cell only, the cell is split and both halves are asked: exact, and only as fine as it must be.
import { invariant, unreachable } from '../base/assert.ts';
import type { Policy, Rule, Section, TypedPolicy } from '../ir/typed.ts';
import { type Cell, networkRelation, subjectRelation } from './cell.ts';
import { AnalysisLimit } from './limit.ts';
import { allOf, type Relation } from './relation.ts';

/** A rule with the policy whose subject it has. */
export type OwnedRule = { readonly rule: Rule; readonly policy: Policy };
/** One section of a unit: its rules in deciding order, and the policies that bring default deny to it. */
export type SectionRules = { readonly section: Section; readonly rules: readonly OwnedRule[]; readonly denying: readonly Policy[] };

/** The rules that match everything of a cell but, perhaps, its content, in order; none after the first that needs no content. */
export type Speakers = { readonly rules: readonly OwnedRule[]; readonly defaultDeny: boolean };
type Answer = { readonly kind: 'speakers'; readonly speakers: Speakers } | Extract<Relation<Cell>, { kind: 'split' }>;

export const maximumCells = 1_000_000;
/** Some minutes of work. */
const maximumComparisons = 2_000_000_000;

/** Does the section bring default deny, in this policy? Of `process`, `exec` is the only class. */
export const brings = (policy: Policy, section: Section): boolean =>
  section === 'process' ? policy.defaultDeny.process.includes('exec') : policy.defaultDeny[section];

export const contentOf = (rule: Rule) => (rule.section === 'process' ? rule.match : rule.layer7);

export function sectionOf(typed: TypedPolicy, section: Section): SectionRules {
  const rules = typed.rules.flatMap((rule) => {
    const policy = typed.policies[rule.policy];
    invariant(policy, `rule ${rule.id} has no policy`);
    return rule.section === section ? [{ rule, policy }] : [];
  });
  const strength = ({ rule }: OwnedRule): number => (rule.action === 'deny' ? 0 : 1);
  return {
    section,
    rules: rules.sort((a, b) => strength(a) - strength(b) || a.rule.id - b.rule.id),
    denying: typed.policies.filter((policy) => brings(policy, section)),
  };
}

/** How a rule, content aside, lies to a cell. */
export function ruleRelation(cell: Cell, { rule, policy }: OwnedRule): Relation<Cell> {
  const subject = () => subjectRelation(cell, rule.section, policy.subject);
  return rule.section === 'process' ? subject() : allOf([subject, () => networkRelation(cell, rule)], (relate) => relate());
}

/** The part of a section that says anything about a cell. A policy's subject is asked once for all of its rules. */
export function within(cell: Cell, { section, rules, denying }: SectionRules): SectionRules {
  const met = new Map<Policy, boolean>();
  const isMet = (policy: Policy): boolean => {
    const known = met.get(policy) ?? subjectRelation(cell, section, policy.subject).kind !== 'apart';
    met.set(policy, known);
    return known;
  };
  return {
    section,
    rules: rules.filter(
      ({ rule, policy }) => isMet(policy) && (rule.section === 'process' || networkRelation(cell, rule).kind !== 'apart'),
    ),
    denying: denying.filter(isMet),
  };
}

/** Who speaks about all of the cell, or the halves to ask instead. */
export function speakersOf(cell: Cell, { section, rules, denying }: SectionRules): Answer {
  const speaking: OwnedRule[] = [];
  for (const owned of rules) {
    const relation = ruleRelation(cell, owned);
    if (relation.kind === 'split') return relation;
    if (relation.kind === 'apart') continue;
    speaking.push(owned);
    if (contentOf(owned.rule) === undefined) return { kind: 'speakers', speakers: { rules: speaking, defaultDeny: false } };
  }
  const relations = denying.map(({ subject }) => subjectRelation(cell, section, subject));
  const defaultDeny = relations.some(({ kind }) => kind === 'covered');
  const open = defaultDeny ? undefined : relations.find((relation) => relation.kind === 'split');
  return open?.kind === 'split' ? open : { kind: 'speakers', speakers: { rules: speaking, defaultDeny } };
}

/** Splits a cell until every policy that brings default deny selects all or none of it. */
function byDenying(cell: Cell, { section, denying }: SectionRules): Relation<Cell> {
  for (const { subject } of denying) {
    const relation = subjectRelation(cell, section, subject);
    if (relation.kind === 'split') return relation;
  }
  return { kind: 'covered' };
}

/** Counts cells and the rules asked about them; an analysis ends with a named limit instead of going on for ever. */
export function budget(limit = maximumCells): (rules?: number) => void {
  let cells = 0;
  let comparisons = 0;
  return (rules = 0) => {
    if (++cells > limit) throw new AnalysisLimit('cells', limit);
    comparisons += rules;
    if (comparisons > maximumComparisons) throw new AnalysisLimit('comparisons', maximumComparisons);
  };
}

/**
 * The cells that these sections cannot tell apart further (content aside), with one event each to ask the oracle about.
 * `everyDefault`: also tell apart which policies bring the default deny.
 * @throws AnalysisLimit
 */
export function* undividedCells(start: Cell, sections: readonly SectionRules[], everyDefault: boolean): Generator<Cell> {
  const spend = budget();
  const waiting = [start];
  for (let cell = waiting.pop(); cell !== undefined; cell = waiting.pop()) {
    spend(sections.reduce((sum, { rules, denying }) => sum + rules.length + denying.length, 0));
    const halves = firstSplit(cell, sections, everyDefault);
    if (halves) waiting.push(halves[1], halves[0]);
    else yield cell;
  }
}

function firstSplit(cell: Cell, sections: readonly SectionRules[], everyDefault: boolean): readonly [Cell, Cell] | undefined {
  for (const section of sections) {
    const answer = speakersOf(cell, section);
    switch (answer.kind) {
      case 'split':
        return answer.halves;
      case 'speakers': {
        const last = answer.speakers.rules.at(-1);
        const decided = last !== undefined && contentOf(last.rule) === undefined;
        const relation = everyDefault && !decided ? byDenying(cell, section) : undefined;
        if (relation?.kind === 'split') return relation.halves;
        break;
      }
      default:
        unreachable(answer);
    }
  }
  return undefined;
}
