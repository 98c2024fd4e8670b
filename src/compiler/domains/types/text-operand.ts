// What all fields of texts share: a text in quotation marks, and regular expressions over the whole value.
import { classify } from '../../space/automaton.ts';
import { both, type Pattern } from '../../space/pattern.ts';
import { readRegex } from '../../space/regex.ts';
import { expected, type Mistake, type StringOperand, textFault } from '../describe.ts';
import { type FieldType, faulty, type Operand, type Operator, type Read, read, type ValueSet } from '../domain.ts';

/** States of the automaton of one regular expression that are too many. */
export const regexStateLimit = 4096;

export type TextTypeData = Pick<FieldType, 'noun' | 'expected' | 'operators' | 'declared' | 'possible' | 'familiar'> & {
  /** The pattern that a text means under an operator other than `regex`, or why no value can match it. */
  readonly pattern: (text: StringOperand, operator: Exclude<Operator, 'regex'> | undefined) => Pattern | Mistake;
  /** What every value is like: the hint at an expression that matches none. */
  readonly form?: string;
  /** The canonical form of one value. */
  readonly canonical: (text: string) => { readonly value: string } | Mistake;
};

const asText = ({ expected: what }: TextTypeData, operand: Operand): Read<StringOperand> => {
  if (operand.kind === 'string') return read(operand);
  return faulty(expected(what, operand, operand.kind === 'word' ? `texts stand in quotation marks: "${operand.text}"` : undefined));
};

/** A regular expression has to match some value: mistakes in what is escaped, or in what a value looks like, are found so. */
function regexPattern({ possible, form }: TextTypeData, raw: string): Pattern | Mistake {
  const found = readRegex(raw);
  if (!found.ok) return found.mistake;
  const classes = classify([both(found.pattern, possible)], regexStateLimit);
  if (!classes) return { reason: `it takes more than ${regexStateLimit} states`, hint: 'make the bounds of its repetitions smaller' };
  if (classes.classesOf[0]?.length) return found.pattern;
  return { reason: 'nothing that can stand here matches it', ...(form !== undefined && { hint: form }) };
}

export const textType = (data: TextTypeData): FieldType => ({
  noun: data.noun,
  expected: data.expected,
  kind: 'text',
  operators: data.operators,
  words: [],
  declared: data.declared,
  possible: data.possible,
  familiar: data.familiar,
  values: (operand, operator): Read<ValueSet> => {
    const text = asText(data, operand);
    if (!text.ok) return text;
    const pattern = operator === 'regex' ? regexPattern(data, text.value.raw) : data.pattern(text.value, operator);
    return 'reason' in pattern ? faulty(textFault(data.noun, text.value, pattern)) : read({ kind: 'text', pattern });
  },
  value: (operand) => {
    const text = asText(data, operand);
    if (!text.ok) return text;
    const canonical = data.canonical(text.value.text);
    return 'reason' in canonical ? faulty(textFault(data.noun, text.value, canonical)) : read(canonical.value);
  },
});
