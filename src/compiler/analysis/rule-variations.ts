// What would become of verdicts if some rules were not there, or if one were asked before all others: the questions of lint, answered by
// the engine of diff in the boxes of these rules alone.
import type { Rule, TypedPolicy } from '../ir/typed.ts';
import type { Pattern } from '../space/pattern.ts';
import { type Cell, peerOf, peerSide } from './cell.ts';
import { type Both, cellsIn, clipped, compare, near, sidesOf, type Walk } from './changed-cells.ts';
import { contentClasses, remembered } from './content.ts';
import type { Change } from './effects.ts';
import { namesAmong, spacesOf } from './spaces.ts';
import {
  budget,
  type OwnedRule,
  type Place,
  placeName,
  placeOf,
  processDomains,
  ruleRelation,
  type SectionRules,
  type Spend,
  type Views,
} from './split.ts';

export class RuleVariations {
  readonly #typed: TypedPolicy;
  readonly #sides: Walk['sides'];
  readonly #contents;
  readonly #removed = new Set<Rule>();
  readonly #numbers = new Map<object, number>();
  /** By the patterns of names that they tell apart. */
  readonly #spaces = new Map<string, ReturnType<typeof spacesOf>>();
  readonly #limit: number;

  /** `limit`: parts of the events of a rule that one question may tell apart. */
  constructor(typed: TypedPolicy, limit: number) {
    this.#limit = limit;
    const classes = processDomains(typed).map((domain): Place => ({ section: 'process', domain }));
    this.#typed = typed;
    this.#sides = sidesOf(typed, typed, [{ section: 'ingress' }, { section: 'egress' }, ...classes]);
    this.#contents = contentClasses(typed.domains);
  }

  /** From now on they are not there. */
  remove(rules: readonly Rule[]): void {
    for (const rule of rules) this.#removed.add(rule);
  }

  /** The changes if these rules of one section were not there; each event that one of them decides is in one. @throws AnalysisLimit */
  *without(rules: readonly OwnedRule[]): Generator<Change> {
    for (const owned of rules) yield* this.#changes(owned, withoutThese(rules), (box) => box);
  }

  /**
   * Some of the same changes: those of flows whose other end has none of the labels that policies ask for. To find these costs little where a
   * rule speaks of very many endpoints that policies govern, and most rules change something there. @throws AnalysisLimit
   */
  *withoutAmongOthers(rules: readonly OwnedRule[]): Generator<Change> {
    for (const owned of rules) {
      const { section } = owned.rule;
      if (section === 'process') continue;
      const governing = this.#sides.get(section === 'ingress' ? 'egress' : 'ingress')?.before;
      yield* this.#changes(owned, withoutThese(rules), (box) => {
        const peer = governing?.apartFrom(peerOf(box, section));
        return peer && { ...box, [peerSide(section)]: peer };
      });
    }
  }

  /** The changes if the rule were asked first: who decides now what it matches. @throws AnalysisLimit */
  *first(owned: OwnedRule): Generator<Change> {
    const isIt = ({ rule }: OwnedRule): boolean => rule === owned.rule;
    const variation: Variation = {
      before: (one) => one,
      after: (list) => (list.some(isIt) ? [owned, ...list.filter((one) => !isIt(one))] : list),
    };
    yield* this.#changes(owned, variation, (box) => box);
  }

  /** The cells in which the rule matches, its content aside. */
  *boxes(owned: OwnedRule, spend: Spend): Generator<Cell> {
    const place = placeOf(owned.rule);
    const side = this.#sides.get(placeName(place));
    const rules = side ? [...side.before.rulesNear(owned.policy.subject)] : [];
    const patterns = rules.flatMap((rule) => (rule.section === 'process' ? [] : rule.peers.domains));
    for (const start of this.#spacesFor(patterns)[place.section])
      yield* cellsIn({ spend }, start, { relation: (cell) => ruleRelation(cell, owned) });
  }

  #spacesFor(patterns: readonly Pattern[]): ReturnType<typeof spacesOf> {
    const key = [...new Set(patterns.map((pattern) => JSON.stringify(pattern)))].sort().join();
    const spaces = this.#spaces.get(key) ?? spacesOf(namesAmong(patterns, this.#typed.domains));
    this.#spaces.set(key, spaces);
    return spaces;
  }

  /** `partOf`: of each box what is looked at; nothing of those that it gives none of. */
  *#changes(owned: OwnedRule, variation: Variation, partOf: (box: Cell) => Cell | undefined): Generator<Change> {
    const spend = budget(this.#limit);
    const numbers = this.#numbers;
    const numberOf: Walk['numberOf'] = (one) => {
      const thing = 'rule' in one ? one.rule : one;
      const number = numbers.get(thing) ?? numbers.size;
      numbers.set(thing, number);
      return number;
    };
    const walk: Walk = { sides: this.#sides, numberOf, contents: this.#contents, spend };
    const place = placeOf(owned.rule);
    for (const whole of this.boxes(owned, spend)) {
      const box = partOf(whole);
      if (!box) continue;
      const { before } = clipped(box, near(walk, place, box));
      const left = edited(before, (list) => list.filter(({ rule }) => !this.#removed.has(rule)));
      const own: Both = { before: edited(left, (list) => list.map(variation.before)), after: edited(left, variation.after) };
      yield* compare(walk, place, { box, own, earlier: [] });
    }
  }
}

type Variation = {
  readonly before: (one: OwnedRule) => OwnedRule;
  readonly after: (list: readonly OwnedRule[]) => readonly OwnedRule[];
};

function withoutThese(rules: readonly OwnedRule[]): Variation {
  const known = new Set(rules.map(({ rule }) => rule));
  return {
    before: (one) => (known.has(one.rule) ? marked(one) : one),
    after: (list) => list.filter(({ rule }) => !known.has(rule)),
  };
}

/** One that no other rule is the same as. */
const marked = ({ rule, policy }: OwnedRule): OwnedRule => ({
  rule: { ...rule, text: '' },
  policy: { ...policy, name: `${policy.name} ` },
});

function edited({ enforced, withAudit }: Views, change: (list: readonly OwnedRule[]) => readonly OwnedRule[]): Views {
  const of = remembered((section: SectionRules): SectionRules => ({ ...section, rules: change(section.rules) }));
  return { enforced: of(enforced), withAudit: of(withAudit) };
}
