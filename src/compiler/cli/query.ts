// `policyc query`: who can reach this, what can this reach, and who may do that.

import type { FindingKind } from '../analysis/findings-report.ts';
import type { AllowedRecord } from '../analysis/query-report.ts';
import { findingsUnit, type QuestionText, queryUnit } from '../pipeline.ts';
import type { DocumentOptions } from './document-options.ts';
import { readWorkloads } from './inventory.ts';
import { concernsMeaning, whoThereIs } from './list.ts';
import type { CommonOptions } from './options.ts';
import { colorsOf, print, printJson, type Result, reportDiagnostics } from './output.ts';
import { findingsText, type QueryFormat, queryText } from './query-text.ts';
import { readUnit } from './unit.ts';
import { UsageError } from './usage-error.ts';

export type QueryOptions = Omit<CommonOptions, 'format'> &
  DocumentOptions &
  QuestionText & { readonly format: QueryFormat; readonly inventory?: string; readonly explain?: true; readonly kind?: FindingKind };

export function runQuery(given: readonly string[], options: QueryOptions): Result {
  const { kind, ...others } = options;
  return kind === undefined ? runQuestion(given, others) : runFindings(given, kind, others);
}

/** What the policies come to among the workloads that there are. */
function runFindings(given: readonly string[], kind: FindingKind, options: Omit<QueryOptions, 'kind'>): Result {
  const { format, inventory, explain: _, from, to, port, request, may, ...reading } = options;
  if ([from, to, port, request, may].some((one) => one !== undefined))
    throw new UsageError('`--kind` is a question of its own: it goes with no other');
  const read = readUnit(given, reading);
  const found = read.unit && findingsUnit(read.unit, kind, whoThereIs(read.unit, inventory));
  const diagnostics = [...read.diagnostics, ...(found?.diagnostics ?? [])].filter(concernsMeaning);
  const records = reportDiagnostics(diagnostics, format === 'json' ? 'json' : 'text');
  if (!found?.ok) {
    if (format === 'json') printJson({ ok: false, diagnostics: records });
    return { exitCode: 1 };
  }
  if (format === 'json') printJson({ ok: true, kind, findings: found.value, diagnostics: records });
  else print(findingsText(found.value, format));
  return { exitCode: 0 };
}

function runQuestion(given: readonly string[], options: Omit<QueryOptions, 'kind'>): Result {
  const { format, inventory, explain, from, to, port, request, may, ...reading } = options;
  const question: QuestionText = {
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(port !== undefined && { port }),
    ...(request !== undefined && { request }),
    ...(may !== undefined && { may }),
  };
  checkQuestion(question);
  const read = readUnit(given, reading);
  const there = read.unit && [...read.unit.stated.workloads, ...(inventory === undefined ? [] : readWorkloads(inventory))];
  const governed = there?.filter(({ onHostNetwork }) => !onHostNetwork);
  const answered = read.unit && queryUnit(read.unit, question, governed);
  if (answered && !answered.ok && answered.diagnostics.length === 0)
    throw new UsageError('expected one end behind `--from` and `--to`, and what one process does behind `--may`');
  const found = [...read.diagnostics, ...(answered?.diagnostics ?? [])].filter(concernsMeaning);
  const records = reportDiagnostics(found, format === 'json' ? 'json' : 'text');
  if (!answered?.ok) {
    if (format === 'json') printJson({ ok: false, diagnostics: records });
    return { exitCode: 1 };
  }
  show(answered.value, { format, explain: explain === true, asked: question, diagnostics: records });
  return { exitCode: 0 };
}

function checkQuestion({ from, to, port, request, may }: QuestionText): void {
  if (from === undefined && to === undefined && may === undefined)
    throw new UsageError('nothing is asked: give `--to`, `--from`, both, `--may` or `--kind` (`policyc query --help` has examples)');
  if (may !== undefined && [to, port, request].some((one) => one !== undefined))
    throw new UsageError('`--may` asks about what processes do: of the other questions it goes with `--from` alone');
}

type Shown = {
  readonly format: QueryFormat;
  readonly explain: boolean;
  readonly asked: QuestionText;
  readonly diagnostics: readonly unknown[];
};

function show(allowed: readonly AllowedRecord[], { format, explain, asked, diagnostics }: Shown): void {
  if (format === 'json') printJson({ ok: true, asked, allowed, diagnostics });
  else print(queryText(allowed, { format, explain, colors: colorsOf(process.stdout) }));
}
