// Changes of what a rule says of content: a line less, a test of a field less, an alternative of a test less.
import type { DomainSpec, LineMatch, ValueSet } from '../domains/domain.ts';
import type { DomainMatch } from '../ir/typed.ts';
import { lineWords } from './content-words.ts';

export type Change<T> = { readonly what: string; readonly value: T };
/** Changes of one kind in one rule: long lists are thinned out. */
export const mostAlike = 12;

/** Each of several alternatives left out. */
export function without<T>(items: readonly T[], words: (item: T) => string): readonly Change<readonly T[]>[] {
  return items.map((item, i) => ({ what: `without ${words(item)}`, value: items.filter((_, other) => other !== i) })).slice(0, mostAlike);
}

/** A match that no event meets: one of no lines. */
export const neverMatch = ({ domain }: DomainMatch): DomainMatch => ({ domain, lines: [] });

export function contentChanges(match: DomainMatch, domain: DomainSpec): readonly Change<DomainMatch>[] {
  const { lines } = match;
  const words = (line: LineMatch): string => lineWords(domain, line);
  const fewerLines = lines.length < 2 ? [] : without(lines, words);
  const inLines = lines.flatMap((line, place) =>
    lineChanges(line, words).map(({ what, value }) => ({ what, value: lines.map((one, i) => (i === place ? value : one)) })),
  );
  return [...fewerLines, ...inLines].map(({ what, value }) => ({ what, value: { ...match, lines: value } }));
}

/** Without its only test a line holds for every event: that is a change of the whole rule. */
function lineChanges(line: LineMatch, words: (line: LineMatch) => string): readonly Change<LineMatch>[] {
  const fewerTests =
    line.length < 2
      ? []
      : line.map((test, i) => ({ what: `without the test \`${words([test])}\``, value: line.filter((_, at) => at !== i) }));
  const fewerValues = line.flatMap((test, place) =>
    alternatives(test.values).map((values) => {
      const left = { ...test, values };
      return { what: `with \`${words([left])}\` instead of \`${words([test])}\``, value: line.map((one, i) => (i === place ? left : one)) };
    }),
  );
  return [...fewerTests, ...fewerValues];
}

/** Each of several alternatives left out. */
function alternatives(values: ValueSet): readonly ValueSet[] {
  const all = values.kind === 'number' ? values.ranges : values.pattern.kind === 'either' ? values.pattern.parts : [];
  if (all.length < 2) return [];
  const places = all.map((_, i) => i).slice(0, mostAlike);
  return places.map((i): ValueSet => {
    if (values.kind === 'number') return { kind: 'number', ranges: values.ranges.filter((_, at) => at !== i) };
    const parts = values.pattern.kind === 'either' ? values.pattern.parts.filter((_, at) => at !== i) : [];
    return { kind: 'text', pattern: { kind: 'either', parts } };
  });
}
