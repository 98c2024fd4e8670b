// Which rules, and which default denies, the lines of `test` blocks decide by. A line counts for a rule when the rule is
// the verdict of one side of some event that the line stands for, or would be with audit enforced; a side that is not asked
// counts for nothing.
import type { Cause, PolicyEvent, Verdict } from '../ir/event.ts';
import type { Policy, Rule, Section, TypedPolicy } from '../ir/typed.ts';
import { eventClasses } from './event-classes.ts';
import { sideVerdict } from './oracle.ts';

/** A default deny that a policy brings: to a direction, or to a class of what processes do. */
export type DefaultDeny = { readonly policy: Policy; readonly section: Section /** Of `process`. */; readonly domain?: string };
/** `lines`: how many test lines are decided by it. */
export type RuleCoverage = { readonly rule: Rule; readonly lines: number };
export type DefaultCoverage = DefaultDeny & { readonly lines: number };
/** By how many test lines each rule and each default deny is the one that decides. */
export type Coverage = { readonly rules: readonly RuleCoverage[]; readonly defaults: readonly DefaultCoverage[] };

/** The default denies of a policy, in order. */
export const defaultDenies = (policy: Policy): readonly DefaultDeny[] => [
  ...(['ingress', 'egress'] as const).filter((section) => policy.defaultDeny[section]).map((section) => ({ policy, section })),
  ...policy.defaultDeny.process.map((domain) => ({ policy, section: 'process' as const, domain })),
];

const defaultKey = (section: Section, domain: string | undefined, policy: number): string => `${section} ${domain ?? ''} ${policy}`;

/**
 * All rules and all default denies, in their order.
 * @throws AnalysisLimit
 */
export function coverage(typed: TypedPolicy): Coverage {
  const classes = eventClasses(typed);
  const lines = new Map<string, number>();
  for (const { event: written } of typed.tests) {
    const deciding = new Set<string>();
    for (const event of classes(written, true)) for (const key of decidersOf(typed, event)) deciding.add(key);
    for (const key of deciding) lines.set(key, (lines.get(key) ?? 0) + 1);
  }
  return {
    rules: typed.rules.map((rule) => ({ rule, lines: lines.get(`rule ${rule.id}`) ?? 0 })),
    defaults: typed.policies
      .flatMap(defaultDenies)
      .map((one) => ({ ...one, lines: lines.get(defaultKey(one.section, one.domain, one.policy.id)) ?? 0 })),
  };
}

function decidersOf(typed: TypedPolicy, event: PolicyEvent): readonly string[] {
  const keys = (section: Section, { cause, audit }: Verdict): readonly string[] =>
    [cause, ...(audit ? [audit.cause] : [])].flatMap((one) => keysOf(section, one, event));
  if (event.kind === 'process') return keys('process', sideVerdict(typed, 'process', event));
  const egress = sideVerdict(typed, 'egress', event);
  return [...keys('egress', egress), ...(egress.action === 'allowed' ? keys('ingress', sideVerdict(typed, 'ingress', event)) : [])];
}

function keysOf(section: Section, cause: Cause, event: PolicyEvent): readonly string[] {
  if (cause.kind === 'rule') return [`rule ${cause.rule}`];
  const domain = event.kind === 'process' ? event.domain : undefined;
  return cause.kind === 'default-deny' ? cause.policies.map((policy) => defaultKey(section, domain, policy)) : [];
}
