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

const ruleEntry = (rule: Rule): SourceTable['rules'][number] => ({
  policy: rule.policy,
  ...placeOf(rule.span),
  action: rule.action,
  section: rule.section,
  text: rule.text,
  priority: rule.priority,
  audit: rule.audit,
  annotations: textsOf(rule.annotations),
  ...(rule.name !== undefined && { name: rule.name }),
  ...(rule.log && { log: rule.log.text }),
  ...(rule.usedAt && { usedAt: placeOf(rule.usedAt) }),
});

/** Policies by PolicyId, rules by RuleId. */
export const sourceTable = ({ policies, rules }: TypedPolicy): SourceTable => ({
  policies: policies.map(policyEntry),
  rules: rules.map(ruleEntry),
});
