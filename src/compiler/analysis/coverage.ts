// Which rules, and which default denies, the lines of `test` blocks decide by. A line counts for a rule when the rule is
// the verdict of one side of some event that the line stands for; a side that is not asked counts for nothing.
import type { Cause, PolicyEvent } from '../ir/event.ts';
import type { Policy, Rule, Section, TypedPolicy } from '../ir/typed.ts';
import { eventClasses } from './event-classes.ts';
import { sideVerdict } from './oracle.ts';
import { brings } from './split.ts';

/** `lines`: how many test lines are decided by it. */
export type RuleCoverage = { readonly rule: Rule; readonly lines: number };
export type DefaultCoverage = { readonly policy: Policy; readonly section: Section; readonly lines: number };
export type Coverage = { readonly rules: readonly RuleCoverage[]; readonly defaults: readonly DefaultCoverage[] };

const sections: readonly Section[] = ['ingress', 'egress', 'process'];
const defaultKey = (section: Section, policy: number): string => `${section} ${policy}`;

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
    defaults: typed.policies.flatMap((policy) =>
      sections
        .filter((section) => brings(policy, section))
        .map((section) => ({ policy, section, lines: lines.get(defaultKey(section, policy.id)) ?? 0 })),
    ),
  };
}

function decidersOf(typed: TypedPolicy, event: PolicyEvent): readonly string[] {
  if (event.kind === 'exec') return keysOf('process', sideVerdict(typed, 'process', event).cause);
  const egress = sideVerdict(typed, 'egress', event);
  const ingress = egress.action === 'allowed' ? keysOf('ingress', sideVerdict(typed, 'ingress', event).cause) : [];
  return [...keysOf('egress', egress.cause), ...ingress];
}

function keysOf(section: Section, cause: Cause): readonly string[] {
  if (cause.kind === 'rule') return [`rule ${cause.rule}`];
  return cause.kind === 'default-deny' ? cause.policies.map((policy) => defaultKey(section, policy)) : [];
}
