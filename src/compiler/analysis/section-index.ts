// The sections of a unit, asked by the endpoints that they govern: of very many policies, those near some endpoints and no others.
import { invariant } from '../base/assert.ts';
import type { Policy, Rule, Subject, TypedPolicy } from '../ir/typed.ts';
import { anyPlace, type End, subjectEndRelation } from './cell.ts';
import { cubesOf } from './label-cube.ts';
import { brings, type OwnedRule, type Place, placeName, placeOf, type Views, viewsIn } from './split.ts';
import { SubjectIndex } from './subject-index.ts';

/** A policy with its rules of one section. */
type Governing = { readonly policy: Policy; readonly rules: readonly OwnedRule[] };

/** One section: its policies by whom they govern. */
export class SectionIndex {
  readonly #place: Place;
  readonly #policies = new SubjectIndex<Governing>();

  constructor(place: Place) {
    this.#place = place;
  }

  add(governing: Governing): void {
    this.#policies.add(governing.policy.subject, governing);
  }

  /** What the section says about the endpoints of a set, in both views. */
  near(end: End): Views {
    const found = [...this.#policies.near(end)].filter(({ policy }) => subjectEndRelation(end, policy.subject).kind !== 'apart');
    return viewsIn({
      ...this.#place,
      rules: found.flatMap(({ rules }) => rules),
      denying: found.flatMap(({ policy }) => (brings(policy, this.#place.section, this.#place.domain) ? [policy] : [])),
    });
  }

  /** Some of the endpoints, of which few policies govern any; undefined where none can be told apart. */
  apartFrom(end: End): End | undefined {
    return this.#policies.apartFrom(end);
  }

  /** Every rule of policies that share an endpoint with a subject, and perhaps of others. */
  *rulesNear({ workloads }: Subject): Generator<Rule> {
    const ends: readonly End[] = [
      ...cubesOf(workloads).map((labels): End => ({ kind: 'workload', labels, addresses: anyPlace })),
      { kind: 'reserved', names: new Map(), addresses: anyPlace },
    ];
    for (const end of ends) for (const { rules } of this.#policies.near(end)) for (const { rule } of rules) yield rule;
  }
}

/** The sections of a unit, by placeName; each of `places` is there. */
export function sectionsOf(typed: TypedPolicy, places: readonly Place[]): ReadonlyMap<string, SectionIndex> {
  const sections = new Map(places.map((place) => [placeName(place), { place, index: new SectionIndex(place) }]));
  const rulesOf = byPolicy(typed);
  for (const policy of typed.policies) {
    const byPlace = new Map<string, OwnedRule[]>();
    for (const rule of rulesOf[policy.id] ?? []) {
      const name = placeName(placeOf(rule));
      const list = byPlace.get(name);
      if (list) list.push({ rule, policy });
      else byPlace.set(name, [{ rule, policy }]);
    }
    for (const [name, { place, index }] of sections) {
      const rules = byPlace.get(name) ?? [];
      if (rules.length > 0 || brings(policy, place.section, place.domain)) index.add({ policy, rules });
    }
  }
  return new Map([...sections].map(([name, { index }]) => [name, index]));
}

/** The rules of each policy in their order, by PolicyId. */
export function byPolicy({ policies, rules }: TypedPolicy): readonly (readonly Rule[])[] {
  const lists: Rule[][] = policies.map(() => []);
  for (const rule of rules) {
    const list = lists[rule.policy];
    invariant(list, `rule ${rule.id} has no policy`);
    list.push(rule);
  }
  return lists;
}
