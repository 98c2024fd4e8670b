// A review for a terminal: what is newly allowed and newly denied, class by class, each with an event of it and the rules before
// and after. What changes no verdict is counted, and listed when asked.
import type { Effect } from '../analysis/diff.ts';
import type { ChangeRecord } from '../analysis/report.ts';
import { connectionLines } from './diff-connections.ts';
import {
  affectedText,
  besideTexts,
  concernText,
  conclusionText,
  costTexts,
  decided,
  flowsText,
  groupsOf,
  otherVerdict,
  placeText,
  quiet,
  type Review,
  subjectText,
  titles,
  trafficText,
  turning,
  undecidedTexts,
} from './diff-words.ts';
import type { Colors } from './output.ts';

/** `all`: also what changes no verdict. */
export type TextView = { readonly colors: Colors; readonly all: boolean };

export function diffText({ report, cost, failed, flows, connections }: Review, { colors, all }: TextView): string {
  const shown: readonly Effect[] = all ? [...turning, ...quiet] : turning;
  const sections = shown.flatMap((effect) =>
    sectionText(
      effect,
      report.changes.filter((change) => change.effect === effect),
      colors,
    ),
  );
  const isHidden = !all && report.summary.masked + report.summary['another-rule'] > 0;
  const costs = cost ? costTexts(cost).filter(({ isSame }) => !isSame) : [];
  return [
    ...sections,
    ...(connections ? connectionLines(connections, colors) : []),
    ...listed(
      'beside the verdicts',
      besideTexts(report).map((text) => `    ${text}`),
      colors.bold,
    ),
    ...listed(
      'not decided',
      undecidedTexts(report).map((text) => colors.yellow(`  ? ${text}`)),
      colors.yellow,
    ),
    conclusionText(report) + (isHidden ? colors.dim('; `--all` lists them') : ''),
    ...(costs.length > 0 ? [`in the kernel: ${costs.map(({ name, text }) => `${name} ${text}`).join(', ')}`] : []),
    ...(flows ? [trafficText(flows)] : []),
    ...failed.map(({ gate, changes }) => colors.red(`--fail-on ${gate}: ${changes === 1 ? 'one change is' : `${changes} changes are`}`)),
  ].join('\n');
}

const listed = (title: string, lines: readonly string[], paint: (text: string) => string): readonly string[] =>
  lines.length === 0 ? [] : [paint(title), ...lines, ''];

const paint = (effect: Effect, colors: Colors): ((text: string) => string) =>
  effect === 'newly-allowed' ? colors.red : effect === 'newly-denied' ? colors.blue : colors.dim;

function sectionText(effect: Effect, changes: readonly ChangeRecord[], colors: Colors): readonly string[] {
  if (changes.length === 0) return [];
  return [colors.bold(paint(effect, colors)(titles[effect])), ...groupsOf(changes).map((group) => groupText(group, colors)), ''];
}

export function groupText(group: readonly [ChangeRecord, ...ChangeRecord[]], colors: Colors): string {
  const [first] = group;
  const sign = first.effect === 'newly-allowed' ? '+' : first.effect === 'newly-denied' ? '-' : ' ';
  return [
    `  ${subjectText(first)}`,
    ...group.flatMap((change) => [paint(change.effect, colors)(`  ${sign} ${placeText(change)}`), ...classText(change, colors)]),
    `    before: ${decided(first.before)}`,
    `    after:  ${decided(first.after)}`,
  ].join('\n');
}

function classText(change: ChangeRecord, colors: Colors): readonly string[] {
  const { example, size } = change;
  const [concern, affected, flows] = [concernText(change), affectedText(change), flowsText(change)];
  const paintConcern = change.severity === 'high' ? colors.red : change.severity === 'medium' ? colors.yellow : colors.dim;
  return [
    ...(concern === '' ? [] : [paintConcern(`      ${concern}`)]),
    ...(size.words === '' ? [] : [colors.dim(`      ${size.words}`)]),
    ...(affected === undefined ? [] : [colors.dim(`      today: ${affected}`)]),
    ...(flows === undefined ? [] : [colors.dim(`      ${flows}`)]),
    colors.dim(`      for example ${example.event}${otherVerdict(change)}`),
    ...(example.reproduce ? [colors.dim(`        $ ${example.reproduce.run}`)] : []),
  ];
}
