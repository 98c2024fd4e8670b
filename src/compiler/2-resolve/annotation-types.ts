// `annotation NAME = ...`: what the values of an annotation have to be.
import type { AnnotationTypeAst, Expr } from '../ir/ast.ts';
import { refuseWord, type Unit } from './unit.ts';
import { type AnnotationType, annotationTypes } from './vocabulary.ts';

/** The type that was written; what is wrong with it is told by checkAnnotationType. */
export function annotationType(words: AnnotationTypeAst['words'], operand: Expr | undefined): AnnotationType {
  const type = annotationTypes.find((one) => one === words[0]?.text);
  if (type) return { types: [type] };
  return { types: ['text'], choices: choicesOf(operand).flatMap((item) => (item.kind === 'string' ? [item.text] : [])) };
}

const choicesOf = (operand: Expr | undefined): readonly Expr[] => (operand?.kind === 'list' ? operand.items : operand ? [operand] : []);

export function checkAnnotationType(unit: Unit, written: AnnotationTypeAst): void {
  const [first, second, more] = written.words;
  if (first?.text === 'one' && second?.text === 'of' && !more) checkChoices(unit, written);
  else if (first || written.operand) checkType(unit, written);
}

function checkType(unit: Unit, { name, words: [first, second] }: AnnotationTypeAst): void {
  const isType = first && annotationTypes.some((one) => one === first.text);
  const wrong = isType ? second : (first ?? name);
  const expected = 'a type (`text`, `number`, `date`, `duration`, `size`, `rate`, `one of [...]`)';
  if (wrong) refuseWord(unit, wrong, { expected, known: annotationTypes });
}

function checkChoices({ report }: Unit, { name, operand }: AnnotationTypeAst): void {
  const items = choicesOf(operand);
  if (items.length === 0)
    report('resolve/missing', operand?.span ?? name.span, { what: 'what can be chosen', hint: 'write `one of ["a", "b"]`' });
  for (const item of items) {
    if (item.kind !== 'string' && item.kind !== 'missing')
      report('resolve/wrong-kind', item.span, { expected: 'a text in quotation marks', found: 'another literal', hint: undefined });
  }
}
