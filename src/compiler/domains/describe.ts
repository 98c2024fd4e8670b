// What is said of operands that are not what was expected.
import type { Fault, Operand } from './domain.ts';

/** What was found, in words. */
export function describe(operand: Operand): string {
  switch (operand.kind) {
    case 'string':
      return `the text "${operand.raw}"`;
    case 'list':
      return 'a list';
    case 'matched':
      return `a pattern (\`${operand.operator.text}\`)`;
    case 'range':
      return `the range ${operand.low}-${operand.high}`;
    case 'set':
      return `the ${operand.declared} \`${operand.name}\``;
    case 'number':
      return `the number ${operand.text}`;
    case 'word':
    case 'address':
    case 'date':
    case 'quantity':
    case 'sign':
      return `\`${operand.text}\``;
  }
}

/** @param hint how it should have been written */
export const expected = (what: string, operand: Operand, hint?: string): Fault & { readonly kind: 'expected' } => ({
  kind: 'expected',
  expected: what,
  found: describe(operand),
  span: operand.span,
  ...(hint === undefined ? {} : { hint }),
});

export type StringOperand = Extract<Operand, { readonly kind: 'string' }>;
/** `at`: where in the raw text, where that is known. */
export type Mistake = { readonly reason: string; readonly hint?: string; readonly at?: number };

/** A fault inside a text; it underlines the character at fault where that is known. */
export function textFault(what: string, operand: StringOperand, { reason, hint, at }: Mistake): Fault {
  const { raw, span } = operand;
  const isQuoted = span.end - span.start === raw.length + 2;
  const start = span.start + 1 + (at ?? 0);
  const place = at === undefined || !isQuoted ? span : { ...span, start, end: Math.min(start + 1, span.end) };
  return { kind: 'text', what, text: raw, reason, span: place, ...(hint === undefined ? {} : { hint }) };
}
