// Rules that can never decide, because one rule that is asked before them decides, or passes over, every event that they
// match: enforced, and with what is in audit mode. Single rules are compared, not what several do together, and each search
// ends early: what is found is true, what is not found may still be.
import type { Report } from '../diagnostics/diagnostic.ts';
import { placeOf, ranksOf } from '../ir/deciding-order.ts';
import type { RuleId } from '../ir/ids.ts';
import type { Policy, Rule, Section, Tier, TypedPolicy } from '../ir/typed.ts';
import { Containment } from '../space/containment.ts';
import { cubesIn, governedSets, matchesNothing, ruleCovers } from './rule-cover.ts';
import { CoveringSubjects, RuleIndex } from './unreachable-index.ts';

/** A rule, and one before it that leaves it nothing to decide. */
export type Unreachable = { readonly rule: Rule; readonly by: Rule };

/** So many rules are tried for one rule. */
const mostTried = 256;

/** By its answers addresses are known by names, whichever rule decides (grammar/README.md, "Addresses and names"). */
const bringsNames = (rule: Rule): boolean =>
  rule.section === 'egress' && rule.action === 'allow' && !rule.audit && rule.layer7?.domain === 'dns';

/** Of processes, rules of one class are asked together. */
const isAskedWith = (a: Rule, b: Rule): boolean => a.section !== 'process' || b.section !== 'process' || a.match.domain === b.match.domain;

/** Which rule is asked first. */
class Order {
  readonly #ranks: readonly number[];
  readonly #tiers: readonly Tier[];
  /** The first `pass` of a section and tier. */
  readonly #passes = new Map<string, Rule>();

  constructor({ policies, rules }: TypedPolicy) {
    this.#ranks = ranksOf(policies);
    this.#tiers = policies.map(({ tier }) => tier);
    for (const rule of rules) {
      if (rule.action !== 'pass') continue;
      const first = this.#passes.get(this.#partOf(rule));
      if (!first || this.isBefore(rule, first)) this.#passes.set(this.#partOf(rule), rule);
    }
  }

  #partOf(rule: Rule): string {
    return `${this.#tierOf(rule)} ${rule.section === 'process' ? rule.match.domain : rule.section}`;
  }

  #tierOf = ({ policy }: Rule): Tier => this.#tiers[policy] ?? 'normal';

  isBefore(a: Rule, b: Rule): boolean {
    const ranks = a.policy === b.policy ? 0 : (this.#ranks[a.policy] ?? 0) - (this.#ranks[b.policy] ?? 0);
    return (ranks || placeOf(a) - placeOf(b) || a.id - b.id) < 0;
  }

  /**
   * Where both match, is `rule` asked for nothing? In one tier it is, whatever became of `earlier`: who was passed over passes
   * over the rest too. What is in audit mode leaves others what is enforced.
   */
  hides(earlier: Rule, rule: Rule): boolean {
    if (earlier.audit && !rule.audit) return false;
    if (this.#tierOf(earlier) !== this.#tierOf(rule)) {
      const passed = this.#passes.get(this.#partOf(earlier));
      if (earlier.action === 'pass' || (passed && this.isBefore(passed, earlier))) return false;
    }
    return !bringsNames(rule) || earlier.action !== 'allow' || bringsNames(earlier);
  }
}

/** The rules of each subject, and the subjects that hold all of it; policies with subjects that are written alike have one. */
class Governed {
  readonly #subjects: CoveringSubjects;
  readonly #numbers: readonly (number | undefined)[];
  readonly #rules: Readonly<Record<Section, RuleIndex[]>> = { ingress: [], egress: [], process: [] };

  constructor({ policies, rules }: TypedPolicy) {
    this.#subjects = new CoveringSubjects(policies.map(({ subject }) => subject));
    const isSomebody = this.#subjects.values.map((subject) => cubesIn(subject.workloads).length > 0 || governedSets(subject).length > 0);
    this.#numbers = this.#subjects.numbers.map((number) => (isSomebody[number] ? number : undefined));
    for (const rule of rules) this.#add(rule);
  }

  #add(rule: Rule): void {
    const number = this.#numbers[rule.policy];
    if (number === undefined) return;
    const ofSection = this.#rules[rule.section];
    ofSection[number] ??= new RuleIndex();
    ofSection[number].add(rule);
  }

  /** The rules of its section whose subjects hold all of the rule's. */
  around(rule: Rule): readonly RuleIndex[] {
    const number = this.#numbers[rule.policy];
    if (number === undefined) return [];
    const ofSection = this.#rules[rule.section];
    const covering = this.#subjects.covering(number);
    const [own] = covering;
    if (covering.length === 1 && own !== undefined) return ofSection[own] ? [ofSection[own]] : [];
    return covering.flatMap((subject) => ofSection[subject] ?? []);
  }

  /** Puts rules in the place of others. What is returned are the rules for which that may mean something: theirs and those below them. */
  replace(changes: readonly Change[]): readonly Rule[] {
    for (const { before } of changes) this.#rules[before.section][this.#numbers[before.policy] ?? -1]?.remove(before);
    for (const { after } of changes) this.#add(after);
    const changed = new Set(changes.flatMap(({ before, after }) => [this.#numbers[before.policy], this.#numbers[after.policy]]));
    const below = [...new Set(this.#numbers)].flatMap((number) =>
      number !== undefined && this.#subjects.covering(number).some((one) => changed.has(one)) ? [number] : [],
    );
    return Object.values(this.#rules).flatMap((ofSection) => below.flatMap((number) => ofSection[number]?.all ?? []));
  }
}

/** A rule that is another one now. */
type Change = { readonly before: Rule; readonly after: Rule };

const isPolicySame = (a: Policy, b: Policy): boolean =>
  a === b || (a.tier === b.tier && a.priority === b.priority && JSON.stringify(a.subject) === JSON.stringify(b.subject));

/** What became of single rules; undefined where more is another than they. */
function changesOf(before: TypedPolicy, after: TypedPolicy): readonly Change[] | undefined {
  if (before.policies.length !== after.policies.length || before.rules.length !== after.rules.length) return undefined;
  if (!after.policies.every((policy, i) => isPolicySame(policy, before.policies[i] ?? policy))) return undefined;
  const changes = after.rules.flatMap((rule, i) => {
    const one = before.rules[i];
    return one && one !== rule ? [{ before: one, after: rule }] : [];
  });
  return changes.some((change) => change.before.action === 'pass' || change.after.action === 'pass') ? undefined : changes;
}

/** Keeps what was found of one program for the next one, which mostly is the same but for a few rules. */
export class UnreachableMemory {
  #last: { readonly typed: TypedPolicy; readonly order: Order; readonly governed: Governed } | undefined;
  readonly #found = new Map<RuleId, Rule>();

  /** Every rule for which a single earlier one is found. */
  find(typed: TypedPolicy): readonly Unreachable[] {
    const last = this.#last;
    const changes = last && changesOf(last.typed, typed);
    const { order, governed } = last && changes ? last : { order: new Order(typed), governed: new Governed(typed) };
    if (!changes) this.#found.clear();
    this.#compare(changes ? governed.replace(changes) : typed.rules, order, governed);
    this.#last = { typed, order, governed };
    const found = [...this.#found].sort(([a], [b]) => a - b);
    return found.flatMap(([id, by]) => (typed.rules[id] ? [{ rule: typed.rules[id], by }] : []));
  }

  #compare(rules: readonly Rule[], order: Order, governed: Governed): void {
    const texts = new Containment();
    const deciderOf = (rule: Rule): Rule | undefined => {
      let left = mostTried;
      const isDecider = (other: Rule): boolean => {
        if (left <= 0 || !order.isBefore(other, rule) || !isAskedWith(other, rule)) return false;
        left--;
        return order.hides(other, rule) && ruleCovers(other, rule, texts);
      };
      for (const index of governed.around(rule)) {
        const found = index.find(rule, isDecider);
        if (found) return found;
      }
      return undefined;
    };
    for (const rule of rules) {
      const by = deciderOf(rule);
      if (by && !matchesNothing(rule, texts)) this.#found.set(rule.id, by);
      else this.#found.delete(rule.id);
    }
  }
}

export const unreachableRules = (typed: TypedPolicy): readonly Unreachable[] => new UnreachableMemory().find(typed);

/** Warns of them. A rule of a `rules` block is meant for every policy that uses it: it is one of them if it decides in none. */
export function warnUnreachable(typed: TypedPolicy, report: Report, memory = new UnreachableMemory()): void {
  const found = memory.find(typed);
  if (found.length === 0) return;
  const written = ({ span: { source, start } }: Rule): string => `${source.path} ${start}`;
  const idle = new Set(found.map(({ rule }) => rule));
  const said = new Set(typed.rules.filter((rule) => rule.usedAt && !idle.has(rule)).map(written));
  for (const { rule, by } of found) {
    if (said.has(written(rule))) continue;
    said.add(written(rule));
    report('check/unreachable-rule', [rule.span, by.span], { how: by.action === 'pass' ? 'passed over' : 'decided' });
  }
}
