// What the policies for the host mean, as text: whether a machine has to be asked again (`policyd run --confirm`). Names that
// mean the same, other policies, and the place of a rule in its file change nothing of it.
import { inDecidingOrder } from '../ir/deciding-order.ts';
import { governsHost, subjectSelector } from '../ir/subject-selector.ts';
import type { TypedPolicy } from '../ir/typed.ts';

const plain = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}n` : value);

/** Undefined where no policy governs a host. */
export function hostPolicyText(typed: TypedPolicy): string | undefined {
  const hosts = new Map(typed.policies.flatMap((policy, index) => (governsHost(policy.subject) ? [[index, policy] as const] : [])));
  if (hosts.size === 0) return undefined;
  const policies = [...hosts.values()].map(({ subject, tier, audit, defaultDeny }) => [subjectSelector(subject), tier, audit, defaultDeny]);
  const rules = inDecidingOrder(typed).flatMap((rule) => {
    const policy = hosts.get(rule.policy);
    if (!policy || rule.section === 'process') return [];
    const { section, action, audit, peers, transport } = rule;
    return [[subjectSelector(policy.subject), policy.tier, section, action, audit, peers, transport]];
  });
  return JSON.stringify({ policies, rules }, plain);
}
