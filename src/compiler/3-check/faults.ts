// What a domain, or a type of its fields, says is wrong, as diagnostics.
import type { Report } from '../diagnostics/diagnostic.ts';
import type { Fault, Read } from '../domains/domain.ts';

function reportFault(fault: Fault, report: Report): void {
  switch (fault.kind) {
    case 'expected':
      report('check/wrong-kind', fault.span, { expected: fault.expected, found: fault.found, hint: fault.hint });
      return;
    case 'unknown':
      report('check/unknown-operand', fault.span, { kind: fault.what, text: fault.text, suggestion: fault.suggestion });
      return;
    case 'text':
      report('check/bad-text', fault.span, { what: fault.what, text: fault.text.slice(0, 200), reason: fault.reason, hint: fault.hint });
      return;
    case 'twice':
      report('check/twice', [fault.span, fault.first], { what: fault.what });
      return;
    case 'empty-list':
      report('check/empty-list', fault.span, {});
      return;
  }
}

/** What was read; undefined after its faults were reported. */
export function valueRead<T>(result: Read<T>, report: Report): T | undefined {
  if (result.ok) return result.value;
  for (const fault of result.faults) reportFault(fault, report);
  return undefined;
}
