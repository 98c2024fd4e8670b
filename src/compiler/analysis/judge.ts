// Verdicts of several rule lists on one undivided cell, for each class of content that any of them can tell apart.
import type { DomainMatch } from '../ir/typed.ts';
import type { ClassesOfDomain, ContentClass, ContentClasses } from './content.ts';
import { admit, type Decision, decide, type Truth } from './decide.ts';
import { contentOf, type Speakers } from './split.ts';

/** One class of content: `every` where no rule asks for content; `connection` is the question without a request. */
export type Item =
  | { readonly kind: 'every' | 'connection' }
  | { readonly kind: 'undecidable'; readonly domain: string }
  | { readonly kind: 'content'; readonly classes: ClassesOfDomain; readonly content: ContentClass };

/** `decisions[i]`: of the i-th list. */
export type Judgement = { readonly item: Item; readonly decisions: readonly Decision[] };

/** What to ask of content: `connection` too? `asked`: told apart beside what the rules tell apart. */
export type Question = { readonly contents: ContentClasses; readonly connection: boolean; readonly asked: readonly DomainMatch[] };

/** @throws AnalysisLimit */
export function judge(lists: readonly Speakers[], { contents, connection, asked }: Question): readonly Judgement[] {
  const matches = [...asked, ...lists.flatMap(({ rules }) => rules.flatMap(({ rule }) => contentOf(rule) ?? []))];
  const domains = [...new Set(matches.map(({ domain }) => domain))].sort();
  if (domains.length === 0) return [{ item: { kind: 'every' }, decisions: lists.map((speakers) => decide(speakers, () => false)) }];
  const unreadable = lists.map((speakers) => decide(speakers, () => 'undecidable'));
  const ofDomains = domains.map((domain) =>
    contents.of(
      domain,
      matches.filter((match) => match.domain === domain),
    ),
  );
  const readable = ofDomains.flatMap((classes) => contentJudgements(lists, classes, contents));
  const neverSent = ofDomains.flatMap((classes) => classes.neverSent.map((content) => decisionsOn(lists, { classes, content }, contents)));
  const undecidable = domains.map((domain): Judgement => ({ item: { kind: 'undecidable', domain }, decisions: unreadable }));
  if (!connection) return [...readable, ...undecidable];
  const admitted = lists.map((speakers, i) =>
    admit(
      speakers,
      [...readable.map(({ decisions }) => decisions), ...neverSent].flatMap((decisions) => decisions[i] ?? []),
      unreadable[i] ?? { kind: 'default-deny' },
    ),
  );
  return [{ item: { kind: 'connection' }, decisions: admitted }, ...readable, ...undecidable];
}

const contentJudgements = (lists: readonly Speakers[], classes: ClassesOfDomain, contents: ContentClasses): readonly Judgement[] =>
  classes.classes.map((content) => ({
    item: { kind: 'content', classes, content },
    decisions: decisionsOn(lists, { classes, content }, contents),
  }));

type OfClass = { readonly classes: ClassesOfDomain; readonly content: Pick<ContentClass, 'matched'> };

function decisionsOn(lists: readonly Speakers[], { classes, content }: OfClass, contents: ContentClasses): readonly Decision[] {
  const truth = (match: DomainMatch | undefined): ReturnType<Truth> =>
    match?.domain === classes.domain.name ? contents.truthOf(classes, content, match) : 'undecidable';
  return lists.map((speakers) => decide(speakers, ({ rule }) => truth(contentOf(rule))));
}
