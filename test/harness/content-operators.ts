// What rules about content (requests, queries, hellos, program starts) are made of, as words: each that decides an event says what the event
// was about. The lists are those of the domains' own data, so that what is new there has no case until a generator makes one.
import type { Content } from '../../src/compiler/domains/domain.ts';
import { domains } from '../../src/compiler/domains/registry.ts';
import { kernelFields } from '../../src/compiler/ir/abi.ts';
import type { Cause, Verdict } from '../../src/compiler/ir/event.ts';
import type { Rule, TypedPolicy } from '../../src/compiler/ir/typed.ts';

const causes: readonly Cause['kind'][] = ['rule', 'default-deny', 'default-allow'];

/** Everything that a rule of `domain`, or who decides beside rules, can be made of, as far as the kernel sees it. */
export function contentOperators(domain: string): readonly string[] {
  const seen = domains.find(({ name }) => name === domain)?.fields.filter(({ name }) => kernelFields[domain]?.includes(name)) ?? [];
  const isProcess = domain === 'exec';
  const forms = [
    ...['not', 'list'],
    ...seen.flatMap(({ type }) => type.operators),
    ...(seen.every(({ always }) => always) ? [] : ['exists', 'absent']),
  ];
  return [
    ...['verdict allowed', 'verdict denied', 'action allow', 'action deny', 'priority of a rule'],
    ...causes.map((cause) => `cause ${cause}`),
    ...(isProcess ? ['action kill'] : ['undecidable', 'without a block', 'several lines']),
    ...seen.map(({ name }) => `field ${name}`),
    ...new Set(forms.map((form) => `form ${form}`)),
  ];
}

/** Words and brackets of the rule, as it was written, behind the name of the domain. */
function formsOf({ span }: Rule, domain: string): readonly string[] {
  const written = span.source.text.slice(span.start, span.end).replaceAll(/"(?:[^"\\]|\\.)*"/g, '""');
  const words = written.slice(written.indexOf(` ${domain} `) + domain.length + 2).match(/[a-z]+|\[/g) ?? [];
  return words.map((word) => `form ${word === '[' ? 'list' : word}`);
}

function operatorsOfRule(rule: Rule, domain: string): readonly string[] {
  const match = rule.section === 'process' ? rule.match : rule.layer7;
  return [
    `action ${rule.action}`,
    ...(rule.priority === 0 ? [] : ['priority of a rule']),
    ...(match === undefined ? ['without a block'] : formsOf(rule, domain)),
    ...(match !== undefined && match.lines.length > 1 ? ['several lines'] : []),
    ...(match?.lines.flatMap((line) => line.map(({ field }) => `field ${field.split(' ')[0]}`)) ?? []),
  ];
}

/** What an event is about: who decides it. */
export function operatorsOfContent(typed: TypedPolicy, domain: string, { content, verdict }: { content: Content; verdict: Verdict }) {
  const { action, cause } = verdict;
  const decider = cause.kind === 'rule' ? typed.rules[cause.rule] : undefined;
  return [
    `verdict ${action === 'allowed' ? 'allowed' : 'denied'}`,
    `cause ${cause.kind}`,
    ...(content.kind === 'undecidable' ? ['undecidable'] : []),
    ...(decider ? operatorsOfRule(decider, domain) : []),
  ];
}
