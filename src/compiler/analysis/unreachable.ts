// Rules that can never decide, because one rule that is asked before them decides, or passes over, every event that they
// match: enforced, and with what is in audit mode. Single rules are compared, not what several do together, and each search
// ends early: what is found is true, what is not found may still be.
import type { Report } from '../diagnostics/diagnostic.ts';
import { inDecidingOrder } from '../ir/deciding-order.ts';
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

/** When each rule is asked, by RuleId. */
class Order {
  readonly #places: Int32Array;
  readonly #tiers: readonly Tier[];
  /** Where the first `pass` of a section and tier stands. */
  readonly #passes = new Map<string, number>();

  constructor(typed: TypedPolicy) {
    this.#places = new Int32Array(typed.rules.length);
    this.#tiers = typed.policies.map(({ tier }) => tier);
    inDecidingOrder(typed).forEach((rule, place) => {
      this.#places[rule.id] = place;
      if (rule.action === 'pass' && !this.#passes.has(this.#partOf(rule))) this.#passes.set(this.#partOf(rule), place);
    });
  }

  #partOf(rule: Rule): string {
    return `${this.#tierOf(rule)} ${rule.section === 'process' ? rule.match.domain : rule.section}`;
  }

  #tierOf = ({ policy }: Rule): Tier => this.#tiers[policy] ?? 'normal';

  #placeOf = ({ id }: Rule): number => this.#places[id] ?? 0;

  isBefore = (a: Rule, b: Rule): boolean => this.#placeOf(a) < this.#placeOf(b);

  /**
   * Where both match, is `rule` asked for nothing? In one tier it is, whatever became of `earlier`: who was passed over passes
   * over the rest too. What is in audit mode leaves others what is enforced.
   */
  hides(earlier: Rule, rule: Rule): boolean {
    if (earlier.audit && !rule.audit) return false;
    if (this.#tierOf(earlier) !== this.#tierOf(rule)) {
      const passed = this.#passes.get(this.#partOf(earlier));
      if (earlier.action === 'pass' || (passed !== undefined && passed < this.#placeOf(earlier))) return false;
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
    const isSomebody = ({ subject }: Policy): boolean => cubesIn(subject.workloads).length > 0 || governedSets(subject).length > 0;
    this.#subjects = new CoveringSubjects(policies.map(({ subject }) => subject));
    this.#numbers = policies.map((policy, i) => (isSomebody(policy) ? this.#subjects.numbers[i] : undefined));
    for (const rule of rules) {
      const number = this.#numbers[rule.policy];
      if (number === undefined) continue;
      const ofSection = this.#rules[rule.section];
      ofSection[number] ??= new RuleIndex();
      ofSection[number].add(rule);
    }
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
}

/** Every rule for which a single earlier one is found. */
export function unreachableRules(typed: TypedPolicy): readonly Unreachable[] {
  const [order, governed, texts] = [new Order(typed), new Governed(typed), new Containment()];
  const deciderOf = (rule: Rule): Rule | undefined => {
    let left = mostTried;
    for (const rules of governed.around(rule)) {
      for (const other of rules.candidates(rule)) {
        if (!order.isBefore(other, rule) || !isAskedWith(other, rule)) continue;
        if (order.hides(other, rule) && ruleCovers(other, rule, texts)) return other;
        if (--left === 0) return undefined;
      }
    }
    return undefined;
  };
  const found: Unreachable[] = [];
  for (const rule of typed.rules) {
    const by = deciderOf(rule);
    if (by && !matchesNothing(rule, texts)) found.push({ rule, by });
  }
  return found;
}

/** Warns of them. A rule of a `rules` block is meant for every policy that uses it: it is one of them if it decides in none. */
export function warnUnreachable(typed: TypedPolicy, report: Report): void {
  const found = unreachableRules(typed);
  if (found.length === 0) return;
  const placeOf = ({ span: { source, start } }: Rule): string => `${source.path} ${start}`;
  const idle = new Set(found.map(({ rule }) => rule));
  const said = new Set(typed.rules.filter((rule) => rule.usedAt && !idle.has(rule)).map(placeOf));
  for (const { rule, by } of found) {
    if (said.has(placeOf(rule))) continue;
    said.add(placeOf(rule));
    report('check/unreachable-rule', [rule.span, by.span], { how: by.action === 'pass' ? 'passed over' : 'decided' });
  }
}
