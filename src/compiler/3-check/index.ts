// ResolvedPolicy -> TypedPolicy: every operand becomes a value set, every rule is well formed.
//   1. Declarations, each after what it refers to.
//   2. Policies, rules, tests and invariants; a rule with a mistake is left out (the result is not used then).
//   3. Findings about whole policies, where nothing was left out: what is legal and probably wrong (rules/).
import { withWrittenPlace } from '../base/source.ts';
import type { Report } from '../diagnostics/diagnostic.ts';
import type { Domains } from '../domains/domain.ts';
import type { ResolvedPolicy } from '../ir/resolved.ts';
import type { TypedPolicy } from '../ir/typed.ts';
import { computeDeclarations } from './declarations.ts';
import { invariantOf } from './invariants.ts';
import { annotationsOf, policyOf } from './policies.ts';
import type { CheckOptions } from './rules/finding.ts';
import { findings } from './rules/index.ts';
import type { Context } from './sets.ts';
import { testCaseOf } from './tests.ts';
import { ruleOf, sharing } from './typed-rules.ts';

export type { CheckOptions } from './rules/finding.ts';

/** Checks the unit; the result is only to be used when nothing failed. */
export function check(resolved: ResolvedPolicy, domains: Domains, report: Report, options: CheckOptions = {}): TypedPolicy {
  const context: Context = { report, declarations: resolved.declarations, sets: [] };
  computeDeclarations(resolved.order, context);
  annotationsOf(resolved.annotations, report);
  const policies = resolved.policies.map((policy) => policyOf(policy, domains, context));
  const shared = sharing(context, policies);
  const rules = resolved.rules.flatMap((rule) => ruleOf(rule, shared) ?? []);
  const tests = resolved.tests.flatMap((test) => testCaseOf(test, context) ?? []);
  const invariants = resolved.invariants.flatMap((one) => invariantOf(one, context) ?? []);
  // What was left out would be missed: a finding beside a mistake is most likely its shadow.
  const isWhole = rules.length === resolved.rules.length;
  for (const find of isWhole ? findings : []) find({ resolved, sets: context.sets, policies, rules, options }, report);
  return { domains, policies: policies.map(withWrittenPlace), rules: rules.map(withWrittenPlace), tests, invariants };
}
