// What became of the verdict on one class of events: the rules that speak are judged in both states, and content that changed
// alike is told together.
import { invariant } from '../base/assert.ts';
import { isSameRule } from './align.ts';
import type { Cell } from './cell.ts';
import { type Decision, isAllowed } from './decide.ts';
import type { Item, Judgement } from './judge.ts';
import type { Place } from './split.ts';

/**
 * The enforced verdict comes first. `newly-audited`, `no-longer-audited`: it stays, and what it would be with everything in
 * audit mode enforced begins or ceases to be another. `masked`: this side decides otherwise, but because of the other side
 * of the flow no verdict changes. `another-rule`: the same verdict, decided by another rule.
 */
export const effects = ['newly-allowed', 'newly-denied', 'newly-audited', 'no-longer-audited', 'masked', 'another-rule'] as const;
export type Effect = (typeof effects)[number];

/** Who decides what is enforced, and who would decide with everything in audit mode enforced. */
export type Decisions = { readonly enforced: Decision; readonly withAudit: Decision };

/** A change of some events of a place. `everyItem`: every class of content that these rules tell apart changed so. */
export type Change = Place & {
  readonly effect: Effect;
  readonly cell: Cell;
  readonly items: readonly Item[];
  readonly everyItem: boolean;
  readonly before: Decisions;
  readonly after: Decisions;
};

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

export function isTurned(judgement: Judgement): boolean {
  const { before, after } = decisionsOf(judgement);
  const turned = (view: View): boolean => isAllowed(before.own[view]) !== isAllowed(after.own[view]);
  return turned('enforced') || turned('withAudit');
}

export function effectOf(judgement: Judgement): Effect | undefined {
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

export function deciderKey({ enforced, withAudit }: Decisions): string {
  const key = (decision: Decision): string =>
    decision.kind === 'rule' ? `${decision.owned.rule.id} ${decision.undecidable}` : decision.kind;
  return isAllowed(enforced) === isAllowed(withAudit) ? key(enforced) : `${key(enforced)} audit ${key(withAudit)}`;
}

/** The changes of one undivided cell: content that changed alike, together. */
export function grouped(place: Place, cell: Cell, judgements: readonly Judgement[]): readonly Change[] {
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
