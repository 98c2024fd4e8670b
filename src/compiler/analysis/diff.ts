// The exact difference of two policies over all events: every class of events whose verdict changed, with one event of
// it. Nothing is missed, because only where a changed rule or default speaks can a verdict change, and all of that is
// looked at; nothing is invented, because both lists are decided on every class. It shares no code with the oracle,
// which its tests replay every witness through.
import type { PolicyEvent, Verdict } from '../ir/event.ts';
import type { Section, TypedPolicy } from '../ir/typed.ts';
import { anyTransport } from '../space/transport.ts';
import { changedRegions, isSameRule, type Region } from './align.ts';
import { anyAddress, anyReserved, anyWorkload, type Cell, type End } from './cell.ts';
import { type ContentClasses, contentClasses } from './content.ts';
import { type Decision, isAllowed } from './decide.ts';
import { type Item, type Judgement, judge } from './judge.ts';
import { mergeCells } from './merge.ts';
import { verdictOf } from './oracle.ts';
import { anyOf, apart } from './relation.ts';
import { budget, maximumCells, type SectionRules, type Speakers, sectionOf, speakersOf, within } from './split.ts';
import { endpointIn, flowIn } from './witness.ts';

/**
 * `masked`: this side decides otherwise, but the other side of the flow denies (or did), so no verdict changes.
 * `another-rule`: the same verdict, decided by another rule.
 */
export type Effect = 'newly-allowed' | 'newly-denied' | 'masked' | 'another-rule';

/** A class of events that changed alike, flows between two endpoints (what one sends to itself is always allowed). `items`: the content; one item `every` where content makes no difference. */
export type Difference = {
  readonly effect: Effect;
  readonly section: Section;
  readonly cell: Cell;
  readonly items: readonly Item[];
  /** Every class of content that these rules tell apart changed so: the items are all there are. */
  readonly everyItem: boolean;
  /** What this side decided, and decides now. */
  readonly before: Decision;
  readonly after: Decision;
  readonly witness: { readonly event: PolicyEvent; readonly before: Verdict; readonly after: Verdict };
};

type Change = Omit<Difference, 'witness'>;
type Both = { readonly before: SectionRules; readonly after: SectionRules };
type Walk = {
  readonly sides: Readonly<Record<Section, Both>>;
  readonly contents: ContentClasses;
  readonly spend: (rules?: number) => void;
};

/**
 * All differences, grouped and merged, in a fixed order.
 * @throws AnalysisLimit when the two policies tell more than `limit` combinations apart
 */
export function diff(before: TypedPolicy, after: TypedPolicy, limit = maximumCells): readonly Difference[] {
  const both = (section: Section): Both => ({ before: sectionOf(before, section), after: sectionOf(after, section) });
  const sides = { ingress: both('ingress'), egress: both('egress'), process: both('process') };
  const walk: Walk = { sides, contents: contentClasses(), spend: budget(limit) };
  const changes = roots.flatMap(({ section, start }) => [...changesIn(walk, section, start)]);
  return merged(changes).flatMap((change) => {
    const event = eventIn(change);
    return event ? [{ ...change, witness: { event, before: verdictOf(before, event), after: verdictOf(after, event) } }] : [];
  });
}

const flows = (source: End, destination: End): Cell => ({ source, destination, points: anyTransport, portNames: new Map() });
const roots: readonly { readonly section: Section; readonly start: Cell }[] = [
  { section: 'ingress', start: flows(anyWorkload, anyWorkload) },
  { section: 'ingress', start: flows(anyReserved, anyWorkload) },
  { section: 'ingress', start: flows(anyAddress, anyWorkload) },
  { section: 'egress', start: flows(anyWorkload, anyWorkload) },
  { section: 'egress', start: flows(anyWorkload, anyReserved) },
  { section: 'egress', start: flows(anyWorkload, anyAddress) },
  { section: 'process', start: flows(anyWorkload, { kind: 'nothing' }) },
];

/** Clips the space to each region that changed, without those before it: what no other condition cuts stays whole. */
function* changesIn(walk: Walk, section: Section, start: Cell): Generator<Change> {
  const { before, after } = walk.sides[section];
  const regions = changedRegions(before, after);
  for (const [i, region] of regions.entries()) {
    for (const cell of cellsOf(walk, start, [region, ...regions.slice(0, i)])) yield* compare(walk, section, cell);
  }
}

/** The cells that are in the first region and in none of the others. */
function* cellsOf(walk: Walk, start: Cell, [inside, ...others]: readonly Region[]): Generator<Cell> {
  const waiting = [start];
  for (let cell = waiting.pop(); cell !== undefined; cell = waiting.pop()) {
    walk.spend(others.length);
    const here = cell;
    const place = inside?.(here) ?? apart;
    if (place.kind === 'apart') continue;
    const overlap = place.kind === 'split' ? place : anyOf(others, (other) => other(here));
    if (overlap.kind === 'split') waiting.push(overlap.halves[1], overlap.halves[0]);
    else if (overlap.kind === 'apart') yield here;
  }
}

type Open = { readonly cell: Cell; readonly own: Both; readonly other: Both };
const otherSection = { ingress: 'egress', egress: 'ingress', process: 'process' } as const;

/** Decides a cell by the old and the new rules; splits it where they speak of a part only. */
function* compare(walk: Walk, section: Section, start: Cell): Generator<Change> {
  const waiting: Open[] = [{ cell: start, own: walk.sides[section], other: walk.sides[otherSection[section]] }];
  for (let open = waiting.pop(); open !== undefined; open = waiting.pop()) {
    walk.spend(open.own.before.rules.length + open.own.after.rules.length);
    const { cell } = open;
    const own = { before: within(cell, open.own.before), after: within(cell, open.own.after) };
    const speakers = askAll(cell, [own.before, own.after]);
    if (!speakers.ok) {
      for (const half of speakers.halves) waiting.push({ ...open, cell: half, own });
      continue;
    }
    const judgements = judge(speakers.lists, walk.contents, section !== 'process');
    if (section === 'process' || cell.source.kind !== 'workload' || cell.destination.kind !== 'workload' || !judgements.some(isTurned)) {
      yield* grouped(section, cell, judgements);
      continue;
    }
    const other = { before: within(cell, open.other.before), after: within(cell, open.other.after) };
    const all = askAll(cell, [own.before, own.after, other.before, other.after]);
    if (!all.ok) for (const half of all.halves) waiting.push({ cell: half, own, other });
    else yield* grouped(section, cell, judge(all.lists, walk.contents, true));
  }
}

type Asked = { readonly ok: true; readonly lists: readonly Speakers[] } | { readonly ok: false; readonly halves: readonly [Cell, Cell] };

function askAll(cell: Cell, sections: readonly SectionRules[]): Asked {
  const lists: Speakers[] = [];
  for (const section of sections) {
    const answer = speakersOf(cell, section);
    if (answer.kind === 'split') return { ok: false, halves: answer.halves };
    lists.push(answer.speakers);
  }
  return { ok: true, lists };
}

function isTurned({ decisions: [before, after] }: Judgement): boolean {
  return before !== undefined && after !== undefined && isAllowed(before) !== isAllowed(after);
}

/** Own side before and after, then the other side before and after, where there is one. */
function effectOf({ decisions }: Judgement): Effect | undefined {
  const [before, after, otherBefore, otherAfter] = decisions;
  if (!before || !after) return undefined;
  if (isAllowed(before) === isAllowed(after)) return isSameDecider(before, after) ? undefined : 'another-rule';
  const was = isAllowed(before) && (!otherBefore || isAllowed(otherBefore));
  const is = isAllowed(after) && (!otherAfter || isAllowed(otherAfter));
  if (was === is) return 'masked';
  return is ? 'newly-allowed' : 'newly-denied';
}

function isSameDecider(a: Decision, b: Decision): boolean {
  return a.kind === 'rule' && b.kind === 'rule' ? isSameRule(a.owned, b.owned) : a.kind === b.kind;
}

const deciderKey = (decision: Decision): string =>
  decision.kind === 'rule' ? `${decision.owned.rule.id} ${decision.undecidable}` : decision.kind;

/** The changes of one undivided cell: content that changed alike, together. */
function grouped(section: Section, cell: Cell, judgements: readonly Judgement[]): readonly Change[] {
  const groups = new Map<string, Change>();
  for (const judgement of judgements) {
    const [before, after] = judgement.decisions;
    const effect = effectOf(judgement);
    if (!effect || !before || !after) continue;
    const key = [effect, deciderKey(before), deciderKey(after)].join();
    const items = [...(groups.get(key)?.items ?? []), judgement.item];
    groups.set(key, { effect, section, cell, items, everyItem: items.length === judgements.length, before, after });
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
  const itemKey = (item: Item): string => (item.kind === 'text' ? `${numberOf(item.text)}` : item.kind);
  const groups = new Map<string, Change[]>();
  for (const change of changes) {
    const content = change.everyItem ? 'every' : change.items.map(itemKey).join('+');
    const key = [change.effect, change.section, deciderKey(change.before), deciderKey(change.after), content].join();
    groups.set(key, [...(groups.get(key) ?? []), change]);
  }
  const order: readonly Effect[] = ['newly-allowed', 'newly-denied', 'masked', 'another-rule'];
  return [...groups.values()]
    .flatMap((group) => mergeCells(group.map(({ cell }) => cell)).flatMap((cell) => (group[0] ? [{ ...group[0], cell }] : [])))
    .sort((a, b) => order.indexOf(a.effect) - order.indexOf(b.effect));
}

/** One event of a change, with a text that can be read where the content is one. */
function eventIn({ section, cell, items, everyItem }: Change): PolicyEvent | undefined {
  const texts = items.flatMap((item) => (item.kind === 'text' ? [{ domain: item.classes.domain, text: item.text.example ?? '' }] : []));
  const text = texts[0];
  const undecidable = items.find((item) => item.kind === 'undecidable');
  const content = text ? ({ kind: 'text', text: text.text } as const) : ({ kind: 'undecidable', reason: 'ambiguous' } as const);
  if (section === 'process') {
    const subject = endpointIn(cell.source, 'subject');
    return subject
      ? { kind: 'exec', subject, content: text || undecidable ? content : { kind: 'text', text: '/usr/bin/true' } }
      : undefined;
  }
  const flow = flowIn(cell);
  if (!flow || everyItem || items.some(({ kind }) => kind === 'every' || (kind === 'connection' && !text))) return flow;
  const domain = text?.domain ?? (undecidable?.kind === 'undecidable' ? undecidable.domain : undefined);
  return domain === undefined ? flow : { ...flow, request: { domain, content } };
}
