// Documents that were exported, read again as they stand.
import * as assert from 'uvu/assert';
import { isError } from '../../src/compiler/diagnostics/diagnostic.ts';
import { renderDiagnostics } from '../../src/compiler/diagnostics/render.ts';
import { type CheckedUnit, checkUnit, type Options } from '../../src/compiler/pipeline.ts';

/** What is an error, as users read it. */
export const errorsOf = (diagnostics: Parameters<typeof renderDiagnostics>[0]): string =>
  renderDiagnostics(diagnostics.filter(isError), { color: false });

/** @throws with all errors and the documents, when they are not read */
export function readAgain(documents: string, options: Options): CheckedUnit {
  const again = checkUnit([{ path: 'again.yaml', text: documents }], options);
  assert.ok(again.ok, `${errorsOf(again.diagnostics)}\n${documents}`);
  if (!again.ok) throw new Error('not read');
  return again.value;
}
