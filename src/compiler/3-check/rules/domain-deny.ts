// An address that several names are known for matches a rule about any of them: a deny to one domain also hits the
// others on the addresses of a CDN (grammar/README.md, "Addresses and names").
import type { PolicyFinding } from './finding.ts';

/** Warns of denials of domains. */
export const warnDomainDeny: PolicyFinding = ({ rules }, report) => {
  for (const rule of rules) {
    if (rule.section !== 'egress' || rule.peers.domains.length === 0 || rule.audit) continue;
    const { action } = rule;
    if (action === 'deny' || action === 'drop') report('check/domain-deny', rule.span, { action });
  }
};
