// `policyc check`: everything that is wrong with a policy, at once.
import type { CommonOptions } from './options.ts';
import { counted, print, printJson, type Result, reportDiagnostics } from './output.ts';
import { readUnit } from './unit.ts';

export function runCheck(paths: readonly string[], { format, maxFileBytes }: CommonOptions): Result {
  const { unit, diagnostics } = readUnit(paths, maxFileBytes);
  const records = reportDiagnostics(diagnostics, format);
  if (format === 'json') printJson({ ok: unit !== undefined, diagnostics: records });
  else if (unit) {
    const { typed, sources } = unit;
    const counts = [
      counted(sources.length, 'file'),
      counted(typed.policies.length, 'policy', 'policies'),
      counted(typed.rules.length, 'rule'),
      counted(typed.tests.length, 'test line'),
    ];
    print(`ok: ${counts.join(', ')}`);
  }
  return { exitCode: unit ? 0 : 1 };
}
