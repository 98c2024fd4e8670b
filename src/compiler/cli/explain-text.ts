// An explanation for people: each verdict that occurs, both sides, every rule that matched in deciding order, and for a
// default what was nearest. To be understood without the manual.
import { type DeciderRecord, deciderWords } from '../analysis/event-words.ts';
import type { Explained, ExplanationRecord, NearRule, SideRecord, SpokenRule } from '../analysis/explain.ts';
import { type Colors, counted } from './output.ts';

/** Verdicts that are explained in full; the others are one line each. */
const mostExplained = 5;
/** Verdicts that are shown at all. */
const mostShown = 50;

export function explainText({ classes, verdicts, omitted }: Explained, colors: Colors): string {
  const paint = ({ verdict, audit }: DeciderRecord) => (verdict !== 'allowed' ? colors.red : audit ? colors.yellow : colors.green);
  const headline = ({ verdict }: ExplanationRecord): string => paint(verdict)(colors.bold(deciderWords(verdict)));
  if (classes === 0) return 'there is no such event: a selector of it selects nothing';
  const [only] = verdicts;
  if (only && verdicts.length === 1) {
    const every = classes > 1 ? [colors.dim(`so in all ${classes} classes of events that rules tell apart; for example`)] : [];
    return [headline(only.explanation), ...every, ...bodyText(only.explanation, colors)].join('\n');
  }
  const full = verdicts
    .slice(0, mostExplained)
    .flatMap(({ classes: count, explanation }, i) => [
      `${i + 1}. ${headline(explanation)} ${colors.dim(`(${counted(count, 'class', 'classes')})`)}`,
      colors.dim('for example'),
      ...bodyText(explanation, colors),
      '',
    ]);
  const short = verdicts
    .slice(mostExplained, mostShown)
    .map(({ explanation }, i) => `${i + 1 + mostExplained}. ${headline(explanation)}\n   for example ${explanation.event}`);
  const all = verdicts.length + omitted;
  const more = all > mostShown ? [`... and ${all - mostShown} more`] : [];
  return [
    `the verdict depends on what the event leaves open: ${all} verdicts over ${classes} classes of events\n`,
    ...full,
    ...short,
    ...more,
  ].join('\n');
}

function bodyText({ event, sides, verdict }: ExplanationRecord, colors: Colors): readonly string[] {
  return [
    `  ${event}`,
    ...sides.flatMap((side, i) => ['', ...sideText(side, { colors, isMoot: i > 0 && isDecidedBefore(sides, verdict) })]),
  ];
}

const isDecidedBefore = ([egress]: readonly SideRecord[], { verdict }: DeciderRecord): boolean =>
  verdict === 'denied' && egress?.decider.verdict === 'denied';

type View = { readonly colors: Colors; readonly isMoot: boolean };

function sideText(side: SideRecord, { colors, isMoot }: View): readonly string[] {
  const { section, subject, managed, decider, spoke, nearest } = side;
  const name = section === 'process' ? (side.domain ?? 'processes') : section;
  if (!managed) return [`  ${colors.bold(name)} of ${subject}: neither a workload nor the host, no policy is asked`];
  const moot = isMoot ? ' (the egress side has denied it already)' : '';
  const rules = spoke.length > 0 ? ['    rules that match, in deciding order:', ...spoke.flatMap((rule) => spokenText(rule, colors))] : [];
  return [
    `  ${colors.bold(name)} of ${subject}: ${shortVerdict(decider)}${moot}`,
    `    ${selectedText(side)}`,
    ...rules,
    ...(decider.by === 'default' ? defaultText(side) : []),
    ...(decider.by === 'rule' && nearest.length > 0 ? ['    allow rules that are nearest to matching:'] : []),
    ...nearest.flatMap((rule) => nearText(rule, colors)),
  ];
}

const verdictWords = ({ verdict, rule }: Omit<DeciderRecord, 'audit'>): string =>
  rule?.action === 'drop' ? 'dropped' : rule?.action === 'kill' ? 'killed' : verdict;

function shortVerdict({ audit, ...decider }: DeciderRecord): string {
  const { by, policies, undecidable } = decider;
  const verdict = verdictWords(decider);
  const would = audit ? `; with audit enforced: ${shortVerdict(audit)}` : '';
  if (by === 'self') return `${verdict}, it is the same endpoint${would}`;
  if (by === 'default') return `${verdict} by default${would}`;
  return `${verdict} by ${policies[0]?.name ?? 'a rule'}${undecidable ? ', because it cannot be read' : ''}${would}`;
}

function selectedText({ selectedBy }: SideRecord): string {
  if (selectedBy.length === 0) return 'no policy selects it';
  const names = selectedBy.map(({ policy, file, line, tier, audit }) => {
    const more = `${tier === 'normal' ? '' : `, tier ${tier}`}${audit ? ', audit' : ''}`;
    return `${policy} (${file}:${line}${more})`;
  });
  const shown = names.slice(0, 8).join(', ');
  return `policies that select it: ${shown}${names.length > 8 ? ` and ${names.length - 8} more` : ''}`;
}

/** Where a rule stands, in the text and, if not where all do, in the order. */
function place({ policy, file, line, name, tier, policyPriority, priority, audit }: SpokenRule | NearRule): string {
  return [
    `${policy}${name === undefined ? '' : ` ${JSON.stringify(name)}`}, ${file}:${line}`,
    ...(tier === 'normal' ? [] : [`tier ${tier}`]),
    ...(policyPriority === 0 ? [] : [`policy priority ${policyPriority}`]),
    ...(priority === 0 ? [] : [`priority ${priority}`]),
    ...(audit ? ['audit'] : []),
  ].join(', ');
}

function spokenText(rule: SpokenRule, colors: Colors): readonly string[] {
  const mark = rule.outcome === 'decides' ? colors.bold('=>') : '  ';
  return [`     ${mark} ${rule.text}  ${colors.dim(`(${place(rule)})`)}`, `          ${rule.outcome.replace('-', ' ')}: ${rule.why}`];
}

function defaultText({ section, domain, decider, selectedBy, nearest, silent }: SideRecord): readonly string[] {
  const what = section === 'process' ? `every ${domain ?? 'event'}` : section;
  if (decider.verdict === 'allowed') {
    if (selectedBy.length === 0) return [];
    return [
      `    no rule decides, and none of these policies denies ${what} by default`,
      ...(nearest.length > 0 ? ['    rules that refuse and are nearest to matching:'] : []),
    ];
  }
  if (decider.policies.length === 0) return ['    no rule decides, and an endpoint without labels yet is denied by default'];
  const brought = decider.policies.map(({ name, file, line }) => `${name} (${file}:${line})`).join(', ');
  return [
    `    no rule decides, and by default ${what} is denied by ${brought}`,
    nearest.length > 0
      ? '    allow rules that are nearest to matching:'
      : silent > 0
        ? '    no allow rule is about it'
        : `    there is no allow rule for ${what}`,
  ];
}

const nearText = (rule: NearRule, colors: Colors): readonly string[] => [
  `       ${rule.text}  ${colors.dim(`(${place(rule)})`)}`,
  ...rule.misses.map(({ part, text }) => `          ${part}: ${text}`),
];
