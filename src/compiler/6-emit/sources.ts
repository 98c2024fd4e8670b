// The source table: from RuleId and PolicyId back to what a person wrote.
import { positionAt, type Span } from '../base/source.ts';
import type { AnnotationText, Place, SourceTable } from '../ir/bundle.ts';
import type { Annotation, Policy, Rule, TypedPolicy } from '../ir/typed.ts';

const placeOf = ({ source, start }: Span): Place => ({ file: source.path, line: positionAt(source, start).line });

const textsOf = (annotations: readonly Annotation[]): readonly AnnotationText[] =>
  annotations.map(({ name, values }) => ({ name, values: values.map(({ text }) => text) }));

const policyEntry = ({ name, span, tier, priority, audit, annotations }: Policy): SourceTable['policies'][number] => ({
  name,
  ...placeOf(span),
  tier,
  priority,
  audit,
  annotations: textsOf(annotations),
});

function ruleEntry(rule: Rule): SourceTable['rules'][number] {
  const { policy, action, section, text, priority, audit, name, log, usedAt } = rule;
  const { file, line } = placeOf(rule.span);
  const entry = { policy, file, line, action, section, text, priority, audit, annotations: textsOf(rule.annotations) };
  if (name === undefined && !log && !usedAt) return entry;
  return { ...entry, ...(name !== undefined && { name }), ...(log && { log: log.text }), ...(usedAt && { usedAt: placeOf(usedAt) }) };
}

/** Policies by PolicyId, rules by RuleId. */
export const sourceTable = ({ policies, rules }: TypedPolicy): SourceTable => ({
  policies: policies.map(policyEntry),
  rules: rules.map(ruleEntry),
});
