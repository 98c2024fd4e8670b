// What a replay found, as people read it: flows of one subject and peer, at one port, that one rule decides, are one group with counts,
// times, and an example.
import { contentWords, type DeciderRecord, deciderOf, eventWords, pointWords } from '../analysis/event-words.ts';
import type { Verdict } from '../ir/event.ts';
import type { Section, TypedPolicy } from '../ir/typed.ts';
import { formatAddress } from '../space/address.ts';
import type { End } from './ends.ts';
import { type NotJudged, notJudged, type Recorded } from './observation.ts';
import {
  type Answer,
  effectOf,
  effects,
  type FlowEffect,
  isCompared,
  type JudgedCell,
  type Outcome,
  outcomeOf,
  type Policies,
  type Replay,
  verdictFor,
  verdictOn,
} from './replay.ts';
import { timeText } from './time.ts';
import type { BadLine, Cell, Count, Place } from './traffic.ts';

/** How many recorded flows; `recorded`: by what was decided then. Times as RFC 3339, empty where none is recorded. */
export type Counted = {
  readonly count: number;
  readonly first: string;
  readonly last: string;
  readonly recorded: Readonly<Record<Recorded, number>>;
};
/** `peer` and `at` are absent for processes. `example`: one of the flows, in full and in short, and where the first of them stands. */
type Head = {
  readonly section: Section;
  readonly subject: string;
  readonly peer?: string;
  readonly at?: string;
  /** Requests: of which protocol; processes: of which class. */
  readonly domain?: string;
  readonly example: Place & { readonly event: string; readonly short: string };
};
/** `before`: absent where the record is what is compared with. */
export type ChangeGroup = Head & Counted & { readonly effect: FlowEffect; readonly before?: DeciderRecord; readonly after: DeciderRecord };
/** `missing`: for want of what. `after`, `before`: which of both policies cannot be answered for. */
export type UndecidedGroup = Head & Counted & { readonly missing: readonly string[] };
export type SkippedGroup = { readonly reason: NotJudged; readonly explanation: string; readonly count: number; readonly first: Place };

/** As `policyc replay --format json` prints it. */
export type ReplayReport = {
  /** `record`: changes are beside what was recorded; `policies`: beside the old policies, and `mismatches` are of those beside the record. */
  readonly baseline: 'record' | 'policies';
  readonly read: {
    readonly lines: number;
    readonly flows: number;
    readonly processes: number;
    readonly lost: number;
    readonly others: number;
    readonly first: string;
    readonly last: string;
  };
  /** How many flows the (new) policies allow, deny, only report. */
  readonly verdicts: Readonly<Record<Outcome | 'undecided', number>>;
  readonly changes: readonly ChangeGroup[];
  readonly mismatches: readonly ChangeGroup[];
  readonly undecided: readonly UndecidedGroup[];
  readonly notJudged: readonly SkippedGroup[];
  readonly unreadable: { readonly count: number; readonly lines: readonly BadLine[] };
};

/** What an end is called in a group. */
export function endName({ identity, name, address }: End): string {
  if (identity.kind !== 'world') return name;
  if (name !== '') return name;
  return address === undefined ? 'world' : `addresses such as ${formatAddress(address)}`;
}

class Groups<Rest extends object> {
  readonly #groups = new Map<string, { readonly head: Head; readonly rest: Rest; readonly counts: Count[] }>();

  add(head: Head, rest: Rest, counts: readonly Count[]): void {
    const { example: _, ...told } = head;
    const key = JSON.stringify([told, rest]);
    const group = this.#groups.get(key);
    if (group) group.counts.push(...counts);
    else this.#groups.set(key, { head, rest, counts: [...counts] });
  }

  /** Most flows first. */
  all(): readonly (Head & Rest & Counted)[] {
    const all = [...this.#groups.entries()].map(([key, { head, rest, counts }]) => ({
      key,
      group: { ...head, ...rest, ...summed(counts) },
    }));
    return all.sort((a, b) => b.group.count - a.group.count || (a.key < b.key ? -1 : 1)).map(({ group }) => group);
  }
}

export function summed(counts: readonly Count[]): Counted {
  const recorded: Record<Recorded, number> = { allowed: 0, denied: 0, audited: 0, other: 0, none: 0 };
  let [count, first, last] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const one of counts) {
    recorded[one.recorded] += one.count;
    count += one.count;
    if (one.first < first) first = one.first;
    if (one.last > last) last = one.last;
  }
  return { count, first: timeText(first), last: timeText(last), recorded };
}

/** Which side a verdict comes from: egress, where it denies. */
function sectionOf(typed: TypedPolicy, answer: Answer): Section {
  if (answer.asked.event.kind === 'process') return 'process';
  const isEgress = isRefused(verdictOn(typed, answer, 'egress'));
  return isEgress || !isRefused(verdictOn(typed, answer, 'ingress')) ? 'egress' : 'ingress';
}

function headOf(typed: TypedPolicy, cell: Cell, { event }: Answer['asked'], section: Section): Head {
  const example = { ...cell.place, event: eventWords(event, typed.domains), short: shortWords(cell, typed) };
  if (cell.kind === 'process') return { section: 'process', subject: endName(cell.source), domain: cell.request.domain, example };
  const [subject, peer] = section === 'ingress' ? [cell.destination, cell.source] : [cell.source, cell.destination];
  const domain = cell.request ? { domain: cell.request.domain } : {};
  return { section, subject: endName(subject), peer: endName(peer), at: pointWords(cell.point), ...domain, example };
}

/** `shop/web 10.0.1.2 -> shop/cart 10.0.1.3 tcp 8080 GET "/cart/42"`. */
function shortWords(cell: Cell, typed: TypedPolicy): string {
  const request = cell.request ? ` ${contentWords(cell.request.domain, cell.request.content, typed.domains)}` : '';
  if (cell.kind === 'process') return `${endName(cell.source)}${request}`;
  const end = ({ identity, name }: End, address: string): string =>
    identity.kind === 'world' ? [address, ...(name === '' ? [] : [`(${name})`])].join(' ') : [name, address].join(' ').trim();
  const ends = `${end(cell.source, cell.sourceAddress)} -> ${end(cell.destination, cell.destinationAddress)}`;
  return `${ends} ${pointWords(cell.point)}${request}`;
}

type Found = {
  readonly changes: Groups<{ readonly effect: FlowEffect; readonly before?: DeciderRecord; readonly after: DeciderRecord }>;
  readonly mismatches: Groups<{ readonly effect: FlowEffect; readonly after: DeciderRecord }>;
  readonly undecided: Groups<{ readonly missing: readonly string[] }>;
};

/** Everything that a replay found. */
export function replayReport(replay: Replay, { before, after }: Policies): ReplayReport {
  const found: Found = { changes: new Groups(), mismatches: new Groups(), undecided: new Groups() };
  const verdicts: Record<Outcome | 'undecided', number> = { allowed: 0, denied: 0, audited: 0, undecided: 0 };
  for (const judged of replay.judged()) {
    const { kind } = judged.answer.judged;
    const outcome = judged.answer.judged.kind === 'decided' ? outcomeOf(judged.answer.judged.verdict) : 'undecided';
    verdicts[outcome] += judged.counts.reduce((sum, { count }) => sum + count, 0);
    if (kind === 'undecided' || judged.before?.judged.kind === 'undecided') addUndecided(found, after, judged);
    if (before) {
      addChange(found, { before, after }, judged);
      addMismatches(found.mismatches, before, { ...judged, answer: judged.before ?? judged.answer });
    } else addMismatches(found.changes, after, judged);
  }
  const { skipped, bad, first, last, ...read } = replay.tally();
  return {
    baseline: before ? 'policies' : 'record',
    read: { ...read, first: timeText(first), last: timeText(last) },
    verdicts,
    changes: byEffect(found.changes.all()),
    mismatches: byEffect(found.mismatches.all()),
    undecided: found.undecided.all(),
    notJudged: skipped.map((one) => ({ ...one, explanation: notJudged[one.reason] })),
    unreadable: bad,
  };
}

const byEffect = <T extends { readonly effect: FlowEffect }>(groups: readonly T[]): readonly T[] =>
  effects.flatMap((effect) => groups.filter((group) => group.effect === effect));

function addUndecided({ undecided }: Found, typed: TypedPolicy, { cell, counts, answer, before }: JudgedCell): void {
  const missing = [answer, ...(before ? [before] : [])].flatMap(({ judged }) => (judged.kind === 'undecided' ? judged.missing : []));
  undecided.add(headOf(typed, cell, answer.asked, 'egress'), { missing: [...new Set(missing)].sort() }, counts);
}

type Two = { readonly before: TypedPolicy; readonly after: TypedPolicy };

function addChange({ changes }: Found, { before, after }: Two, { cell, counts, answer, before: earlier }: JudgedCell): void {
  if (answer.judged.kind === 'undecided' || earlier?.judged.kind !== 'decided') return;
  const [was, is] = [earlier.judged.verdict, answer.judged.verdict];
  const effect = effectOf(outcomeOf(was), outcomeOf(is));
  if (!effect) return;
  const section = isRefused(is) ? sectionOf(after, answer) : sectionOf(before, earlier);
  changes.add(headOf(after, cell, answer.asked, section), { effect, before: deciderOf(before, was), after: deciderOf(after, is) }, counts);
}

const isRefused = (verdict: Verdict): boolean => outcomeOf(verdict) !== 'allowed';

/** Records that say another verdict than the policies. */
function addMismatches(
  groups: Groups<{ readonly effect: FlowEffect; readonly after: DeciderRecord }>,
  typed: TypedPolicy,
  judged: JudgedCell,
): void {
  for (const count of judged.counts) {
    const verdict = verdictFor(typed, judged, count);
    const effect = verdict && isCompared(count.recorded) ? effectOf(count.recorded, outcomeOf(verdict)) : undefined;
    if (!verdict || !effect) continue;
    const section = isRefused(verdict) || count.direction === 'unknown' ? sectionOf(typed, judged.answer) : count.direction;
    groups.add(headOf(typed, judged.cell, judged.answer.asked, section), { effect, after: deciderOf(typed, verdict) }, [count]);
  }
}
