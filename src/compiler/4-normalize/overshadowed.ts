// Which patterns need not be looked for where another one matches: if every rule with the one is reached by a rule before
// it with the other, then where both match the other has decided. Following only what can still decide keeps automata
// small: many `**` in one policy would else multiply.

import type { Overshadowed } from '../space/automaton.ts';
import { anyText, type Pattern } from '../space/pattern.ts';
import { Covering, type Ground, type Head, isSubset, type RuleHead } from './cover.ts';
import { Interned } from './intern.ts';

/**
 * The number of a pattern, and the place of a rule that has it. `beside`: the numbers of what its line tests in other fields,
 * ascending; `isSure`: none of it can be undecidable.
 */
export type PatternRule = { readonly pattern: number; readonly place: number; readonly beside?: Beside };
export type Beside = { readonly tests: readonly number[]; readonly isSure: boolean };
const alone: Beside = { tests: [], isSure: true };

const isAnyText = (pattern: Pattern): boolean =>
  pattern.kind === 'repeat' &&
  pattern.part.kind === 'byte' &&
  JSON.stringify(pattern.part) === JSON.stringify(anyText.kind === 'repeat' ? anyText.part : anyText);

/** Can a text be such that whatever follows, it matches? Only such patterns save work. */
function isOpenEnded(pattern: Pattern): boolean {
  switch (pattern.kind) {
    case 'sequence':
      return pattern.parts.slice(-1).some(isOpenEnded);
    case 'either':
      return pattern.parts.some(isOpenEnded);
    case 'repeat':
      return isAnyText(pattern);
    case 'both':
      return pattern.parts.every(isOpenEnded);
    case 'not':
      return true;
    case 'literal':
    case 'byte':
      return false;
  }
}

type Use = { readonly head: Head; readonly beside: Beside };
/** A use, and the first place in the order at which a pattern has it. */
type Placed = Use & { readonly number: number; readonly place: number };

/** Where all that `part` tests in other fields holds, what `whole` tests there holds too, for sure. */
const besideCovers = (whole: Beside, part: Beside): boolean => whole.isSure && isSubset(whole.tests, part.tests);

/** The heads of one pattern. */
class HeadsOfPattern {
  readonly all = new Map<number, Placed>();
  readonly #ofSubject = new Map<number, Placed[]>();
  readonly #ofEveryone: Placed[] = [];

  add(placed: Placed, isOfEveryone: boolean): void {
    if (this.all.has(placed.number)) return;
    this.all.set(placed.number, placed);
    const own = isOfEveryone ? this.#ofEveryone : (this.#ofSubject.get(placed.head.subject) ?? []);
    own.push(placed);
    if (!isOfEveryone) this.#ofSubject.set(placed.head.subject, own);
  }

  get isOfEveryone(): boolean {
    return this.#ofEveryone.length > 0;
  }

  get subjects(): readonly number[] {
    return [...this.#ofSubject.keys()];
  }

  /** Does one of them, asked before, fulfil a condition? */
  some({ head, place }: Placed, holds: (earlier: Placed) => boolean): boolean {
    const isOne = (earlier: Placed): boolean => earlier.place < place && holds(earlier);
    return this.#ofEveryone.some(isOne) || this.#ofSubject.get(head.subject)?.some(isOne) === true;
  }
}

/** What a `pass` passes over, if it is asked first. */
const partOf = ({ section, tier }: RuleHead): string => `${section} ${tier}`;

/** The first `pass` of each section and tier. */
function firstPasses(order: readonly RuleHead[]): ReadonlyMap<string, number> {
  const passes = new Map<string, number>();
  order.forEach((rule, place) => {
    if (rule.action === 'pass' && !passes.has(partOf(rule))) passes.set(partOf(rule), place);
  });
  return passes;
}

const headOf = ({ subject, section, tier, action, audit, peers, ports }: RuleHead, isSure: boolean): Head => ({
  subject,
  section,
  tier,
  audit,
  isPass: action === 'pass',
  isSure,
  ...(peers && { peers }),
  ...(ports && { ports }),
});

type Rules = {
  /** All that there are, in deciding order. */
  readonly order: readonly RuleHead[];
  /** All with these patterns. */
  readonly rules: readonly PatternRule[];
};

class PatternHeads implements Overshadowed {
  readonly #covering: Covering;
  readonly #openEnded: readonly boolean[];
  readonly #uses = new Interned<Use>((use) => JSON.stringify(use));
  readonly #of: readonly HeadsOfPattern[];
  /** Subject -> the only pattern that it has to do with, or `several`. */
  readonly #patternOf = new Map<number, number | 'several'>();
  readonly #known = new Map<number, boolean>();

  constructor(ground: Ground, { order, rules }: Rules, openEnded: readonly boolean[]) {
    this.#covering = new Covering(ground);
    this.#openEnded = openEnded;
    this.#of = openEnded.map(() => new HeadsOfPattern());
    const passes = firstPasses(order);
    for (const { pattern, place, beside = alone } of rules) {
      const one = order[place];
      if (one) this.#add(pattern, { head: headOf(one, (passes.get(partOf(one)) ?? place) >= place), beside }, place);
    }
  }

  #add(pattern: number, use: Use, place: number): void {
    const { head } = use;
    this.#of[pattern]?.add({ number: this.#uses.numberOnce(use), ...use, place }, this.#covering.isOfEveryone(head));
    const other = this.#patternOf.get(head.subject) ?? pattern;
    this.#patternOf.set(head.subject, other === pattern ? pattern : 'several');
  }

  mayBeBy = (by: number): boolean => {
    const heads = this.#of[by];
    if (!this.#openEnded[by] || !heads) return false;
    return heads.isOfEveryone || heads.subjects.some((subject) => this.#patternOf.get(subject) === 'several');
  };

  isBy = (pattern: number, by: number): boolean => {
    const [wholes, parts] = [this.#of[by], this.#of[pattern]];
    if (!this.#openEnded[by] || !wholes || !parts) return false;
    for (const part of parts.all.values()) if (!wholes.some(part, (whole) => this.#covers(whole, part))) return false;
    return true;
  };

  #covers(whole: Placed, part: Placed): boolean {
    const key = whole.number * this.#uses.values.length + part.number;
    const answer = this.#known.get(key) ?? (besideCovers(whole.beside, part.beside) && this.#covering.covers(whole.head, part.head));
    this.#known.set(key, answer);
    return answer;
  }
}

/** Which patterns overshadow which; undefined if none does. */
export function overshadowedBy(ground: Ground, rules: Rules, patterns: readonly Pattern[]): Overshadowed | undefined {
  const openEnded = patterns.map(isOpenEnded);
  return patterns.length > 1 && openEnded.includes(true) ? new PatternHeads(ground, rules, openEnded) : undefined;
}
