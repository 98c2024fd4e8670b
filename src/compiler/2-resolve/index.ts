// Ast -> ResolvedPolicy: binds names and words, writes out the uses of `rules` blocks.
//   1. Which names each file sees: its own, and its imports.
//   2. Each file by itself (file.ts), or as it was before if nothing that it sees is another (memory.ts).
//   3. The policies of all files, in the order of their names; what tests say of them.
import type { Report } from '../diagnostics/diagnostic.ts';
import type { Domains } from '../domains/domain.ts';
import type { Ast } from '../ir/ast.ts';
import type { ResolvedPolicy, ResolvedPolicyBlock } from '../ir/resolved.ts';
import { bindImports, exportedNames } from './bind-imports.ts';
import { ResolveMemory } from './memory.ts';
import { declarationsIn, scopesOf } from './scopes.ts';
import { checkCauses } from './tests.ts';
import { newUnit } from './unit.ts';

export { importedPath, missingSources } from './imports.ts';
export { ResolveMemory } from './memory.ts';

/** Binds every name of the unit; what could not be bound is reported and `missing`. `memory`: of units with the same domains. */
export function resolve(ast: Ast, domains: Domains, report: Report, memory = new ResolveMemory()): ResolvedPolicy {
  const bases = memory.bases(ast.files.map((file) => ({ path: file.source.path, size: declarationsIn(file) })));
  const scopes = scopesOf(ast, bases, report);
  const unit = newUnit(domains, report, exportedNames(scopes));
  const results = memory.files(bindImports(scopes, unit), unit);
  const inOrder = scopes.flatMap((scope) => results.get(scope) ?? []);
  const files = inOrder.map(({ file }) => file);
  const written = files.flatMap((file) => file.policies);
  const policies = memory.sorted(written);
  reportDuplicates(written, policies, report);
  const unread = new Set(ast.files.flatMap((file) => [...file.unread]));
  checkCauses(
    inOrder.flatMap(({ tests }) => tests),
    written,
    { unit, names: unread },
  );
  return { files, importOrder: [...results.values()].map(({ file }) => file), policies };
}

/** `sorted`: the same by name, so that two of one name are neighbours. */
function reportDuplicates(policies: readonly ResolvedPolicyBlock[], sorted: readonly ResolvedPolicyBlock[], report: Report): void {
  if (!sorted.some(({ name }, index) => name === sorted[index + 1]?.name)) return;
  const byName = new Map<string, ResolvedPolicyBlock>();
  for (const policy of policies) {
    const { name, span } = policy;
    const first = byName.get(name);
    if (first) report('resolve/duplicate-name', [span, first.span], { kind: 'policy', name });
    else byName.set(name, policy);
  }
}
