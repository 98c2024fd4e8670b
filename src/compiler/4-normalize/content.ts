// Splits the canonical texts of one domain into the classes that the patterns of its rules can tell apart. A policy that
// tells too many apart ends here, with the rule at which it becomes too many.
import type { Report } from '../diagnostics/diagnostic.ts';
import { limits } from '../ir/abi.ts';
import type { DomainMatch, Rule, TypedPolicy } from '../ir/typed.ts';
import type { ContentClasses } from '../ir/verdict-space.ts';
import type { Pattern } from '../space/pattern.ts';
import type { Ground, RuleHead } from './cover.ts';
import { Interned } from './intern.ts';
import { overshadowedBy } from './overshadowed.ts';
import { possibleTexts, withoutImpossible } from './possible.ts';
import { classified, firstTooMany, fitsRoom, tooLarge } from './too-large.ts';

/** Content classes, and for each pattern of a rule the classes that it matches. */
export type Contents = {
  readonly classes: ContentClasses;
  readonly classesOf: (pattern: Pattern) => readonly number[];
};

const room = { states: limits.automatonStates, cells: limits.automatonCells };
/** Nobody asks: content is undecidable (0) or anything (1). */
const nothing: Contents = { classes: { automaton: undefined, classes: 2 }, classesOf: () => [] };

/** Does any policy speak of the domain, be it only by default deny? */
const isGoverned = ({ policies }: TypedPolicy, rules: readonly HeadedRule[], domain: string): boolean =>
  rules.some(({ match }) => match.domain === domain) || policies.some(({ defaultDeny }) => defaultDeny.process.includes(domain));

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
export type PolicyRules = {
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
  const question = { patterns: patterns.values, overshadowed: overshadowedBy(ground, { order, rules: own }, patterns.values), room };
  const found = classified(question);
  if (!fitsRoom(found, room)) {
    const guilty = firstTooMany(question, found);
    for (const { span } of own.filter(({ pattern }) => pattern === guilty))
      report('plan/automaton-too-large', span, { domain, ...tooLarge(found, room) });
    return nothing;
  }
  const possible = possibleTexts(typed.domains.find(({ name }) => name === domain));
  const { automaton, classes, classesOf } = withoutImpossible(found, possible);
  return {
    classes: { automaton, classes },
    classesOf: (pattern) => classesOf[patterns.number(pattern)] ?? [],
  };
}
