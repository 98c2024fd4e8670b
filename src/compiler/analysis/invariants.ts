// Invariants over all events: each statement is proved, or refuted with the simplest event that breaks it. Nothing is
// sampled: the events that the statement is about fall into cells and classes of content that the rules cannot tell
// apart, and every one of them is decided. It shares no code with the oracle, which only says the verdict of the event found.
import type { PolicyEvent, Verdict } from '../ir/event.ts';
import type { Ends, Invariant, TypedPolicy } from '../ir/typed.ts';
import { type Cell, type End, endRelation, governedRelation, subjectRelation, transportRelation } from './cell.ts';
import { type ContentClasses, contentClasses } from './content.ts';
import { isAllowed } from './decide.ts';
import { type Item, type Judgement, judge } from './judge.ts';
import { AnalysisLimit } from './limit.ts';
import { verdictOf } from './oracle.ts';
import { allOf, anyOf, lift, negated, type Relation } from './relation.ts';
import { flowSpaces, namesOf, processSpaces } from './spaces.ts';
import { askAll, budget, maximumCells, type SectionRules, type Speakers, viewsOf, within } from './split.ts';
import { flowIn, processEventIn, requestIn } from './witness.ts';

/** `vacuous`: there is no event that the statement is about. `refuted`: an event as simple as there is that breaks it, and its verdict. */
export type InvariantOutcome =
  | { readonly kind: 'proved'; readonly invariant: Invariant; readonly vacuous: boolean }
  | { readonly kind: 'refuted'; readonly invariant: Invariant; readonly event: PolicyEvent; readonly verdict: Verdict };

/**
 * One outcome for each statement, in order. Flows are between two endpoints: what one sends to itself is always allowed, and
 * no statement is about it.
 * @throws AnalysisLimit
 */
export function checkInvariants(typed: TypedPolicy, limit = maximumCells): readonly InvariantOutcome[] {
  const known = { typed, contents: contentClasses(typed.domains), spaces: spacesIn(typed) };
  return typed.invariants.map((invariant) => {
    const { event, vacuous } = counterexample({ ...known, spend: budget(limit) }, invariant);
    return event ? { kind: 'refuted', invariant, event, verdict: verdictOf(typed, event) } : { kind: 'proved', invariant, vacuous };
  });
}

/** Where to look: everything that can happen, and the sections that decide it. */
type Space = { readonly starts: readonly Cell[]; readonly sections: readonly SectionRules[] };
type Walk = {
  readonly typed: TypedPolicy;
  readonly contents: ContentClasses;
  readonly spaces: (invariant: Invariant) => Space;
  readonly spend: (rules?: number) => void;
};

/** Of all statements about flows, and of all about one class of what processes do, it is the same. */
function spacesIn(typed: TypedPolicy): Walk['spaces'] {
  const known = new Map<string, Space>();
  return (invariant) => {
    const domain = invariant.kind === 'process' ? invariant.match.domain : undefined;
    const made = known.get(domain ?? '') ?? spaceOf(typed, domain);
    known.set(domain ?? '', made);
    return made;
  };
}

export function spaceOf(typed: TypedPolicy, domain: string | undefined): Space {
  if (domain !== undefined) return { starts: processSpaces, sections: [viewsOf(typed, 'process', domain).enforced] };
  const sections = [viewsOf(typed, 'egress').enforced, viewsOf(typed, 'ingress').enforced];
  return { starts: flowSpaces(namesOf([typed])), sections };
}

type Found = { readonly event: PolicyEvent | undefined; readonly vacuous: boolean };

/** The simplest event that breaks the statement. Once there is one, the limit ends the search for a simpler one. */
function counterexample(walk: Walk, invariant: Invariant): Found {
  let best: { readonly event: PolicyEvent; readonly weight: number } | undefined;
  let vacuous = true;
  try {
    for (const { event, isReadable } of examined(walk, invariant)) {
      if (isReadable) vacuous = false;
      const weight = event ? weightOf(event) : 0;
      if (event && (!best || weight < best.weight)) best = { event, weight };
    }
  } catch (error) {
    if (!best || !(error instanceof AnalysisLimit)) throw error;
  }
  return { event: best?.event, vacuous };
}

/** Of each cell that the statement is about: an event that breaks it; whether any of its events can be read. */
type Examined = { readonly event: PolicyEvent | undefined; readonly isReadable: boolean };

function* examined(walk: Walk, invariant: Invariant): Generator<Examined> {
  const { starts, sections } = walk.spaces(invariant);
  for (const start of starts)
    for (const { cell, lists } of decidedCells(walk, start, { sections, about: (part) => aboutRelation(part, invariant) }))
      yield examine(walk, invariant, { cell, lists });
}

/**
 * How the events that the statement is about lie to a cell, content aside. `only` is not about flows of which no policy is
 * asked, since neither end can be governed: of all others than the named ones there are always such.
 */
export function aboutRelation(cell: Cell, invariant: Invariant): Relation<Cell> {
  const isOnly = invariant.quantifier === 'only';
  if (invariant.kind === 'process') {
    const subject = subjectRelation(cell, 'process', invariant.subject);
    return isOnly ? negated(subject) : subject;
  }
  const { source, destination, transport } = invariant;
  const from = (relation: Relation<End>): Relation<Cell> => lift(relation, (end) => ({ ...cell, source: end }));
  const to = (relation: Relation<End>): Relation<Cell> => lift(relation, (end) => ({ ...cell, destination: end }));
  const place = [() => to(endsRelation(cell.destination, destination)), () => transportRelation(cell, transport)];
  if (!isOnly) return allOf([() => from(endsRelation(cell.source, source)), ...place], (relate) => relate());
  const governed = () =>
    anyOf([() => from(governedRelation(cell.source)), () => to(governedRelation(cell.destination))], (relate) => relate());
  return allOf([() => negated(from(endsRelation(cell.source, source))), ...place, governed], (relate) => relate());
}

const endsRelation = (end: End, { of, except }: Ends): Relation<End> =>
  except ? allOf([() => endRelation(end, of), () => negated(endRelation(end, except))], (relate) => relate()) : endRelation(end, of);

type Asked = { readonly sections: readonly SectionRules[]; readonly about: (cell: Cell) => Relation<Cell> };
type DecidedCell = { readonly cell: Cell; readonly lists: readonly Speakers[] };

/** The cells that the statement is about and the sections cannot tell apart further. */
export function* decidedCells({ spend }: Pick<Walk, 'spend'>, start: Cell, asked: Asked): Generator<DecidedCell> {
  const waiting = [{ cell: start, sections: asked.sections }];
  for (let open = waiting.pop(); open !== undefined; open = waiting.pop()) {
    const { cell } = open;
    spend(open.sections.reduce((sum, { rules }) => sum + rules.length, 0));
    const about = asked.about(cell);
    if (about.kind === 'apart') continue;
    const sections = about.kind === 'split' ? open.sections : open.sections.map((section) => within(cell, section));
    const found = about.kind === 'split' ? about : askAll(cell, sections);
    if (found.kind === 'split') waiting.push(...found.halves.map((half) => ({ cell: half, sections })).reverse());
    else yield { cell, lists: found.lists };
  }
}

function examine({ contents }: Walk, invariant: Invariant, { cell, lists }: DecidedCell): Examined {
  const match = invariant.kind === 'process' ? invariant.match : invariant.request;
  const isWanted = (item: Item): boolean =>
    match ? isAbout(contents, invariant, item) : item.kind === 'connection' || item.kind === 'every';
  const wanted = judge(lists, { contents, connection: !match, asked: match ? [match] : [] }).filter(({ item }) => isWanted(item));
  const broken = wanted.filter(({ decisions }) => decisions.every(isAllowed) !== (invariant.quantifier === 'every'));
  const isReadable = wanted.some(({ item }) => item.kind !== 'undecidable') && eventIn(cell, invariant, wanted) !== undefined;
  return { event: eventIn(cell, invariant, broken), isReadable };
}

/** An event of the cell with one of these contents. */
function eventIn(cell: Cell, invariant: Invariant, among: readonly Judgement[]): PolicyEvent | undefined {
  if (among.length === 0) return undefined;
  const asked = invariant.kind === 'process' || invariant.request !== undefined;
  const request = asked ? requestIn(among.map(({ item }) => item)) : undefined;
  if (invariant.kind === 'process') return request && processEventIn(cell, request);
  const flow = flowIn(cell);
  return flow && (request ? { ...flow, request } : flow);
}

/** Is an event with this content one that the statement is about? To what must be denied belongs what may be such. */
export function isAbout(contents: ContentClasses, invariant: Invariant, item: Item): boolean {
  const match = invariant.kind === 'process' ? invariant.match : invariant.request;
  const maybe = invariant.quantifier !== 'every';
  if (item.kind === 'undecidable') return maybe && item.domain === match?.domain;
  if (item.kind !== 'content' || item.classes.domain.name !== match?.domain) return false;
  const truth = contents.truthOf(item.classes, item.content, match);
  return truth === true || (maybe && truth === 'undecidable');
}

/** How much there is to read; what cannot be read comes last. */
function weightOf(event: PolicyEvent): number {
  const shown = JSON.stringify(event, (_, value: unknown) => (typeof value === 'bigint' ? 'address' : value));
  return shown.length + (shown.includes('"undecidable"') ? 1000 : 0);
}
