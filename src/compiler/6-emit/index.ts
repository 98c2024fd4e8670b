// Plan -> Emitted: everything that a bundle holds except the objects. The three steps after 3-check are composed so, and
// only when it reported no error:
//
//   const planned = plan(normalize(typed, report), report);
//   if (failed()) ...            // limits and the target: errors come from both
//   const emitted = emit(planned, { text, boundary });
//
import type { Emitted } from '../ir/emitted.ts';
import type { Plan } from '../ir/plan.ts';
import { imagesOf } from './images.ts';
import { metricDefinitions } from './metrics.ts';
import { sourceTable } from './sources.ts';

/** Lays the plan out as bytes and tables. Call it only for a plan without errors. */
export function emit({ space, templates, requirements }: Plan, { text, boundary }: Pick<Emitted, 'text' | 'boundary'>): Emitted {
  return {
    program: space.program,
    sources: sourceTable(space.typed),
    metrics: metricDefinitions(space.typed),
    text,
    boundary,
    requirements,
    images: imagesOf(space),
    templates,
  };
}
