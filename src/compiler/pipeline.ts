// THE composition: policy text -> Emitted, through the phases in their order; the only file that imports them and the
// registry. Pure: it touches no disk and no clock. Files that imports name and that were not given come from `load`, if
// there is one. What the language cannot mean is found by `checkUnit`; what the target cannot hold, by `planUnit`.
import { parse } from './1-parse/index.ts';
import { missingSources } from './2-resolve/imports.ts';
import { resolve } from './2-resolve/index.ts';
import { check } from './3-check/index.ts';
import { normalize } from './4-normalize/index.ts';
import { plan } from './5-plan/index.ts';
import { emit, kernelNeeds } from './6-emit/index.ts';
import { boundaryTable } from './analysis/boundary.ts';
import { type ConnectivityReport, connectivityOf, connectivityReport } from './analysis/connectivity.ts';
import { type ConnectivityDiff, type ConnectivityState, connectivityDiff } from './analysis/connectivity-diff.ts';
import { type Coverage, coverage } from './analysis/coverage.ts';
import { type Comparison, comparison, type Difference, diff } from './analysis/diff.ts';
import { type Explained, explain } from './analysis/explain.ts';
import { type FindingKind, type FindingRecord, findingsReport } from './analysis/findings-report.ts';
import { checkInvariants, type InvariantOutcome } from './analysis/invariants.ts';
import { AnalysisLimit } from './analysis/limit.ts';
import { type Lint, type LintOptions, lint } from './analysis/lint.ts';
import { lintDiagnostics } from './analysis/lint-diagnostics.ts';
import { type Merge, type MergeConflicts, mergeConflicts } from './analysis/merge-conflicts.ts';
import { type Mutation, type MutationOptions, mutate } from './analysis/mutation.ts';
import { allowedEvents, type Question } from './analysis/query.ts';
import { type AllowedRecord, queryReport } from './analysis/query-report.ts';
import { runTests, type TestOutcome } from './analysis/run-tests.ts';
import { type UnreachableMemory, warnUnreachable } from './analysis/unreachable.ts';
import type { SourceText } from './base/source.ts';
import { type Allowance, applyAllowances } from './diagnostics/allowances.ts';
import {
  type Collector,
  collector,
  type Diagnostic,
  escalate,
  inOrder,
  isError,
  type Report,
  wholeFile,
} from './diagnostics/diagnostic.ts';
import type { Domains } from './domains/domain.ts';
import { domains as registry } from './domains/registry.ts';
import { eventDiagnostics, eventSource, isOneEvent, statedVerdict, undeclaredNames, withEvent } from './event-text.ts';
import { type ExportTarget, exporters } from './interchange/export.ts';
import type { JsonObject } from './interchange/importer.ts';
import { defaultImportOptions, holdsDocuments, type Imported, type ImportOptions, importSources } from './interchange/index.ts';
import type { Ast, FileAst } from './ir/ast.ts';
import type { PolicyText } from './ir/bundle.ts';
import type { Emitted, KernelNeeds } from './ir/emitted.ts';
import type { Plan } from './ir/plan.ts';
import type { TestEvent } from './ir/test-case.ts';
import type { TypedPolicy } from './ir/typed.ts';
import type { Stated, Workload } from './ir/workload.ts';
import { isOneQuestion, type QuestionText, questionDiagnostics, questionSource } from './question-text.ts';
import { Session } from './session.ts';
import type { Labels } from './space/labels.ts';
import { statedDeclarations, statedNames } from './stated-names.ts';

export { documentsText } from './interchange/documents/write.ts';
export { type ExportTarget, exportTargets } from './interchange/export.ts';
export { holdsDocuments, type Imported, type ImportOptions } from './interchange/index.ts';
export type { QuestionText } from './question-text.ts';
export { Session } from './session.ts';

/** How sources are read and checked; every part has a default. */
export type Options = {
  /** The file at a path, as an import names it (relative to the importing file's path); undefined if there is none. */
  readonly load?: (path: string) => SourceText | undefined;
  /** The day, `2026-12-31`, that `@until` is compared with; without it nothing is expired. */
  readonly asOf?: string;
  /** Labels of the endpoints that there are; with them, selectors that select none of these get a warning. */
  readonly inventory?: readonly Labels[];
  /** How documents of Kubernetes and its like are meant. */
  readonly documents?: Partial<ImportOptions>;
  /** Codes of warnings that count as errors. */
  readonly escalated?: ReadonlySet<string>;
  /** Is told what is done next. */
  readonly progress?: (doing: string) => void;
  /** Keeps trees between compilations of a folder that changes. */
  readonly session?: Session;
  /** Rules of units that have more are not compared with each other yet: `compareUnit` does it, and finds those that never decide. */
  readonly comparedAtOnce?: number;
  /** What can be matched; the language's own domains unless a test says otherwise. */
  readonly domains?: Domains;
};
/** With errors there is no `value`; warnings stand beside one. */
export type Outcome<T> = { readonly diagnostics: readonly Diagnostic[] } & (
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false }
);

/** A policy that is right. `sources`: every file that was read, those behind imports too. */
export type CheckedUnit = {
  readonly typed: TypedPolicy;
  readonly sources: readonly SourceText[];
  /** The same as they were, before documents became policy text. */
  readonly text: PolicyText;
  readonly ast: Ast;
  readonly allowances: readonly Allowance[];
  /** What documents state beside policies. */
  readonly stated: Stated;
  /** What was found, allowed or not, while the rules are not compared yet. */
  readonly uncompared?: { readonly found: readonly Diagnostic[]; readonly memory: UnreachableMemory };
};

/** All that can be said against a policy: its text, its names, its values, and rules that never decide. */
export function checkUnit(sources: readonly SourceText[], options: Options = {}): Outcome<CheckedUnit> {
  const log = collector();
  const { allowances, checked } = checkInto(log, sources, options);
  const ran = checked?.uncompared && new Set(['parse', 'resolve', 'plan']);
  const diagnostics = escalate(applyAllowances(allowances, log.all(), ran), options.escalated ?? new Set());
  return checked && !diagnostics.some(isError) ? { ok: true, value: { ...checked, allowances }, diagnostics } : { ok: false, diagnostics };
}

type Checked = { readonly allowances: readonly Allowance[]; readonly checked?: Omit<CheckedUnit, 'allowances'> };

function checkInto(log: Collector, sources: readonly SourceText[], options: Options): Checked {
  const { load, domains = registry, session = new Session(), progress = () => undefined } = options;
  session.begin();
  progress('parsing');
  const imported = importInto(log, session, { sources, options: options.documents });
  const policies = [...sources.filter(({ path }) => !holdsDocuments(path)), ...imported.sources];
  const ast = parseAll(policies, load, (more) => session.parse(more, log));
  progress('resolving names');
  const resolved = resolve(ast, domains, log.report, session.resolving);
  progress('checking rules');
  const typed = check(resolved, domains, log.report, { ...options, ...inventoryOf(options.inventory, imported), memory: session.checking });
  const allowances = resolved.files.flatMap((file) => file.allowances);
  if (log.failed()) return { allowances };
  const read = ast.files.map(({ source }) => source);
  const checked = { typed, sources: read, text: textOf(sources, read, options.documents), ast, stated: imported.stated };
  if (typed.rules.length > (options.comparedAtOnce ?? Number.POSITIVE_INFINITY))
    return { allowances, checked: { ...checked, uncompared: { found: log.all(), memory: session.comparing } } };
  progress('comparing rules');
  log.add(comparedRules(typed, { found: log.all(), memory: session.comparing }));
  return { allowances, checked };
}

/** The given files, and those that were read for their imports. */
function textOf(given: readonly SourceText[], read: readonly SourceText[], documents: Options['documents']): PolicyText {
  const paths = new Set(given.map(({ path }) => path));
  const files = [...given, ...read.filter(({ path }) => !paths.has(path))].sort((a, b) => (a.path < b.path ? -1 : 1));
  return { files: files.map(({ path, text }) => ({ path, text })), documents: { ...defaultImportOptions, ...documents } };
}

function comparedRules(typed: TypedPolicy, { found, memory }: NonNullable<CheckedUnit['uncompared']>): readonly Diagnostic[] {
  const compared = collector();
  warnUnreachable(typed, compared.report, memory);
  return unsaid(compared.all(), found);
}

/** What there is to say when the rules of a unit are compared that were not: `said` is what was told before. */
export function compareUnit(
  { typed, allowances, uncompared }: CheckedUnit,
  said: readonly Diagnostic[],
  escalated: ReadonlySet<string> = new Set(),
): readonly Diagnostic[] {
  if (!uncompared) return [];
  const all = applyAllowances(allowances, inOrder([...uncompared.found, ...comparedRules(typed, uncompared)]));
  const textOf = ({ code, message, span }: Diagnostic): string => `${span.source.path} ${span.start} ${code} ${message}`;
  const before = new Set(said.map(textOf));
  return escalate(all, escalated).filter((one) => !before.has(textOf(one)));
}

type Documents = { readonly sources: readonly SourceText[]; readonly options: Options['documents'] };

/** The sources that hold documents, as policy text. */
function importInto(log: Collector, session: Session, { sources, options }: Documents): Imported {
  const meaning = { ...defaultImportOptions, ...options };
  const documents = sources.filter(({ path }) => holdsDocuments(path));
  return session.imported(documents, JSON.stringify(meaning), log, ({ report }) => importSources(documents, meaning, report));
}

/** Documents of Kubernetes and its like as policy text; what they state beside policies. */
export function importUnit(sources: readonly SourceText[], options: Pick<Options, 'documents'> = {}): Outcome<Imported> {
  const log = collector();
  const value = importInto(log, new Session(), { sources, options: options.documents });
  return log.failed() ? { ok: false, diagnostics: log.all() } : { ok: true, value, diagnostics: log.all() };
}

/** `documents`: how they will be meant. `isLossy`: what cannot be said is left out, and only told. */
export type ExportOptions = Pick<Options, 'documents'> & { readonly isLossy?: boolean };

/** A checked policy as documents of another tool; not ok with what that tool cannot say, each by its rule. */
export function exportUnit(
  { typed }: CheckedUnit,
  target: ExportTarget,
  { documents, isLossy = false }: ExportOptions = {},
): Outcome<readonly JsonObject[]> {
  const log = collector();
  const value = exporters[target](typed, log.report, { ...defaultImportOptions, ...documents });
  const found = log.all();
  if (!log.failed()) return { ok: true, value, diagnostics: found };
  return isLossy
    ? { ok: true, value, diagnostics: found.map((one) => ({ ...one, severity: 'warning' })) }
    : { ok: false, diagnostics: found };
}

/** Workloads that the documents state are workloads that there are. */
const inventoryOf = (given: Options['inventory'], { workloads }: Imported): Pick<Options, 'inventory'> =>
  given || workloads.length > 0 ? { inventory: [...(given ?? []), ...workloads] } : {};

/** What remains of findings about a checked policy that came later: those that it allows are left out. */
export const notAllowed = ({ allowances }: CheckedUnit, found: readonly Diagnostic[]): readonly Diagnostic[] =>
  applyAllowances(allowances, found, new Set());

/** A rule that repeats another never decides; that is said once. */
function unsaid(found: readonly Diagnostic[], before: readonly Diagnostic[]): readonly Diagnostic[] {
  const placeOf = ({ span }: Diagnostic): string => `${span.source.path} ${span.start}`;
  const repeated = new Set(before.filter(({ code }) => code === 'check/duplicate-rule').map(placeOf));
  return found.filter((one) => !repeated.has(placeOf(one)));
}

/** Parses the sources, then what they import, and so on; a path is asked for once. */
function parseAll(sources: readonly SourceText[], load: Options['load'], read: (sources: readonly SourceText[]) => Ast): Ast {
  let ast = read(sources);
  if (!load) return ast;
  const asked = new Set<string>();
  for (;;) {
    const wanted = missingSources(ast).filter((path) => !asked.has(path));
    if (wanted.length === 0) return ast;
    for (const path of wanted) asked.add(path);
    ast = { files: [...ast.files, ...read(wanted.flatMap((path) => load(path) ?? [])).files] };
  }
}

/** How the target holds a checked policy; not ok with what it cannot hold, each by its rule. */
export function planUnit({ typed }: CheckedUnit): Outcome<Plan> {
  const log = collector();
  const value = plan(normalize(typed, log.report), log.report);
  return log.failed() ? { ok: false, diagnostics: log.all() } : { ok: true, value, diagnostics: log.all() };
}

/** Everything that a bundle of a policy holds, but the objects. */
export function emitUnit(unit: CheckedUnit): Outcome<Emitted> {
  const planned = planUnit(unit);
  return planned.ok ? { ...planned, value: emit(planned.value, { text: unit.text, boundary: boundaryTable(unit.typed) }) } : planned;
}

/** What a policy takes of a kernel: the sizes of its tables, and its programs. */
export function needsUnit(unit: CheckedUnit): Outcome<KernelNeeds> {
  const planned = planUnit(unit);
  return planned.ok ? { ...planned, value: kernelNeeds(planned.value) } : planned;
}

/** The `test` blocks of a checked policy. */
export function testUnit({ typed, sources }: CheckedUnit): Outcome<readonly TestOutcome[]> {
  return withinLimits(sources, () => runTests(typed));
}

/** The `invariant` blocks of a checked policy, each proved or refuted. */
export function invariantUnit({ typed, sources }: CheckedUnit): Outcome<readonly InvariantOutcome[]> {
  return withinLimits(sources, () => checkInvariants(typed));
}

/** Which rules and default denies the `test` blocks decide by. */
export function coverUnit({ typed, sources }: CheckedUnit): Outcome<Coverage> {
  return withinLimits(sources, () => coverage(typed));
}

/** Which single changes of rules no test line notices; only of a unit whose test lines hold. */
export const mutateUnit = ({ typed }: CheckedUnit, options: MutationOptions = {}): Mutation => mutate(typed, options);

/** What lint finds, as far as it got; without what the policy allows. */
export function lintUnit(
  unit: CheckedUnit,
  options: LintOptions = {},
): Pick<Lint, 'done' | 'total'> & { readonly diagnostics: readonly Diagnostic[] } {
  const { findings, done, total } = lint(unit.typed, options);
  const log = collector();
  lintDiagnostics(findings, unit.typed.domains, log.report);
  return { done, total, diagnostics: notAllowed(unit, log.all()) };
}

/** What changes for which events, exactly. */
export function diffUnits(before: CheckedUnit, after: CheckedUnit, limit?: number): Outcome<readonly Difference[]> {
  return withinLimits(after.sources, () => diff(before.typed, after.typed, limit));
}

/** The same, as far as it is within the limits, and where there may be more. */
export function compareUnits(before: CheckedUnit, after: CheckedUnit, limit?: number): Outcome<Comparison> {
  return withinLimits(after.sources, () => comparison(before.typed, after.typed, limit));
}

/** All connections that are allowed between the workloads that there are; those of `stated`, where an inventory says who there is. */
export function connectivityUnit({ typed, sources, ...unit }: CheckedUnit, stated = unit.stated): Outcome<ConnectivityReport> {
  return withinLimits(sources, () => connectivityReport(connectivityOf(typed, stated), stated));
}

/** What two changes do together that neither does alone; exact. */
export function mergeUnits({ base, ours, theirs, merged }: Readonly<Record<keyof Merge, CheckedUnit>>): Outcome<MergeConflicts> {
  const policies = { base: base.typed, ours: ours.typed, theirs: theirs.typed, merged: merged.typed };
  return withinLimits(merged.sources, () => mergeConflicts(policies));
}

/** What a change does to the connections between the workloads of each side, and those of an inventory beside both. */
export function connectivityDiffUnits(before: CheckedUnit, after: CheckedUnit, inventory: readonly Workload[]): Outcome<ConnectivityDiff> {
  const stateOf = ({ typed, stated }: CheckedUnit): ConnectivityState => ({
    typed,
    stated: { ...stated, workloads: [...stated.workloads, ...inventory] },
  });
  return withinLimits(after.sources, () => connectivityDiff(stateOf(before), stateOf(after)));
}

/** What the policies come to among the workloads that there are. */
export function findingsUnit({ typed, sources }: CheckedUnit, kind: FindingKind, stated: Stated): Outcome<readonly FindingRecord[]> {
  return withinLimits(sources, () => findingsReport(typed, stated, kind));
}

/** Which verdicts an event has, and why. `event` is a test line without `is ...`; it sees every name that one file alone declares. */
export function explainUnit(unit: CheckedUnit, event: string, domains: Domains = registry): Outcome<Explained> {
  const read = readEvent(unit, event, domains);
  return read.ok ? withinLimits(unit.sources, () => explain(unit.typed, read.value)) : read;
}

/** The file beside those of the unit, with the workloads of manifests that it names. */
function withStated({ ast, stated, typed }: CheckedUnit, file: FileAst, report: Report): Ast {
  const known = stated.workloads.length === 0 ? [] : undeclaredNames(ast, file);
  const declarations = statedDeclarations(known, { names: statedNames(stated.workloads), typed, report });
  const [named] = declarations === '' ? [] : parse([{ path: 'manifests', text: declarations }], report).files;
  return withEvent(named ? { ...ast, files: [...ast.files, named] } : ast, file, report);
}

function readEvent(unit: CheckedUnit, text: string, domains: Domains): Outcome<TestEvent> {
  const log = collector();
  const source = eventSource(text);
  const parsed = collector();
  const [file] = parse([source], parsed.report).files;
  const failed = (): Outcome<TestEvent> => ({ ok: false, diagnostics: eventDiagnostics(log.all(), source, text) });
  const stated = file && statedVerdict(file, text);
  if (stated) log.report('event/verdict', stated, {});
  else log.add(parsed.all());
  if (!file || log.failed()) return failed();
  if (!isOneEvent(file, text)) {
    log.report('event/form', { source, start: 0, end: source.text.length }, { example: '`A -> B tcp 80` or `A exec "/path"`' });
    return failed();
  }
  const typed = check(resolve(withStated(unit, file, log.report), domains, log.report), domains, log.report);
  const event = typed.tests.find(({ span }) => span.source === source)?.event;
  return log.failed() || !event ? failed() : { ok: true, value: event, diagnostics: [] };
}

/** What of a question is allowed, by class of events. Not ok without a finding: the texts are more, or less, than one question. */
export function queryUnit(unit: CheckedUnit, question: QuestionText, workloads = unit.stated.workloads): Outcome<readonly AllowedRecord[]> {
  const read = readQuestion(unit, question);
  if (!read.ok) return read;
  return withinLimits(unit.sources, () => queryReport(unit.typed, allowedEvents(unit.typed, read.value), workloads));
}

function readQuestion(unit: CheckedUnit, text: QuestionText, domains: Domains = registry): Outcome<Question> {
  const log = collector();
  const question = questionSource(text);
  const [file] = parse([question.source], log.report).files;
  const failed = (): Outcome<Question> => ({ ok: false, diagnostics: questionDiagnostics(log.all(), question) });
  if (!file || log.failed() || !isOneQuestion(file)) return failed();
  const typed = check(resolve(withStated(unit, file, log.report), domains, log.report), domains, log.report);
  const found = typed.invariants.find(({ span }) => span.source === question.source);
  return log.failed() || !found ? failed() : { ok: true, value: found, diagnostics: [] };
}

/** An analysis that stops at its limit is a finding about the policy as a whole. */
function withinLimits<T>(sources: readonly SourceText[], analyse: () => T): Outcome<T> {
  try {
    return { ok: true, value: analyse(), diagnostics: [] };
  } catch (error) {
    if (!(error instanceof AnalysisLimit)) throw error;
    const log = collector();
    log.report('analysis/limit', error.guilty ?? wholeFile(sources[0]?.path ?? ''), { limit: error.allowed, what: error.limit });
    return { ok: false, diagnostics: log.all() };
  }
}
