// A diff as records of plain text: what a person reads and what JSON carries. No set algebra leaves this file.

import type { Section, TypedPolicy } from '../ir/typed.ts';
import type { Workload } from '../ir/workload.ts';
import { formatAddress } from '../space/address.ts';
import { namesOfWorkloads, workloadsIn } from './affected.ts';
import { type BesideRecord, besideVerdicts } from './beside.ts';
import { anyPlace, anyWorkload, type End, everyAddress, peerOf, subjectOf } from './cell.ts';
import { type Dimension, sizeWords } from './class-size.ts';
import { type Concern, type FlowCount, highest, scopes, severities } from './concern.ts';
import { contentWords } from './content-words.ts';
import { type Difference, type Effect, effects, type UndecidedPart } from './diff.ts';
import { type DeciderRecord, deciderOf, eventWords, placeOf, type SourcePlace } from './event-words.ts';
import type { LimitName } from './limit.ts';
import { sideVerdict } from './oracle.ts';
import { type Reproduction, reproduction } from './reproduce.ts';
import { concerns } from './severity.ts';
import { addressWords, endWords, transportWords } from './words.ts';

/**
 * One class of events. `peer` and `at` are absent for processes, which have a `domain` (`exec`, `read` ...); `content` is absent
 * where it makes no difference. Severity, scopes and who owns the subject are of the class, too.
 */
export type ChangeRecord = Concern & {
  readonly effect: Effect;
  readonly section: Section;
  readonly domain?: string;
  readonly subject: string;
  readonly peer?: string;
  /** What kinds of endpoints they are, and a short name of each: of the workloads whose `app` is one value, that value. */
  readonly ends: { readonly subject: EndRecord; readonly peer?: EndRecord };
  readonly at?: string;
  readonly content?: string;
  readonly before: DeciderRecord;
  readonly after: DeciderRecord;
  /** How large the class is: `3 identities, 2^16 addresses, 1 port`, and the exact numbers as decimal digits. */
  readonly size: { readonly words: string; readonly dimensions: readonly (Omit<Dimension, 'count'> & { readonly count?: string })[] };
  /** Workloads that there are, by name; absent where none are known. `peers` of a process is empty. */
  readonly affected?: { readonly subjects: readonly string[]; readonly peers: readonly string[] };
  /** How many recorded flows it would have hit; absent where none were given. */
  readonly flows?: FlowCount;
  /** One event of the class, the verdicts of both its sides together, and a line for a shell that makes it, where a common tool does. */
  readonly example: {
    readonly event: string;
    readonly before: DeciderRecord;
    readonly after: DeciderRecord;
    readonly reproduce?: Reproduction;
  };
};

export type EndRecord = { readonly kind: 'workload' | 'reserved' | 'address' | 'any'; readonly name: string };

/** Events of a section that a rule (or the default deny of a policy: `text` is its name) speaks of: whether they changed needs more than the limit. */
export type UndecidedRecord = SourcePlace & {
  readonly section: Section;
  readonly domain?: string;
  readonly text: string;
  readonly limit: { readonly what: LimitName; readonly allowed: number };
};

/** Every change of verdicts, and how many there are of each effect: what `policyc diff --format json` prints. */
export type DiffReport = {
  /**
   * `same-meaning`: no event has another verdict, or another rule that decides it; `same-verdicts`: none has another verdict.
   * Both hold for all events. `undecided`: there may be more changes, in the parts of `undecided`.
   */
  readonly conclusion: 'same-meaning' | 'same-verdicts' | 'changed' | 'undecided';
  readonly changes: readonly ChangeRecord[];
  /** What is another and shows in no verdict; absent where nothing is. */
  readonly beside?: readonly BesideRecord[];
  /** Absent where every change is known. */
  readonly undecided?: readonly UndecidedRecord[];
  readonly summary: Readonly<Record<Effect, number>>;
};

/** `workloads`: those that there are, of which changes tell the affected ones. `flowsOf`: the recorded flows of a difference. */
export type ReportOptions = {
  readonly undecided?: readonly UndecidedPart[];
  readonly workloads?: readonly Workload[];
  readonly flowsOf?: (difference: Difference) => FlowCount | undefined;
};

type Reporting = Required<Omit<ReportOptions, 'undecided'>> & {
  readonly before: TypedPolicy;
  readonly after: TypedPolicy;
  readonly concern: (difference: Difference) => Concern;
};

/** The records of a diff, ordered by effect, severity, section, subject and peer. */
export function diffReport(
  [before, after]: readonly [before: TypedPolicy, after: TypedPolicy],
  differences: readonly Difference[],
  { workloads = [], flowsOf = () => undefined, undecided = [] }: ReportOptions = {},
): DiffReport {
  const reporting = { before, after, workloads, flowsOf, concern: concerns(before, after) };
  const changes = [...joinedPeers(differences.map((difference) => recordOf(reporting, difference)))].sort(byPlace);
  const count = (effect: Effect): number => changes.filter((change) => change.effect === effect).length;
  const summary: Record<Effect, number> = {
    'newly-allowed': count('newly-allowed'),
    'newly-denied': count('newly-denied'),
    'newly-audited': count('newly-audited'),
    'no-longer-audited': count('no-longer-audited'),
    masked: count('masked'),
    'another-rule': count('another-rule'),
  };
  const isTurned = changes.some(({ severity }) => severity !== 'none');
  const known = isTurned ? 'changed' : changes.length > 0 ? 'same-verdicts' : 'same-meaning';
  const others = besideVerdicts(before, after);
  const beside = others.length > 0 ? { beside: others } : {};
  if (undecided.length === 0) return { conclusion: known, changes, ...beside, summary };
  return {
    conclusion: 'undecided',
    changes,
    ...beside,
    undecided: undecided.map((part) => undecidedRecord([before, after], part)),
    summary,
  };
}

function undecidedRecord(sides: readonly TypedPolicy[], { section, domain, limit }: UndecidedPart): UndecidedRecord {
  const rule = sides.flatMap(({ rules }) => rules).find(({ span }) => span === limit.guilty);
  const policy = sides.flatMap(({ policies }) => policies).find(({ span }) => span === limit.guilty);
  return {
    section,
    ...(domain !== undefined && { domain }),
    text: rule?.text ?? `policy ${policy?.name ?? ''}`,
    ...(limit.guilty ? placeOf(limit.guilty) : { file: '', line: 1 }),
    limit: { what: limit.limit, allowed: limit.allowed },
  };
}

/** Workloads, reserved endpoints and the world, each whole and changed alike, are `all`; the example is the world's. */
function joinedPeers(changes: readonly ChangeRecord[]): readonly ChangeRecord[] {
  const groups = new Map<string, ChangeRecord[]>();
  for (const change of changes) {
    const { effect, section, domain, subject, at, content, before, after } = change;
    const key = JSON.stringify([effect, section, domain, subject, at, content, before, after]);
    groups.set(key, [...(groups.get(key) ?? []), change]);
  }
  return [...groups.values()].flatMap((group) => {
    const find = (kind: string) => group.find(({ peer }) => peer === kind);
    const [whole, init] = [wholeKinds.map(find), find('init')];
    const [world, , workloads] = whole;
    if (!world || !workloads || whole.includes(undefined)) return group;
    const parts = [...whole, init].flatMap((part) => part ?? []);
    const peer = init ? 'all' : 'all but init';
    const ends = { ...world.ends, peer: { kind: 'any', name: peer } as const };
    const joined = { ...world, ...joinedConcern(parts), ...joinedFlows(parts), peer, ends, size: workloads.size };
    return [{ ...joined, ...(workloads.affected && { affected: workloads.affected }) }, ...group.filter((one) => !parts.includes(one))];
  });
}
const known: End = { kind: 'reserved', names: new Map([['init', false]]), addresses: anyPlace };
const wholeKinds = [addressWords(everyAddress), endWords(known), endWords(anyWorkload)];

const joinedConcern = (parts: readonly ChangeRecord[]): Pick<Concern, 'severity' | 'reasons' | 'scopes'> => ({
  severity: highest(parts.map(({ severity }) => severity)),
  reasons: [...new Set(parts.flatMap(({ reasons }) => reasons))],
  scopes: scopes.filter((scope) => parts.some((part) => part.scopes.includes(scope))),
});

function joinedFlows(parts: readonly ChangeRecord[]): Pick<ChangeRecord, 'flows'> {
  const all = parts.flatMap(({ flows }) => flows ?? []);
  if (all.length === 0) return {};
  const sum = (of: 'count' | 'uncertain'): number => all.reduce((total, flows) => total + flows[of], 0);
  const times = (of: 'first' | 'last'): readonly string[] => all.flatMap((flows) => (flows[of] === '' ? [] : [flows[of]])).sort();
  return { flows: { count: sum('count'), uncertain: sum('uncertain'), first: times('first')[0] ?? '', last: times('last').at(-1) ?? '' } };
}

const sections: readonly Section[] = ['ingress', 'egress', 'process'];

function byPlace(a: ChangeRecord, b: ChangeRecord): number {
  const key = (change: ChangeRecord): string =>
    JSON.stringify([change.domain, change.subject, change.before, change.after, change.peer, change.at, change.content]);
  const numbers =
    effects.indexOf(a.effect) - effects.indexOf(b.effect) ||
    severities.indexOf(b.severity) - severities.indexOf(a.severity) ||
    sections.indexOf(a.section) - sections.indexOf(b.section);
  return numbers || (key(a) < key(b) ? -1 : 1);
}

function recordOf(reporting: Reporting, difference: Difference): ChangeRecord {
  const { before, after, concern, flowsOf } = reporting;
  const { effect, section, domain, cell, items, everyItem, size, witness } = difference;
  const network = section === 'process' ? {} : { peer: endWords(peerOf(cell, section)), at: transportWords(cell.points, cell.portNames) };
  const content = everyItem ? '' : contentWords(items);
  const own = concern(difference);
  return {
    effect,
    section,
    ...(domain === undefined ? {} : { domain }),
    subject: endWords(subjectOf(cell, section)),
    ...network,
    ends: {
      subject: endRecord(subjectOf(cell, section)),
      ...(section === 'process' ? {} : { peer: endRecord(peerOf(cell, section)) }),
    },
    ...(content && { content }),
    before: deciderOf(before, sideVerdict(before, section, witness.event)),
    after: deciderOf(after, sideVerdict(after, section, witness.event)),
    ...own,
    ...withFlows(own, effect, flowsOf(difference)),
    size: {
      words: sizeText(section, size),
      dimensions: size.map(({ count, ...dimension }) => ({ ...dimension, ...(count !== undefined && { count: String(count) }) })),
    },
    ...affectedBy(reporting, difference),
    example: exampleOf(reporting, difference),
  };
}

/** Labels that say what a workload is, the most usual first. */
const nameKeys = ['app', 'app.kubernetes.io/name', 'k8s-app', 'name', 'role', 'tier'] as const;

export function endRecord(end: End): EndRecord {
  if (end.kind === 'nothing') return { kind: 'any', name: '' };
  const words = endWords(end);
  if (end.kind !== 'workload') return { kind: end.kind, name: words };
  const names = nameKeys.flatMap((key) => {
    const set = end.labels.get(key);
    return set && !set.others && !set.absent && set.values.length === 1 ? set.values : [];
  });
  return { kind: end.kind, name: names[0] ?? words };
}

/** `1 identity from 3 identities, 1 port`. */
function sizeText(section: Section, size: Difference['size']): string {
  const words = (...wanted: readonly Dimension['of'][]): string => sizeWords(size.filter(({ of }) => wanted.includes(of)));
  const ends = [words('subject'), words('peer')].filter((text) => text !== '').join(section === 'ingress' ? ' from ' : ' to ');
  return [ends, words('at', 'content')].filter((text) => text !== '').join(', ');
}

/** What really happened weighs more than what could. */
function withFlows(concern: Concern, effect: Effect, flows: FlowCount | undefined): Partial<ChangeRecord> {
  if (!flows) return {};
  if (flows.count === 0 || concern.severity === 'none') return { flows };
  const what = effect === 'newly-denied' ? 'would break' : effect === 'newly-allowed' ? 'were denied, and would pass' : 'are of it';
  const severity = effect === 'newly-denied' ? highest([concern.severity, 'medium']) : concern.severity;
  return { flows, severity, reasons: [...concern.reasons, `${flows.count} recorded flows ${what}`], scopes: [...concern.scopes, 'flows'] };
}

function affectedBy({ workloads }: Reporting, { section, cell }: Difference): Pick<ChangeRecord, 'affected'> {
  if (workloads.length === 0) return {};
  const names = (end: End): readonly string[] => namesOfWorkloads(workloadsIn(end, workloads));
  return { affected: { subjects: names(subjectOf(cell, section)), peers: section === 'process' ? [] : names(peerOf(cell, section)) } };
}

function exampleOf({ before, after, workloads }: Reporting, { cell, witness }: Difference): ChangeRecord['example'] {
  const [there] = workloadsIn(cell.destination, workloads).flatMap(({ addresses }) => addresses);
  const reproduce = reproduction(witness.event, there === undefined ? undefined : formatAddress(there));
  return {
    event: eventWords(witness.event, after.domains),
    before: deciderOf(before, witness.before),
    after: deciderOf(after, witness.after),
    ...(reproduce && { reproduce }),
  };
}
