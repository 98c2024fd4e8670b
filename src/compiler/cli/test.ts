// `policyc test`: every line of every `test` block, over every label set that it stands for.
import { deciderOf, deciderWords, eventWords, placeOf, spanOf } from '../analysis/event-words.ts';
import type { TestOutcome } from '../analysis/run-tests.ts';
import type { Span } from '../base/source.ts';
import { collector, type Diagnostic, wholeFile } from '../diagnostics/diagnostic.ts';
import type { TestCase, TypedPolicy } from '../ir/typed.ts';
import { type CheckedUnit, type Outcome, testUnit } from '../pipeline.ts';
import type { CommonOptions } from './options.ts';
import { colorsOf, counted, print, printJson, type Result, reportDiagnostics } from './output.ts';
import { readUnit } from './unit.ts';

export function runTest(paths: readonly string[], { format, maxFileBytes }: CommonOptions): Result {
  const { unit, diagnostics } = readUnit(paths, maxFileBytes);
  if (!unit) {
    const records = reportDiagnostics(diagnostics, format);
    if (format === 'json') printJson({ ok: false, tests: [], diagnostics: records });
    return { exitCode: 1 };
  }
  const outcomes = testUnit(unit);
  const failures = failuresOf(unit, outcomes);
  const ok = failures.every(({ severity }) => severity !== 'error');
  const records = reportDiagnostics([...diagnostics, ...failures], format);
  const held = outcomes.ok ? outcomes.value : [];
  if (format === 'json') printJson({ ok, tests: held.map((outcome) => recordOf(unit.typed, outcome)), diagnostics: records });
  else if (outcomes.ok) printOutcomes(held);
  return { exitCode: ok ? 0 : 1 };
}

/** What does not hold, each with its counterexample; a warning where there is nothing to hold. */
export function failuresOf({ typed, sources }: CheckedUnit, outcomes: Outcome<readonly TestOutcome[]>): readonly Diagnostic[] {
  if (!outcomes.ok) return outcomes.diagnostics;
  const log = collector();
  if (outcomes.value.length === 0) log.report('test/none', wholeFile(sources[0]?.path ?? ''), {});
  for (const { test, counterexample } of outcomes.value) {
    if (!counterexample) continue;
    const second = spanOf(typed, counterexample.verdict.cause);
    log.report('test/failed', second ? [test.span, second] : test.span, {
      test: test.test,
      expected: expectedWords(test),
      found: deciderWords(deciderOf(typed, counterexample.verdict)),
      witness: `for example ${eventWords(counterexample.event)}`,
    });
  }
  return log.all();
}

const expectedWords = ({ expected }: TestCase): string =>
  [expected.verdict, ...(expected.byDefault ? ['by default'] : []), ...(expected.by === undefined ? [] : [`by ${expected.by}`])].join(' ');

const textOf = ({ source, start, end }: Span): string => source.text.slice(start, end).replace(/\s+/g, ' ');

function recordOf(typed: TypedPolicy, { test, cells, counterexample }: TestOutcome) {
  const found = counterexample && { event: eventWords(counterexample.event), found: deciderOf(typed, counterexample.verdict) };
  return {
    test: test.test,
    ...placeOf(test.span),
    text: textOf(test.span),
    ok: !counterexample,
    classes: cells,
    ...(found && { counterexample: found }),
  };
}

function printOutcomes(outcomes: readonly TestOutcome[]): void {
  const colors = colorsOf(process.stdout);
  let open: TestCase['test'] | undefined;
  for (const { test, cells, counterexample } of outcomes) {
    if (test.test !== open) print(colors.bold(`test ${JSON.stringify(test.test)}`));
    open = test.test;
    const mark = counterexample ? colors.red('FAIL') : colors.green('ok  ');
    print(`  ${mark} ${textOf(test.span)}${cells > 1 ? colors.dim(`  (${cells} classes of events)`) : ''}`);
  }
  const failed = outcomes.filter(({ counterexample }) => counterexample).length;
  const tests = new Set(outcomes.map(({ test }) => test.test)).size;
  print(
    `${counted(tests, 'test')}, ${counted(outcomes.length, 'line')}: ${outcomes.length - failed} hold, ${failed} ${failed === 1 ? 'fails' : 'fail'}`,
  );
}
