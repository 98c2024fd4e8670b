// One file: the values of its declarations, policies, rules, tests and invariants. It asks nothing of other files but the
// sets of what it imports.
import { type Report, recorder } from '../diagnostics/diagnostic.ts';
import type { Domains } from '../domains/domain.ts';
import type { ResolvedFile, ResolvedPolicyBlock } from '../ir/resolved.ts';
import type { Invariant, TestCase } from '../ir/typed.ts';
import { computeDeclarations } from './declarations.ts';
import { invariantOf } from './invariants.ts';
import { annotationsOf, policyOf } from './policies.ts';
import { factsOf } from './rules/facts.ts';
import type { CheckedPolicy, Facts } from './rules/finding.ts';
import { policyFindings } from './rules/index.ts';
import type { Context, DeclaredSet } from './sets.ts';
import { testCaseOf } from './tests.ts';
import { ruleOf, type Shared, sharing } from './typed-rules.ts';

export type CheckedFile = {
  readonly sets: readonly (DeclaredSet | undefined)[];
  /** Parts of its sets. */
  readonly parts: number;
  readonly policies: readonly CheckedPolicy[];
  readonly tests: readonly TestCase[];
  readonly invariants: readonly Invariant[];
  /** No rule was left out. */
  readonly isWhole: boolean;
  readonly replay: (report: Report) => void;
  /** Findings about its policies, which are only said where no rule of the unit was left out. */
  readonly replayFindings: (report: Report) => void;
  readonly facts: Facts;
};

type Around = { readonly domains: Domains; readonly context: Context; readonly parts: number };

/** Checks a file; `parts` are those of the sets of files before it. */
export function checkFile(file: ResolvedFile, { domains, context: outer, parts: before }: Around): CheckedFile {
  const { report, replay } = recorder();
  const context: Context = { ...outer, report };
  const parts = computeDeclarations(file, before, context);
  annotationsOf(file.annotations, report);
  const shared = sharing(context);
  const policies = file.policies.map((written) => checkedPolicy(written, domains, shared));
  const tests = file.tests.flatMap((test) => testCaseOf(test, context) ?? []);
  const invariants = file.invariants.flatMap((one) => invariantOf(one, context) ?? []);
  const isWhole = policies.every(({ rules, written }) => rules.length === written.rules.length);
  const found = recorder();
  if (isWhole) for (const policy of policies) for (const find of policyFindings) find(policy, found.report);
  const sets = outer.sets.slice(file.base, file.base + file.declarations.length);
  return { sets, parts, policies, tests, invariants, isWhole, replay, replayFindings: found.replay, facts: factsOf(file, policies) };
}

function checkedPolicy(written: ResolvedPolicyBlock, domains: Domains, shared: Shared): CheckedPolicy {
  const policy = policyOf(written, domains, shared.context);
  return { policy, rules: written.rules.flatMap((rule) => ruleOf(rule, policy.audit, shared) ?? []), written };
}
