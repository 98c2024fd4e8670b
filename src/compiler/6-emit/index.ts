// Plan -> Emitted: everything that a bundle holds except the objects. The three steps after 3-check are composed so, and
// only when it reported no error:
//
//   const planned = plan(normalize(typed, report), report);
//   if (failed()) ...            // limits and the target: errors come from both
//   const emitted = emit(planned, { text, boundary });
//
import type { Emitted, KernelNeeds } from '../ir/emitted.ts';
import type { Plan } from '../ir/plan.ts';
import { hostPolicyText } from './host-policy.ts';
import { imagesOf, tableSizesOf } from './images.ts';
import { metricDefinitions } from './metrics.ts';
import { sourceTable } from './sources.ts';

/** What a kernel is given. */
export const emitTables = ({ space, templates }: Plan): Pick<Emitted, 'images' | 'templates'> => ({ images: imagesOf(space), templates });

/** What that takes, without a byte of it written. */
export const kernelNeeds = ({ space, templates }: Plan): KernelNeeds => ({ tables: tableSizesOf(space), templates });

/** Lays the plan out as bytes and tables. Call it only for a plan without errors. */
export function emit(plan: Plan, { text, boundary }: Pick<Emitted, 'text' | 'boundary'>): Emitted {
  const { space, requirements } = plan;
  const host = hostPolicyText(space.typed);
  return {
    program: space.program,
    sources: sourceTable(space.typed),
    metrics: metricDefinitions(space.typed),
    text,
    boundary,
    requirements,
    ...(host !== undefined && { host }),
    ...emitTables(plan),
  };
}
