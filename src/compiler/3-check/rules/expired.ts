// `@until(DATE)` is the last day on which a rule or policy should hold. Which day it is, is said by who asks
// (`--as-of`): the compiler has no clock.
import type { UnitFinding } from './finding.ts';

/** Warns of what should not hold any more. */
export const warnExpired: UnitFinding = ({ files, options: { asOf } }, report) => {
  if (asOf === undefined) return;
  for (const { dated } of files) {
    for (const { what, annotation } of dated) {
      const until = annotation.values[0]?.text;
      if (until !== undefined && until < asOf) report('check/expired', annotation.span, { what, until, today: asOf });
    }
  }
};
