// The content of requests and program starts, as classes: texts that the same patterns match. Exact, by one automaton
// over all patterns of a question; and what a class is called.
import type { DomainMatch } from '../ir/typed.ts';
import { classify } from '../space/automaton.ts';
import type { Pattern } from '../space/pattern.ts';
import { contentTexts } from './content-texts.ts';
import { AnalysisLimit } from './limit.ts';

/** Texts that match exactly the patterns with `matched[i]`. `example`: one that an event can have; absent if none can. */
export type TextClass = { readonly matched: readonly boolean[]; readonly example?: string };
/** What `patterns` (the alternatives of rules' patterns) tell apart. Equal questions of one ContentClasses give the same object. */
export type TextClasses = { readonly domain: string; readonly patterns: readonly Pattern[]; readonly classes: readonly TextClass[] };

const maximumStates = 100_000;
/** So many alternatives are told apart one by one, which reads better; more are taken rule by rule. */
const maximumAlternatives = 128;

export type ContentClasses = {
  /** The classes of what these matches of one domain can tell apart. @throws AnalysisLimit */
  readonly of: (domain: string, matches: readonly DomainMatch[]) => TextClasses;
  /** Do the texts of a class match? Asked only of a match that `of` was given. */
  readonly matches: (classes: TextClasses, text: TextClass, match: DomainMatch) => boolean;
};

const alternatives = (pattern: Pattern): readonly Pattern[] =>
  pattern.kind === 'either' ? pattern.parts.flatMap(alternatives) : [pattern];

/** Remembers classes; keep one for a whole analysis. */
export function contentClasses(): ContentClasses {
  const keys = new WeakMap<Pattern, string>();
  const keyOf = (pattern: Pattern): string => {
    const key = keys.get(pattern) ?? JSON.stringify(pattern);
    keys.set(pattern, key);
    return key;
  };
  const known = new Map<string, TextClasses>();
  const places = new Map<TextClasses, ReadonlyMap<string, number>>();
  const made = (domain: string, matches: readonly DomainMatch[]): TextClasses => {
    const whole = new Map(matches.map(({ pattern }) => [keyOf(pattern), pattern]));
    const parts = new Map([...whole.values()].flatMap(alternatives).map((pattern) => [keyOf(pattern), pattern]));
    const patterns = parts.size > maximumAlternatives ? whole : parts;
    const classes = classesOf(domain, [...patterns.values()]);
    places.set(classes, new Map([...patterns.keys()].map((key, i) => [key, i])));
    return classes;
  };
  return {
    of: (domain, matches) => {
      const question = [domain, ...new Set(matches.map(({ pattern }) => keyOf(pattern)).sort())].join('\n');
      const classes = known.get(question) ?? made(domain, matches);
      known.set(question, classes);
      return classes;
    },
    matches: (classes, text, { pattern }) => {
      const place = (part: Pattern): number => places.get(classes)?.get(keyOf(part)) ?? -1;
      const own = place(pattern);
      return own >= 0 ? text.matched[own] === true : alternatives(pattern).some((part) => text.matched[place(part)] === true);
    },
  };
}

function classesOf(domain: string, patterns: readonly Pattern[]): TextClasses {
  const { possible, impossible, familiar } = contentTexts(domain);
  const found = classify([...patterns, possible, impossible, familiar], maximumStates);
  if (!found) throw new AnalysisLimit('pattern states', maximumStates);
  const members = found.classesOf.map((classes) => new Set(classes));
  const decoder = new TextDecoder();
  const classes = new Map<string, TextClass & { readonly rank: number }>();
  for (let number = 1; number < found.classes; number++) {
    const matched = patterns.map((_, i) => members[i]?.has(number) ?? false);
    const [isPossible, isImpossible, isFamiliar] = members.slice(patterns.length).map((classes) => classes.has(number));
    const isEvent = isPossible === true && isImpossible === false;
    const rank = isEvent ? (isFamiliar ? 2 : 1) : 0;
    const before = classes.get(matched.join());
    if (before && before.rank >= rank) continue;
    classes.set(matched.join(), { matched, rank, ...(isEvent ? { example: decoder.decode(found.witnesses[number]) } : {}) });
  }
  return {
    domain,
    patterns,
    classes: [...classes.values()].map(({ matched, example }) => ({ matched, ...(example === undefined ? {} : { example }) })),
  };
}
