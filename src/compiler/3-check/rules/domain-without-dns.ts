// A name counts only if it came from a server that a `dns` rule of the subject allows: without one, a rule about a
// domain never matches (grammar/README.md, "Addresses and names").
import type { Subject } from '../../ir/typed.ts';
import { isWithin } from '../selectors.ts';
import type { CheckedPolicy, UnitFinding } from './finding.ts';

const isGoverned = (subject: Subject, by: Subject): boolean => (!subject.host || by.host) && isWithin(subject.workloads, by.workloads);

/** Warns of rules about domains whose subject may not ask for names. */
export const warnDomainWithoutDns: UnitFinding = ({ files }, report) => {
  const about = files.flatMap(({ named }) => named);
  if (about.length === 0) return;
  const asking = new Set(files.flatMap((file) => file.asking));
  const known = new Map<CheckedPolicy, boolean>();
  const mayAsk = (one: CheckedPolicy): boolean => {
    const { policy } = one;
    const found = known.get(one) ?? (asking.has(policy) || [...asking].some(({ subject }) => isGoverned(policy.subject, subject)));
    known.set(one, found);
    return found;
  };
  for (const { policy, rule } of about) if (!mayAsk(policy)) report('check/domain-without-dns', rule.span, { policy: policy.policy.name });
};
