// Lines of a request block, or of a process rule -> one pattern; the domain reads them, its faults become diagnostics.
import type { Span } from '../base/source.ts';
import type { Report } from '../diagnostics/diagnostic.ts';
import type { DomainSpec, Fault, Line, Read } from '../domains/domain.ts';
import type { DomainMatch } from '../ir/typed.ts';
import { either, type Pattern } from '../space/pattern.ts';

/** Reports what a domain says is wrong with a line. */
export function reportFault(fault: Fault, report: Report): void {
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
    case 'not-supported':
      report('check/not-supported', fault.span, { what: fault.what });
      return;
    case 'empty-list':
      report('check/empty-list', fault.span, {});
      return;
  }
}

/** What a domain read; undefined after its faults were reported. */
export function valueRead<T>(result: Read<T>, report: Report): T | undefined {
  if (result.ok) return result.value;
  for (const fault of result.faults) reportFault(fault, report);
  return undefined;
}

/** The match of several lines: any of them. Undefined after a report. */
export function matchOf(
  domain: DomainSpec,
  { lines, span }: { readonly lines: readonly Line[]; readonly span: Span },
  report: Report,
): DomainMatch | undefined {
  if (lines.length === 0) report('check/empty-block', span, { name: domain.name });
  const patterns: readonly Pattern[] = lines.map((line) => valueRead(domain.match(line), report)).filter((one) => one !== undefined);
  const [first] = patterns;
  if (!first || patterns.length < lines.length) return undefined;
  return { domain: domain.name, pattern: patterns.length === 1 ? first : either(...patterns) };
}
