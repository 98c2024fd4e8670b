// Which questions of a bundle are new: the others were asked of an earlier one, with the same ends, the same answer, and the same
// rules and default denies of their subject, and were answered rightly by the same programs.
import type { BoundaryPoint, BoundaryTable } from '../../compiler/ir/bundle.ts';
import type { PolicySet } from './policy-index.ts';

/** The questions of a bundle by what they depend on, in their order. */
export type QuestionKeys = readonly string[];

type Subject = Pick<BoundaryPoint, 'subject' | 'direction'>;

/** The rules and default denies of a subject; none of what is no workload. */
function identityOf(policies: PolicySet, { endpoints }: BoundaryTable, { subject, direction }: Subject): ReturnType<PolicySet['identity']> {
  const end = endpoints[subject];
  return end?.kind === 'workload' ? policies.identity(policies.matching(end.labels), direction) : { key: '', ids: [] };
}

export function questionKeys(boundary: BoundaryTable, policies: PolicySet): QuestionKeys {
  const ends = boundary.endpoints.map((end) => JSON.stringify(end));
  const identities = new Map<string, ReturnType<PolicySet['identity']>>();
  return boundary.points.map(({ subject, direction, peer, point, action, cause }) => {
    const asked = `${subject} ${direction}`;
    const identity = identities.get(asked) ?? identityOf(policies, boundary, { subject, direction });
    identities.set(asked, identity);
    const decider = cause.kind === 'rule' ? identity.ids.indexOf(cause.rule) : cause.kind;
    return `${ends[subject]} ${direction} ${ends[peer]} ${point} ${action} ${decider} ${identity.key}`;
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
