// A name counts only if it came from a server that a `dns` rule of the subject allows: without one, a rule about a
// domain never matches (grammar/README.md, "Addresses and names").
import type { Policy, Subject } from '../../ir/typed.ts';
import { isWithin } from '../selectors.ts';
import type { Finding } from './finding.ts';

const isGoverned = (subject: Subject, by: Subject): boolean => (!subject.host || by.host) && isWithin(subject.workloads, by.workloads);

/** Warns of rules about domains whose subject may not ask for names. */
export const warnDomainWithoutDns: Finding = ({ policies, rules }, report) => {
  const about = rules.filter((rule) => rule.section === 'egress' && rule.peers.domains.length > 0);
  if (about.length === 0) return;
  const asking = new Set<Policy>();
  for (const rule of rules) {
    const policy = policies[rule.policy];
    if (policy && rule.section === 'egress' && rule.action === 'allow' && rule.layer7?.domain === 'dns') asking.add(policy);
  }
  const known = new Map<Policy, boolean>();
  const mayAsk = (policy: Policy): boolean => {
    const found = known.get(policy) ?? (asking.has(policy) || [...asking].some((one) => isGoverned(policy.subject, one.subject)));
    known.set(policy, found);
    return found;
  };
  for (const rule of about) {
    const policy = policies[rule.policy];
    if (policy && !mayAsk(policy)) report('check/domain-without-dns', rule.span, { policy: policy.name });
  }
};
