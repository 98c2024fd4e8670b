// One connection carries one protocol: rules of two protocols that may be about the same one are told apart by nothing that a
// program could see before it reads. (Rules about a port by its name are refused by what they may not both be: the row of such
// a connection is that of the later domain of `requestDomains`, and allow rules of the others match nothing in it.)
import { type RequestDomain, requestDomains } from '../ir/abi.ts';
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

type Compared = (rule: NetworkRule, other: NetworkRule) => boolean;

/** May both govern one workload? */
export function governingTogether({ policies }: TypedPolicy): Compared {
  const subjectOf = ({ policy }: NetworkRule): Selector => policies[policy]?.subject.workloads ?? [];
  return (rule, other) => rule.section === other.section && mayMeet(subjectOf(rule), subjectOf(other));
}

/** May both be about one connection? Told by subjects and ports alone. */
export function sharing(typed: TypedPolicy): Compared {
  const together = governingTogether(typed);
  return (rule, other) => intersect(rule.transport.points, other.transport.points).length > 0 && together(rule, other);
}

/** A rule that may share a connection with one of another domain; `domains`: its own, and that one's. */
export type MixedRule = { readonly rule: NetworkRule; readonly domains: readonly [RequestDomain, RequestDomain] };

/** Of two domains, the rules of the later one: the earlier ones were there first. */
export function mixedRules(typed: TypedPolicy): readonly MixedRule[] {
  const { rules } = typed;
  const shares = sharing(typed);
  return requestDomains.flatMap((domain, i) =>
    requestDomains.slice(0, i).flatMap((earlier): readonly MixedRule[] => {
      const others = rules.filter(isAbout(earlier));
      if (others.length === 0) return [];
      const mixed = rules.filter(isAbout(domain)).filter((rule) => others.some((other) => shares(rule, other)));
      return mixed.map((rule) => ({ rule, domains: [domain, earlier] }));
    }),
  );
}
