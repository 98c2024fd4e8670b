// A replay for people: the flows that would break first, each group with counts, times, who decides, and one of the flows.
import { type DeciderRecord, deciderWords } from '../analysis/event-words.ts';
import type { ChangeGroup, Counted, ReplayReport, UndecidedGroup } from '../flows/groups.ts';
import type { FlowEffect } from '../flows/replay.ts';
import { type Colors, counted } from './output.ts';

type Style = { readonly colors: Colors; readonly all: boolean; readonly failed: readonly string[] };

/** Groups of one kind that are shown unless all are asked for. */
const mostShown = 50;

/** What could not be read, for standard error; empty if all could. */
export function unreadableText({ unreadable }: Pick<ReplayReport, 'unreadable'>): string {
  if (unreadable.count === 0) return '';
  const lines = unreadable.lines.map(({ file, line, reason }) => `  ${file}:${line}: ${reason}`);
  const more = unreadable.count - lines.length;
  return [
    `policyc: ${counted(unreadable.count, 'line')} could not be read, and ${unreadable.count === 1 ? 'is' : 'are'} left out:`,
    ...lines,
    ...(more > 0 ? [`  and ${more} more`] : []),
  ].join('\n');
}

const titles: Readonly<Record<ReplayReport['baseline'], Readonly<Record<FlowEffect, string>>>> = {
  record: {
    'newly-denied': 'would break: recorded as allowed, denied by the policies',
    'newly-allowed': 'would pass: recorded as denied, allowed by the policies',
    'newly-audited': 'would be reported by audit: recorded as allowed',
    'no-longer-audited': 'would pass: recorded as reported by audit',
  },
  policies: {
    'newly-denied': 'would break: newly denied',
    'newly-allowed': 'would pass: newly allowed',
    'newly-audited': 'allowed as before, and now reported by audit',
    'no-longer-audited': 'allowed as before, and no longer reported by audit',
  },
};

const paints: Readonly<Record<FlowEffect, 'red' | 'green' | 'yellow' | 'dim'>> = {
  'newly-denied': 'red',
  'newly-allowed': 'green',
  'newly-audited': 'yellow',
  'no-longer-audited': 'dim',
};

/** The whole report. */
export function replayText(report: ReplayReport, style: Style): string {
  const { colors } = style;
  const mismatched = report.mismatches.length === 0 ? [] : [colors.bold('the record says otherwise than the old policies'), ''];
  return [
    ...changesText(report.changes, report.baseline, style),
    ...mismatched,
    ...changesText(report.mismatches, 'record', style),
    ...undecidedText(report.undecided, style),
    ...notJudgedText(report, style),
    headline(report),
    readText(report),
    ...(style.failed.length > 0 ? [colors.red(`failed on ${style.failed.join(', ')}`)] : []),
  ].join('\n');
}

const total = (groups: readonly Counted[]): number => groups.reduce((sum, { count }) => sum + count, 0);

function headline({ changes, baseline, undecided }: ReplayReport): string {
  const of = (effect: FlowEffect): number => total(changes.filter((change) => change.effect === effect));
  const broken = of('newly-denied');
  const others = [
    ...(of('newly-allowed') > 0 ? [`${of('newly-allowed')} would newly pass`] : []),
    ...(of('newly-audited') > 0 ? [`${of('newly-audited')} would be reported by audit`] : []),
    ...(of('no-longer-audited') > 0 ? [`${of('no-longer-audited')} would no longer be reported by audit`] : []),
    ...(undecided.length > 0 ? [`of ${total(undecided)} the record says too little`] : []),
  ];
  const main =
    broken === 0
      ? `no recorded flow would ${baseline === 'record' ? '' : 'newly '}break`
      : `${counted(broken, 'recorded flow')} would break`;
  return [main, ...others].join('; ');
}

function readText({ read, verdicts, unreadable }: ReplayReport): string {
  const when = read.first === '' ? '' : `, ${read.first} to ${read.last}`;
  const parts = [
    counted(read.flows, 'flow'),
    ...(read.processes > 0 ? [counted(read.processes, 'process', 'processes')] : []),
    ...(read.lost > 0 ? [`${counted(read.lost, 'event')} lost by the recorder`] : []),
    ...(unreadable.count > 0 ? [`${counted(unreadable.count, 'line')} unreadable`] : []),
  ];
  const judged = [
    `${verdicts.allowed} allowed`,
    `${verdicts.denied} denied`,
    ...(verdicts.audited > 0 ? [`${verdicts.audited} audited`] : []),
    ...(verdicts.undecided > 0 ? [`${verdicts.undecided} undecided`] : []),
  ];
  return `read ${counted(read.lines, 'line')}: ${parts.join(', ')}${when}; by the policies ${judged.join(', ')}`;
}

function changesText(changes: readonly ChangeGroup[], baseline: ReplayReport['baseline'], style: Style): readonly string[] {
  const effects = [...new Set(changes.map(({ effect }) => effect))];
  return effects.flatMap((effect) => {
    const groups = changes.filter((change) => change.effect === effect);
    const paint = style.colors[paints[effect]];
    const shown = style.all ? groups : groups.slice(0, mostShown);
    return [
      style.colors.bold(paint(titles[baseline][effect])),
      ...shown.flatMap((group) => changeText(group, paint, style)),
      ...(shown.length < groups.length ? [`  and ${groups.length - shown.length} more groups: \`--all\` lists them`] : []),
      '',
    ];
  });
}

function changeText(group: ChangeGroup, paint: (text: string) => string, { colors }: Style): readonly string[] {
  const { example, before, after } = group;
  return [
    `  ${paint(placeText(group))}  ${countText(group)}`,
    colors.dim(`      for example ${example.short} (${example.file}:${example.line})`),
    ...(before ? [`    before: ${decided(before)}`, `    after:  ${decided(after)}`] : [`    ${decided(after)}`]),
  ];
}

function placeText({ section, subject, peer, at, domain }: ChangeGroup | UndecidedGroup): string {
  if (section === 'process') return `${domain ?? 'process'} of ${subject}`;
  const requests = domain === undefined ? '' : `, ${domain} requests`;
  return section === 'ingress'
    ? `ingress of ${subject} from ${peer} at ${at}${requests}`
    : `egress of ${subject} to ${peer} at ${at}${requests}`;
}

function countText({ count, first, last, recorded }: Counted): string {
  const when = first === '' ? '' : first === last ? `, ${first}` : `, ${first} to ${last}`;
  const kinds = (['denied', 'audited', 'other'] as const).flatMap((kind) =>
    recorded[kind] > 0 && recorded[kind] < count ? [`${recorded[kind]} recorded as ${kind === 'other' ? 'dropped otherwise' : kind}`] : [],
  );
  return [`${counted(count, 'flow')}${when}`, ...kinds].join(', ');
}

const decided = (decider: DeciderRecord): string =>
  decider.rule ? `${deciderWords(decider)}: ${decider.rule.text}` : deciderWords(decider);

function undecidedText(groups: readonly UndecidedGroup[], { colors, all }: Style): readonly string[] {
  if (groups.length === 0) return [];
  const shown = all ? groups : groups.slice(0, mostShown);
  return [
    colors.bold('not decided: the record says too little'),
    ...shown.flatMap((group) => [
      `  ${placeText(group)}  ${countText(group)}`,
      `    it depends on ${group.missing.join(', ')}`,
      colors.dim(`      for example ${group.example.short} (${group.example.file}:${group.example.line})`),
    ]),
    ...(shown.length < groups.length ? [`  and ${groups.length - shown.length} more groups: \`--all\` lists them`] : []),
    '',
  ];
}

function notJudgedText({ notJudged }: ReplayReport, { colors }: Style): readonly string[] {
  if (notJudged.length === 0) return [];
  return [
    colors.bold('not judged'),
    ...notJudged.map(({ explanation, count, first }) => `  ${counted(count, 'flow')}: ${explanation} (first ${first.file}:${first.line})`),
    '',
  ];
}
