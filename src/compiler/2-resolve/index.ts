// Ast -> ResolvedPolicy: binds names and words, writes out the uses of `rules` blocks, mints PolicyIds and RuleIds.
//   1. Which names each file sees: its own, and its imports.
//   2. Each file by itself (file.ts).
//   3. Ids, in the order of the policies' names; what tests say of policies.
import type { Span } from '../base/source.ts';
import type { Report } from '../diagnostics/diagnostic.ts';
import type { Domains } from '../domains/domain.ts';
import type { Ast } from '../ir/ast.ts';
import { policyId, ruleId } from '../ir/ids.ts';
import type { ResolvedPolicy, ResolvedPolicyBlock, ResolvedRule } from '../ir/resolved.ts';
import { bindImports, exportedNames } from './bind-imports.ts';
import { resolveFile } from './file.ts';
import { computingOrder } from './order.ts';
import type { UnnumberedPolicy } from './policies.ts';
import { numberedRule } from './rules.ts';
import { scopesOf } from './scopes.ts';
import { checkedTests } from './tests.ts';
import { newUnit } from './unit.ts';

export { importedPath, missingSources } from './imports.ts';

/** Binds every name of the unit; what could not be bound is reported and `missing`. */
export function resolve(ast: Ast, domains: Domains, report: Report): ResolvedPolicy {
  const scopes = scopesOf(ast, report);
  const unit = newUnit(domains, report, exportedNames(scopes));
  bindImports(scopes, unit);
  const files = scopes.map((scope) => resolveFile(unit, scope));
  const declarations = files.flatMap((file) => file.declarations);
  const policies = files.flatMap((file) => file.policies);
  const tests = files.flatMap((file) => file.tests);
  const unread = new Set(ast.files.flatMap((file) => [...file.unread]));
  return {
    declarations,
    order: computingOrder(declarations, report),
    ...numbered(policies),
    tests: checkedTests(tests, policiesByName(policies, report), { unit, names: unread }),
    invariants: files.flatMap((file) => file.invariants),
    allowances: files.flatMap((file) => file.allowances),
    annotations: files.flatMap((file) => file.annotations),
  };
}

function policiesByName(policies: readonly UnnumberedPolicy[], report: Report): ReadonlyMap<string, UnnumberedPolicy> {
  const byName = new Map<string, UnnumberedPolicy>();
  for (const policy of policies) {
    const { name, span }: { readonly name: string; readonly span: Span } = policy.block;
    const first = byName.get(name);
    if (first) report('resolve/duplicate-name', [span, first.block.span], { kind: 'policy', name });
    else byName.set(name, policy);
  }
  return byName;
}

const byName = ({ block: a }: UnnumberedPolicy, { block: b }: UnnumberedPolicy): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

type Numbered = { readonly policies: readonly ResolvedPolicyBlock[]; readonly rules: readonly ResolvedRule[] };

/** Policies in the order of their names, rules in the order of their ids. */
function numbered(found: readonly UnnumberedPolicy[]): Numbered {
  const rules: ResolvedRule[] = [];
  const policies = [...found].sort(byName).map(({ block, rules: own }, index) => {
    const policy = policyId(index);
    for (const rule of own) rules.push(numberedRule(rule, ruleId(rules.length), policy));
    return { ...block, id: policy };
  });
  return { policies, rules };
}
