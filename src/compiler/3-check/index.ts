// ResolvedPolicy -> TypedPolicy: every operand becomes a value set, every rule is well formed.
//   1. PolicyIds and RuleIds, in the order of the policies' names.
//   2. Each file after those that it imports from (file.ts), or as it was before if it is the same (memory.ts). A rule with
//      a mistake is left out (the result is not used then).
//   3. Findings about whole policies, where nothing was left out: what is legal and probably wrong (rules/).
import type { Report } from '../diagnostics/diagnostic.ts';
import type { Domains } from '../domains/domain.ts';
import { policyId } from '../ir/ids.ts';
import type { ResolvedPolicy, ResolvedPolicyBlock } from '../ir/resolved.ts';
import type { Policy, Rule, Service, TypedPolicy } from '../ir/typed.ts';
import type { CheckedFile, Place, Places } from './file.ts';
import { CheckMemory, numbered } from './memory.ts';
import type { CheckOptions } from './rules/finding.ts';
import { unitFindings } from './rules/index.ts';
import { reportConflicts } from './services.ts';

export { CheckMemory } from './memory.ts';
export type { CheckOptions } from './rules/finding.ts';

type Remembering = CheckOptions & {
  /** Of units with the same domains. */
  readonly memory?: CheckMemory;
};

/** Checks the unit; the result is only to be used when nothing failed. */
export function check(resolved: ResolvedPolicy, domains: Domains, report: Report, options: Remembering = {}): TypedPolicy {
  const { memory = new CheckMemory() } = options;
  const places = placesOf(resolved.policies);
  const { checked, sets } = memory.files(resolved.importOrder, places, { domains, report });
  const files = resolved.files.flatMap((file) => checked.get(file) ?? []);
  for (const { replay } of files) replay(report);
  // What was left out would be missed: a finding beside a mistake is most likely its shadow.
  if (files.every(({ isWhole }) => isWhole)) {
    for (const { replayFindings } of files) replayFindings(report);
    for (const find of unitFindings) find({ files: files.map(({ facts }) => facts), sets, options }, report);
  }
  const tests = files.flatMap((file) => file.tests);
  const invariants = files.flatMap((file) => file.invariants);
  const services = files.flatMap((file) => file.services).sort(byName);
  reportConflicts(services, report);
  return { domains, ...joined(files, places), tests, invariants, services };
}

const byName = ({ name: a }: Service, { name: b }: Service): number => (a < b ? -1 : a > b ? 1 : 0);

/** PolicyIds in the order of the names, RuleIds in that and the rules' places. */
function placesOf(policies: readonly ResolvedPolicyBlock[]): Places {
  const places = new Map<ResolvedPolicyBlock, Place>();
  let first = 0;
  for (const [index, block] of policies.entries()) {
    places.set(block, { id: policyId(index), first });
    first += block.rules.length;
  }
  return places;
}

/** Index = id. */
function joined(files: readonly CheckedFile[], places: Places): Pick<TypedPolicy, 'policies' | 'rules'> {
  const byBlock = new Map(files.flatMap((file) => file.policies).map((one) => [one.written, one]));
  const policies: Policy[] = [];
  const rules: Rule[] = [];
  for (const [block, place] of places) {
    const one = byBlock.get(block);
    if (!one) continue;
    const found = numbered(one, place);
    policies.push(found.policy);
    for (const rule of found.rules) rules.push(rule);
  }
  return { policies, rules };
}
