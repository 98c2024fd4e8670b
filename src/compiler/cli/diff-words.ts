// The words of a review that all of its forms share.

import type { Cost } from '../7-build/cost.ts';
import type { BesideRecord } from '../analysis/beside.ts';
import type { ConnectivityDiff } from '../analysis/connectivity-diff.ts';
import type { Effect } from '../analysis/diff.ts';
import { type DeciderRecord, deciderWords } from '../analysis/event-words.ts';
import type { ChangeRecord, DiffReport } from '../analysis/report.ts';
import type { ReportGraph } from '../analysis/report-graph.ts';
import { counted, grouped } from './output.ts';

export const titles: Readonly<Record<Effect, string>> = {
  'newly-allowed': 'newly allowed',
  'newly-denied': 'newly denied',
  'newly-audited': 'allowed as before, and now reported by audit',
  'no-longer-audited': 'allowed as before, and no longer reported by audit',
  masked: 'no effect: the other side of the flow denies it',
  'another-rule': 'same verdict, decided by another rule',
};

/** What somebody who looks at verdicts sees, and what changes none. */
export const turning = ['newly-allowed', 'newly-denied', 'newly-audited', 'no-longer-audited'] as const satisfies readonly Effect[];
export const quiet = ['masked', 'another-rule'] as const satisfies readonly Effect[];

/** What was compared with what, what came of it, what it costs, and which gates it does not pass. */
export type Review = {
  readonly old: string;
  readonly new: string;
  readonly report: DiffReport;
  /** Made where a form shows it. */
  readonly graph?: ReportGraph;
  readonly cost?: CostChange;
  /** Where there are workloads. */
  readonly connections?: ConnectivityDiff;
  /** Recorded traffic that changes were asked about. */
  readonly flows?: { readonly events: number; readonly notJudged: number; readonly unreadableLines: number };
  readonly failed: readonly { readonly gate: string; readonly changes: number }[];
};
/** A text: why a side has no cost. */
export type CostChange = { readonly before: Cost | string; readonly after: Cost | string };

/** The whole report in one line. */
export function conclusionText({ conclusion, summary, undecided = [] }: DiffReport): string {
  const rest = [
    ...(summary['newly-audited'] > 0 ? [`${summary['newly-audited']} newly reported by audit`] : []),
    ...(summary['no-longer-audited'] > 0 ? [`${summary['no-longer-audited']} no longer reported by audit`] : []),
    ...(summary.masked > 0 ? [`${summary.masked} without effect, because the other side of the flow denies`] : []),
    ...(summary['another-rule'] > 0 ? [`${summary['another-rule']} decided by another rule`] : []),
  ];
  const beside = rest.length > 0 ? ` (beside them ${rest.join(', ')})` : '';
  const classes = `${counted(summary['newly-allowed'], 'class', 'classes')} of events newly allowed, ${summary['newly-denied']} newly denied${beside}`;
  switch (conclusion) {
    case 'undecided':
      return `undecided in part: ${undecided.length === 1 ? '1 changed rule is' : `${undecided.length} changed rules are`} past the limit; beside that ${classes}`;
    case 'same-meaning':
      return 'no change of meaning: proved for all events';
    case 'same-verdicts':
      return `no verdict changes: proved for all events${beside}`;
    case 'changed':
      return classes;
  }
}

const longest = 180;
/** A line's worth of a rule or a place; whole in the JSON report. */
export const short = (text: string): string => (text.length <= longest ? text : `${text.slice(0, longest - 1)}…`);

/** `ingress: what `deny at tcp` changes (new.policy:7): ...`: for each part that is not decided. */
export const undecidedTexts = ({ undecided = [] }: DiffReport): readonly string[] =>
  undecided.map(
    ({ section, domain, text, file, line, limit }) =>
      `${domain ?? section}: what \`${short(text)}\` changes (${file}:${line}): an exact answer needs more than ${grouped(limit.allowed)} ${limit.what}`,
  );

/** `service shop is another (new.policy:3)`: for each thing that shows in no verdict. */
export const besideTexts = ({ beside = [] }: DiffReport): readonly string[] =>
  beside.map(
    ({ of, change, text, file, line }) =>
      `${of === 'service' ? short(text) : `${of} ${short(text)}`}: ${besideWords[of][change]} (${file}:${line})`,
  );

const besideWords: Readonly<Record<BesideRecord['of'], Readonly<Record<BesideRecord['change'], string>>>> = {
  service: { new: 'is new', gone: 'is gone', another: 'leads elsewhere' },
  invariant: { new: 'is new', gone: 'is gone', another: 'is another' },
  rule: { new: 'is new', gone: 'is gone', another: 'logs, requires or answers something else' },
};

/** Changes of one subject that were and are decided alike stand together. */
export function groupsOf(changes: readonly ChangeRecord[]): readonly (readonly [ChangeRecord, ...ChangeRecord[]])[] {
  const groups = new Map<string, [ChangeRecord, ...ChangeRecord[]]>();
  for (const change of changes) {
    const key = JSON.stringify([change.effect, change.section, change.subject, change.before, change.after]);
    const group = groups.get(key);
    if (group) group.push(change);
    else groups.set(key, [change]);
  }
  return [...groups.values()];
}

export const subjectText = ({ section, subject }: ChangeRecord): string => `${section === 'process' ? 'processes' : section} of ${subject}`;

/** `from { app: "web" } at tcp 80, http GET /`. */
export function placeText({ section, domain, peer, at, content }: ChangeRecord): string {
  if (section === 'process') return content === undefined ? `every ${domain ?? 'event'}` : content;
  return [`${section === 'ingress' ? 'from' : 'to'} ${peer} at ${at}`, ...(content === undefined ? [] : [content])].join(', ');
}

/** Who decided, and by which rule. */
export const decided = (decider: DeciderRecord): string =>
  decider.rule ? `${deciderWords(decider)}: ${decider.rule.text}` : deciderWords(decider);

/** The verdict of the whole flow, where it is not what this side alone says. */
export const otherVerdict = ({ effect, example }: ChangeRecord): string => (effect === 'masked' ? ` (${deciderWords(example.after)})` : '');

/** `high: opened to the world`; empty where nobody has to care more than usual. */
export const concernText = ({ severity, reasons }: ChangeRecord): string =>
  severity === 'none' || (severity === 'low' && reasons.length === 0) ? '' : [severity, reasons.join(', ')].filter(Boolean).join(': ');

const shownWorkloads = 6;

/** `shop/cart[Deployment], shop/web and 3 more`; undefined where no workloads are known. */
export function affectedText({ section, affected }: ChangeRecord): string | undefined {
  if (!affected) return undefined;
  const list = (names: readonly string[]): string => {
    if (names.length === 0) return 'no workload';
    const more = names.length - shownWorkloads;
    return names.slice(0, shownWorkloads).join(', ') + (more > 0 ? ` and ${more} more` : '');
  };
  const { subjects, peers } = affected;
  return section === 'process' || peers.length === 0
    ? list(subjects)
    : `${list(subjects)} (${section === 'ingress' ? 'from' : 'to'} ${list(peers)})`;
}

/** `12 of the recorded flows, 2026-03-05T...`; undefined where none were given. */
export function flowsText({ flows }: ChangeRecord): string | undefined {
  if (!flows) return undefined;
  const times = flows.count === 0 || flows.first === '' ? '' : flows.count === 1 ? `, ${flows.first}` : `, ${flows.first} to ${flows.last}`;
  const uncertain = flows.uncertain > 0 ? ` (perhaps ${grouped(flows.uncertain)} more: the record says too little)` : '';
  return `${flows.count === 0 ? 'none of the recorded flows' : counted(flows.count, 'recorded flow')}${times}${uncertain}`;
}

/** What was read of recorded traffic. */
export function trafficText({ events, notJudged, unreadableLines }: NonNullable<Review['flows']>): string {
  const rest = [
    ...(notJudged > 0 ? [`${grouped(notJudged)} could not be judged`] : []),
    ...(unreadableLines > 0 ? [`${counted(unreadableLines, 'line')} could not be read`] : []),
  ];
  return `asked of ${grouped(events)} recorded flows${rest.length > 0 ? ` (${rest.join(', ')}: \`policyc replay\` says why)` : ''}`;
}

/** Of the tables and of the programs; `isSame`: nothing to look at. */
export function costTexts({
  before,
  after,
}: CostChange): readonly { readonly name: string; readonly text: string; readonly isSame: boolean }[] {
  if (typeof before === 'string' || typeof after === 'string') {
    const reason = typeof after === 'string' ? after : String(before);
    return [{ name: 'cost', text: `not known: ${reason}`, isSame: false }];
  }
  const change = (name: string, one: number, other: number): { readonly name: string; readonly text: string; readonly isSame: boolean } => {
    const delta = other - one;
    const sign = delta > 0 ? '+' : '';
    return {
      name,
      text: delta === 0 ? grouped(other) : `${grouped(one)} -> ${grouped(other)} (${sign}${grouped(delta)})`,
      isSame: delta === 0,
    };
  };
  return [
    change('bytes of tables', before.bytes, after.bytes),
    change('entries of tables', before.entries, after.entries),
    ...(before.instructions !== undefined && after.instructions !== undefined
      ? [change('instructions of programs', before.instructions, after.instructions)]
      : []),
  ];
}
