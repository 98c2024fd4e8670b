// `policyc test`: every line of every `test` block, over every label set that it stands for, and every statement of every
// `invariant` block, over all events.
import { escalate, isError } from '../diagnostics/diagnostic.ts';
import { failuresOf, heldOf } from './held.ts';
import { junitOf } from './junit.ts';
import type { CommonOptions, UnitOptions } from './options.ts';
import { type Format, print, printError, printJson, type Result, reportDiagnostics } from './output.ts';
import { extrasOf } from './test-extras.ts';
import { junitText, printOutcomes, recordsOf } from './test-report.ts';
import { type ReadUnit, readUnit } from './unit.ts';
import { watch } from './watch.ts';

export type TestOptions = Omit<CommonOptions, 'format'> &
  UnitOptions & {
    readonly format: Format | 'junit';
    readonly watch?: true;
    readonly coverage?: true;
    readonly coverageLcov?: string;
    readonly mutate?: true;
    readonly mutateSeconds: number;
  };

export async function runTest(paths: readonly string[], options: TestOptions): Promise<Result> {
  const once = (read: ReadUnit): Result => testOnce(read, options);
  return options.watch ? await watch(paths, options, once) : once(readUnit(paths, options));
}

function testOnce({ unit, diagnostics }: ReadUnit, options: TestOptions): Result {
  const { format } = options;
  const printed = format === 'junit' ? 'text' : format;
  if (!unit) {
    const records = reportDiagnostics(diagnostics, printed);
    if (format === 'json') printJson({ ok: false, tests: [], invariants: [], diagnostics: records });
    if (format === 'junit') print(junitOf({ outcomes: [], diagnostics }));
    return { exitCode: 1 };
  }
  const held = heldOf(unit);
  const failures = escalate(failuresOf(unit, held), new Set(options.failOn));
  const holds = !failures.some(isError);
  const extras = extrasOf(unit, options, holds);
  const found = [...diagnostics, ...failures, ...extras.diagnostics];
  const records = reportDiagnostics(found, printed);
  const ok = holds && extras.diagnostics.length === 0 && extras.message === undefined;
  if (format === 'json') {
    const message = extras.message !== undefined && { message: extras.message };
    printJson({ ok, ...recordsOf(unit.typed, held), ...extras.records, ...message, diagnostics: records });
  } else if (format === 'junit') print(junitText(unit.typed, held, failures));
  else {
    printOutcomes(held);
    for (const text of extras.texts) print(`\n${text}`);
  }
  if (extras.message !== undefined && format !== 'json') printError(`policyc: ${extras.message}`);
  return { exitCode: ok ? 0 : 1 };
}
