// The tests of one line of a rule: each operand is read by its field's type, lists are unions, `not` is the complement.
import { intervals, subtract } from '../space/interval.ts';
import { anyText, either, not, type Pattern } from '../space/pattern.ts';
import { expected } from './describe.ts';
import {
  type DomainData,
  type Fault,
  type FieldSpec,
  type FieldTest,
  type FieldType,
  faulty,
  type Line,
  type LineMatch,
  type Operand,
  type Operator,
  type Read,
  read,
  type ValueSet,
  type WordOperand,
} from './domain.ts';
import { readLine, type WrittenTest } from './read-line.ts';

/** The items of a list; a constant inside a list is a list in a list. */
export const itemsOf = (operand: Operand): readonly Operand[] => (operand.kind === 'list' ? operand.items.flatMap(itemsOf) : [operand]);

/** All of them, or every fault. */
export function collected<T>(reads: readonly Read<T>[]): Read<readonly T[]> {
  const faults = reads.flatMap((one) => (one.ok ? [] : one.faults));
  return faults.length > 0 ? faulty(...faults) : read(reads.flatMap((one) => (one.ok ? [one.value] : [])));
}

const wholeRange = ({ range }: FieldType) => intervals([range ?? { low: 0, high: Number.MAX_SAFE_INTEGER }]);

function everyValue(type: FieldType): ValueSet {
  return type.kind === 'number' ? { kind: 'number', ranges: wholeRange(type) } : { kind: 'text', pattern: anyText };
}

function unionOf(type: FieldType, sets: readonly ValueSet[]): ValueSet {
  if (type.kind === 'number')
    return { kind: 'number', ranges: intervals(sets.flatMap((set) => (set.kind === 'number' ? set.ranges : []))) };
  const [first, ...others]: readonly Pattern[] = sets.flatMap((set) => (set.kind === 'text' ? [set.pattern] : []));
  return { kind: 'text', pattern: first && others.length === 0 ? first : either(...(first ? [first, ...others] : [])) };
}

const without = (type: FieldType, set: ValueSet): ValueSet =>
  set.kind === 'text' ? { kind: 'text', pattern: not(set.pattern) } : { kind: 'number', ranges: subtract(wholeRange(type), set.ranges) };

type Operated = { readonly field: FieldSpec; readonly operator: WordOperand | undefined };

function readOperand({ field, operator }: Operated, operand: Operand): Read<ValueSet> {
  const { type, name } = field;
  const matching = type.operators.find((one) => one === operator?.text);
  if (operator && !matching) {
    const taken = type.operators.map((one) => `\`${one}\``).join(', ');
    return faulty(expected(type.expected, operator, `\`${name}\` ${taken === '' ? 'takes no operator' : `takes ${taken}`}`));
  }
  const items = itemsOf(operand);
  if (items.length === 0) return faulty({ kind: 'empty-list', span: operand.span });
  const sets = collected(items.map((item) => readItem(field, item, matching)));
  return sets.ok ? read(unionOf(type, sets.value)) : sets;
}

function readItem(field: FieldSpec, item: Operand, matching: Operator | undefined): Read<ValueSet> {
  const { type } = field;
  if (item.kind === 'matched')
    return matching
      ? faulty(expected('a text', item.operator, `\`${matching}\` stands before the list already`))
      : readOperand({ field, operator: item.operator }, item.operand);
  if (item.kind !== 'set') return type.values(item, matching);
  if (matching) return faulty(expected('a text', item, 'a declared set says itself how it is matched'));
  return type.declared.includes(item.declared) ? read({ kind: 'text', pattern: item.pattern }) : faulty(expected(type.expected, item));
}

function readTest(test: WrittenTest): Read<FieldTest> {
  const { field, name } = test;
  const every = field.quantity === 'every';
  if ('presence' in test) {
    const isThere = test.presence === 'exists';
    if (field.always)
      return faulty({
        kind: 'expected',
        expected: field.type.expected,
        found: `\`${test.presence}\``,
        span: test.span,
        hint: `there is always a ${field.name}`,
      });
    const nothing: ValueSet = field.type.kind === 'number' ? { kind: 'number', ranges: [] } : { kind: 'text', pattern: either() };
    return read({ field: name, every, orAbsent: !isThere, values: isThere ? everyValue(field.type) : nothing });
  }
  if (test.not && field.quantity === 'some') {
    const hint = `one of several values is nearly always another: write the opposite rule, or \`${field.name} absent\``;
    return faulty(expected(field.type.expected, test.not, hint));
  }
  const values = readOperand(test, test.operand);
  if (!values.ok) return values;
  return read({
    field: name,
    every,
    orAbsent: test.not !== undefined,
    values: test.not ? without(field.type, values.value) : values.value,
  });
}

/** A field of one value says twice what it is: one of them would decide nothing, or both together could not hold. */
export function twice(tests: readonly WrittenTest[]): readonly Fault[] {
  const said = new Map<string, WrittenTest>();
  return tests.flatMap((test): readonly Fault[] => {
    if (test.field.quantity !== 'one' || test.not) return [];
    const first = said.get(test.name);
    if (first) return [{ kind: 'twice', what: `\`${test.name}\``, span: test.span, first: first.span }];
    said.set(test.name, test);
    return [];
  });
}

/** A line without operands, where something has to be said. */
export function nothingSaid(domain: DomainData, { span, operands }: Line): readonly Fault[] {
  if (domain.mayBeEmpty || operands.length > 0) return [];
  const what = domain.fields.filter(({ name }) => domain.positional.includes(name)).map(({ type }) => type.expected);
  return [{ kind: 'expected', expected: what.join(' or '), found: domain.form === 'process' ? 'the end of the rule' : 'nothing', span }];
}

/** The tests of a line of a rule. */
export function readMatch(domain: DomainData, line: Line): Read<LineMatch> {
  const { tests, faults } = readLine(domain, line);
  const read = collected(tests.map(readTest));
  const wrong = [...faults, ...twice(tests), ...nothingSaid(domain, line), ...(read.ok ? [] : read.faults)];
  return wrong.length > 0 ? faulty(...wrong) : read;
}
