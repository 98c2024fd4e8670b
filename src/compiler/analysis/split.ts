// Which rules speak about a cell: the rules of one section in deciding order, asked one after the other. Where a rule
// matches a part of the cell only, the cell is split and both halves are asked: exact, and only as fine as it must be.
import { invariant } from '../base/assert.ts';
import { actions, type Policy, type Rule, type Section, type Tier, type TypedPolicy, tiers } from '../ir/typed.ts';
import { type Cell, initRelation, networkRelation, subjectRelation } from './cell.ts';
import { AnalysisLimit } from './limit.ts';
import { allOf, anyOf, type Relation } from './relation.ts';

/** A rule with the policy whose subject, tier and priority it has. */
export type OwnedRule = { readonly rule: Rule; readonly policy: Policy };
/** One section of a unit, of `process` one class of events: its rules in deciding order, and the policies that bring default deny to it. */
export type SectionRules = {
  readonly section: Section;
  /** The class of a `process` section. */
  readonly domain?: string;
  readonly rules: readonly OwnedRule[];
  readonly denying: readonly Policy[];
};
/** What is enforced, and what would be with everything in audit mode enforced: one object where nothing is in audit mode. */
export type Views = { readonly enforced: SectionRules; readonly withAudit: SectionRules };

/**
 * The rules that match everything of a cell but, perhaps, its content, in order, none that a `pass` skips; none after the
 * first that decides whatever the content is.
 */
export type Speakers = { readonly rules: readonly OwnedRule[]; readonly defaultDeny: boolean };
type Answer = { readonly kind: 'speakers'; readonly speakers: Speakers } | Extract<Relation<Cell>, { kind: 'split' }>;

export const maximumCells = 1_000_000;
/** Some minutes of work. */
const maximumComparisons = 2_000_000_000;

/** Does the policy bring default deny to the section, of `process` to this class? */
export const brings = ({ defaultDeny }: Policy, section: Section, domain?: string): boolean =>
  section === 'process' ? domain !== undefined && defaultDeny.process.includes(domain) : defaultDeny[section];

export const contentOf = (rule: Rule) => (rule.section === 'process' ? rule.match : rule.layer7);

/** Before 0: `a` is asked first. */
export function decidingOrder(a: OwnedRule, b: OwnedRule): number {
  return (
    tiers.indexOf(a.policy.tier) - tiers.indexOf(b.policy.tier) ||
    a.policy.priority - b.policy.priority ||
    a.rule.priority - b.rule.priority ||
    actions.indexOf(a.rule.action) - actions.indexOf(b.rule.action) ||
    a.rule.id - b.rule.id
  );
}

/** A section of a unit; of `process` one class of events. */
export type Place = { readonly section: Section; readonly domain?: string };
export const placeName = ({ section, domain }: Place): string => (domain === undefined ? section : `${section} ${domain}`);
export const placeOf = (rule: Rule): Place =>
  rule.section === 'process' ? { section: 'process', domain: rule.match.domain } : { section: rule.section };

/** One section of a policy, of `process` one class; in both views. */
export function viewsOf(typed: TypedPolicy, section: Section, domain?: string): Views {
  const rules = typed.rules.flatMap((rule) => {
    const policy = typed.policies[rule.policy];
    invariant(policy, `rule ${rule.id} has no policy`);
    return rule.section === section && (rule.section !== 'process' || rule.match.domain === domain) ? [{ rule, policy }] : [];
  });
  const denying = typed.policies.filter((policy) => brings(policy, section, domain));
  return viewsIn({ section, ...(domain === undefined ? {} : { domain }), rules, denying });
}

/** Rules in whatever order, and the policies that bring default deny, those in audit mode too. */
export function viewsIn(all: SectionRules): Views {
  const { rules, denying } = all;
  const withAudit: SectionRules = { ...all, rules: [...rules].sort(decidingOrder) };
  if (!rules.some(({ rule }) => rule.audit) && !denying.some(({ audit }) => audit)) return { enforced: withAudit, withAudit };
  const enforced = {
    ...withAudit,
    rules: withAudit.rules.filter(({ rule }) => !rule.audit),
    denying: denying.filter(({ audit }) => !audit),
  };
  return { enforced, withAudit };
}

/** The classes of process events that a policy says anything about. */
export const processDomains = (typed: TypedPolicy): readonly string[] =>
  [
    ...new Set([
      ...typed.rules.flatMap((rule) => (rule.section === 'process' ? [rule.match.domain] : [])),
      ...typed.policies.flatMap(({ defaultDeny }) => defaultDeny.process),
    ]),
  ].sort();

/** How a rule, content aside, lies to a cell. */
export function ruleRelation(cell: Cell, { rule, policy }: OwnedRule): Relation<Cell> {
  const subject = () => subjectRelation(cell, rule.section, policy.subject);
  return rule.section === 'process' ? subject() : allOf([subject, () => networkRelation(cell, rule)], (relate) => relate());
}

/** The part of a section that says anything about a cell. A policy's subject is asked once for all of its rules. */
export function within(cell: Cell, sectionRules: SectionRules): SectionRules {
  const { section, rules, denying } = sectionRules;
  const met = new Map<Policy, boolean>();
  const isMet = (policy: Policy): boolean => {
    const known = met.get(policy) ?? subjectRelation(cell, section, policy.subject).kind !== 'apart';
    met.set(policy, known);
    return known;
  };
  return {
    ...sectionRules,
    rules: rules.filter(
      ({ rule, policy }) => isMet(policy) && (rule.section === 'process' || networkRelation(cell, rule).kind !== 'apart'),
    ),
    denying: denying.filter(isMet),
  };
}

/** Who speaks about all of the cell, or the halves to ask instead. */
function speakersOf(cell: Cell, { section, rules, denying }: SectionRules): Answer {
  const speaking: OwnedRule[] = [];
  let passed: Tier | undefined;
  for (const owned of rules) {
    if (owned.policy.tier === passed) continue;
    const relation = ruleRelation(cell, owned);
    if (relation.kind === 'split') return relation;
    if (relation.kind === 'apart') continue;
    speaking.push(owned);
    if (contentOf(owned.rule) !== undefined) continue;
    if (owned.rule.action !== 'pass') return { kind: 'speakers', speakers: { rules: speaking, defaultDeny: false } };
    passed = owned.policy.tier;
  }
  const init = () => initRelation(cell, section);
  const byPolicy = denying.map(
    ({ subject }) =>
      () =>
        subjectRelation(cell, section, subject),
  );
  const denied = anyOf([init, ...byPolicy], (relate) => relate());
  if (denied.kind === 'split') return denied;
  return { kind: 'speakers', speakers: { rules: speaking, defaultDeny: denied.kind === 'covered' } };
}

/** The speakers of several sections, each in its place, or the halves to ask instead. */
export type Asked = { readonly kind: 'speakers'; readonly lists: readonly Speakers[] } | Extract<Relation<Cell>, { kind: 'split' }>;

export function askAll(cell: Cell, sections: readonly SectionRules[]): Asked {
  const asked = new Map<SectionRules, Speakers>();
  for (const section of new Set(sections)) {
    const answer = speakersOf(cell, section);
    if (answer.kind === 'split') return answer;
    asked.set(section, answer.speakers);
  }
  return { kind: 'speakers', lists: sections.flatMap((section) => asked.get(section) ?? []) };
}

/** Counts the rules that were asked, and cells: one unless said otherwise. @throws AnalysisLimit */
export type Spend = (rules?: number, cells?: number) => void;

/** An analysis ends with a named limit instead of going on for ever. */
export function budget(limit = maximumCells): Spend {
  return new Budget(limit).spend;
}

/** What is left of a limit, for questions that have one together. */
export class Budget {
  readonly #limit: number;
  #cells: number;
  #comparisons = maximumComparisons;

  constructor(limit: number) {
    this.#limit = limit;
    this.#cells = limit;
  }

  spend: Spend = (rules = 0, cells = 1) => {
    this.#cells -= cells;
    if (this.#cells < 0) throw new AnalysisLimit('cells', this.#limit);
    this.#comparisons -= rules;
    if (this.#comparisons < 0) throw new AnalysisLimit('comparisons', maximumComparisons);
  };

  /** As above, for one question that may take this much of what is left. */
  part(share: number): Spend {
    const [fewestCells, fewestComparisons] = [(1 - share) * this.#cells, (1 - share) * this.#comparisons];
    return (rules, cells) => {
      this.spend(rules, cells);
      if (this.#cells < fewestCells) throw new AnalysisLimit('cells', this.#limit);
      if (this.#comparisons < fewestComparisons) throw new AnalysisLimit('comparisons', maximumComparisons);
    };
  }
}
