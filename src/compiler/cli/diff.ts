// `policyc diff`: what a change allows and denies, exactly.
import { type DiffReport, diffReport } from '../analysis/report.ts';
import { diffUnits } from '../pipeline.ts';
import { readSides } from './diff-sides.ts';
import { diffText } from './diff-text.ts';
import type { DocumentOptions } from './document-options.ts';
import type { CommonOptions } from './options.ts';
import { colorsOf, print, printJson, type Result, reportDiagnostics } from './output.ts';
import { statesOf } from './revisions.ts';

export type DiffOptions = CommonOptions &
  DocumentOptions & {
    readonly exitCode?: true;
    readonly failOn?: 'newly-allowed' | 'newly-denied' | 'any';
    readonly all?: true;
  };

/** What stands on the command line before `--`, and behind it; `paths` is undefined without one. */
export type Given = { readonly words: readonly string[]; readonly paths: readonly string[] | undefined };

export function runDiff({ words, paths }: Given, options: DiffOptions): Result {
  const { format, maxFileBytes, agent, schema, baseline } = options;
  const [before, after] = readSides(statesOf(words, paths), { maxFileBytes, agent, schema, baseline });
  const differences = before?.unit && after?.unit ? diffUnits(before.unit, after.unit) : undefined;
  const diagnostics = [...(before?.diagnostics ?? []), ...(after?.diagnostics ?? []), ...(differences?.diagnostics ?? [])];
  if (!before?.unit || !after?.unit || !differences?.ok) {
    const records = reportDiagnostics(diagnostics, format);
    if (format === 'json') printJson({ ok: false, diagnostics: records });
    return { exitCode: 1 };
  }
  const report = diffReport(before.unit.typed, after.unit.typed, differences.value);
  const records = reportDiagnostics(
    diagnostics.filter(({ severity }) => severity === 'error'),
    format,
  );
  if (format === 'json') printJson({ ok: true, ...report, diagnostics: records });
  else print(diffText(report, { colors: colorsOf(process.stdout), all: options.all === true }));
  return { exitCode: isUnwanted(report.summary, options) ? 1 : 0 };
}

/** What somebody who looks at the verdicts sees. */
const reported = ['newly-allowed', 'newly-denied', 'newly-audited', 'no-longer-audited'] as const;

function isUnwanted(summary: DiffReport['summary'], { exitCode, failOn }: DiffOptions): boolean {
  const wanted = failOn ?? (exitCode ? 'any' : undefined);
  if (wanted === undefined) return false;
  return wanted === 'any' ? reported.some((effect) => summary[effect] > 0) : summary[wanted] > 0;
}
