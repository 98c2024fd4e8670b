// A section denies what no rule of it allows (grammar/README.md, "Default"): one that has only deny rules and no
// `default allow` denies everything, which its writer hardly meant, unless a rule says just that.
import type { PolicyFinding } from './finding.ts';

/** Warns of sections that only deny. An empty section says so on purpose. */
export const warnDenyOnly: PolicyFinding = ({ written }, report) => {
  if (written.tier !== 'normal') return;
  for (const section of ['ingress', 'egress'] as const) {
    const one = written[section];
    if (!one || one.defaultAllow) continue;
    const rules = written.rules.filter((rule) => rule.section === section);
    const isMeant = rules.some(
      (rule) => rule.action === 'allow' || (rule.section !== 'process' && !rule.peers && !rule.transport && !rule.request),
    );
    if (rules.length > 0 && !isMeant) report('check/deny-brings-default-deny', one.span, { section });
  }
};
