// Which questions of a bundle are new: the others were asked of an earlier one, with the same ends, the same answer, and the same
// rules and default denies of their subject, and were answered rightly by the same programs.
import type { BoundaryPoint, BoundaryTable } from '../../compiler/ir/bundle.ts';
import type { PolicySet } from './policy-index.ts';

/** The questions of a bundle by what they depend on, in their order. */
export type QuestionKeys = readonly string[];

function identityOf(policies: PolicySet, { endpoints }: BoundaryTable, { subject, direction, cause }: BoundaryPoint): string {
  const end = endpoints[subject];
  if (end?.kind !== 'workload') return '';
  const matching = policies.matching(end.labels);
  const decider = cause.kind === 'rule' ? policies.identity(matching, direction).ids.indexOf(cause.rule) : cause.kind;
  return `${decider} ${policies.identity(matching, direction).key}`;
}

export function questionKeys(boundary: BoundaryTable, policies: PolicySet): QuestionKeys {
  const identities = new Map<string, string>();
  return boundary.points.map((point) => {
    const asked = `${point.subject} ${point.direction} ${JSON.stringify(point.cause)}`;
    const identity = identities.get(asked) ?? identityOf(policies, boundary, point);
    identities.set(asked, identity);
    const { subject, peer, direction, action } = point;
    return JSON.stringify([boundary.endpoints[subject], direction, boundary.endpoints[peer], point.point, action, identity]);
  });
}

/** The questions that are not `known`, with the ends that they need. */
export function newQuestions({ endpoints, points }: BoundaryTable, keys: QuestionKeys, known: ReadonlySet<string>): BoundaryTable {
  const places = new Map<number, number>();
  const placeOf = (end: number): number => {
    const place = places.get(end) ?? places.size;
    places.set(end, place);
    return place;
  };
  const asked = points
    .filter((_, i) => !known.has(keys[i] ?? ''))
    .map((point) => ({ ...point, subject: placeOf(point.subject), peer: placeOf(point.peer) }));
  return { endpoints: [...places.keys()].flatMap((end) => endpoints[end] ?? []), points: asked };
}
