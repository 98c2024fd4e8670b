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
  'newly-audited': 'allowed as before, and now reported by audit',
  'no-longer-audited': 'allowed as before, and no longer reported by audit',
  masked: 'no effect: the other side of the flow denies it',
  'another-rule': 'same verdict, decided by another rule',
};

const turning: readonly Effect[] = ['newly-allowed', 'newly-denied', 'newly-audited', 'no-longer-audited'];
const quiet: readonly Effect[] = ['masked', 'another-rule'];

/** The whole report. `all`: also what changes no verdict. */
export function diffText({ changes, summary }: DiffReport, { colors, all }: { readonly colors: Colors; readonly all: boolean }): string {
  const shown = all ? [...turning, ...quiet] : turning;
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
  const main =
    turned === 0
      ? 'no verdict changes'
      : `${counted(summary['newly-allowed'], 'class', 'classes')} of events newly allowed, ${summary['newly-denied']} newly denied`;
  const rest = [
    ...(summary['newly-audited'] > 0 ? [`${summary['newly-audited']} newly reported by audit`] : []),
    ...(summary['no-longer-audited'] > 0 ? [`${summary['no-longer-audited']} no longer reported by audit`] : []),
    ...(summary.masked > 0 ? [`${summary.masked} without effect, because the other side of the flow denies`] : []),
    ...(summary['another-rule'] > 0 ? [`${summary['another-rule']} decided by another rule`] : []),
  ];
  if (rest.length === 0) return main;
  const isListed = all || summary.masked + summary['another-rule'] === 0;
  return `${main} (beside them ${rest.join(', ')}${isListed ? '' : ': `--all` lists them'})`;
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
    `  ${section === 'process' ? 'processes' : section} of ${subject}`,
    ...group.flatMap((change) => [
      paint(effect, colors)(`  ${sign} ${placeText(change)}`),
      colors.dim(`      for example ${change.example.event}${otherVerdict(change)}`),
    ]),
    `    before: ${decided(before)}`,
    `    after:  ${decided(after)}`,
  ].join('\n');
}

function placeText({ section, domain, peer, at, content }: ChangeRecord): string {
  if (section === 'process') return content === undefined ? `every ${domain ?? 'event'}` : content;
  return [`${section === 'ingress' ? 'from' : 'to'} ${peer} at ${at}`, ...(content === undefined ? [] : [content])].join(', ');
}

/** The verdict of the whole flow, where it is not what this side alone says. */
const otherVerdict = ({ effect, example }: ChangeRecord): string => (effect === 'masked' ? ` (${deciderWords(example.after)})` : '');

const decided = (decider: DeciderRecord): string =>
  decider.rule ? `${deciderWords(decider)}: ${decider.rule.text}` : deciderWords(decider);
