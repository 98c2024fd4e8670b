// Fields whose values are words of a vocabulary: methods, syscalls, capabilities. A word is its own value.
import { closest } from '../../base/closest.ts';
import { either, literal, type Pattern } from '../../space/pattern.ts';
import { expected } from '../describe.ts';
import { type FieldType, faulty, type Operand, type Read, read } from '../domain.ts';

export type Vocabulary = {
  readonly noun: string;
  /** `a capability (sys_admin)`. */
  readonly expected: string;
  readonly words: readonly string[];
  /** Those that a reader expects to see; all of them unless said. */
  readonly familiar?: readonly string[];
};

export const anyOf = (words: readonly string[]): Pattern => either(...words.map(literal));

/** The word of an operand, or what is wrong with it. */
export function readWord({ noun, expected: what, words }: Vocabulary, operand: Operand): Read<string> {
  if (operand.kind !== 'word') {
    const hint =
      operand.kind === 'string' && words.includes(operand.text) ? `write it without quotation marks: ${operand.text}` : undefined;
    return faulty(expected(what, operand, hint));
  }
  const { text, span } = operand;
  if (words.includes(text)) return read(text);
  return faulty({ kind: 'unknown', what: noun, text, suggestion: closest(text, words), span });
}

export const wordType = (vocabulary: Vocabulary): FieldType => ({
  noun: vocabulary.noun,
  expected: vocabulary.expected,
  kind: 'text',
  operators: [],
  words: vocabulary.words,
  declared: [],
  values: (operand) => {
    const word = readWord(vocabulary, operand);
    return word.ok ? read({ kind: 'text', pattern: literal(word.value) }) : word;
  },
  value: (operand) => readWord(vocabulary, operand),
  possible: anyOf(vocabulary.words),
  familiar: anyOf(vocabulary.familiar ?? vocabulary.words),
});
