// What the target `native` cannot enforce. It sees the requests that a workload receives, not yet those that it sends, and
// of what processes do only exec.
import type { Report } from '../diagnostics/diagnostic.ts';
import type { Rule, TypedPolicy } from '../ir/typed.ts';

const target = 'native';
const requestDomains: readonly string[] = ['http'];
const processDomains: readonly string[] = ['exec'];

function refuseRule(rule: Rule, report: Report): void {
  if (rule.section === 'process') {
    const { domain } = rule.match;
    if (!processDomains.includes(domain))
      report('plan/unsupported-on-target', rule.span, { target, what: `\`${domain}\` rules`, hint: undefined });
    return;
  }
  if (!rule.layer7) return;
  const { domain } = rule.layer7;
  if (!requestDomains.includes(domain)) {
    report('plan/unsupported-on-target', rule.span, { target, what: `\`${domain}\` rules`, hint: undefined });
  } else if (rule.section === 'egress') {
    const hint = `write the \`${domain}\` rule into the \`ingress\` section of the receiver's policy`;
    report('plan/unsupported-on-target', rule.span, { target, what: `\`${domain}\` rules on egress`, hint });
  }
}

/** Reports every rule and default deny that the target has no hook for. */
export function refuseUnsupported(typed: TypedPolicy, report: Report): void {
  for (const rule of typed.rules) refuseRule(rule, report);
  for (const { span, defaultDeny } of typed.policies) {
    for (const domain of defaultDeny.process.filter((name) => !processDomains.includes(name))) {
      report('plan/unsupported-on-target', span, { target, what: `\`default deny ${domain}\``, hint: undefined });
    }
  }
}
