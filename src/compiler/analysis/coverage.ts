// Which rules, and which default denies, the lines of `test` blocks decide by. A line counts for a rule when the rule is
// the verdict of one side of some event that the line stands for, or would be with audit enforced; a side that is not asked
// counts for nothing. A `pass` decides nothing: it counts where without it another decides.

import { invariant } from '../base/assert.ts';
import type { Cause, PolicyEvent, Verdict } from '../ir/event.ts';
import type { Policy, Rule, Section, TypedPolicy } from '../ir/typed.ts';
import { type DefaultDeny, defaultDenies } from './default-denies.ts';
import { eventClasses, isAbout } from './event-classes.ts';
import { withoutRule } from './mutants.ts';
import { sideVerdict } from './oracle.ts';

/** `lines`: how many test lines are decided by it. */
export type RuleCoverage = { readonly rule: Rule; readonly lines: number };
export type DefaultCoverage = DefaultDeny & { readonly lines: number };
/** By how many test lines each rule and each default deny is the one that decides. */
export type Coverage = { readonly rules: readonly RuleCoverage[]; readonly defaults: readonly DefaultCoverage[] };

const defaultKey = (section: Section, domain: string | undefined, policy: number): string => `${section} ${domain ?? ''} ${policy}`;

/**
 * All rules and all default denies, in their order.
 * @throws AnalysisLimit
 */
export function coverage(typed: TypedPolicy): Coverage {
  const classes = eventClasses(typed);
  const policies = typed.rules.some(isAudited) || typed.policies.some(isAudited) ? [typed, allEnforced(typed)] : [typed];
  const passes = policies.flatMap((policy) => policy.rules.filter(isPass).map((rule) => passOf(policy, rule)));
  const lines = new Map<string, number>();
  for (const { event: written } of typed.tests) {
    const deciding = new Set<string>();
    const passing = passes.filter(({ policy, section }) => isAbout(typed, written, { policy, section }));
    for (const event of classes(written, true)) {
      for (const policy of policies) for (const key of decidersOf(policy, event)) deciding.add(key);
      for (const { key, present, absent } of passing) {
        if (!deciding.has(key) && decidersOf(present, event).join() !== decidersOf(absent, event).join()) deciding.add(key);
      }
    }
    for (const key of deciding) lines.set(key, (lines.get(key) ?? 0) + 1);
  }
  return {
    rules: typed.rules.map((rule) => ({ rule, lines: lines.get(`rule ${rule.id}`) ?? 0 })),
    defaults: typed.policies
      .flatMap(defaultDenies)
      .map((one) => ({ ...one, lines: lines.get(defaultKey(one.section, one.domain, one.policy.id)) ?? 0 })),
  };
}

const isPass = ({ action }: Rule): boolean => action === 'pass';

/** A `pass` of a policy, and the policy with it and without. */
type Pass = {
  readonly key: string;
  readonly policy: Policy;
  readonly section: Section;
  readonly present: TypedPolicy;
  readonly absent: TypedPolicy;
};

function passOf(present: TypedPolicy, rule: Rule): Pass {
  const policy = present.policies[rule.policy];
  invariant(policy, 'a rule has a policy');
  return { key: `rule ${rule.id}`, policy, section: rule.section, present, absent: withoutRule(present, rule) };
}

const isAudited = ({ audit }: Rule | Policy): boolean => audit;

/** The same rules and policies, none of them in audit mode. */
const allEnforced = (typed: TypedPolicy): TypedPolicy => ({
  ...typed,
  policies: typed.policies.map((policy) => ({ ...policy, audit: false })),
  rules: typed.rules.map((rule) => ({ ...rule, audit: false })),
});

function decidersOf(typed: TypedPolicy, event: PolicyEvent): readonly string[] {
  const keys = (section: Section, { cause }: Verdict): readonly string[] => keysOf(section, cause, event);
  if (event.kind === 'process') return keys('process', sideVerdict(typed, 'process', event));
  const egress = sideVerdict(typed, 'egress', event);
  return [...keys('egress', egress), ...(egress.action === 'allowed' ? keys('ingress', sideVerdict(typed, 'ingress', event)) : [])];
}

function keysOf(section: Section, cause: Cause, event: PolicyEvent): readonly string[] {
  if (cause.kind === 'rule') return [`rule ${cause.rule}`];
  const domain = event.kind === 'process' ? event.domain : undefined;
  return cause.kind === 'default-deny' ? cause.policies.map((policy) => defaultKey(section, domain, policy)) : [];
}
