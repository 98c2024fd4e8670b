// Suggested policies as text: what was generalised first, then the workloads, then a policy for each. The layout is that of `policyc fmt`
// but for what breaks long lines.
import { type Counted, summed } from '../groups.ts';
import { notJudged } from '../observation.ts';
import { timeText } from '../time.ts';
import type { Count, ProcessCell, Tally } from '../traffic.ts';
import type { Generalization, Generalize } from './generalization.ts';
import { escaped, single } from './line-text.ts';
import type { SuggestedRule } from './rules.ts';
import type { Group } from './workloads.ts';

export type PolicyDraft = {
  readonly group: Group;
  readonly ingress: readonly SuggestedRule[];
  readonly egress: readonly SuggestedRule[];
  readonly processes: readonly { readonly cell: ProcessCell; readonly counts: readonly Count[] }[];
};

export type Suggested = {
  readonly policies: readonly PolicyDraft[];
  readonly generalize: Generalize;
  readonly tally: Tally;
  /** Of everything that was recorded. */
  readonly counts: readonly Count[];
  readonly allowances: readonly string[];
};

const meanings: Readonly<Record<Generalization, string>> = {
  labels: 'workloads are selected by lasting labels that tell them from the others; all other labels are left open',
  names: 'addresses stand by the name that was asked for, so that every address of it is meant; DNS queries of any type',
  paths: 'requests of any query and host; segments of paths that look like ids, or have many values, stand for any; programs of any user',
  ports: 'many ports of one peer stand as the range from the lowest to the highest',
  addresses: 'many addresses of one /24 or /64 stand as the whole block',
};

const few = (count: number, one: string, several = `${one}s`): string => `${count} ${count === 1 ? one : several}`;

/** The text of one file. */
export function policiesText({ policies, generalize, tally, counts, allowances }: Suggested): string {
  const used = policies.filter(({ ingress, egress, processes }) => ingress.length + egress.length + processes.length > 0);
  return [
    ...header(tally, summed(counts), generalize),
    ...allowances.map((code) => `@allow("${code}", "so it was recorded")`),
    // What stands before it is the file's.
    ...(allowances.length > 0 ? ['module suggested'] : []),
    ...used.flatMap(({ group }) => ['', ...workloadText(group)]),
    ...used.flatMap((policy) => ['', ...policyText(policy, generalize)]),
    '',
  ].join('\n');
}

function header(tally: Tally, { recorded }: Counted, generalize: Generalize): readonly string[] {
  const when = Number.isFinite(tally.first) ? `, ${timeText(tally.first)} to ${timeText(tally.last)}` : '';
  const left = [
    ...(recorded.denied > 0 ? [`${few(recorded.denied, 'flow')} recorded as denied`] : []),
    ...(recorded.other > 0 ? [`${few(recorded.other, 'flow')} dropped for other reasons than policy`] : []),
    ...(recorded.none > 0 ? [`${few(recorded.none, 'flow')} seen before policy was asked`] : []),
    ...tally.skipped.map(({ reason, count }) => `${few(count, 'flow')}: ${notJudged[reason]}`),
    ...(tally.bad.count > 0 ? [`${few(tally.bad.count, 'line')} that could not be read`] : []),
    ...(tally.lost > 0 ? [`${few(tally.lost, 'event')} that the recorder lost`] : []),
  ];
  return [
    `// Suggested by policyc for ${few(tally.flows, 'recorded flow')}${tally.processes > 0 ? ` and ${few(tally.processes, 'process', 'processes')}` : ''}${when}.`,
    '// What was not recorded as allowed is denied to these workloads, in both directions.',
    ...(generalize.size === 0
      ? ['// Nothing is generalised.']
      : [...generalize].sort().map((one) => `// Generalised, ${one}: ${meanings[one]}.`)),
    ...left.map((what) => `// Left out: ${what}.`),
  ];
}

function workloadText({ name, selector, called, leftOut }: Group): readonly string[] {
  const open = leftOut.length > 0 ? `; left open: ${leftOut.join(', ')}` : '';
  return [`// ${called.join(', ')}${open}`, `workload ${name} = ${selector}`];
}

function policyText({ group, ingress, egress, processes }: PolicyDraft, generalize: Generalize): readonly string[] {
  const programs = processText(processes, generalize);
  return [
    `policy ${group.name} for ${group.name} {`,
    ...sectionText('ingress', 'from', ingress),
    ...sectionText('egress', 'to', egress),
    ...programs,
    '}',
  ];
}

const nothing = '    // nothing was recorded as allowed';

function sectionText(section: string, word: string, rules: readonly SuggestedRule[]): readonly string[] {
  return [`  ${section} {`, ...(rules.length === 0 ? [nothing] : rules.flatMap((rule) => ruleText(word, rule))), '  }'];
}

const listed = (items: readonly string[]): string => (items.length === 1 ? (items[0] ?? '') : `[${items.join(', ')}]`);

function countsText(counts: readonly Count[]): string {
  const { count, first, last, recorded } = summed(counts);
  const when = first === '' ? '' : first === last ? `, ${first}` : `, ${first} to ${last}`;
  return `// ${few(count, 'flow')}${when}${recorded.audited > 0 ? `, ${recorded.audited} of them audited` : ''}`;
}

function ruleText(word: string, { peers, ports, block, notes, counts }: SuggestedRule): readonly string[] {
  const head = `allow ${word} ${listed(peers)} at ${ports}`;
  const comments = [...(counts.length > 0 ? [countsText(counts)] : []), ...notes.map((note) => `// ${note}`)];
  const lines = block
    ? block.lines.flatMap(({ text, note }) => [...(note === undefined ? [] : [`      // ${note}`]), `      ${text}`])
    : [];
  return [...comments.map((one) => `    ${one}`), ...(block ? [`    ${head} ${block.domain} {`, ...lines, '    }'] : [`    ${head}`])];
}

/** Programs that were started; none where one of them cannot be named, since then nothing can be denied by default. */
function processText(processes: PolicyDraft['processes'], generalize: Generalize): readonly string[] {
  if (processes.length === 0) return [];
  const rules = new Map<string, Count[]>();
  for (const { cell, counts } of processes) {
    const { content } = cell.request;
    const path = content.kind === 'fields' ? single(content.fields, 'path') : undefined;
    const user = content.kind === 'fields' && !generalize.has('paths') ? single(content.fields, 'user') : undefined;
    if (path === undefined || !path.startsWith('/')) return ['  // programs are not restricted: one was recorded that no rule can name'];
    const text = `allow exec "${escaped(path, '*')}"${user === undefined ? '' : ` user ${user}`}`;
    rules.set(text, [...(rules.get(text) ?? []), ...counts]);
  }
  const written = [...rules].sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    '  process {',
    '    default deny exec',
    ...written.flatMap(([text, counts]) => [`    ${countsText(counts).replace(/flow/, 'start')}`, `    ${text}`]),
    '  }',
  ];
}
