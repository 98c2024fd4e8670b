// A diff for people: what is newly allowed and newly denied, class by class, each with an event of it and the rules
// before and after. What changes no verdict is counted, and listed when asked.

import type { DeciderRecord } from '../analysis/event-words.ts';
import { deciderWords } from '../analysis/event-words.ts';
import type { ChangeRecord, DiffReport } from '../analysis/report.ts';
import { type Colors, counted } from './output.ts';

type Effect = ChangeRecord['effect'];

const titles: Readonly<Record<Effect, string>> = {
  'newly-allowed': 'newly allowed',
  'newly-denied': 'newly denied',
  masked: 'no effect: the other side of the flow denies it',
  'another-rule': 'same verdict, decided by another rule',
};

/** The whole report. `all`: also what changes no verdict. */
export function diffText({ changes, summary }: DiffReport, { colors, all }: { readonly colors: Colors; readonly all: boolean }): string {
  const shown: readonly Effect[] = all ? ['newly-allowed', 'newly-denied', 'masked', 'another-rule'] : ['newly-allowed', 'newly-denied'];
  const parts = shown.flatMap((effect) =>
    sectionText(
      effect,
      changes.filter((change) => change.effect === effect),
      colors,
    ),
  );
  return [...parts, summaryText(summary, all)].join('\n');
}

function summaryText(summary: DiffReport['summary'], all: boolean): string {
  const turned = summary['newly-allowed'] + summary['newly-denied'];
  const quiet = summary.masked + summary['another-rule'];
  const main =
    turned === 0
      ? 'no verdict changes'
      : `${counted(summary['newly-allowed'], 'class', 'classes')} of events newly allowed, ${summary['newly-denied']} newly denied`;
  if (quiet === 0) return main;
  const rest = [
    ...(summary.masked > 0 ? [`${summary.masked} without effect, because the other side of the flow denies`] : []),
    ...(summary['another-rule'] > 0 ? [`${summary['another-rule']} decided by another rule`] : []),
  ];
  return `${main} (beside them ${rest.join(', ')}${all ? '' : ': `--all` lists them'})`;
}

const paint = (effect: Effect, colors: Colors): ((text: string) => string) =>
  effect === 'newly-allowed' ? colors.green : effect === 'newly-denied' ? colors.red : colors.dim;

function sectionText(effect: Effect, changes: readonly ChangeRecord[], colors: Colors): readonly string[] {
  if (changes.length === 0) return [];
  return [colors.bold(paint(effect, colors)(titles[effect])), ...groupsOf(changes).map((group) => groupText(group, colors)), ''];
}

/** Changes of one subject that were and are decided alike stand together. */
function groupsOf(changes: readonly ChangeRecord[]): readonly (readonly ChangeRecord[])[] {
  const groups = new Map<string, ChangeRecord[]>();
  for (const change of changes) {
    const key = JSON.stringify([change.section, change.subject, change.before, change.after]);
    groups.set(key, [...(groups.get(key) ?? []), change]);
  }
  return [...groups.values()];
}

function groupText(group: readonly ChangeRecord[], colors: Colors): string {
  const [first] = group;
  if (!first) return '';
  const { section, effect, subject, before, after } = first;
  const sign = effect === 'newly-allowed' ? '+' : effect === 'newly-denied' ? '-' : ' ';
  return [
    `  ${section === 'process' ? 'programs' : section} of ${subject}`,
    ...group.flatMap((change) => [
      paint(effect, colors)(`  ${sign} ${placeText(change)}`),
      colors.dim(`      for example ${change.example.event}${otherVerdict(change)}`),
    ]),
    `    before: ${decided(before)}`,
    `    after:  ${decided(after)}`,
  ].join('\n');
}

function placeText({ section, peer, at, content }: ChangeRecord): string {
  if (section === 'process') return content === undefined ? 'every program' : content;
  return [`${section === 'ingress' ? 'from' : 'to'} ${peer} at ${at}`, ...(content === undefined ? [] : [content])].join(', ');
}

/** The verdict of the whole flow, where it is not what this side alone says. */
const otherVerdict = ({ effect, example }: ChangeRecord): string => (effect === 'masked' ? ` (${deciderWords(example.after)})` : '');

const decided = (decider: DeciderRecord): string =>
  decider.rule ? `${deciderWords(decider)}: ${decider.rule.text}` : deciderWords(decider);
