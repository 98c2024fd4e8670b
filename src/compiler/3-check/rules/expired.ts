// `@until(DATE)` is the last day on which a rule or policy should hold. Which day it is, is said by who asks
// (`--as-of`): the compiler has no clock.
import type { Annotation } from '../../ir/typed.ts';
import type { Finding } from './finding.ts';

/** Warns of what should not hold any more. */
export const warnExpired: Finding = ({ policies, rules, options: { asOf } }, report) => {
  if (asOf === undefined) return;
  const warn = (what: string, annotations: readonly Annotation[]): void => {
    for (const { name, values, span } of annotations) {
      const until = name === 'until' ? values[0]?.text : undefined;
      if (until !== undefined && until < asOf) report('check/expired', span, { what, until, today: asOf });
    }
  };
  for (const { annotations } of policies) warn('policy', annotations);
  for (const { annotations } of rules) warn('rule', annotations);
};
