// One connection carries one protocol: `http` and `dns` rules that may be about the same one are told apart by nothing that a
// program could see before it reads. (Rules about a port by its name are refused by what they may not both be: the row of such
// a connection is that of `dns`, and allow rules of `http` match nothing in it.)
import type { NetworkRule, TypedPolicy } from '../ir/typed.ts';
import { intersect } from '../space/interval.ts';
import type { Selector } from '../space/labels.ts';

type Requirements = Selector[number];

/** Does one of them want a value that the other does not? */
const areApart = (a: Requirements, b: Requirements): boolean =>
  a.some((one) => b.some((other) => isApart(one, other) || isApart(other, one)));

function isApart(a: Requirements[number], b: Requirements[number]): boolean {
  if (a.key !== b.key || a.kind !== 'one-of') return false;
  if (b.kind === 'one-of') return !a.values.some((value) => b.values.includes(value));
  return b.kind === 'absent' || (b.kind === 'not-one-of' && a.values.every((value) => b.values.includes(value)));
}

/** May both select one workload? Told by labels alone. */
const mayMeet = (a: Selector, b: Selector): boolean => a.some((one) => b.some((other) => !areApart(one, other)));

const isAbout =
  (domain: string) =>
  (rule: TypedPolicy['rules'][number]): rule is NetworkRule =>
    rule.section !== 'process' && rule.layer7?.domain === domain;

/** The `dns` rules that an `http` rule may share a connection with. */
export function mixedRules({ rules, policies }: TypedPolicy): ReadonlySet<NetworkRule> {
  const http = rules.filter(isAbout('http'));
  const subjectOf = ({ policy }: NetworkRule): Selector => policies[policy]?.subject.workloads ?? [];
  const sharesWith = (rule: NetworkRule, other: NetworkRule): boolean =>
    rule.section === other.section &&
    intersect(rule.transport.points, other.transport.points).length > 0 &&
    mayMeet(subjectOf(rule), subjectOf(other));
  return new Set(rules.filter(isAbout('dns')).filter((rule) => http.some((other) => sharesWith(rule, other))));
}
