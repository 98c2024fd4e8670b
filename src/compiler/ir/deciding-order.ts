// The order in which rules are asked (grammar/README.md, "Order"): tier, policy's priority, rule's priority, action, RuleId.
import { actions, type Policy, type Rule, type TypedPolicy, tiers } from './typed.ts';

const comparePolicies = (a: Policy, b: Policy): number => tiers.indexOf(a.tier) - tiers.indexOf(b.tier) || a.priority - b.priority;

/** Of each policy the place of its tier and priority among those that there are. */
export function ranksOf(policies: readonly Policy[]): readonly number[] {
  const ranks: number[] = [];
  let rank = 0;
  let before: Policy | undefined;
  for (const policy of [...policies].sort(comparePolicies)) {
    if (before && comparePolicies(before, policy) !== 0) rank++;
    ranks[policy.id] = rank;
    before = policy;
  }
  return ranks;
}

const actionPlaces = new Map(actions.map((action, place) => [action, place]));

/** Among the rules of one rank. */
export const placeOf = ({ priority, action }: Rule): number => priority * actions.length + (actionPlaces.get(action) ?? 0);

/** The first of a program that matches and is not `pass` decides. There are few places, even of very many rules. */
export function inDecidingOrder({ policies, rules }: Pick<TypedPolicy, 'policies' | 'rules'>): readonly Rule[] {
  const ranks = ranksOf(policies);
  const places: Map<number, Rule[]>[] = [];
  for (const rule of rules) {
    const rank = ranks[rule.policy] ?? 0;
    const ofRank = places[rank] ?? new Map<number, Rule[]>();
    places[rank] = ofRank;
    const place = placeOf(rule);
    const placed = ofRank.get(place);
    if (placed) placed.push(rule);
    else ofRank.set(place, [rule]);
  }
  return places.flatMap((ofRank) => [...ofRank].sort(([a], [b]) => a - b).flatMap(([, placed]) => placed));
}
