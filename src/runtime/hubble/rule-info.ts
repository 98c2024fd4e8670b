// The info series: one sample of value 1 for each rule in force, which says with its labels whose the rule is. To be joined
// with the counters of policyc_rule_verdicts_total by policy, rule, file and line.
import { annotationLabel, type SourceTable } from '../../compiler/ir/bundle.ts';
import { annotationsOf, type Written } from '../policy/annotations.ts';

export type InfoSample = { readonly labels: Readonly<Record<string, string>>; readonly value: 1 };

const labelsOf = (written: Written): InfoSample['labels'] =>
  Object.fromEntries(annotationsOf(written).map(({ name, values }) => [annotationLabel(name), values.join(',')]));

export const ruleInfo = (sources: SourceTable): readonly InfoSample[] =>
  sources.rules.flatMap((rule): readonly InfoSample[] => {
    const { text, file, line, section, name, priority, audit } = rule;
    const policy = sources.policies[rule.policy];
    if (!policy) return [];
    const order = { tier: policy.tier, priority: String(priority), mode: audit ? 'audit' : 'enforce' };
    const place = { policy: policy.name, rule: text, file, line: String(line), direction: section };
    return [{ labels: { ...place, ...(name !== undefined && { name }), ...order, ...labelsOf({ rule, policy }) }, value: 1 }];
  });
