// A diff as records of plain text: what a person reads and what JSON carries. No set algebra leaves this file.

import type { Section, TypedPolicy } from '../ir/typed.ts';
import { anyPlace, anyWorkload, type End, everyAddress, peerOf, subjectOf } from './cell.ts';
import { type Dimension, sizeWords } from './class-size.ts';
import { contentWords } from './content-words.ts';
import { type Difference, type Effect, effects } from './diff.ts';
import { type DeciderRecord, deciderOf, eventWords } from './event-words.ts';
import { sideVerdict } from './oracle.ts';
import { addressWords, endWords, transportWords } from './words.ts';

/** One class of events. `peer` and `at` are absent for processes, which have a `domain` (`exec`, `read` ...); `content` is absent where it makes no difference. */
export type ChangeRecord = {
  readonly effect: Effect;
  readonly section: Section;
  readonly domain?: string;
  readonly subject: string;
  readonly peer?: string;
  readonly at?: string;
  readonly content?: string;
  readonly before: DeciderRecord;
  readonly after: DeciderRecord;
  /** How large the class is: `3 identities, 2^16 addresses, 1 port`, and the exact numbers as decimal digits. */
  readonly size: { readonly words: string; readonly dimensions: readonly (Omit<Dimension, 'count'> & { readonly count?: string })[] };
  /** One event of the class, and the verdicts of both its sides together. */
  readonly example: { readonly event: string; readonly before: DeciderRecord; readonly after: DeciderRecord };
};

/** Every change of verdicts, and how many there are of each effect: what `policyc diff --format json` prints. */
export type DiffReport = { readonly changes: readonly ChangeRecord[]; readonly summary: Readonly<Record<Effect, number>> };

/** The records of a diff, ordered by effect, section, subject and peer. */
export function diffReport(before: TypedPolicy, after: TypedPolicy, differences: readonly Difference[]): DiffReport {
  const changes = [...joinedPeers(differences.map((difference) => recordOf(before, after, difference)))].sort(byPlace);
  const count = (effect: Effect): number => changes.filter((change) => change.effect === effect).length;
  const summary: Record<Effect, number> = {
    'newly-allowed': count('newly-allowed'),
    'newly-denied': count('newly-denied'),
    'newly-audited': count('newly-audited'),
    'no-longer-audited': count('no-longer-audited'),
    masked: count('masked'),
    'another-rule': count('another-rule'),
  };
  return { changes, summary };
}

/** Workloads, reserved endpoints and the world, each whole and changed alike, are `all`; the example is the world's. */
function joinedPeers(changes: readonly ChangeRecord[]): readonly ChangeRecord[] {
  const groups = new Map<string, ChangeRecord[]>();
  for (const change of changes) {
    const { peer: _, example: __, size: ___, ...rest } = change;
    const key = JSON.stringify(rest);
    groups.set(key, [...(groups.get(key) ?? []), change]);
  }
  return [...groups.values()].flatMap((group) => {
    const find = (kind: string) => group.find(({ peer }) => peer === kind);
    const [whole, init] = [wholeKinds.map(find), find('init')];
    const [world, , workloads] = whole;
    if (!world || !workloads || whole.includes(undefined)) return group;
    const joined = { ...world, peer: init ? 'all' : 'all but init', size: workloads.size };
    return [joined, ...group.filter((change) => change !== init && !whole.includes(change))];
  });
}
const known: End = { kind: 'reserved', names: new Map([['init', false]]), addresses: anyPlace };
const wholeKinds = [addressWords(everyAddress), endWords(known), endWords(anyWorkload)];

const sections: readonly Section[] = ['ingress', 'egress', 'process'];

function byPlace(a: ChangeRecord, b: ChangeRecord): number {
  const key = (change: ChangeRecord): string =>
    JSON.stringify([change.domain, change.subject, change.before, change.after, change.peer, change.at, change.content]);
  const numbers = effects.indexOf(a.effect) - effects.indexOf(b.effect) || sections.indexOf(a.section) - sections.indexOf(b.section);
  return numbers || (key(a) < key(b) ? -1 : 1);
}

function recordOf(before: TypedPolicy, after: TypedPolicy, difference: Difference): ChangeRecord {
  const { effect, section, domain, cell, items, everyItem, size, witness } = difference;
  const network = section === 'process' ? {} : { peer: endWords(peerOf(cell, section)), at: transportWords(cell.points, cell.portNames) };
  const content = everyItem ? '' : contentWords(items);
  return {
    effect,
    section,
    ...(domain === undefined ? {} : { domain }),
    subject: endWords(subjectOf(cell, section)),
    ...network,
    ...(content && { content }),
    before: deciderOf(before, sideVerdict(before, section, witness.event)),
    after: deciderOf(after, sideVerdict(after, section, witness.event)),
    size: {
      words: sizeWords(size),
      dimensions: size.map(({ count, ...dimension }) => ({ ...dimension, ...(count !== undefined && { count: String(count) }) })),
    },
    example: {
      event: eventWords(witness.event, after.domains),
      before: deciderOf(before, witness.before),
      after: deciderOf(after, witness.after),
    },
  };
}
