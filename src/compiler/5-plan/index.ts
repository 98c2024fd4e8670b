// VerdictSpace -> Plan: does it fit the kernel tables, which template programs hold it, and what must a machine offer?
// What the target cannot enforce is an error at its rule, never left out.
import type { Report } from '../diagnostics/diagnostic.ts';
import type { Plan } from '../ir/plan.ts';
import type { VerdictSpace } from '../ir/verdict-space.ts';
import { refuseTooLarge } from './limits.ts';
import { partsOf, requirementsOf, templatesOf } from './requirements.ts';
import { refuseUnsupported } from './target.ts';

/** Plans for the only target of this version, `native`: cgroups of one machine. */
export function plan(space: VerdictSpace, report: Report): Plan {
  refuseUnsupported(space.typed, report);
  refuseTooLarge(space, report);
  const parts = partsOf(space.typed);
  return { space, templates: templatesOf(parts), requirements: requirementsOf(space.typed, parts) };
}
