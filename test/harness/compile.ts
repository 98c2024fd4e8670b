// Policy text to what the phases make of it, for tests: a mistake in the text fails the test with the whole report.
import type { SourceText } from '../../src/compiler/base/source.ts';
import { renderDiagnostics } from '../../src/compiler/diagnostics/render.ts';
import type { Emitted } from '../../src/compiler/ir/emitted.ts';
import type { TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { type CheckedUnit, checkUnit, emitUnit } from '../../src/compiler/pipeline.ts';

const sourcesOf = (text: string | readonly SourceText[]): readonly SourceText[] =>
  typeof text === 'string' ? [{ path: 'test.policy', text }] : text;

/** The checked unit; warnings are let pass. @throws with the report when there is an error. */
export function checkedUnit(text: string | readonly SourceText[]): CheckedUnit {
  const outcome = checkUnit(sourcesOf(text));
  if (!outcome.ok) throw new Error(`the policy does not compile:\n${renderDiagnostics(outcome.diagnostics, { color: false })}`);
  return outcome.value;
}

export const typedPolicy = (text: string | readonly SourceText[]): TypedPolicy => checkedUnit(text).typed;
/** @throws also for what the target cannot hold. */
export function emittedPolicy(text: string | readonly SourceText[]): Emitted {
  const emitted = emitUnit(checkedUnit(text));
  if (!emitted.ok) throw new Error(`the target cannot hold the policy:\n${renderDiagnostics(emitted.diagnostics, { color: false })}`);
  return emitted.value;
}
