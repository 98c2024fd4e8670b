// `policyc explain`: why an event is allowed or denied.
import { eventWords } from '../analysis/event-words.ts';
import { explainUnit } from '../pipeline.ts';
import { explainText } from './explain-text.ts';
import type { CommonOptions, UnitOptions } from './options.ts';
import { colorsOf, print, printJson, type Result, reportDiagnostics } from './output.ts';
import { readUnit } from './unit.ts';

export type ExplainOptions = CommonOptions & UnitOptions & { readonly event: string };

export function runExplain(paths: readonly string[], options: ExplainOptions): Result {
  const { format, event } = options;
  const { unit, diagnostics } = readUnit(paths, options);
  const explained = unit && explainUnit(unit, event);
  const errors = [...diagnostics, ...(explained?.diagnostics ?? [])].filter(({ severity }) => severity === 'error');
  const records = reportDiagnostics(errors, format);
  if (!unit || !explained?.ok) {
    if (format === 'json') printJson({ ok: false, diagnostics: records });
    return { exitCode: 1 };
  }
  const { classes, verdicts, omitted } = explained.value;
  if (format === 'json') {
    const shown = verdicts.map((one) => ({
      classes: one.classes,
      witness: eventWords(one.witness, unit.typed.domains),
      ...one.explanation,
    }));
    printJson({ ok: true, event, classes, verdicts: shown, omitted, diagnostics: records });
  } else print(explainText(explained.value, colorsOf(process.stdout)));
  return { exitCode: 0 };
}
