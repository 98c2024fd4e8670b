// The content of requests and program starts, as classes: texts that the same patterns match. Exact, by one automaton
// over all patterns of a question; and what a class is called.
import type { DomainMatch } from '../ir/typed.ts';
import { classify } from '../space/automaton.ts';
import type { Pattern } from '../space/pattern.ts';
import { contentTexts } from './content-texts.ts';
import { AnalysisLimit } from './limit.ts';

/** Texts that match exactly the patterns with `matched[i]`. `example`: one that an event can have; absent if none can. */
export type TextClass = { readonly matched: readonly boolean[]; readonly example?: string };
/** What `patterns` tell apart. Equal questions of one ContentClasses give the same object. */
export type TextClasses = { readonly domain: string; readonly patterns: readonly Pattern[]; readonly classes: readonly TextClass[] };

const maximumStates = 100_000;
export type ContentClasses = {
  /** The classes of what these matches of one domain can tell apart. @throws AnalysisLimit */
  readonly of: (domain: string, matches: readonly DomainMatch[]) => TextClasses;
  /** Place of a match's pattern in `TextClasses.patterns`. */
  readonly indexOf: (classes: TextClasses, match: DomainMatch) => number;
};

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
  return {
    of: (domain, matches) => {
      const patterns = new Map(matches.map(({ pattern }) => [keyOf(pattern), pattern]));
      const question = [domain, ...[...patterns.keys()].sort()].join('\n');
      const classes = known.get(question) ?? classesOf(domain, [...patterns.values()]);
      known.set(question, classes);
      if (!places.has(classes)) places.set(classes, new Map(classes.patterns.map((pattern, i) => [keyOf(pattern), i])));
      return classes;
    },
    indexOf: (classes, { pattern }) => places.get(classes)?.get(keyOf(pattern)) ?? -1,
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
