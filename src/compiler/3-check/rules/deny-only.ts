// A section denies what no rule of it allows (grammar/README.md, "Default"): one that has only deny rules and no
// `default allow` denies everything, which its writer hardly meant.
import type { Finding } from './finding.ts';

/** Warns of sections that only deny. An empty section says so on purpose. */
export const warnDenyOnly: Finding = ({ resolved: { policies, rules } }, report) => {
  const seen = new Map<string, boolean>();
  for (const { policy, section, action } of rules) {
    const key = `${policy} ${section}`;
    seen.set(key, (seen.get(key) ?? false) || action === 'allow');
  }
  for (const policy of policies.filter(({ tier }) => tier === 'normal')) {
    for (const section of ['ingress', 'egress'] as const) {
      const written = policy[section];
      if (written && !written.defaultAllow && seen.get(`${policy.id} ${section}`) === false)
        report('check/deny-brings-default-deny', written.span, { section });
    }
  }
};
