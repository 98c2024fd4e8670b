// Do two units mean the same? By the exact comparison: another rule may do it, but not another thing.
import type { Decided, Verdict } from '../../src/compiler/ir/event.ts';
import { type CheckedUnit, diffUnits } from '../../src/compiler/pipeline.ts';

const shown = (value: unknown): string => JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? String(one) : one));

/** What is done, and would be. */
function doneBy({ audit, ...enforced }: Verdict, { typed }: CheckedUnit): string {
  const of = ({ action, cause }: Decided): string =>
    action === 'allowed' ? action : cause.kind === 'rule' ? String(typed.rules[cause.rule]?.action) : 'deny';
  return `${of(enforced)} ${audit ? of(audit) : ''}`;
}

/** Each class of events that is decided otherwise, as a line; undefined where there are too many to look at. */
export function differencesOf(before: CheckedUnit, after: CheckedUnit, limit?: number): readonly string[] | undefined {
  const found = diffUnits(before, after, limit);
  return found.ok
    ? found.value
        .filter(({ effect, witness }) => effect !== 'another-rule' || doneBy(witness.before, before) !== doneBy(witness.after, after))
        .map(({ effect, domain = 'flow', witness }) => `${domain} ${effect} ${shown(witness)}`)
    : undefined;
}
