// Which questions of a bundle are new: the others were asked of an earlier one, with the same ends, the same answer, and the same
// rules and default denies of their subject, and were answered rightly by the same programs.
import type { BoundaryPoint, BoundaryTable } from '../../compiler/ir/bundle.ts';
import type { PolicySet } from './policy-index.ts';

/** The questions of a bundle by what they depend on, in their order. */
export type QuestionKeys = readonly string[];

type End = BoundaryTable['endpoints'][number];

/** The rules and default denies of a subject; none of what is no workload. */
const stateOf = (policies: PolicySet, end: End | undefined, direction: BoundaryPoint['direction']): string =>
  end?.kind === 'workload' ? policies.stateOf(policies.matching(end.labels), direction) : '';

/** `number`: of ends with this text alone. */
type KnownEnd = { readonly end: End; readonly number: number };

/** What bundles ask, one after the other. */
export class Questions {
  /** Of the last bundle, by their texts: what is known of the labels of an object is found by that object. */
  #ends: ReadonlyMap<string, KnownEnd> = new Map();
  #next = 0;

  keysOf({ endpoints, points }: BoundaryTable, policies: PolicySet): QuestionKeys {
    const ends = new Map<string, KnownEnd>();
    const known = endpoints.map((end) => {
      const text = JSON.stringify(end);
      const one = this.#ends.get(text) ?? { end, number: this.#next++ };
      ends.set(text, one);
      return one;
    });
    this.#ends = ends;
    return points.map(({ subject, direction, peer, point, action, cause }) => {
      const decider = cause.kind === 'rule' ? policies.ruleName(cause.rule) : cause.kind;
      const state = stateOf(policies, known[subject]?.end, direction);
      return `${known[subject]?.number} ${direction} ${known[peer]?.number} ${point} ${action} ${decider} ${state}`;
    });
  }
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
