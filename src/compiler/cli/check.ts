// `policyc check`: everything that is wrong with a policy, at once.
import { type Diagnostic, isError } from '../diagnostics/diagnostic.ts';
import { sarifOf } from '../diagnostics/sarif.ts';
import { type CheckedUnit, planUnit } from '../pipeline.ts';
import { packageRoot, versionOf } from './installation.ts';
import type { CommonOptions, UnitOptions } from './options.ts';
import { counted, type Format, print, printJson, type Result, reportDiagnostics } from './output.ts';
import { pageOf } from './pages.ts';
import { type ReadUnit, readUnit } from './unit.ts';
import { watch } from './watch.ts';

export type CheckOptions = Omit<CommonOptions, 'format'> &
  UnitOptions & {
    readonly format: Format | 'sarif';
    /** Also what this target cannot enforce. */
    readonly target?: 'native';
    readonly watch?: true;
  };

export async function runCheck(paths: readonly string[], options: CheckOptions): Promise<Result> {
  const once = (read: ReadUnit): Result => checkOnce(read, options);
  return options.watch ? await watch(paths, options, once) : once(readUnit(paths, options));
}

function checkOnce({ unit, diagnostics: found }: ReadUnit, { format, target }: CheckOptions): Result {
  const diagnostics = [...found, ...(unit && target ? planUnit(unit).diagnostics : [])];
  const ok = unit !== undefined && !diagnostics.some(isError);
  if (format === 'sarif') printSarif(diagnostics);
  else {
    const records = reportDiagnostics(diagnostics, format);
    if (format === 'json') printJson({ ok, diagnostics: records });
    else if (unit && ok) print(`ok: ${countsOf(unit).join(', ')}`);
  }
  return { exitCode: ok ? 0 : 1 };
}

const printSarif = (diagnostics: readonly Diagnostic[]): void =>
  printJson(sarifOf(diagnostics, { version: versionOf(packageRoot()), pageOf }));

const countsOf = ({ typed, sources }: CheckedUnit): readonly string[] => [
  counted(sources.length, 'file'),
  counted(typed.policies.length, 'policy', 'policies'),
  counted(typed.rules.length, 'rule'),
  counted(typed.tests.length, 'test line'),
  ...(typed.invariants.length > 0 ? [counted(typed.invariants.length, 'invariant')] : []),
];
