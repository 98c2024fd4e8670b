// What is static in a policy must fit the kernel tables (ir/abi.ts). The place of such an error is the policy that has
// the most rules: it is the whole unit that is too large.
import type { Span } from '../base/source.ts';
import type { Report } from '../diagnostics/diagnostic.ts';
import { innerEntries, limits } from '../ir/abi.ts';
import type { TypedPolicy } from '../ir/typed.ts';
import type { VerdictSpace } from '../ir/verdict-space.ts';

/** The policy with the most rules; undefined without policies. */
function largestPolicy({ policies, rules }: TypedPolicy): Span | undefined {
  const counts = policies.map(() => 0);
  for (const { policy } of rules) counts[policy] = (counts[policy] ?? 0) + 1;
  const largest = counts.indexOf(Math.max(...counts));
  return policies[largest]?.span;
}

/** Reports every dimension that has more classes or entries than its table. */
export function refuseTooLarge({ typed, program, networks }: VerdictSpace, report: Report): void {
  const place = largestPolicy(typed);
  if (!place) return;
  const { ports, http, dns, tls, exec, names } = program.classes;
  const contents = { 'http requests': http, 'dns queries': dns, 'tls hellos': tls, 'exec paths': exec };
  const counted = { 'ports and protocols': ports, ...contents, 'names of peers': names };
  for (const [what, found] of Object.entries(counted)) {
    if (found > limits.classes) report('plan/too-many-classes', place, { what, found, limit: limits.classes });
  }
  const limit = innerEntries.prefixes;
  if (networks.length > limit) report('plan/too-many-entries', place, { what: 'network blocks', found: networks.length, limit });
}
