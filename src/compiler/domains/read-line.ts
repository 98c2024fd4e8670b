// Takes a line apart into tests of fields, by the data of its domain alone: which field, with which key, under which
// operator, with which operand. What the operands mean is read by read-match.ts (rules) and read-content.ts (tests).
import { closest } from '../base/closest.ts';
import type { Span } from '../base/source.ts';
import { expected } from './describe.ts';
import {
  type DomainData,
  type Fault,
  type FieldSpec,
  type FieldType,
  fieldName,
  type Line,
  type Operand,
  type Operator,
} from './domain.ts';
import { networkAddress } from './types/addresses.ts';

export const operators: readonly Operator[] = ['under', 'glob', 'regex'];
export const isOperator = (text: string): text is Operator => operators.some((one) => one === text);

/** One test as written. `presence` stands in the place of an operand. */
export type WrittenTest = {
  readonly field: FieldSpec;
  /** As fieldName makes it. */
  readonly name: string;
  readonly not: Operand | undefined;
  readonly operator: (Operand & { readonly kind: 'word' }) | undefined;
  /** The name of `operator`. */
  readonly matching: Operator | undefined;
  readonly span: Span;
} & ({ readonly operand: Operand } | { readonly presence: 'exists' | 'absent' });

type Modifiers = Pick<WrittenTest, 'not' | 'operator' | 'matching'>;
export type WrittenLine = { readonly tests: readonly WrittenTest[]; readonly faults: readonly Fault[] };

/** Can an operand of this form stand for values of the type? */
function fits(type: FieldType, operand: Operand): boolean {
  switch (operand.kind) {
    case 'word':
      return type.words.length > 0;
    case 'string':
      return type.kind === 'text' && type.words.length === 0;
    case 'number':
    case 'range':
      return type.kind === 'number';
    case 'set':
      return type.declared.includes(operand.declared);
    case 'list':
      return operand.items[0] === undefined || fits(type, operand.items[0]);
    case 'matched':
      return fits(type, operand.operand);
    case 'address':
      return type === networkAddress;
    default:
      return false;
  }
}

class LineReader {
  readonly #domain: DomainData;
  readonly #line: Line;
  #at = 0;
  /** First operands that are still to come. */
  #positional: readonly FieldSpec[];
  readonly tests: WrittenTest[] = [];
  readonly faults: Fault[] = [];

  constructor(domain: DomainData, line: Line) {
    this.#domain = domain;
    this.#line = line;
    this.#positional = domain.positional.flatMap((name) => domain.fields.filter((field) => field.name === name));
  }

  read(): void {
    for (let first = this.#peek(); first; first = this.#peek()) {
      const field = this.#namedBy(first);
      if (!(field ? this.#readNamed(field, first) : this.#readPositional(first))) return;
    }
  }

  #peek(ahead = 0): Operand | undefined {
    return this.#line.operands[this.#at + ahead];
  }

  /** The field that a word names. A word that is also a value (`namespace user`) is the value where nothing behind it fits the field. */
  #namedBy(operand: Operand): FieldSpec | undefined {
    if (operand.kind !== 'word') return undefined;
    const field = this.#domain.fields.find(({ name }) => name === operand.text);
    if (!field || !this.#positional.some(({ type }) => type.words.includes(operand.text))) return field;
    const after = this.#peek(1);
    if (!after) return undefined;
    const leads = after.kind === 'sign' || (after.kind === 'word' && ['not', 'exists', 'absent', ...operators].includes(after.text));
    return leads || fits(field.type, after) ? field : undefined;
  }

  #readNamed(field: FieldSpec, first: Operand): boolean {
    this.#at++;
    const name = this.#readKey(field);
    if (name === undefined) return false;
    const sign = this.#peek();
    if (sign?.kind === 'sign' && sign.text === '=') this.#at++;
    const next = this.#peek();
    if (next?.kind === 'word' && (next.text === 'exists' || next.text === 'absent')) {
      this.#at++;
      this.#add(field, { name, presence: next.text, not: undefined, operator: undefined, matching: undefined, span: next.span });
      return true;
    }
    const modifiers = this.#readModifiers();
    const operand = this.#peek();
    if (!operand) return this.#missing(field.type.expected);
    this.#at++;
    this.#add(field, { name, operand, ...modifiers, span: first.span });
    return true;
  }

  /** The field's name with its key, or nothing after a fault. */
  #readKey({ key, name }: FieldSpec): string | undefined {
    if (!key) return name;
    const operand = this.#peek();
    if (!operand) {
      this.#missing(key.expected);
      return undefined;
    }
    this.#at++;
    const read = key.read(operand);
    if (read.ok) return fieldName(name, read.value);
    this.faults.push(...read.faults);
    return undefined;
  }

  #readModifiers(): Modifiers {
    const word = this.#peek();
    const not = word?.kind === 'word' && word.text === 'not' ? word : undefined;
    if (not) this.#at++;
    const operator = this.#peek();
    if (operator?.kind !== 'word' || !isOperator(operator.text)) return { not, operator: undefined, matching: undefined };
    this.#at++;
    return { not, operator, matching: operator.text };
  }

  #readPositional(first: Operand): boolean {
    const modifiers = this.#readModifiers();
    const operand = this.#peek();
    const [next] = this.#positional;
    if (!operand) return this.#missing(next?.type.expected ?? this.#end);
    const place = this.#positional.findIndex(({ type }) => fits(type, operand));
    const field = this.#positional[place];
    if (!field) return this.#refuse(operand);
    if (operand.kind === 'word' && !field.type.words.includes(operand.text) && this.#isMistyped(operand)) return this.#refuse(operand);
    this.#at++;
    this.#positional = this.#positional.slice(place + 1);
    this.#add(field, { name: field.name, operand, ...modifiers, span: first.span });
    return true;
  }

  /** A word that is nearer to a field's name or an operator than to the words that may stand here. */
  #isMistyped(operand: Operand & { readonly kind: 'word' }): boolean {
    const words = this.#positional.flatMap(({ type }) => type.words);
    return closest(operand.text, words) === undefined && closest(operand.text, this.#signWords()) !== undefined;
  }

  #signWords(): readonly string[] {
    return [...this.#domain.fields.map(({ name }) => name), ...new Set(this.#domain.fields.flatMap(({ type }) => type.operators)), 'not'];
  }

  #refuse(operand: Operand): false {
    this.faults.push(operand.kind === 'word' ? this.#unknownWord(operand) : this.#surplus(operand));
    return false;
  }

  /** Before an operand a word is meant as the name of a field, elsewhere as a text. */
  #unknownWord(word: Operand & { readonly kind: 'word' }): Fault {
    const suggestion = closest(word.text, this.#signWords());
    const next = this.#peek(1);
    const text = this.#positional.find(({ type }) => type.words.length === 0)?.type;
    if (suggestion === undefined && text && (!next || next.kind === 'word'))
      return expected(text.expected, word, `texts stand in quotation marks: "${word.text}"`);
    return { kind: 'unknown', what: this.#kindOf(suggestion), text: word.text, suggestion, span: word.span };
  }

  #surplus(operand: Operand): Fault {
    const what = this.#positional.map(({ type }) => type.expected).join(' or ');
    const isSecond = what === '' && this.#domain.form === 'request' && operand.kind !== 'sign';
    return expected(what === '' ? this.#end : what, operand, isSecond ? 'write `;` or a line end between two lines' : undefined);
  }

  #kindOf(suggestion: string | undefined): string {
    return `${this.#domain.name} ${suggestion !== undefined && isOperator(suggestion) ? 'operator' : 'field'}`;
  }

  get #end(): string {
    return this.#domain.form === 'request' ? 'the end of the line' : 'the end of the rule';
  }

  #missing(what: string): false {
    const { start, end, source } = this.#line.operands.at(-1)?.span ?? this.#line.span;
    this.faults.push({ kind: 'expected', expected: what, found: this.#end, span: { source, start, end } });
    return false;
  }

  #add(
    field: FieldSpec,
    test: Omit<WrittenTest, 'field'> & ({ readonly operand: Operand } | { readonly presence: 'exists' | 'absent' }),
  ): void {
    this.tests.push({ field, ...test });
    // What is named cannot be a first operand any more.
    this.#positional = this.#positional.filter((one) => one !== field);
  }
}

/** The tests of a line, and what is wrong with its form. */
export function readLine(domain: DomainData, line: Line): WrittenLine {
  const reader = new LineReader(domain, line);
  reader.read();
  return { tests: reader.tests, faults: reader.faults };
}
