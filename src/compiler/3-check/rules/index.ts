// Every finding about whole policies, one line each. What is found while values are read (matches-nothing.ts,
// request-transport.ts, encrypted-port.ts) is called from there.
import { warnDenyOnly } from './deny-only.ts';
import { warnDomainDeny } from './domain-deny.ts';
import { warnDomainWithoutDns } from './domain-without-dns.ts';
import { warnDuplicates } from './duplicate-rule.ts';
import { warnExpired } from './expired.ts';
import type { PolicyFinding, UnitFinding } from './finding.ts';
import { warnOpensToWorld } from './opens-to-world.ts';
import { checkRuleNames } from './rule-names.ts';
import { warnServicePort } from './service-port.ts';
import { warnUnknownLabel } from './unknown-label.ts';
import { warnUnmatched } from './unmatched-selector.ts';

export const policyFindings: readonly PolicyFinding[] = [checkRuleNames, warnDenyOnly, warnDomainDeny, warnDuplicates, warnOpensToWorld];

export const unitFindings: readonly UnitFinding[] = [warnDomainWithoutDns, warnExpired, warnServicePort, warnUnknownLabel, warnUnmatched];
