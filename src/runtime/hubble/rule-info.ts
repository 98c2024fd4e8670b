// The info series: one sample of value 1 for each rule in force, which says with its labels whose the rule is. To be joined
// with the counters of policyc_rule_verdicts_total by policy, rule, file and line.
import { annotationLabel, type SourceTable } from '../../compiler/ir/bundle.ts';
import { annotationsOf } from '../policy/annotations.ts';

export type InfoSample = { readonly labels: Readonly<Record<string, string>>; readonly value: 1 };

const labelsOf = (sources: SourceTable, rule: number): InfoSample['labels'] =>
  Object.fromEntries(annotationsOf(sources, rule).map(({ name, values }) => [annotationLabel(name), values.join(',')]));

export const ruleInfo = (sources: SourceTable): readonly InfoSample[] =>
  sources.rules.map(({ policy, text, file, line, section, name, priority, audit }, rule) => {
    const of = sources.policies[policy];
    const order = { tier: of?.tier ?? '', priority: String(priority), mode: audit ? 'audit' : 'enforce' };
    const place = { policy: of?.name ?? '', rule: text, file, line: String(line), direction: section };
    return { labels: { ...place, ...(name !== undefined && { name }), ...order, ...labelsOf(sources, rule) }, value: 1 };
  });
