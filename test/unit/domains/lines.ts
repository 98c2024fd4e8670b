// Lines of domains for tests: operands of a text with their places, and what a match says of a content.
import * as assert from 'uvu/assert';
import type { Span } from '../../../src/compiler/base/source.ts';
import type { DomainSpec, Fault, FieldTest, LineMatch, Operand, Read, WrittenContent } from '../../../src/compiler/domains/domain.ts';
import { domains } from '../../../src/compiler/domains/registry.ts';
import { type Automaton, language, textValue } from '../../../src/compiler/space/automaton.ts';
import { includes } from '../../../src/compiler/space/interval.ts';
import { literal, type Pattern } from '../../../src/compiler/space/pattern.ts';

const token = /\s*(?:"((?:[^"\\]|\\.)*)"|(\[)|(\])|(\d+)-(\d+)|(-?\d+)\b|(=)|@(domain|path|binary):(\S+?)(?=[\s\],]|$)|([\w-]+)|,)/gy;

/** Operands of a line; `@domain:NAME` is a declared set that has NAME in it. */
export function lineOf(text: string) {
  const source = { path: 'line', text };
  const stack: Operand[][] = [[]];
  const starts: number[] = [];
  for (const found of text.matchAll(token)) {
    const [all, raw, open, close, low, high, number, sign, declared, name, word] = found;
    const span: Span = { source, start: found.index + all.length - all.trimStart().length, end: found.index + all.length };
    const add = (operand: Operand): unknown => stack.at(-1)?.push(operand);
    if (raw !== undefined) add({ kind: 'string', raw, text: raw.replace(/\\(.)/g, '$1'), span });
    else if (open) {
      stack.push([]);
      starts.push(span.start);
    } else if (close) {
      const items = stack.pop() ?? [];
      stack.at(-1)?.push({ kind: 'list', items, span: { ...span, start: starts.pop() ?? 0 } });
    } else if (low !== undefined && high !== undefined) add({ kind: 'range', low, high, span });
    else if (number !== undefined) add({ kind: 'number', text: number, span });
    else if (sign) add({ kind: 'sign', text: sign, span });
    else if (word !== undefined) add({ kind: 'word', text: word, span });
    else if (name !== undefined && (declared === 'domain' || declared === 'path' || declared === 'binary'))
      add({ kind: 'set', declared, name, pattern: literal(name), span });
  }
  return { operands: stack[0] ?? [], span: { source, start: 0, end: text.length } };
}

export function domainNamed(name: string): DomainSpec {
  const found = domains.find((one) => one.name === name);
  assert.ok(found, name);
  if (!found) throw new Error(name);
  return found;
}

export function succeeded<T>(read: Read<T>, text: string): T {
  assert.ok(read.ok, `${text}: ${read.ok ? '' : JSON.stringify(read.faults.map(shown))}`);
  if (!read.ok) throw new Error(text);
  return read.value;
}

/** `kind | what is underlined | what is said`. */
export function shown(fault: Fault): string {
  const { source, start, end } = fault.span;
  const said = {
    expected: () => (fault.kind === 'expected' ? `${fault.expected}; found ${fault.found}` : ''),
    unknown: () => (fault.kind === 'unknown' ? `${fault.what}${fault.suggestion === undefined ? '' : `; ${fault.suggestion}?`}` : ''),
    text: () => (fault.kind === 'text' ? `${fault.what}: ${fault.reason}` : ''),
    twice: () => (fault.kind === 'twice' ? fault.what : ''),
    'empty-list': () => '',
  }[fault.kind]();
  return `${fault.kind} | ${source.text.slice(start, end)} | ${said}`;
}

const automata = new WeakMap<Pattern, Automaton>();
export function isIn(pattern: Pattern, text: string): boolean {
  const automaton = automata.get(pattern) ?? language(pattern);
  automata.set(pattern, automaton);
  return textValue(automaton, text) === 1;
}

type Truth = boolean | 'undecidable';
const includesValue = ({ values }: FieldTest, value: string): boolean =>
  values.kind === 'text' ? isIn(values.pattern, value) : includes(values.ranges, Number(value));

function holds(test: FieldTest, content: WrittenContent & { readonly kind: 'fields' }): Truth {
  const values = content.fields[test.field];
  if (values === undefined) return test.orAbsent;
  if ('kind' in values) return 'undecidable';
  const inside = values.map((value) => includesValue(test, value));
  if (!test.every) return inside.includes(true);
  return inside.every((one) => one) || (inside.includes(true) ? 'undecidable' : false);
}

/** What a line says of a content; fields that a test line leaves open count as absent here. */
export function truth(match: LineMatch, content: WrittenContent): Truth {
  if (content.kind === 'undecidable') return 'undecidable';
  const each = match.map((test) => holds(test, content));
  if (each.includes(false)) return false;
  return each.includes('undecidable') ? 'undecidable' : true;
}
