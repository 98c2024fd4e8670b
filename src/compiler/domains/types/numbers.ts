// Fields whose values are whole numbers: users and groups.
import { decimalRange } from '../../space/decimal.ts';
import { expected } from '../describe.ts';
import { type FieldType, faulty, type Operand, type Read, read } from '../domain.ts';

export type Bounds = { readonly low: number; readonly high: number };

/** A number or range of the operand inside the bounds. */
export function readRange(operand: Operand, what: string, { low, high }: Bounds): Read<Bounds> {
  if (operand.kind !== 'number' && operand.kind !== 'range') return faulty(expected(what, operand));
  const [from, to] = operand.kind === 'number' ? [operand.text, operand.text] : [operand.low, operand.high];
  const wrong = (reason: string): Read<never> =>
    faulty({ kind: 'text', what: 'number', text: from === to ? from : `${from}-${to}`, reason, span: operand.span });
  if (![from, to].every((text) => /^\d+$/.test(text))) return wrong('it is no whole number');
  const found = { low: Number(from), high: Number(to) };
  if (found.low > found.high) return wrong('the range ends before it begins');
  if (found.low < low || found.high > high) return wrong(`outside ${low}-${high}`);
  return read(found);
}

export function numberType(noun: string, what: string, range: Bounds): FieldType {
  const familiar = { low: range.low, high: Math.min(range.high, range.low + 1999) };
  return {
    noun,
    expected: what,
    kind: 'number',
    operators: [],
    words: [],
    declared: [],
    values: (operand) => {
      const found = readRange(operand, what, range);
      return found.ok ? read({ kind: 'number', ranges: [found.value] }) : found;
    },
    value: (operand) => {
      if (operand.kind === 'range') return faulty(expected(what, operand, 'a test line says one value'));
      const found = readRange(operand, what, range);
      return found.ok ? read(String(found.value.low)) : found;
    },
    possible: decimalRange(range.low, range.high),
    familiar: decimalRange(familiar.low, familiar.high),
    range,
  };
}
