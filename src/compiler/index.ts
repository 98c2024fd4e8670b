// The library: what the command line does, as functions. Everything here is pure but `build`, which writes a bundle.
import { type DiffReport, diffReport } from './analysis/report.ts';
import type { SourceText } from './base/source.ts';
import type { Diagnostic } from './diagnostics/diagnostic.ts';
import type { Emitted } from './ir/emitted.ts';
import { checkUnit, compareUnits, emitUnit, type Options } from './pipeline.ts';

export { type BuildOptions, type BuildResult, build } from './7-build/index.ts';
export type { ConnectionRecord, ConnectivityReport } from './analysis/connectivity.ts';
export type { ConnectivityChange, ConnectivityDiff } from './analysis/connectivity-diff.ts';
export type { Coverage } from './analysis/coverage.ts';
export type { Explained, ExplanationRecord } from './analysis/explain.ts';
export type { FindingKind, FindingRecord } from './analysis/findings-report.ts';
export type { InvariantOutcome } from './analysis/invariants.ts';
export type { Mutation, MutationOptions } from './analysis/mutation.ts';
export { verdictOf } from './analysis/oracle.ts';
export type { AllowedRecord } from './analysis/query-report.ts';
export type { ChangeRecord, DiffReport, UndecidedRecord } from './analysis/report.ts';
export type { TestOutcome } from './analysis/run-tests.ts';
export type { SourceText, Span } from './base/source.ts';
export type { Diagnostic } from './diagnostics/diagnostic.ts';
export { type RenderOptions, renderDiagnostics } from './diagnostics/render.ts';
export type { Emitted } from './ir/emitted.ts';
export type { Endpoint, PolicyEvent, Verdict } from './ir/event.ts';
export type { TypedPolicy } from './ir/typed.ts';
export type { Stated, Workload } from './ir/workload.ts';
export {
  type CheckedUnit,
  checkUnit,
  compareUnits,
  connectivityDiffUnits,
  connectivityUnit,
  coverUnit,
  diffUnits,
  emitUnit,
  explainUnit,
  findingsUnit,
  type Imported,
  type ImportOptions,
  importUnit,
  invariantUnit,
  mutateUnit,
  type Options,
  type Outcome,
  planUnit,
  type QuestionText,
  queryUnit,
  Session,
  testUnit,
} from './pipeline.ts';

/** With errors nothing is emitted; warnings stand beside it. */
export type Compiled =
  | { readonly ok: true; readonly emitted: Emitted; readonly diagnostics: readonly Diagnostic[] }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/**
 * Policy text to everything that a bundle holds but the objects. Not ok when the policy is wrong, and when the target cannot
 * enforce a part of it.
 * ```ts
 * import { compile } from 'policyc';
 * const compiled = compile([{ path: 'shop.policy', text }]);
 * ```
 */
export function compile(sources: readonly SourceText[], options: Options = {}): Compiled {
  const checked = checkUnit(sources, options);
  if (!checked.ok) return { ok: false, diagnostics: checked.diagnostics };
  const emitted = emitUnit(checked.value);
  const diagnostics = [...checked.diagnostics, ...emitted.diagnostics];
  return emitted.ok ? { ok: true, emitted: emitted.value, diagnostics } : { ok: false, diagnostics };
}

/** What `diff` found; not ok when one side is wrong. */
export type Compared =
  | { readonly ok: true; readonly report: DiffReport; readonly diagnostics: readonly Diagnostic[] }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/**
 * What the change from `before` to `after` allows and denies; not ok when one of them is wrong. What is past the limit of an exact
 * answer stands in `undecided` of the report. What a target can enforce is not asked.
 */
export function diff(before: readonly SourceText[], after: readonly SourceText[], options: Options = {}): Compared {
  const [old, now] = [checkUnit(before, options), checkUnit(after, options)];
  if (!old.ok || !now.ok) return { ok: false, diagnostics: [...old.diagnostics, ...now.diagnostics] };
  const compared = compareUnits(old.value, now.value);
  if (!compared.ok) return compared;
  const { differences, undecided } = compared.value;
  const report = diffReport([old.value.typed, now.value.typed], differences, { undecided });
  return { ok: true, report, diagnostics: [...old.diagnostics, ...now.diagnostics] };
}
