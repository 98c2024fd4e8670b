// Verdicts of several rule lists on one undivided cell, for each class of content that any of them can tell apart.
import type { DomainMatch } from '../ir/typed.ts';
import type { ContentClasses, TextClass, TextClasses } from './content.ts';
import { admit, type Decision, decide, type Truth } from './decide.ts';
import { contentOf, type Speakers } from './split.ts';

/** One class of content: `every` where no rule asks for content; `connection` is the question without a request. */
export type Item =
  | { readonly kind: 'every' | 'connection' }
  | { readonly kind: 'undecidable'; readonly domain: string }
  | { readonly kind: 'text'; readonly classes: TextClasses; readonly text: TextClass };

/** `decisions[i]`: of the i-th list. */
export type Judgement = { readonly item: Item; readonly decisions: readonly Decision[] };

/** @throws AnalysisLimit */
export function judge(lists: readonly Speakers[], contents: ContentClasses, hasConnections: boolean): readonly Judgement[] {
  const matches = lists.flatMap(({ rules }) => rules.flatMap(({ rule }) => contentOf(rule) ?? []));
  const domains = [...new Set(matches.map(({ domain }) => domain))].sort();
  if (domains.length === 0) return [{ item: { kind: 'every' }, decisions: lists.map((speakers) => decide(speakers, () => false)) }];
  const unreadable = lists.map((speakers) => decide(speakers, () => 'undecidable'));
  const texts = domains.map((domain) =>
    textJudgements(
      lists,
      contents.of(
        domain,
        matches.filter((match) => match.domain === domain),
      ),
      contents,
    ),
  );
  const admitted = lists.map((speakers, i) =>
    admit(
      speakers,
      texts.flat().flatMap(({ decisions }) => decisions[i] ?? []),
      unreadable[i] ?? { kind: 'default-deny' },
    ),
  );
  const undecidable = domains.map((domain): Judgement => ({ item: { kind: 'undecidable', domain }, decisions: unreadable }));
  const connection: readonly Judgement[] = hasConnections ? [{ item: { kind: 'connection' }, decisions: admitted }] : [];
  return [...connection, ...texts.flat().filter(isEvent), ...undecidable];
}

/** A class of texts that no event has still counts for "some request would be allowed"; it is no event itself. */
const isEvent = ({ item }: Judgement): boolean => item.kind !== 'text' || item.text.example !== undefined;

function textJudgements(lists: readonly Speakers[], classes: TextClasses, contents: ContentClasses): readonly Judgement[] {
  return classes.classes.map((text) => {
    const matches = (match: DomainMatch | undefined): ReturnType<Truth> =>
      match?.domain === classes.domain ? contents.matches(classes, text, match) : 'undecidable';
    return {
      item: { kind: 'text', classes, text },
      decisions: lists.map((speakers) => decide(speakers, ({ rule }) => matches(contentOf(rule)))),
    };
  });
}
