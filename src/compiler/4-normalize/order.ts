// The order in which rules are asked (grammar/README.md, "Order"): tier, policy's priority, rule's priority, action, RuleId.
// What is numbered from here on stands in it: the first rule of a program that matches and is not `pass` decides.
import { actions, type Policy, type Rule, type TypedPolicy, tiers } from '../ir/typed.ts';

const place = (rule: Rule, policy: Policy | undefined): readonly number[] => [
  tiers.indexOf(policy?.tier ?? 'normal'),
  policy?.priority ?? 0,
  rule.priority,
  actions.indexOf(rule.action),
  rule.id,
];

const compare = (a: readonly number[], b: readonly number[]): number => {
  const at = a.findIndex((number, i) => number !== b[i]);
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
};

export const inDecidingOrder = ({ policies, rules }: TypedPolicy): readonly Rule[] =>
  rules
    .map((rule) => ({ rule, place: place(rule, policies[rule.policy]) }))
    .sort((a, b) => compare(a.place, b.place))
    .map(({ rule }) => rule);
