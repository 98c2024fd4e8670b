// Splits the canonical texts of one domain into the classes that the patterns of its rules can tell apart. A policy that
// tells too many apart ends here, with the rule at which it becomes too many.
import type { Report } from '../diagnostics/diagnostic.ts';
import { limits } from '../ir/abi.ts';
import type { DomainMatch, Rule, TypedPolicy } from '../ir/typed.ts';
import type { ContentClasses } from '../ir/verdict-space.ts';
import { type Classification, classify, type Overshadowed, Work } from '../space/automaton.ts';
import type { Pattern } from '../space/pattern.ts';
import type { Ground, RuleHead } from './cover.ts';
import { Interned } from './intern.ts';
import { overshadowedBy } from './overshadowed.ts';
import { withoutImpossible } from './possible.ts';

/** Content classes, and for each pattern of a rule the classes that it matches. */
export type Contents = {
  readonly classes: ContentClasses;
  readonly classesOf: (pattern: Pattern) => readonly number[];
};

/** States on the way to the smallest automaton: twice what the kernel table holds. */
const attemptStates = 2 * limits.automatonStates;
/** Nobody asks: content is undecidable (0) or anything (1). */
const nothing: Contents = { classes: { automaton: undefined, classes: 2 }, classesOf: () => [] };

/** Does any policy speak of the domain, be it only by default deny? */
const isGoverned = ({ policies }: TypedPolicy, rules: readonly HeadedRule[], domain: string): boolean =>
  rules.some(({ match }) => match.domain === domain) || policies.some(({ defaultDeny }) => defaultDeny.process.includes(domain));

/** The patterns of one domain, and what they need not be looked for. */
type Question = { readonly patterns: readonly Pattern[]; readonly overshadowed: Overshadowed | undefined };

const ask = ({ patterns, overshadowed }: Question, work: Work, count = patterns.length): Classification | undefined =>
  classify(patterns.slice(0, count), attemptStates, { overshadowed, work });

/** So much work is done to find the pattern to blame: a few times what one that is too many takes. */
const blameWork = 32_000_000;

/** How much of the table is filled; more than 1 is too much, and undefined is too much to know. */
function filled(found: Classification | undefined): number | undefined {
  if (!found) return undefined;
  const { states, classes } = found.automaton;
  return Math.max(states / limits.automatonStates, (states * classes) / limits.automatonCells);
}

const isTooMuch = (part: number | undefined): boolean => part === undefined || part > 1;

/** So many patterns, and how much of the table they fill. */
type Tried = { readonly count: number; readonly part: number | undefined };

/** How many to try between some that fit and some that do not. What fits costs less the less it is: unless sizes are known, come from below. */
function between(fits: Tried, tooMany: Tried, attempt: number): number {
  const room = tooMany.count - fits.count;
  const isKnown = tooMany.part !== undefined && fits.part !== undefined;
  // A third is halved, lest a bend in the sizes make the steps small.
  if (!isKnown) return Math.min(Math.max(1, fits.count * 2), fits.count + (room >> 1));
  if (attempt % 3 === 2) return fits.count + (room >> 1);
  const share = (1 - (fits.part ?? 0)) / ((tooMany.part ?? 1) - (fits.part ?? 0));
  return fits.count + Math.min(room - 1, Math.max(1, Math.floor(room * share)));
}

/** The pattern that is too many for those before it. Where that takes too much work, a later one: those up to it are too many. */
function firstTooMany(question: Question, whole: Classification | undefined): number {
  const work = new Work();
  let fits: Tried = { count: 0, part: 0 };
  let tooMany: Tried = { count: question.patterns.length, part: filled(whole) };
  for (let attempt = 0; tooMany.count - fits.count > 1 && work.done < blameWork; attempt++) {
    const count = between(fits, tooMany, attempt);
    const tried = { count, part: filled(ask(question, work, count)) };
    if (isTooMuch(tried.part)) tooMany = tried;
    else fits = tried;
  }
  return tooMany.count - 1;
}

const fitsTable = (found: Classification | undefined): found is Classification => !isTooMuch(filled(found));

function tooLarge(found: Classification | undefined) {
  if (!found) return { found: `more than ${attemptStates}`, unit: 'states', limit: limits.automatonStates };
  const { states, classes } = found.automaton;
  if (states > limits.automatonStates) return { found: states, unit: 'states', limit: limits.automatonStates };
  return { found: states * classes, unit: 'cells', limit: limits.automatonCells };
}

/** A rule with content, with what it says beside it, and its content as kernel texts, where that can be said so. */
export type HeadedRule = {
  readonly rule: Rule;
  readonly head: RuleHead;
  /** In deciding order, among all rules. */
  readonly place: number;
  readonly match: DomainMatch;
  readonly pattern: Pattern | undefined;
};

/** `order`: all rules, without their content. */
type PolicyRules = {
  readonly typed: TypedPolicy;
  readonly order: readonly RuleHead[];
  readonly rules: readonly HeadedRule[];
  readonly ground: Ground;
};

/** Partitions the texts of `domain`; of too many patterns, reports the first that is too much. `rules` stand in deciding order. */
export function contentsOf(domain: string, { typed, order, rules, ground }: PolicyRules, report: Report): Contents {
  if (!isGoverned(typed, rules, domain)) return nothing;
  const patterns = new Interned<Pattern>((pattern) => JSON.stringify(pattern));
  const own = rules.flatMap(({ rule, place, match, pattern }) =>
    pattern && match.domain === domain ? [{ place, span: rule.span, pattern: patterns.number(pattern) }] : [],
  );
  const question = { patterns: patterns.values, overshadowed: overshadowedBy(ground, { order, rules: own }, patterns.values) };
  const found = ask(question, new Work());
  if (!fitsTable(found)) {
    const guilty = firstTooMany(question, found);
    for (const { span } of own.filter(({ pattern }) => pattern === guilty))
      report('plan/automaton-too-large', span, { domain, ...tooLarge(found) });
    return nothing;
  }
  const { automaton, classes, classesOf } = withoutImpossible(
    found,
    typed.domains.find(({ name }) => name === domain),
  );
  return {
    classes: { automaton, classes },
    classesOf: (pattern) => classesOf[patterns.number(pattern)] ?? [],
  };
}
