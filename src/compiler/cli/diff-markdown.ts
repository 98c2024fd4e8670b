// A review as Markdown, for a comment on a pull request: what matters first, details folded, and never longer than such a comment
// may be; what was cut is said.

import picocolors from 'picocolors';
import { severities } from '../analysis/concern.ts';
import type { ChangeRecord } from '../analysis/report.ts';
import { connectionLines, connectionsText } from './diff-connections.ts';
import { groupText } from './diff-text.ts';
import {
  besideTexts,
  concernText,
  conclusionText,
  costTexts,
  groupsOf,
  placeText,
  quiet,
  type Review,
  short,
  subjectText,
  titles,
  trafficText,
  turning,
  undecidedTexts,
} from './diff-words.ts';
import { counted } from './output.ts';

/** GitHub takes 65,536 characters. */
export const mostCharacters = 65_000;
/** Of the table; the others are in the folded parts. */
const [mostRows, mostRowCharacters, mostItemCharacters] = [25, 30_000, 10_000];
/** By which a later run finds the comment of an earlier one. */
const mark = '<!-- policyc diff -->';
const plain = picocolors.createColors(false);

export function diffMarkdown(review: Review): string {
  const { report, cost } = review;
  const turned = report.changes.filter(({ effect }) => turning.some((one) => one === effect));
  const rest = report.changes.filter(({ effect }) => quiet.some((one) => one === effect));
  const head = [
    mark,
    `### policyc: ${conclusionText(report)}`,
    '',
    `${code(review.old)} → ${code(review.new)}`,
    '',
    ...review.failed.map(({ gate, changes }) => `- ❌ ${code(`--fail-on ${gate}`)}: ${counted(changes, 'change')}`),
    ...items('❓ not decided', undecidedTexts(report)),
    ...items('beside the verdicts', besideTexts(report)),
    ...(review.failed.length > 0 || report.undecided || report.beside ? [''] : []),
    ...tableOf(turned),
  ];
  const foot = [...(cost ? ['', costLine(cost)] : []), ...(review.flows ? ['', `${escaped(trafficText(review.flows))}.`] : [])];
  const parts = [...[...groupsOf(turned), ...groupsOf(rest)].map(foldedGroup), ...foldedConnections(review)];
  return withinLimit(head, parts, foot);
}

/** As many of the folded parts as there is room for. */
function withinLimit(head: readonly string[], parts: readonly string[], foot: readonly string[]): string {
  const cut = (left: number): string =>
    `_${counted(left, 'group')} of changes more would make this comment longer than it may be: the job's log and the HTML report have all._`;
  const text = (lines: readonly string[]): string => lines.join('\n');
  const room = mostCharacters - text([...head, ...foot]).length - cut(parts.length).length - 100;
  const shown: string[] = [];
  for (const part of parts) if (text([...shown, part]).length <= room) shown.push(part);
  return text([...head, ...shown, ...(shown.length < parts.length ? ['', cut(parts.length - shown.length)] : []), ...foot]);
}

/** Whole, for what ends a line is its reason and its place. */
function items(what: string, texts: readonly string[]): readonly string[] {
  const lines = texts.slice(0, mostRows).map((text) => `- ${what}: ${code(text)}`);
  while (lines.length > 1 && lines.join('\n').length > mostItemCharacters) lines.pop();
  const more = texts.length - lines.length;
  return more > 0 ? [...lines, `- _and ${more} more_`] : lines;
}

function tableOf(changes: readonly ChangeRecord[]): readonly string[] {
  if (changes.length === 0) return [];
  const sorted = [...changes].sort((a, b) => severities.indexOf(b.severity) - severities.indexOf(a.severity));
  const rows = sorted.slice(0, mostRows).map(rowOf);
  while (rows.length > 1 && rows.join('\n').length > mostRowCharacters) rows.pop();
  const more = sorted.length - rows.length;
  return ['| | severity | of | what |', '|--|--|--|--|', ...rows, ...(more > 0 ? ['', `_and ${more} more_`] : []), ''];
}

const rowOf = (change: ChangeRecord): string =>
  `| ${signs[change.effect]} | ${severityCell(change)} | ${code(short(subjectText(change)))} | ${code(short(placeText(change)))} |`;

const signs: Readonly<Record<ChangeRecord['effect'], string>> = {
  'newly-allowed': '🔴&nbsp;allowed',
  'newly-denied': '🔵&nbsp;denied',
  'newly-audited': '🟡&nbsp;audited',
  'no-longer-audited': '⚪&nbsp;no&nbsp;longer&nbsp;audited',
  masked: 'no&nbsp;effect',
  'another-rule': 'another&nbsp;rule',
};

const severityCell = (change: ChangeRecord): string => {
  const text = escaped(concernText(change) || change.severity);
  return change.severity === 'high' ? `**${text}**` : text;
};

function foldedConnections({ connections }: Review): readonly string[] {
  const lines = connections ? connectionLines(connections, plain) : [];
  return connections && lines.length > 0 ? [folded(escaped(connectionsText(connections)), lines.slice(1, -1).join('\n'))] : [];
}

function foldedGroup(group: readonly [ChangeRecord, ...ChangeRecord[]]): string {
  const [first] = group;
  return folded(`${escaped(titles[first.effect])}: ${code(short(subjectText(first)))}`, groupText(group, plain));
}

function folded(summary: string, body: string): string {
  const fence = '`'.repeat(Math.max(3, ...[...body.matchAll(/`+/g)].map(([ticks]) => ticks.length + 1)));
  return `<details><summary>${summary}</summary>\n\n${fence}text\n${body}\n${fence}\n</details>`;
}

const costLine = (cost: NonNullable<Review['cost']>): string =>
  `In the kernel: ${costTexts(cost)
    .map(({ name, text, isSame }) => `${name} ${escaped(text)}${isSame ? ' (as before)' : ''}`)
    .join(', ')}.`;

/** As text that Markdown and HTML leave as it is. */
const escaped = (text: string): string => text.replace(/[&<>*_`|[\]\\~#@:]/g, (sign) => `&#${sign.charCodeAt(0)};`);
const code = (text: string): string => `<code>${escaped(text)}</code>`;

/** Of a side that is wrong, or of a comparison past its limit: `findings` as text. */
export const failureMarkdown = (findings: string, isUndecided: boolean): string =>
  `${mark}\n### policyc: ${isUndecided ? 'undecided: the comparison is past its limit, and nothing is claimed' : 'the policies cannot be compared'}\n\n~~~text\n${findings.slice(0, mostCharacters - 200).trimEnd()}\n~~~`;
