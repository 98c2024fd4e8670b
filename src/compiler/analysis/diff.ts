// The exact difference of two policies over all events: every class of events whose verdict changed, with one event of
// it. Nothing is missed, because only where a changed rule or default speaks can a verdict change, and all of that is
// looked at; nothing is invented, because both lists are decided on every class. It shares no code with the oracle,
// which its tests replay every witness through.
import { invariant } from '../base/assert.ts';
import type { Domains } from '../domains/domain.ts';
import type { PolicyEvent, Verdict } from '../ir/event.ts';
import type { Section, TypedPolicy } from '../ir/typed.ts';
import { changedRegions, isSameRule, type Region } from './align.ts';
import { type Cell, type End, peerOf, subjectOf } from './cell.ts';
import { type ClassSize, classSize } from './class-size.ts';
import { type ContentClasses, contentClasses } from './content.ts';
import { type Decision, isAllowed } from './decide.ts';
import { type Item, type Judgement, judge } from './judge.ts';
import { mergeCells } from './merge.ts';
import type { NameClasses } from './name-cube.ts';
import { verdictOf } from './oracle.ts';
import { anyOf } from './relation.ts';
import { type SectionIndex, sectionsOf } from './section-index.ts';
import { namesAmong, spacesOf } from './spaces.ts';
import { askAll, budget, maximumCells, type Place, placeName, processDomains, type SectionRules, type Views, within } from './split.ts';
import { SubjectIndex } from './subject-index.ts';
import { flowIn, plainContent, processEventIn, requestIn } from './witness.ts';

/**
 * The enforced verdict comes first. `newly-audited`, `no-longer-audited`: it stays, and what it would be with everything in
 * audit mode enforced begins or ceases to be another. `masked`: this side decides otherwise, but because of the other side
 * of the flow no verdict changes. `another-rule`: the same verdict, decided by another rule.
 */
export const effects = ['newly-allowed', 'newly-denied', 'newly-audited', 'no-longer-audited', 'masked', 'another-rule'] as const;
export type Effect = (typeof effects)[number];

/** Who decides what is enforced, and who would decide with everything in audit mode enforced. */
export type Decisions = { readonly enforced: Decision; readonly withAudit: Decision };

/** A class of events that changed alike, flows between two endpoints (what one sends to itself is always allowed). `items`: the content; one item `every` where content makes no difference. */
export type Difference = {
  readonly effect: Effect;
  readonly section: Section;
  /** The class of process events. */
  readonly domain?: string;
  readonly cell: Cell;
  readonly items: readonly Item[];
  /** Every class of content that these rules tell apart changed so: the items are all there are. */
  readonly everyItem: boolean;
  /** What this side decided, and decides now. */
  readonly before: Decisions;
  readonly after: Decisions;
  /** How many of each dimension are in it. */
  readonly size: ClassSize;
  readonly witness: { readonly event: PolicyEvent; readonly before: Verdict; readonly after: Verdict };
};

type Change = Omit<Difference, 'witness' | 'size'>;
type Both = { readonly before: Views; readonly after: Views };
type Indexes = { readonly before: SectionIndex; readonly after: SectionIndex };
type Walk = {
  /** The sections of a side, by placeName. */
  readonly sides: ReadonlyMap<string, Indexes>;
  readonly contents: ContentClasses;
  readonly spend: (rules?: number) => void;
};

/**
 * All differences, grouped and merged, in a fixed order.
 * @throws AnalysisLimit when the two policies tell more than `limit` combinations apart
 */
export function diff(before: TypedPolicy, after: TypedPolicy, limit = maximumCells): readonly Difference[] {
  const classes = [...new Set([...processDomains(before), ...processDomains(after)])].sort();
  const places: readonly Place[] = [
    { section: 'ingress' },
    { section: 'egress' },
    ...classes.map((domain): Place => ({ section: 'process', domain })),
  ];
  const regions = changedRegions(before, after, places);
  const walk: Walk = { sides: sidesOf(before, after, places), contents: contentClasses(after.domains), spend: budget(limit) };
  const spaces = spacesOf(namesNear(walk, regions.get('egress') ?? [], after.domains));
  const changes = places.flatMap((place) => {
    const changed = regions.get(placeName(place)) ?? [];
    return spaces[place.section].flatMap((start) => [...changesIn(walk, place, { start, regions: changed })]);
  });
  return merged(changes).flatMap((change) => {
    const event = eventIn(change, after.domains);
    if (!event) return [];
    const size = classSize(change.cell, change.section, change.everyItem ? [] : change.items);
    return [{ ...change, size, witness: { event, before: verdictOf(before, event), after: verdictOf(after, event) } }];
  });
}

function sidesOf(before: TypedPolicy, after: TypedPolicy, places: readonly Place[]): Walk['sides'] {
  const [old, now] = [sectionsOf(before, places), sectionsOf(after, places)];
  return new Map(
    places.map((place) => {
      const [one, other] = [old.get(placeName(place)), now.get(placeName(place))];
      invariant(one && other, `no section ${placeName(place)}`);
      return [placeName(place), { before: one, after: other }];
    }),
  );
}

function sideOf({ sides }: Walk, place: Place): Indexes {
  const both = sides.get(placeName(place));
  invariant(both, `no section ${placeName(place)}`);
  return both;
}

/** What can be told apart of DNS names where something changed; only egress rules ask for them, of peers that nothing manages. */
function namesNear(walk: Walk, regions: readonly Region[], domains: Domains): NameClasses {
  const { before, after } = sideOf(walk, { section: 'egress' });
  const rules = new Set(regions.flatMap(({ subject }) => [...before.rulesNear(subject), ...after.rulesNear(subject)]));
  return namesAmong(
    [...rules].flatMap((rule) => (rule.section === 'process' ? [] : rule.peers.domains)),
    domains,
  );
}

type Space = { readonly start: Cell; readonly regions: readonly Region[] };

/** Clips the space to each region that changed, without those before it: what no other condition cuts stays whole. */
function* changesIn(walk: Walk, place: Place, { start, regions }: Space): Generator<Change> {
  const earlier = new SubjectIndex<Region>();
  for (const region of regions) {
    for (const cell of cellsIn(walk, start, region)) {
      const others = [...earlier.near(subjectOf(cell, place.section))];
      for (const rest of cellsOutside(walk, cell, others)) yield* compare(walk, place, rest);
    }
    earlier.add(region.subject, region);
  }
}

function* cellsIn(walk: Walk, start: Cell, { relation }: Region): Generator<Cell> {
  const waiting = [start];
  for (let cell = waiting.pop(); cell !== undefined; cell = waiting.pop()) {
    walk.spend(1);
    const place = relation(cell);
    if (place.kind === 'split') waiting.push(place.halves[1], place.halves[0]);
    else if (place.kind === 'covered') yield cell;
  }
}

/** The cells that are in none of the regions. */
function* cellsOutside(walk: Walk, start: Cell, regions: readonly Region[]): Generator<Cell> {
  const waiting = [{ cell: start, regions }];
  for (let open = waiting.pop(); open !== undefined; open = waiting.pop()) {
    const { cell } = open;
    walk.spend(open.regions.length);
    const near = open.regions.filter(({ relation }) => relation(cell).kind !== 'apart');
    const overlap = anyOf(near, ({ relation }) => relation(cell));
    if (overlap.kind === 'split') for (const half of [overlap.halves[1], overlap.halves[0]]) waiting.push({ cell: half, regions: near });
    else if (overlap.kind === 'apart') yield cell;
  }
}

type Open = { readonly cell: Cell; readonly own: Both; readonly other?: Both };

/** Decides a cell by the old and the new rules; splits it where they speak of a part only. */
function* compare(walk: Walk, place: Place, start: Cell): Generator<Change> {
  const { section } = place;
  const waiting: Open[] = [{ cell: start, own: near(walk, place, start) }];
  for (let open = waiting.pop(); open !== undefined; open = waiting.pop()) {
    const { cell } = open;
    walk.spend(open.own.before.withAudit.rules.length + open.own.after.withAudit.rules.length);
    const own = clipped(cell, open.own);
    const speakers = askAll(cell, listsOf(own));
    if (speakers.kind === 'split') {
      for (const half of speakers.halves) waiting.push({ ...open, cell: half, own });
      continue;
    }
    const question = { contents: walk.contents, connection: section !== 'process', asked: [] };
    const judgements = judge(speakers.lists, question);
    if (section === 'process' || !isManaged(peerOf(cell, section)) || !judgements.some(isTurned)) {
      yield* grouped(place, cell, judgements);
      continue;
    }
    const other = clipped(cell, open.other ?? near(walk, { section: section === 'ingress' ? 'egress' : 'ingress' }, cell));
    const all = askAll(cell, [...listsOf(own), ...listsOf(other)]);
    if (all.kind === 'split') for (const half of all.halves) waiting.push({ cell: half, own, other });
    else yield* grouped(place, cell, judge(all.lists, question));
  }
}

/** What both states say about the subjects of a cell. */
function near(walk: Walk, place: Place, cell: Cell): Both {
  const { before, after } = sideOf(walk, place);
  const subject = subjectOf(cell, place.section);
  return { before: before.near(subject), after: after.near(subject) };
}

/** Can a policy govern an endpoint of these? */
const isManaged = ({ kind }: End): boolean => kind === 'workload' || kind === 'reserved';

function clipped(cell: Cell, { before, after }: Both): Both {
  const clip = ({ enforced, withAudit }: Views): Views => {
    const whole = within(cell, withAudit);
    return { enforced: enforced === withAudit ? whole : within(cell, enforced), withAudit: whole };
  };
  return { before: clip(before), after: clip(after) };
}

/** In the order of `decisionsOf`. */
const listsOf = ({ before, after }: Both): readonly SectionRules[] => [before.enforced, before.withAudit, after.enforced, after.withAudit];

type Sides = { readonly own: Decisions; readonly other?: Decisions };

/** What the lists of listsOf decide: this side before and after, then the other side, where there is one. */
function decisionsOf({ decisions }: Judgement): { readonly before: Sides; readonly after: Sides } {
  const at = (place: number): Decisions | undefined => {
    const [enforced, withAudit] = [decisions[place], decisions[place + 1]];
    return enforced && withAudit && { enforced, withAudit };
  };
  const [before, after, otherBefore, otherAfter] = [at(0), at(2), at(4), at(6)];
  invariant(before && after, 'a judgement of fewer lists');
  return {
    before: { own: before, ...(otherBefore && { other: otherBefore }) },
    after: { own: after, ...(otherAfter && { other: otherAfter }) },
  };
}

type View = keyof Decisions;
const allows = (view: View, { own, other }: Sides): boolean => isAllowed(own[view]) && (!other || isAllowed(other[view]));

function isTurned(judgement: Judgement): boolean {
  const { before, after } = decisionsOf(judgement);
  const turned = (view: View): boolean => isAllowed(before.own[view]) !== isAllowed(after.own[view]);
  return turned('enforced') || turned('withAudit');
}

function effectOf(judgement: Judgement): Effect | undefined {
  const { before, after } = decisionsOf(judgement);
  if (!isTurned(judgement)) return isSameDecider(before.own, after.own) ? undefined : 'another-rule';
  const is = allows('enforced', after);
  if (allows('enforced', before) !== is) return is ? 'newly-allowed' : 'newly-denied';
  const isAudited = (sides: Sides): boolean => allows('enforced', sides) !== allows('withAudit', sides);
  if (isAudited(before) !== isAudited(after)) return isAudited(after) ? 'newly-audited' : 'no-longer-audited';
  return 'masked';
}

/** Of what is reported: who would decide with audit is, where that is another action. */
function isSameDecider(a: Decisions, b: Decisions): boolean {
  const isSame = (one: Decision, other: Decision): boolean =>
    one.kind === 'rule' && other.kind === 'rule' ? isSameRule(one.owned, other.owned) : one.kind === other.kind;
  const isAudited = isAllowed(a.enforced) !== isAllowed(a.withAudit);
  return isSame(a.enforced, b.enforced) && (!isAudited || isSame(a.withAudit, b.withAudit));
}

function deciderKey({ enforced, withAudit }: Decisions): string {
  const key = (decision: Decision): string =>
    decision.kind === 'rule' ? `${decision.owned.rule.id} ${decision.undecidable}` : decision.kind;
  return isAllowed(enforced) === isAllowed(withAudit) ? key(enforced) : `${key(enforced)} audit ${key(withAudit)}`;
}

/** The changes of one undivided cell: content that changed alike, together. */
function grouped(place: Place, cell: Cell, judgements: readonly Judgement[]): readonly Change[] {
  const groups = new Map<string, Change>();
  for (const judgement of judgements) {
    const effect = effectOf(judgement);
    if (!effect) continue;
    const [before, after] = [decisionsOf(judgement).before.own, decisionsOf(judgement).after.own];
    const key = [effect, deciderKey(before), deciderKey(after)].join();
    const items = [...(groups.get(key)?.items ?? []), judgement.item];
    groups.set(key, { effect, ...place, cell, items, everyItem: items.length === judgements.length, before, after });
  }
  return [...groups.values()];
}

/** Joins the cells of changes that agree in all else. */
function merged(changes: readonly Change[]): readonly Change[] {
  const numbers = new Map<object, number>();
  const numberOf = (thing: object): number => {
    const number = numbers.get(thing) ?? numbers.size;
    numbers.set(thing, number);
    return number;
  };
  const itemKey = (item: Item): string =>
    item.kind === 'content' ? `${numberOf(item.content)}` : 'domain' in item ? `${item.kind} ${item.domain}` : item.kind;
  const groups = new Map<string, Change[]>();
  for (const change of changes) {
    const content = change.everyItem ? 'every' : change.items.map(itemKey).join('+');
    const key = [change.effect, placeName(change), deciderKey(change.before), deciderKey(change.after), content].join();
    groups.set(key, [...(groups.get(key) ?? []), change]);
  }
  return [...groups.values()]
    .flatMap((group) => mergeCells(group.map(({ cell }) => cell)).flatMap((cell) => (group[0] ? [{ ...group[0], cell }] : [])))
    .sort((a, b) => effects.indexOf(a.effect) - effects.indexOf(b.effect));
}

/** One event of a change, with a content that can be read where there is one. */
function eventIn({ section, domain, cell, items, everyItem }: Change, domains: Domains): PolicyEvent | undefined {
  if (section === 'process')
    return processEventIn(cell, requestIn(items) ?? { domain: domain ?? '', content: plainContent(domains, domain ?? '') });
  const flow = flowIn(cell);
  if (!flow || everyItem || items.some(({ kind }) => kind === 'every')) return flow;
  const readable = items.some(({ kind }) => kind === 'content');
  const request = !readable && items.some(({ kind }) => kind === 'connection') ? undefined : requestIn(items);
  return request ? { ...flow, request } : flow;
}
