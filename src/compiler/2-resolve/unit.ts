// What all parts of this phase share: where to report, and which words are refused by name.
import { closest } from '../base/closest.ts';
import type { Span } from '../base/source.ts';
import type { Report } from '../diagnostics/diagnostic.ts';
import type { Domains } from '../domains/domain.ts';
import type { ResolvedPolicy } from '../ir/resolved.ts';
import { isLater, type later } from './vocabulary.ts';

export type Unit = {
  readonly report: Report;
  readonly domains: Domains;
  /** Words that this version knows by name only; 3-check reports them. */
  readonly unsupported: ResolvedPolicy['unsupported'][number][];
  /** The known name nearest to one; undefined when none is near, or when too many were compared already. */
  readonly suggest: (name: string, known: Iterable<string>) => string | undefined;
};

/** Comparisons of names in one compilation: enough for any real policy, few enough for a hostile one. */
const mostComparisons = 300_000;

export function newUnit(domains: Domains, report: Report): Unit {
  let compared = 0;
  const counted = function* (known: Iterable<string>): Iterable<string> {
    for (const name of known) {
      if (compared++ > mostComparisons) return;
      yield name;
    }
  };
  return { report, domains, unsupported: [], suggest: (name, known) => closest(name, counted(known)) };
}

type WordPlace = { readonly text: string; readonly span: Span };
type Vocabulary = { readonly place: keyof typeof later; readonly expected: string; readonly known: readonly string[] };

/** Refuses a word: as one of a later version, or as unknown. */
export function refuseWord(unit: Unit, word: WordPlace, { place, expected, known }: Vocabulary): void {
  if (isLater(place, word.text)) unit.unsupported.push({ what: `\`${word.text}\``, span: word.span });
  else unit.report('resolve/unknown-word', word.span, { expected, word: word.text, suggestion: unit.suggest(word.text, known) });
}
