// `policyc test`: every line of every `test` block, over every label set that it stands for.
import { deciderOf, deciderWords, eventWords, placeOf, spanOf } from '../analysis/event-words.ts';
import type { TestOutcome } from '../analysis/run-tests.ts';
import type { Span } from '../base/source.ts';
import { collector, type Diagnostic, wholeFile } from '../diagnostics/diagnostic.ts';
import type { TestCase, TypedPolicy } from '../ir/typed.ts';
import { type CheckedUnit, type Outcome, testUnit } from '../pipeline.ts';
import { type JunitCase, junitOf } from './junit.ts';
import type { CommonOptions } from './options.ts';
import { colorsOf, counted, type Format, print, printError, printJson, type Result, reportDiagnostics } from './output.ts';
import { extrasOf } from './test-extras.ts';
import { readUnit } from './unit.ts';

export type TestOptions = Omit<CommonOptions, 'format'> & {
  readonly format: Format | 'junit';
  readonly coverage?: true;
  readonly coverageLcov?: string;
  readonly mutate?: true;
  readonly mutateSeconds: number;
};

export function runTest(paths: readonly string[], options: TestOptions): Result {
  const { format, maxFileBytes } = options;
  const printed = format === 'junit' ? 'text' : format;
  const { unit, diagnostics } = readUnit(paths, maxFileBytes);
  if (!unit) {
    const records = reportDiagnostics(diagnostics, printed);
    if (format === 'json') printJson({ ok: false, tests: [], diagnostics: records });
    if (format === 'junit') print(junitOf({ outcomes: [], diagnostics }));
    return { exitCode: 1 };
  }
  const outcomes = testUnit(unit);
  const failures = failuresOf(unit, outcomes);
  const holds = failures.every(({ severity }) => severity !== 'error');
  const extras = extrasOf(unit, options, holds);
  const found = [...diagnostics, ...failures, ...extras.diagnostics];
  const records = reportDiagnostics(found, printed);
  const held = outcomes.ok ? outcomes.value : [];
  const ok = holds && extras.diagnostics.length === 0 && extras.message === undefined;
  if (format === 'json') {
    const tests = held.map((outcome) => recordOf(unit.typed, outcome));
    printJson({ ok, tests, ...extras.records, ...(extras.message !== undefined && { message: extras.message }), diagnostics: records });
  } else if (format === 'junit') print(junitOf({ outcomes: held.map(junitCase(unit.typed)), diagnostics: outcomes.ok ? [] : failures }));
  else {
    if (outcomes.ok) printOutcomes(held);
    for (const text of extras.texts) print(`\n${text}`);
  }
  if (extras.message !== undefined && format !== 'json') printError(`policyc: ${extras.message}`);
  return { exitCode: ok ? 0 : 1 };
}

const junitCase =
  (typed: TypedPolicy) =>
  ({ test, counterexample }: TestOutcome): JunitCase => {
    const place = { test: test.test, ...placeOf(test.span), text: textOf(test.span) };
    if (!counterexample) return place;
    const found = deciderWords(deciderOf(typed, counterexample.verdict));
    const message = `expected ${expectedWords(test)}, is ${found}`;
    return { ...place, failure: { message, detail: `for example ${eventWords(counterexample.event)}: ${found}` } };
  };

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
