// Splits the canonical texts of one domain into the classes that the patterns of its rules can tell apart. A policy that
// tells too many apart ends here, with the rule at which it becomes too many.
import type { Report } from '../diagnostics/diagnostic.ts';
import { limits } from '../ir/abi.ts';
import type { DomainMatch, Rule, TypedPolicy } from '../ir/typed.ts';
import type { ContentClasses } from '../ir/verdict-space.ts';
import { type Classification, classify, type Overshadowed } from '../space/automaton.ts';
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
type Question = { readonly patterns: readonly Pattern[]; readonly overshadowed: Overshadowed };

const ask = ({ patterns, overshadowed }: Question, count = patterns.length): Classification | undefined =>
  classify(patterns.slice(0, count), attemptStates, overshadowed);

/** Each attempt may take as long as the one that failed. */
const mostAttempts = 4;

/** About the fewest patterns, from the front, that are too many together: where the blame begins. */
function firstTooMany(question: Question): number {
  let fits = 0;
  let tooMany = question.patterns.length;
  for (let attempt = 0; attempt < mostAttempts && tooMany - fits > 1; attempt++) {
    const middle = (fits + tooMany) >> 1;
    if (fitsTable(ask(question, middle))) fits = middle;
    else tooMany = middle;
  }
  return tooMany - 1;
}

function fitsTable(found: Classification | undefined): found is Classification {
  if (!found) return false;
  const { states, classes } = found.automaton;
  return states <= limits.automatonStates && states * classes <= limits.automatonCells;
}

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

/** Partitions the texts of `domain`; of too many patterns, reports the first that is too much. `rules` stand in deciding order. */
export function contentsOf(
  domain: string,
  { typed, rules, ground }: { readonly typed: TypedPolicy; readonly rules: readonly HeadedRule[]; readonly ground: Ground },
  report: Report,
): Contents {
  if (!isGoverned(typed, rules, domain)) return nothing;
  const patterns = new Interned<Pattern>((pattern) => JSON.stringify(pattern));
  const own = rules.flatMap(({ rule, head, match, pattern }) =>
    pattern && match.domain === domain ? [{ ...head, span: rule.span, pattern: patterns.number(pattern) }] : [],
  );
  const question = { patterns: patterns.values, overshadowed: overshadowedBy(ground, own, patterns.values) };
  const found = ask(question);
  if (!fitsTable(found)) {
    const guilty = firstTooMany(question);
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
