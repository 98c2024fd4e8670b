// The source table: from RuleId and PolicyId back to what a person wrote.
import { positionAt, type Span } from '../base/source.ts';
import type { SourceTable } from '../ir/bundle.ts';
import type { TypedPolicy } from '../ir/typed.ts';

const placeOf = ({ source, start }: Span): { readonly file: string; readonly line: number } => ({
  file: source.path,
  line: positionAt(source, start).line,
});

/** Policies by PolicyId, rules by RuleId. */
export function sourceTable({ policies, rules }: TypedPolicy): SourceTable {
  return {
    policies: policies.map(({ name, span }) => ({ name, ...placeOf(span) })),
    rules: rules.map(({ policy, span, action, section, text }) => ({ policy, ...placeOf(span), action, section, text })),
  };
}
