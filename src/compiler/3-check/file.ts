// One file: the values of its declarations, policies, rules, tests and invariants. It asks nothing of other files but the
// sets of what it imports.
import { invariant } from '../base/assert.ts';
import { type Report, recorder } from '../diagnostics/diagnostic.ts';
import type { Domains } from '../domains/domain.ts';
import { type PolicyId, ruleId } from '../ir/ids.ts';
import type { ResolvedFile, ResolvedPolicyBlock } from '../ir/resolved.ts';
import type { Invariant, Rule, Service, TestCase } from '../ir/typed.ts';
import { computeDeclarations } from './declarations.ts';
import { invariantOf } from './invariants.ts';
import { annotationsOf, policyOf } from './policies.ts';
import { factsOf } from './rules/facts.ts';
import type { CheckedPolicy, Facts } from './rules/finding.ts';
import { policyFindings } from './rules/index.ts';
import { serviceOf } from './services.ts';
import type { Context, DeclaredSet } from './sets.ts';
import { testCaseOf } from './tests.ts';
import { ruleOf, type Shared, sharing } from './typed-rules.ts';
import { WrittenAlike } from './written-alike.ts';

export type CheckedFile = {
  readonly sets: readonly (DeclaredSet | undefined)[];
  /** Parts of its sets. */
  readonly parts: number;
  readonly policies: readonly CheckedPolicy[];
  readonly tests: readonly TestCase[];
  readonly invariants: readonly Invariant[];
  readonly services: readonly Service[];
  /** No rule was left out. */
  readonly isWhole: boolean;
  readonly replay: (report: Report) => void;
  /** Findings about its policies, which are only said where no rule of the unit was left out. */
  readonly replayFindings: (report: Report) => void;
  readonly facts: Facts;
};

/** The id of a policy, and the index of its first rule. */
export type Place = { readonly id: PolicyId; readonly first: number };
export type Places = ReadonlyMap<ResolvedPolicyBlock, Place>;

type Around = {
  readonly domains: Domains;
  readonly context: Omit<Context, 'selectors'>;
  readonly places: Places;
  /** Parts of the sets of files before it. */
  readonly parts: number;
  readonly matches: Shared['matches'];
};

/** Checks a file. */
export function checkFile(file: ResolvedFile, around: Around): CheckedFile {
  const { context: outer, parts: before, matches } = around;
  const { report, replay } = recorder();
  const context: Context = { ...outer, report, selectors: new WrittenAlike() };
  const parts = computeDeclarations(file, before, context);
  annotationsOf(file.annotations, report);
  const shared = sharing(context, matches);
  const policies = file.policies.map((written) => checkedPolicy(written, around, shared));
  const tests = file.tests.flatMap((test) => testCaseOf(test, context) ?? []);
  const invariants = file.invariants.flatMap((one) => invariantOf(one, context) ?? []);
  const services = file.services.flatMap((one) => serviceOf(one, context) ?? []);
  const isWhole = policies.every(({ rules, written }) => rules.length === written.rules.length);
  const found = recorder();
  if (isWhole) for (const policy of policies) for (const find of policyFindings) find(policy, found.report);
  const sets = outer.sets.slice(file.base, file.base + file.declarations.length);
  return {
    sets,
    parts,
    policies,
    tests,
    invariants,
    services,
    isWhole,
    replay,
    replayFindings: found.replay,
    facts: factsOf(file, policies),
  };
}

function checkedPolicy(written: ResolvedPolicyBlock, { domains, places }: Around, shared: Shared): CheckedPolicy {
  const place = places.get(written);
  invariant(place !== undefined, 'a policy has no place in the order');
  const { id, first } = place;
  const policy = { id, ...policyOf(written, domains, shared) };
  const { audit } = policy;
  const rules: Rule[] = [];
  for (const [index, one] of written.rules.entries()) {
    const rule = ruleOf(one, { id: ruleId(first + index), policy: id, audit }, shared);
    if (rule) rules.push(rule);
  }
  return { policy, rules, written, first };
}
