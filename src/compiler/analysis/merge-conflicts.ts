// Two changes of one policy that are harmless alone and not together: events whose verdict their merge turns although neither change
// does, and events that a change turns and the merge does not. Exact, as diff is: every difference of the merge, and of each change,
// is split up until all four policies say the same of each part.
import { invariant } from '../base/assert.ts';
import type { Span } from '../base/source.ts';
import type { TypedPolicy } from '../ir/typed.ts';
import { type Cell, type End, peerOf } from './cell.ts';
import { contentClasses } from './content.ts';
import { type Decision, isAllowed } from './decide.ts';
import { type Comparison, comparison, type Difference, differencesOf, type UndecidedPart } from './diff.ts';
import type { Change } from './effects.ts';
import { type Item, judge } from './judge.ts';
import { AnalysisLimit, limited } from './limit.ts';
import type { NameClasses } from './name-cube.ts';
import { namesOf } from './spaces.ts';
import { askAll, budget, maximumCells, type Place, placeName, type SectionRules, viewsOf, within } from './split.ts';

/** Four states of a policy: where both changes began, each change alone, and both together. */
export type Merge = { readonly base: TypedPolicy; readonly ours: TypedPolicy; readonly theirs: TypedPolicy; readonly merged: TypedPolicy };
/**
 * `together`: turned by the merge, and by neither change alone; from the base to the merge. `undone`: turned by that change, and not by
 * the merge; from the change to the merge.
 */
export type MergeConflicts = { readonly together: Comparison; readonly undoneOurs: Comparison; readonly undoneTheirs: Comparison };

/**
 * As far as it is within the limits; where not, each comparison says of which rules. `limit`: of combinations that are told apart.
 * @throws AnalysisLimit where nothing can be said
 */
export function mergeConflicts({ base, ours, theirs, merged }: Merge, limit = maximumCells): MergeConflicts {
  const policies = [base, ours, theirs, merged];
  const walk = { sections: sectionsFor(policies), contents: contentClasses(merged.domains), names: namesOf(policies) };
  const places = { base: 0, ours: 1, theirs: 2, merged: 3 } as const;
  const found = (from: keyof typeof places, to: keyof typeof places, isWanted: Wanted['isWanted']): Comparison => {
    const [before, after] = [policies[places[from]] ?? base, policies[places[to]] ?? merged];
    const { differences, undecided } = comparison(before, after, limit);
    const parted = partedChanges(differences, { ...walk, spend: budget(limit) }, { places: [places[from], places[to]], isWanted });
    return { differences: differencesOf(parted.changes, before, after), undecided: [...undecided, ...parted.undecided] };
  };
  return {
    together: found('base', 'merged', ([was, one, other, is]) => was === one && was === other && was !== is),
    undoneOurs: found('ours', 'merged', ([was, one, , is]) => was !== one && was === is),
    undoneTheirs: found('theirs', 'merged', ([was, , other, is]) => was !== other && was === is),
  };
}

type Parted = { readonly changes: readonly Change[]; readonly undecided: readonly UndecidedPart[] };

/** Of the differences that turn a verdict, the parts that are wanted; what is past the limit is named once for each rule. */
function partedChanges(differences: readonly Difference[], walk: Walk & { readonly names: NameClasses }, wanted: Wanted): Parted {
  const seen = new Map<Cell, Set<string>>();
  const changes: Change[] = [];
  const undecided = new Map<Span, UndecidedPart>();
  for (const difference of differences.filter(({ effect }) => effect === 'newly-allowed' || effect === 'newly-denied')) {
    const { cell, section, domain } = difference;
    const known = seen.get(cell) ?? new Set();
    seen.set(cell, known);
    const place: Place = { section, ...(domain !== undefined && { domain }) };
    if (known.has(placeName(place))) continue;
    known.add(placeName(place));
    const error = limited(() => {
      for (const part of parts(place, withNames(cell, walk.names), walk)) changes.push(...changesOf(place, part, wanted));
      return undefined;
    });
    if (!error) continue;
    const sections = wanted.places.flatMap((side) => walk.sections(place)[side] ?? []);
    const guilty = guiltyOf({ ...difference, cell: withNames(cell, walk.names) }, sections);
    undecided.set(guilty, { ...place, limit: new AnalysisLimit(error.limit, error.allowed, guilty) });
  }
  return { changes, undecided: [...undecided.values()] };
}

/** The rule that decides what changed, or a policy that brings default deny there. */
function guiltyOf({ before, after, cell }: Difference, sections: readonly SectionRules[]): Span {
  for (const { enforced } of [after, before]) if (enforced.kind === 'rule') return enforced.owned.rule.span;
  const [policy] = sections.flatMap((section) => within(cell, section).denying);
  invariant(policy, 'a verdict that turns is decided by somebody');
  return policy.span;
}

/** A difference knows the names that its own rules ask for; here the rules of four policies are asked. */
function withNames(cell: Cell, classes: NameClasses): Cell {
  const known = (end: End): End => {
    if (end.kind !== 'address') return end;
    const flags = [...end.names.flags].flatMap(([place, met]): readonly (readonly [number, boolean])[] => {
      const pattern = end.names.classes.patterns[place];
      return pattern ? [[classes.placeOf(pattern), met]] : [];
    });
    return { ...end, names: { classes, flags: new Map(flags) } };
  };
  return { ...cell, source: known(cell.source), destination: known(cell.destination) };
}

type Sections = (place: Place) => readonly SectionRules[];

function sectionsFor(policies: readonly TypedPolicy[]): Sections {
  const known = new Map<string, readonly SectionRules[]>();
  return (place) => {
    const sections = known.get(placeName(place)) ?? policies.map((typed) => viewsOf(typed, place.section, place.domain).enforced);
    known.set(placeName(place), sections);
    return sections;
  };
}

type Walk = {
  readonly sections: Sections;
  readonly contents: ReturnType<typeof contentClasses>;
  readonly spend: ReturnType<typeof budget>;
};
/** One class of content in a cell: what each policy decides on this side, and on both together. */
type Verdicts = { readonly item: Item; readonly own: readonly Decision[]; readonly allowed: readonly boolean[] };
type CellVerdicts = { readonly cell: Cell; readonly verdicts: readonly Verdicts[] };

/** The parts of a cell on each of which all policies say one thing. */
function* parts(place: Place, start: Cell, { sections, contents, spend }: Walk): Generator<CellVerdicts> {
  const isNetwork = place.section !== 'process';
  const other =
    isNetwork && isManaged(peerOf(start, place.section)) ? sections({ section: place.section === 'ingress' ? 'egress' : 'ingress' }) : [];
  const waiting = [{ cell: start, lists: [...sections(place), ...other] }];
  for (let open = waiting.pop(); open !== undefined; open = waiting.pop()) {
    const { cell } = open;
    spend(open.lists.reduce((sum, { rules }) => sum + rules.length, 0));
    const lists = open.lists.map((list) => within(cell, list));
    const asked = askAll(cell, lists);
    if (asked.kind === 'split') for (const half of asked.halves) waiting.push({ cell: half, lists });
    else {
      const judgements = judge(asked.lists, { contents, connection: isNetwork, asked: [] });
      const count = sections(place).length;
      yield {
        cell,
        verdicts: judgements.map(({ item, decisions }) => {
          const [own, others] = [decisions.slice(0, count), decisions.slice(count)];
          const allowed = own.map((decision, i) => isAllowed(decision) && (others[i] === undefined || isAllowed(others[i])));
          return { item, own, allowed };
        }),
      };
    }
  }
}

const isManaged = ({ kind }: End): boolean => kind === 'workload' || kind === 'reserved';

type Wanted = { readonly places: readonly [number, number]; readonly isWanted: (allowed: readonly boolean[]) => boolean };

/** As diff tells changes: content that changed alike together. */
function changesOf(place: Place, { cell, verdicts }: CellVerdicts, { places: [from, to], isWanted }: Wanted): readonly Change[] {
  const groups = new Map<string, Change>();
  for (const { item, own, allowed } of verdicts) {
    const [before, after] = [own[from], own[to]];
    if (!isWanted(allowed) || !before || !after) continue;
    const effect = allowed[to] ? 'newly-allowed' : 'newly-denied';
    const key = [effect, ruleOf(before), ruleOf(after)].join();
    const items = [...(groups.get(key)?.items ?? []), item];
    const decisions = { before: { enforced: before, withAudit: before }, after: { enforced: after, withAudit: after } };
    groups.set(key, { ...place, effect, cell, items, everyItem: items.length === verdicts.length, ...decisions });
  }
  return [...groups.values()];
}

const ruleOf = (decision: Decision): string =>
  decision.kind === 'rule' ? `${decision.owned.rule.id} ${decision.undecidable}` : decision.kind;
