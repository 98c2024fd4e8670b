// What is written beside rules for people and their tools: whose it is, why, and until when. No verdict depends on it.
import type { AnnotationText, PolicySource, RuleSource, SourceTable } from '../../compiler/ir/bundle.ts';

/** A rule and the policy that it is of. */
export type Written = { readonly rule: RuleSource; readonly policy: PolicySource };

/** A rule's own annotations, then those of its policy that it has not itself. */
export function annotationsOf({ rule: { annotations: own }, policy: { annotations: inherited } }: Written): readonly AnnotationText[] {
  if (inherited.length === 0) return own;
  return [...own, ...inherited.filter(({ name }) => own.every((one) => one.name !== name))];
}

/** Rules whose `@until`, or their policy's, is before `today` (`2026-12-31`): they hold through that day. */
export const expiredRules = ({ policies, rules }: SourceTable, today: string): readonly number[] =>
  rules.flatMap(({ annotations, policy }, rule) => {
    const all = [...annotations, ...(policies[policy]?.annotations ?? [])];
    return all.some(({ name, values: [date] }) => name === 'until' && date !== undefined && date < today) ? [rule] : [];
  });

/** The day, as annotations write it. */
export const dayOf = (time: Date): string => time.toISOString().slice(0, 10);
