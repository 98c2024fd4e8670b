// `policyc export`: a policy as the documents of another tool.
import { type Diagnostic, isError } from '../diagnostics/diagnostic.ts';
import { documentsText, type ExportTarget, exportUnit } from '../pipeline.ts';
import { importOptionsOf } from './document-options.ts';
import type { CommonOptions, UnitOptions } from './options.ts';
import { print, printJson, type Result, reportDiagnostics } from './output.ts';
import { readUnit } from './unit.ts';

export type ExportOptions = CommonOptions & UnitOptions & { readonly to: ExportTarget; readonly lossy?: 'report' };

export function runExport(paths: readonly string[], options: ExportOptions): Result {
  const { format, to, lossy } = options;
  const { unit, diagnostics: found } = readUnit(paths, options);
  const exported = unit && exportUnit(unit, to, { documents: importOptionsOf(options), isLossy: lossy === 'report' });
  const diagnostics: readonly Diagnostic[] = [...found, ...(exported?.diagnostics ?? [])];
  const records = reportDiagnostics(diagnostics, format);
  const ok = exported?.ok === true && !diagnostics.some(isError);
  if (format === 'json') printJson({ ok, ...(ok && { documents: exported.value }), diagnostics: records });
  else if (ok) print(documentsText(exported.value).trimEnd());
  return { exitCode: ok ? 0 : 1 };
}
