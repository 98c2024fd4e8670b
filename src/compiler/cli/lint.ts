// `policyc lint`: what is right and still should be looked at.
import { eventWords } from '../analysis/event-words.ts';
import { dropped } from '../analysis/mutants.ts';
import type { Survivor } from '../analysis/mutation.ts';
import { type Collector, collector, type Diagnostic, escalate, inOrder, isError } from '../diagnostics/diagnostic.ts';
import { sarifOf } from '../diagnostics/sarif.ts';
import { type CheckedUnit, lintUnit, mutateUnit, notAllowed } from '../pipeline.ts';
import { failuresOf, heldOf } from './held.ts';
import { packageRoot, versionOf } from './installation.ts';
import type { CommonOptions, UnitOptions } from './options.ts';
import { counted, type Format, print, printJson, type Result, reportDiagnostics } from './output.ts';
import { pageOf } from './pages.ts';
import { Progress } from './progress.ts';
import { escalatedBy, readUnit } from './unit.ts';

export type LintCommandOptions = Omit<CommonOptions, 'format'> &
  UnitOptions & {
    readonly format: Format | 'sarif';
    /** Also what no test line and no invariant notices. */
    readonly mutants?: true;
    readonly seconds: number;
  };

/** What was looked at, of how much there is. */
type Looked = { readonly done: number; readonly total: number };
export type Found = { readonly diagnostics: readonly Diagnostic[]; readonly rules: Looked; readonly mutants?: Looked | 'not tried' };

export function runLint(paths: readonly string[], options: LintCommandOptions): Result {
  const { unit, diagnostics: checked } = readUnit(paths, options);
  const found = unit ? foundIn(unit, options) : undefined;
  const diagnostics = inOrder([
    ...withoutRepeated(checked, found?.diagnostics ?? []),
    ...escalate(found?.diagnostics ?? [], escalatedBy(options)),
  ]);
  const ok = unit !== undefined && !diagnostics.some(isError);
  if (options.format === 'sarif') printJson(sarifOf(diagnostics, { version: versionOf(packageRoot()), pageOf }));
  else {
    const records = reportDiagnostics(diagnostics, options.format);
    const { rules, mutants } = found ?? {};
    if (options.format === 'json') printJson({ ok, ...(rules && { rules }), ...(mutants && { mutants }), diagnostics: records });
    else if (found) print(summaryOf(found, diagnostics.length));
  }
  return { exitCode: ok ? 0 : 1 };
}

/** Lint proves what check only finds where one rule is enough. */
function withoutRepeated(checked: readonly Diagnostic[], found: readonly Diagnostic[]): readonly Diagnostic[] {
  const placeOf = ({ span }: Diagnostic): string => `${span.source.path} ${span.start}`;
  const said = new Set(found.filter(({ code }) => code === 'lint/never-decides').map(placeOf));
  return checked.filter((one) => one.code !== 'check/unreachable-rule' || !said.has(placeOf(one)));
}

/** Also of what no test line notices, where that is asked; only of a unit in which all of them hold. */
export function foundIn(unit: CheckedUnit, options: Pick<LintCommandOptions, 'mutants' | 'seconds'> & { readonly limit?: number }): Found {
  const progress = new Progress();
  progress.step('comparing each rule with all others');
  const { diagnostics, ...rules } = lintUnit(unit, {
    goOn: within(options.seconds),
    ...(options.limit !== undefined && { limit: options.limit }),
  });
  progress.end();
  if (!options.mutants) return { diagnostics, rules };
  if (failuresOf(unit, heldOf(unit)).some(isError)) return { diagnostics, rules, mutants: 'not tried' };
  const mutation = mutateUnit(unit, { goOn: within(options.seconds) });
  const log = collector();
  for (const survivor of shownOf(mutation.survivors)) reportSurvivor(unit, survivor, log);
  const mutants = { done: mutation.tried, total: mutation.total };
  return { diagnostics: [...diagnostics, ...notAllowed(unit, log.all())], rules, mutants };
}

/** Where nobody notices that a rule is gone, its other changes go without saying. */
function shownOf(survivors: readonly Survivor[]): readonly Survivor[] {
  const gone = new Set(survivors.flatMap(({ mutant }) => (mutant.what === dropped ? [mutant.span] : [])));
  return survivors.filter(({ mutant }) => mutant.what === dropped || !gone.has(mutant.span));
}

function reportSurvivor({ typed }: CheckedUnit, { mutant, witness }: Survivor, log: Collector): void {
  const event = witness ? `: ${eventWords(witness.event, typed.domains)}` : ' (what it changes was not found within the limit)';
  log.report('lint/unnoticed-change', mutant.span, { what: mutant.what, event });
}

/** Until the time is over. */
function within(seconds: number): () => boolean {
  const end = performance.now() + seconds * 1000;
  return () => performance.now() < end;
}

const lookedWords = ({ done, total }: Looked, what: string): string =>
  done === total ? counted(total, what) : `${done} of ${counted(total, what)}, the others were left out when the time was over`;

function summaryOf({ rules, mutants }: Found, findings: number): string {
  const tried = mutants === 'not tried' ? ['changes of rules were not tried, because not every test line and invariant holds'] : [];
  const changes = typeof mutants === 'object' ? [lookedWords(mutants, 'change')] : [];
  const looked = [lookedWords(rules, 'line'), ...changes].join(', ');
  return [`${counted(findings, 'finding')} in ${looked}`, ...tried].join('\n');
}
