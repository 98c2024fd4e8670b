// What the `test` and `invariant` blocks of a unit say, and the findings about those that do not hold.
import { deciderOf, deciderWords, eventWords, spanOf } from '../analysis/event-words.ts';
import type { InvariantOutcome } from '../analysis/invariants.ts';
import type { TestOutcome } from '../analysis/run-tests.ts';
import { collector, type Diagnostic, type Report, wholeFile } from '../diagnostics/diagnostic.ts';
import type { TestCase, TypedPolicy } from '../ir/typed.ts';
import { type CheckedUnit, invariantUnit, notAllowed, type Outcome, testUnit } from '../pipeline.ts';

/** What the blocks of a unit say, each block's kind within its own limits. */
export type Held = { readonly tests: Outcome<readonly TestOutcome[]>; readonly invariants: Outcome<readonly InvariantOutcome[]> };
export const heldOf = (unit: CheckedUnit): Held => ({ tests: testUnit(unit), invariants: invariantUnit(unit) });

export const valuesOf = <T>(outcome: Outcome<readonly T[]>): readonly T[] => (outcome.ok ? outcome.value : []);

/** What does not hold, each with its counterexample; warnings where there is nothing to hold. */
export function failuresOf(unit: CheckedUnit, { tests, invariants }: Held): readonly Diagnostic[] {
  const { typed, sources } = unit;
  const log = collector();
  log.add([...tests.diagnostics, ...invariants.diagnostics]);
  if (typed.tests.length + typed.invariants.length === 0) log.report('test/none', wholeFile(sources[0]?.path ?? ''), {});
  for (const { test, counterexample } of valuesOf(tests)) {
    if (!counterexample) continue;
    const second = spanOf(typed, counterexample.verdict.cause);
    log.report('test/failed', second ? [test.span, second] : test.span, {
      test: test.test,
      expected: expectedWords(test),
      found: deciderWords(deciderOf(typed, counterexample.verdict)),
      witness: `for example ${eventWords(counterexample.event, typed.domains)}`,
    });
  }
  for (const outcome of valuesOf(invariants)) {
    const { name, span } = outcome.invariant;
    if (outcome.kind === 'refuted') reportRefuted(typed, outcome, log.report);
    else if (outcome.vacuous) log.report('test/vacuous-invariant', span, { invariant: name });
  }
  return notAllowed(unit, log.all());
}

type Refuted = Extract<InvariantOutcome, { kind: 'refuted' }>;

function reportRefuted(typed: TypedPolicy, { invariant, event, verdict }: Refuted, report: Report): void {
  const second = spanOf(typed, verdict.cause);
  report('test/refuted', second ? [invariant.span, second] : invariant.span, {
    invariant: invariant.name,
    event: eventWords(event, typed.domains),
    found: deciderWords(deciderOf(typed, verdict)),
  });
}

export const expectedWords = ({ expected }: TestCase): string =>
  [
    expected.verdict,
    ...(expected.byDefault ? ['by default'] : []),
    ...(expected.by === undefined ? [] : [`by ${expected.by}`]),
    ...(expected.rule === undefined ? [] : [JSON.stringify(expected.rule)]),
  ].join(' ');
