// The exact difference of two policies over all events: every class of events whose verdict changed, with one event of
// it. Nothing is missed, because only where a changed rule or default speaks can a verdict change, and all of that is
// looked at; nothing is invented, because both lists are decided on every class. It shares no code with the oracle,
// which its tests replay every witness through.
import { invariant } from '../base/assert.ts';
import type { Domains } from '../domains/domain.ts';
import type { PolicyEvent, Verdict } from '../ir/event.ts';
import type { Section, TypedPolicy } from '../ir/typed.ts';
import type { Cell } from './cell.ts';
import { changedCells } from './changed-cells.ts';
import { type ClassSize, classSize } from './class-size.ts';
import { type Change, type Decisions, deciderKey, type Effect, effects } from './effects.ts';
import type { Item } from './judge.ts';
import { AnalysisLimit } from './limit.ts';
import { mergeCells } from './merge.ts';
import { verdictOf } from './oracle.ts';
import { maximumCells, placeName } from './split.ts';
import { flowIn, plainContent, processEventIn, requestIn } from './witness.ts';

export { type Decisions, type Effect, effects } from './effects.ts';

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

/** Where not every difference is known: the part of a section that a rule or policy speaks of. */
export type UndecidedPart = { readonly section: Section; readonly domain?: string; readonly limit: AnalysisLimit };
/** `undecided`: none where the differences are all there are. */
export type Comparison = { readonly differences: readonly Difference[]; readonly undecided: readonly UndecidedPart[] };

/** The differences, as far as they are decided, grouped and merged, in a fixed order. `limit`: of combinations that are told apart. */
export function comparison(before: TypedPolicy, after: TypedPolicy, limit = maximumCells): Comparison {
  const { changes, undecided } = changedCells(before, after, limit);
  return {
    differences: differencesOf(changes, before, after),
    undecided: undecided.map(({ place, region, error }) => ({
      ...place,
      limit: new AnalysisLimit(error.limit, error.allowed, region.span),
    })),
  };
}

/**
 * All differences.
 * @throws AnalysisLimit when the two policies tell more than `limit` combinations apart
 */
export function diff(before: TypedPolicy, after: TypedPolicy, limit?: number): readonly Difference[] {
  const { differences, undecided } = comparison(before, after, limit);
  for (const { limit: error } of undecided) throw error;
  return differences;
}

/** Changes from one policy to another, grouped, merged and with a witness each. */
export function differencesOf(changes: readonly Change[], before: TypedPolicy, after: TypedPolicy): readonly Difference[] {
  return merged(changes).flatMap((change) => {
    const event = eventIn(change, after.domains);
    if (!event) return [];
    const size = classSize(change.cell, change.section, change.everyItem ? [] : change.items);
    const witness = { event, before: verdictOf(before, event), after: verdictOf(after, event) };
    // The oracle shares no code with this: a difference that it does not see is shown to nobody.
    invariant(isSeen(change.effect, witness), 'the oracle denies a difference');
    return [{ ...change, size, witness }];
  });
}

/** Do the verdicts turn as the effect says? Where another rule decides on this side, the other side may turn them. */
function isSeen(effect: Effect, { before, after }: Pick<Difference['witness'], 'before' | 'after'>): boolean {
  const [was, is] = [before.action === 'allowed', after.action === 'allowed'];
  if (effect === 'another-rule') return true;
  if (effect === 'newly-allowed') return !was && is;
  return effect === 'newly-denied' ? was && !is : was === is;
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
export function eventIn({ section, domain, cell, items, everyItem }: Change, domains: Domains): PolicyEvent | undefined {
  if (section === 'process')
    return processEventIn(cell, requestIn(items) ?? { domain: domain ?? '', content: plainContent(domains, domain ?? '') });
  const flow = flowIn(cell);
  if (!flow || everyItem || items.some(({ kind }) => kind === 'every')) return flow;
  const readable = items.some(({ kind }) => kind === 'content');
  const request = !readable && items.some(({ kind }) => kind === 'connection') ? undefined : requestIn(items);
  return request ? { ...flow, request } : flow;
}
