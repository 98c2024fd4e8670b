// ResolvedPolicy -> TypedPolicy: every operand becomes a value set, every rule is well formed.
//   1. Each file after those that it imports from (file.ts), or as it was before if it is the same (memory.ts). A rule with
//      a mistake is left out (the result is not used then).
//   2. Findings about whole policies, where nothing was left out: what is legal and probably wrong (rules/).
//   3. PolicyIds and RuleIds, in the order of the policies' names.
import type { Report } from '../diagnostics/diagnostic.ts';
import type { Domains } from '../domains/domain.ts';
import type { ResolvedPolicy } from '../ir/resolved.ts';
import type { Policy, Rule, TypedPolicy } from '../ir/typed.ts';
import type { CheckedFile } from './file.ts';
import { CheckMemory } from './memory.ts';
import type { CheckOptions } from './rules/finding.ts';
import { unitFindings } from './rules/index.ts';

export { CheckMemory } from './memory.ts';
export type { CheckOptions } from './rules/finding.ts';

type Remembering = CheckOptions & {
  /** Of units with the same domains. */
  readonly memory?: CheckMemory;
};

/** Checks the unit; the result is only to be used when nothing failed. */
export function check(resolved: ResolvedPolicy, domains: Domains, report: Report, options: Remembering = {}): TypedPolicy {
  const { memory = new CheckMemory() } = options;
  const { checked, sets } = memory.files(resolved.importOrder, domains, report);
  const files = resolved.files.flatMap((file) => checked.get(file) ?? []);
  for (const { replay } of files) replay(report);
  // What was left out would be missed: a finding beside a mistake is most likely its shadow.
  if (files.every(({ isWhole }) => isWhole)) {
    for (const { replayFindings } of files) replayFindings(report);
    for (const find of unitFindings) find({ files: files.map(({ facts }) => facts), sets, options }, report);
  }
  const tests = files.flatMap((file) => file.tests);
  const invariants = files.flatMap((file) => file.invariants);
  return { domains, ...numbered(resolved, files, memory), tests, invariants };
}

/** Policies in the order of their names, rules in the order of their ids. */
function numbered(resolved: ResolvedPolicy, files: readonly CheckedFile[], memory: CheckMemory): Pick<TypedPolicy, 'policies' | 'rules'> {
  const byBlock = new Map(files.flatMap(({ policies }) => policies).map((one) => [one.written, one]));
  const policies: Policy[] = [];
  const rules: Rule[] = [];
  let first = 0;
  for (const block of resolved.policies) {
    const one = byBlock.get(block);
    if (!one) continue;
    const found = memory.numbered(one, policies.length, first);
    policies.push(found.policy);
    for (const rule of found.rules) rules.push(rule);
    first += block.rules.length;
  }
  return { policies, rules };
}
