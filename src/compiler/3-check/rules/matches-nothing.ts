// A set that is empty although something is written in it: its conditions exclude each other. Asked where the set is
// written, not where its name is used.
import type { Report } from '../../diagnostics/diagnostic.ts';
import type { Value } from '../../ir/resolved.ts';

/** Warns of an empty set; `size` is its number of parts, undefined when it is unknown. */
export function warnEmpty(value: Value, [what, size]: readonly [string, number | undefined], report: Report): void {
  if (size === 0 && value.kind !== 'declared') report('check/matches-nothing', value.span, { what });
}
