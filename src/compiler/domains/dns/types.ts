// DNS query types as rules write them: by name or number, ranges of numbers too.
import { closest } from '../../base/closest.ts';
import { typeNumbers, typeText } from '../../base/record-types.ts';
import { decimalRange } from '../../space/decimal.ts';
import { both, either, literal, not, type Pattern, sequence } from '../../space/pattern.ts';
import { expected } from '../describe.ts';
import { type FieldType, faulty, type Operand, type Read, read } from '../domain.ts';
import { readRange } from '../types/numbers.ts';
import { anyOf } from '../types/words.ts';

const words = [...typeNumbers.keys()];
const bounds = { low: 0, high: 65535 };
const what = 'a type of records (`A`, 65)';
const numberOf = (text: string): Pattern => decimalRange(Number(text), Number(text));
const named = [...typeNumbers.values()].map((number) => numberOf(String(number)));

function readType(operand: Operand): Read<Pattern> {
  if (operand.kind === 'word') {
    const { text, span } = operand;
    if (typeNumbers.has(text)) return read(literal(text));
    const unnamed = /^TYPE(\d{1,5})$/.exec(text);
    if (unnamed?.[1] && Number(unnamed[1]) <= bounds.high) return read(literal(typeText(Number(unnamed[1]))));
    return faulty({ kind: 'unknown', what: 'DNS type', text, suggestion: closest(text, words), span });
  }
  const range = readRange(operand, what, bounds);
  if (!range.ok) return range;
  const { low, high } = range.value;
  if (low === high) return read(literal(typeText(low)));
  const inside = [...typeNumbers].filter(([, number]) => low <= number && number <= high);
  return read(either(...inside.map(([name]) => literal(name)), unnamedIn(low, high)));
}

const unnamedIn = (low: number, high: number): Pattern => sequence(literal('TYPE'), both(decimalRange(low, high), not(either(...named))));

export const recordType: FieldType = {
  noun: 'DNS type',
  expected: what,
  kind: 'text',
  numbered: typeText,
  operators: [],
  words,
  declared: [],
  values: (operand) => {
    const type = readType(operand);
    return type.ok ? read({ kind: 'text', pattern: type.value }) : type;
  },
  value: (operand) => {
    if (operand.kind === 'range') return faulty(expected(what, operand, 'a test line says one value'));
    const type = readType(operand);
    if (!type.ok) return type;
    return type.value.kind === 'literal' ? read(type.value.text) : faulty(expected(what, operand));
  },
  possible: either(anyOf(words), unnamedIn(bounds.low, bounds.high)),
  familiar: anyOf(['A', 'AAAA', 'CNAME', 'HTTPS', 'MX', 'NS', 'PTR', 'SOA', 'SRV', 'TXT']),
};
