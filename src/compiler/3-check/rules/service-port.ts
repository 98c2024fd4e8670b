// A service is translated to its backends before policy is asked: behind `to NAME.service` stand the ports that the
// workloads listen on. Ports that no ingress rule of theirs allows are most likely those of the service.
import type { Value } from '../../ir/resolved.ts';
import type { NetworkRule, Policy, Transport } from '../../ir/typed.ts';
import { intersect, isEmpty } from '../../space/interval.ts';
import type { Selector } from '../../space/labels.ts';
import { isWithin } from '../selectors.ts';
import type { Checked, Finding } from './finding.ts';

type Declared = Value & { readonly kind: 'declared' };

/** The services that a peer names. */
function servicesOf(value: Value): readonly Declared[] {
  switch (value.kind) {
    case 'declared':
      return value.service ? [value] : [];
    case 'list':
      return value.items.flatMap(servicesOf);
    case 'combine':
      return value.operands.flatMap(servicesOf);
    default:
      return [];
  }
}

const mayMeet = (a: Transport, b: Transport): boolean =>
  a.named.length > 0 || b.named.length > 0 || !isEmpty(intersect(a.points, b.points));

/** Who denies what its ingress rules do not allow, with those rules. */
type Listening = { readonly policy: Policy; readonly allowed: readonly NetworkRule[] };

function listeningOf({ policies, rules }: Checked): readonly Listening[] {
  const allowed = new Map<number, NetworkRule[]>();
  for (const rule of rules) {
    if (rule.section !== 'ingress' || rule.action !== 'allow') continue;
    const known = allowed.get(rule.policy);
    if (known) known.push(rule);
    else allowed.set(rule.policy, [rule]);
  }
  return policies
    .filter(({ id, defaultDeny }) => defaultDeny.ingress || allowed.has(id))
    .map((policy) => ({ policy, allowed: allowed.get(policy.id) ?? [] }));
}

/** The policies that govern all of `workloads`; none when nothing of theirs is denied. */
function governing(workloads: Selector, listening: readonly Listening[]): readonly Listening[] {
  const found = listening.filter(({ policy }) => isWithin(workloads, policy.subject.workloads));
  return found.some(({ policy }) => policy.defaultDeny.ingress) ? found : [];
}

/** Warns of ports of a service on which none of its workloads lets anybody in. */
export const warnServicePort: Finding = (unit, report) => {
  let listening: readonly Listening[] | undefined;
  for (const rule of unit.rules) {
    const written = unit.resolved.rules[rule.id];
    if (rule.section !== 'egress' || rule.action !== 'allow' || written?.section !== 'egress' || !written.peers) continue;
    for (const service of servicesOf(written.peers)) {
      const set = unit.sets[service.declaration];
      if (set?.kind !== 'workload') continue;
      listening ??= listeningOf(unit);
      const policies = governing(set.set, listening);
      const [first] = policies;
      if (!first || policies.some(({ allowed }) => allowed.some(({ transport }) => mayMeet(transport, rule.transport)))) continue;
      report('check/service-port', [written.transport?.span ?? rule.span, first.policy.span], { workload: service.name });
    }
  }
};
