// ResolvedPolicy -> TypedPolicy: every operand becomes a value set, every rule is well formed.
import type { Report } from '../diagnostics/diagnostic.ts';
import type { Domains } from '../domains/domain.ts';
import type { ResolvedPolicy } from '../ir/resolved.ts';
import type { TypedPolicy } from '../ir/typed.ts';

/** Checks the unit; the result is only to be used when nothing failed. */
export function check(resolved: ResolvedPolicy, domains: Domains, report: Report): TypedPolicy {
  void resolved;
  void domains;
  void report;
  return { policies: [], rules: [], tests: [] };
}
