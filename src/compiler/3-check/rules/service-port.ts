// A service is translated to its backends before policy is asked: behind `to NAME.service` stand the ports that the
// workloads listen on. Ports that no ingress rule of theirs allows are most likely those of the service.
import type { NetworkRule, Transport } from '../../ir/typed.ts';
import { intersect, isEmpty } from '../../space/interval.ts';
import type { Selector } from '../../space/labels.ts';
import { isWithin } from '../selectors.ts';
import type { CheckedPolicy, UnitFinding } from './finding.ts';

const mayMeet = (a: Transport, b: Transport): boolean =>
  a.named.length > 0 || b.named.length > 0 || !isEmpty(intersect(a.points, b.points));

/** Who denies what its ingress rules do not allow, with those rules. */
type Listening = CheckedPolicy & { readonly allowed: readonly NetworkRule[] };

const listeningOf = (policies: readonly CheckedPolicy[]): readonly Listening[] =>
  policies.flatMap((one) => {
    const allowed = one.rules.flatMap((rule) => (rule.section === 'ingress' && rule.action === 'allow' ? [rule] : []));
    return one.policy.defaultDeny.ingress || allowed.length > 0 ? [{ ...one, allowed }] : [];
  });

/** The policies that govern all of `workloads`; none when nothing of theirs is denied. */
function governing(workloads: Selector, listening: readonly Listening[]): readonly Listening[] {
  const found = listening.filter(({ policy }) => isWithin(workloads, policy.subject.workloads));
  return found.some(({ policy }) => policy.defaultDeny.ingress) ? found : [];
}

/** Warns of ports of a service on which none of its workloads lets anybody in. */
export const warnServicePort: UnitFinding = ({ files, sets }, report) => {
  const uses = files.flatMap(({ services }) => services);
  if (uses.length === 0) return;
  const listening = listeningOf(files.flatMap(({ policies }) => policies));
  const known = new Map<Selector, readonly Listening[]>();
  for (const { service, rule, place } of uses) {
    const set = sets[service.declaration];
    if (set?.kind !== 'workload') continue;
    const policies = known.get(set.set) ?? governing(set.set, listening);
    known.set(set.set, policies);
    const [first] = policies;
    if (!first || policies.some(({ allowed }) => allowed.some(({ transport }) => mayMeet(transport, rule.transport)))) continue;
    report('check/service-port', [place, first.policy.span], { workload: service.name });
  }
};
