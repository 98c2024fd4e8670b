// The cells in which something changed: of each region that an edit touches the parts where both states are left with other rules
// are found by a diagram; what has no form in it is split up question by question.
import { invariant } from '../base/assert.ts';
import type { Domains } from '../domains/domain.ts';
import type { TypedPolicy } from '../ir/typed.ts';
import { type Alignment, align, type Region } from './align.ts';
import { type Cell, type End, initRelation, peerOf, subjectOf } from './cell.ts';
import { conditionOf, ruleCondition, subjectCondition } from './conditions.ts';
import { type ContentClasses, contentClasses, remembered } from './content.ts';
import { differingLeaves, everyLeaf, type Leaf, type Line, type Lines, type View } from './diagram.ts';
import { type Change, effectOf, grouped, isTurned } from './effects.ts';
import { type Judgement, judge } from './judge.ts';
import { AnalysisLimit, limited } from './limit.ts';
import { mergeCells } from './merge.ts';
import type { NameClasses } from './name-cube.ts';
import { anyOf } from './relation.ts';
import { type SectionIndex, sectionsOf } from './section-index.ts';
import { namesAmong, spacesOf } from './spaces.ts';
import {
  askAll,
  Budget,
  contentOf,
  type OwnedRule,
  type Place,
  placeName,
  processDomains,
  type SectionRules,
  type Speakers,
  type Spend,
  type Views,
  within,
} from './split.ts';
import { SubjectIndex } from './subject-index.ts';

export type Both = { readonly before: Views; readonly after: Views };
type Indexes = { readonly before: SectionIndex; readonly after: SectionIndex };
export type Walk = {
  /** The sections of a side, by placeName. */
  readonly sides: ReadonlyMap<string, Indexes>;
  readonly numberOf: Alignment['numberOf'];
  readonly contents: ContentClasses;
  readonly spend: Spend;
};

/** A region in which not every change is known: the comparison ended with a limit there. */
export type Undecided = { readonly place: Place; readonly region: Region; readonly error: AnalysisLimit };
/** `changes`: cell by cell. `undecided`: where there may be more. */
export type ChangedCells = { readonly changes: readonly Change[]; readonly undecided: readonly Undecided[] };

/** Every change of one side, but what is in the undecided regions. */
export function changedCells(before: TypedPolicy, after: TypedPolicy, limit: number): ChangedCells {
  const classes = [...new Set([...processDomains(before), ...processDomains(after)])].sort();
  const places: readonly Place[] = [
    { section: 'ingress' },
    { section: 'egress' },
    ...classes.map((domain): Place => ({ section: 'process', domain })),
  ];
  const { regions, numberOf } = align(before, after, places);
  const walk = { sides: sidesOf(before, after, places), numberOf, contents: contentClasses(after.domains) };
  const names = namesNear(walk, regions.get('egress') ?? [], after.domains);
  const isKnown = !(names instanceof AnalysisLimit);
  const spaces = spacesOf(isKnown ? names : namesAmong([], after.domains));
  const questions = places.flatMap((place) => {
    const own = regions.get(placeName(place)) ?? [];
    return spaces[place.section].flatMap((start) => {
      const earlier = new SubjectIndex<Region>();
      return own.map((region): Question => ({ place, start, region, earlier }));
    });
  });
  const found = answered(walk, isKnown ? questions : questions.filter(({ place }) => place.section !== 'egress'), new Budget(limit));
  if (isKnown) return found;
  const egress = new Map(questions.flatMap(({ place, region }) => (place.section === 'egress' ? [[region, place] as const] : [])));
  return { ...found, undecided: [...found.undecided, ...[...egress].map(([region, place]) => ({ place, region, error: names }))] };
}

export function sidesOf(before: TypedPolicy, after: TypedPolicy, places: readonly Place[]): Walk['sides'] {
  const [old, now] = [sectionsOf(before, places), sectionsOf(after, places)];
  return new Map(
    places.map((place) => {
      const [one, other] = [old.get(placeName(place)), now.get(placeName(place))];
      invariant(one && other, `no section ${placeName(place)}`);
      return [placeName(place), { before: one, after: other }];
    }),
  );
}

function sideOf({ sides }: Pick<Walk, 'sides'>, place: Place): Indexes {
  const both = sides.get(placeName(place));
  invariant(both, `no section ${placeName(place)}`);
  return both;
}

/** What can be told apart of DNS names where something changed, or that it is too much; only egress rules ask for them, of peers that nothing manages. */
function namesNear(walk: Pick<Walk, 'sides'>, regions: readonly Region[], domains: Domains): NameClasses | AnalysisLimit {
  const { before, after } = sideOf(walk, { section: 'egress' });
  const rules = new Set(regions.flatMap(({ subject }) => [...before.rulesNear(subject), ...after.rulesNear(subject)]));
  const patterns = [...rules].flatMap((rule) => (rule.section === 'process' ? [] : rule.peers.domains));
  return limited(() => namesAmong(patterns, domains));
}

/** A region in a part of its place. `earlier`: those of the same part that are answered; what they hold is not asked again. */
type Question = { readonly place: Place; readonly start: Cell; readonly region: Region; readonly earlier: SubjectIndex<Region> };
/** Of what is left, for one question: those that need little go before one that may be too much. */
const shares = [1 / 64, 1 / 16, 1 / 4, 1 / 2];

function answered(walk: Omit<Walk, 'spend'>, questions: readonly Question[], left: Budget): ChangedCells {
  const changes: Change[] = [];
  const undecided = new Map<Region, Undecided>();
  /** Is there an answer, be it that there is none? */
  const isAnswered = (question: Question, share: number, isLast: boolean): boolean => {
    const { place, region, earlier } = question;
    const found: Change[] = [];
    const error = limited(() => changesOf({ ...walk, spend: left.part(share) }, question, found));
    if (error?.isOfBudget && !isLast) return false;
    if (error) undecided.set(region, { place, region, error });
    changes.push(...found);
    earlier.add(region.subject, region);
    return true;
  };
  let open = questions;
  for (const share of shares) if (open.length > 1) open = open.filter((one) => !isAnswered(one, share, share === shares.at(-1)));
  for (const question of open) isAnswered(question, 1, true);
  return { changes, undecided: [...undecided.values()] };
}

/** Clips the space to the region, without those before it: what no other condition cuts stays whole. */
function changesOf(walk: Walk, { place, start, region, earlier }: Question, found: Change[]): void {
  for (const box of cellsIn(walk, start, region)) {
    const own = clipped(box, near(walk, place, box));
    for (const change of compare(walk, place, { box, own, earlier: [...earlier.near(subjectOf(box, place.section))] })) found.push(change);
  }
}

/** The parts of a cell that are in a region. */
export function* cellsIn(walk: Pick<Walk, 'spend'>, start: Cell, { relation }: Pick<Region, 'relation'>): Generator<Cell> {
  const waiting = [start];
  for (let cell = waiting.pop(); cell !== undefined; cell = waiting.pop()) {
    walk.spend(1);
    const place = relation(cell);
    if (place.kind === 'split') waiting.push(place.halves[1], place.halves[0]);
    else if (place.kind === 'covered') yield cell;
  }
}

/** The cells that are in none of the regions. */
export function* cellsOutside(walk: Pick<Walk, 'spend'>, start: Cell, regions: readonly Pick<Region, 'relation'>[]): Generator<Cell> {
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

/** A part of a place, and what both states say there. */
export type Compared = { readonly box: Cell; readonly own: Both; readonly earlier: readonly Region[] };

/** What changed in a box, but in the parts of it that are in one of `earlier`. */
export function* compare(walk: Walk, place: Place, { box, own, earlier }: Compared): Generator<Change> {
  const excluded = earlier.map(({ condition }) => condition(box));
  const ruleOf = rulesByNumber(walk);
  for (const [leaf, cells] of differingLeaves(box, { excluded, lists: linesOf(walk, box, own) }, walk.spend)) {
    if (leaf.isOpen)
      for (const cell of mergeCells(cells))
        for (const rest of cellsOutside(walk, cell, earlier)) yield* splitUp(walk, place, { cell: rest, own });
    else yield* decided(walk, place, { lists: speakersAt(leaf, ruleOf, own), cells });
  }
}

/** The lists as a diagram takes them: of each view before and after. */
function linesOf({ numberOf }: Walk, box: Cell, { before, after }: Both): readonly Lines[] {
  const lines = remembered(({ section, rules, denying }: SectionRules): Lines => {
    const init: Line = { number: -1, condition: () => conditionOf(initRelation(box, section)), decides: false };
    return {
      rules: rules.map((owned) => lineOf(numberOf(owned), box, owned)),
      denying: [
        init,
        ...denying.map((policy) => ({
          number: numberOf(policy),
          condition: () => subjectCondition(box, section, policy.subject),
          decides: false,
        })),
      ],
    };
  });
  return [before.enforced, after.enforced, before.withAudit, after.withAudit].map(lines);
}

function lineOf(number: number, box: Cell, owned: OwnedRule): Line {
  const { rule, policy } = owned;
  const isWhole = contentOf(rule) === undefined;
  const head = { number, condition: () => ruleCondition(box, owned), tier: policy.tier, decides: isWhole && rule.action !== 'pass' };
  return isWhole && rule.action === 'pass' ? { ...head, passes: policy.tier } : head;
}

/** Who speaks at a leaf, in the order of listsOf. */
function speakersAt({ views }: Leaf, ruleOf: RuleOf, { before, after }: Both): readonly Speakers[] {
  const speakers = (sectionRules: SectionRules, view: View | undefined): Speakers => ({
    rules: (view?.rules ?? []).flatMap((number) => ruleOf(sectionRules).get(number) ?? []),
    defaultDeny: view?.defaultDeny === true,
  });
  return [
    speakers(before.enforced, views[0]),
    speakers(before.withAudit, views[2]),
    speakers(after.enforced, views[1]),
    speakers(after.withAudit, views[3]),
  ];
}

type RuleOf = (sectionRules: SectionRules) => ReadonlyMap<number, OwnedRule>;
const rulesByNumber = ({ numberOf }: Walk): RuleOf =>
  remembered(({ rules }: SectionRules) => new Map(rules.map((owned) => [numberOf(owned), owned])));

type Decided = { readonly lists: readonly Speakers[]; readonly cells: readonly Cell[] };

/** The changes of cells in which the same rules speak; where that turns what one side decides, the other side is asked. */
function* decided(walk: Walk, place: Place, { lists, cells }: Decided): Generator<Change> {
  const question = questionAt(walk, place);
  const judgements = judge(lists, question);
  if (judgements.every((judgement) => !effectOf(judgement))) return;
  for (const cell of mergeCells(cells)) {
    if (!isOtherAsked(place, cell, judgements)) yield* grouped(place, cell, judgements);
    else yield* withOther(walk, place, { cell, lists });
  }
}

const questionAt = ({ contents }: Walk, { section }: Place) => ({ contents, connection: section !== 'process', asked: [] });

const isOtherAsked = ({ section }: Place, cell: Cell, judgements: readonly Judgement[]): boolean =>
  section !== 'process' && isManaged(peerOf(cell, section)) && judgements.some(isTurned);

function* withOther(
  walk: Walk,
  place: Place,
  { cell: box, lists }: { readonly cell: Cell; readonly lists: readonly Speakers[] },
): Generator<Change> {
  const other = clipped(box, near(walk, { section: place.section === 'ingress' ? 'egress' : 'ingress' }, box));
  const ruleOf = rulesByNumber(walk);
  for (const [leaf, cells] of everyLeaf(box, linesOf(walk, box, other), walk.spend)) {
    const asked = leaf.isOpen ? undefined : speakersAt(leaf, ruleOf, other);
    const judgements = asked && judge([...lists, ...asked], questionAt(walk, place));
    for (const cell of mergeCells(cells)) {
      if (judgements) yield* grouped(place, cell, judgements);
      else yield* splitOther(walk, place, { cell, lists, other });
    }
  }
}

type Sides = { readonly cell: Cell; readonly lists: readonly Speakers[]; readonly other: Both };

/** What has no form in dimensions. */
function* splitOther(walk: Walk, place: Place, { cell: start, lists, other: all }: Sides): Generator<Change> {
  const waiting = [{ cell: start, other: all }];
  for (let open = waiting.pop(); open !== undefined; open = waiting.pop()) {
    const { cell } = open;
    walk.spend(open.other.before.withAudit.rules.length + open.other.after.withAudit.rules.length);
    const other = clipped(cell, open.other);
    const asked = askAll(cell, listsOf(other));
    if (asked.kind === 'split') for (const half of asked.halves) waiting.push({ cell: half, other });
    else yield* grouped(place, cell, judge([...lists, ...asked.lists], questionAt(walk, place)));
  }
}

/** Decides a cell by the old and the new rules; splits it where they speak of a part only. */
function* splitUp(walk: Walk, place: Place, start: { readonly cell: Cell; readonly own: Both }): Generator<Change> {
  const waiting = [start];
  for (let open = waiting.pop(); open !== undefined; open = waiting.pop()) {
    const { cell } = open;
    walk.spend(open.own.before.withAudit.rules.length + open.own.after.withAudit.rules.length);
    const own = clipped(cell, open.own);
    const asked = askAll(cell, listsOf(own));
    if (asked.kind === 'split') for (const half of asked.halves) waiting.push({ cell: half, own });
    else yield* decided(walk, place, { lists: asked.lists, cells: [cell] });
  }
}

/** What both states say about the subjects of a cell. */
export function near(walk: Walk, place: Place, cell: Cell): Both {
  const { before, after } = sideOf(walk, place);
  const subject = subjectOf(cell, place.section);
  return { before: before.near(subject), after: after.near(subject) };
}

/** Can a policy govern an endpoint of these? */
const isManaged = ({ kind }: End): boolean => kind === 'workload' || kind === 'reserved';

export function clipped(cell: Cell, { before, after }: Both): Both {
  const clip = ({ enforced, withAudit }: Views): Views => {
    const whole = within(cell, withAudit);
    return { enforced: enforced === withAudit ? whole : within(cell, enforced), withAudit: whole };
  };
  return { before: clip(before), after: clip(after) };
}

/** In the order of `decisionsOf`. */
const listsOf = ({ before, after }: Both): readonly SectionRules[] => [before.enforced, before.withAudit, after.enforced, after.withAudit];
