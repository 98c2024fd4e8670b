// Expr -> Value: every name is bound to its declaration, an entity or a protocol.
import type { Span } from '../base/source.ts';
import type { Expr, Name, TermExpr } from '../ir/ast.ts';
import type { ProtocolWord, Value } from '../ir/resolved.ts';
import { type EntityName, entityNames } from '../ir/typed.ts';
import { icmpTypes } from '../space/icmp.ts';
import { isPlainItem } from './lines.ts';
import { type Found, foundIn, namesOf, refuseName } from './names.ts';
import { type Place, refuseWord } from './unit.ts';
import { oneOf, operators, protocols } from './vocabulary.ts';

const entities: ReadonlyMap<string, EntityName> = new Map(entityNames.map((name) => [name, name]));

/** Binds an expression; what is unknown is reported and `missing`. Depth is bounded by the parser. */
export function boundValue(place: Place, expr: Expr): Value {
  switch (expr.kind) {
    case 'missing':
      return expr;
    case 'name':
      return nameValue(place, expr);
    case 'string':
      return { kind: 'text', text: expr.text, raw: expr.raw, span: expr.span };
    case 'address':
    case 'date':
    case 'quantity':
    case 'number':
    case 'range':
      return literalValue(expr);
    case 'list':
      return { kind: 'list', items: expr.items.map((item) => boundValue(place, item)), span: expr.span };
    case 'matched':
      return matchedValue(place, expr);
    case 'including':
      return includingValue(place, expr);
    case 'selector':
      return selectorValue(place, expr);
    case 'term':
      return termValue(place, expr);
    case 'not':
      return { kind: 'not', operand: boundValue(place, expr.operand), span: expr.span };
    case 'combine':
      return { ...expr, operands: expr.operands.map((operand) => boundValue(place, operand)) };
  }
}

/** As boundValue, of what declares a `list`: words that are no names stand for themselves. */
export function listValue(place: Place, expr: Expr): Value {
  if (expr.kind === 'list') return { kind: 'list', items: expr.items.map((item) => listValue(place, item)), span: expr.span };
  const word = expr.kind === 'term' && !expr.value && !expr.code ? expr.protocol : expr.kind === 'name' && !expr.member ? expr : undefined;
  if (!word || place.scope.excused.has(word.text)) return boundValue(place, expr);
  if (!isPlainItem(place, word)) return { kind: 'missing', span: word.span };
  if (foundIn(place, word.text)) return boundValue(place, expr);
  const operand = { kind: 'word' as const, text: word.text, span: word.span };
  return { kind: 'literal', operand, found: `the word \`${word.text}\``, span: word.span };
}

type LiteralExpr = Expr & { readonly kind: 'address' | 'date' | 'quantity' | 'number' | 'range' };

function literalValue(expr: LiteralExpr): Value {
  const { span } = expr;
  if (expr.kind === 'address') return { kind: 'address', text: expr.text, span };
  const text = expr.kind === 'range' ? `${expr.low}-${expr.high}` : expr.text;
  return { kind: 'literal', operand: expr, found: `the ${expr.kind} ${text}`, span };
}

function matchedValue(place: Place, { operator, operand, span }: Expr & { readonly kind: 'matched' }): Value {
  const value = boundValue(place, operand);
  if (operators.some((one) => one === operator.text)) return { kind: 'matched', operator: operator.text, operand: value, span };
  refuseWord(place.unit, operator, { expected: oneOf(operators), known: operators });
  return { kind: 'missing', span };
}

function includingValue(place: Place, { operand, what, span }: Expr & { readonly kind: 'including' }): Value {
  const value = boundValue(place, operand);
  if (what.text === 'workloads') return { kind: 'including', operand: value, span };
  refuseWord(place.unit, what, { expected: '`workloads`', known: ['workloads'] });
  return { kind: 'missing', span };
}

const places = ['namespace', 'cluster', 'entity'];

function selectorValue({ unit, scope }: Place, expr: Expr & { readonly kind: 'selector' }): Value {
  const unknown = expr.places.filter(({ key }) => !places.includes(key.text));
  for (const { key } of unknown) refuseWord(unit, key, { expected: '`namespace`, `cluster` or `entity`', known: places });
  if (unknown.length > 0) return { kind: 'missing', span: expr.span };
  const says = (place: string): boolean => expr.places.some(({ key }) => key.text === place);
  const { namespace, cluster } = scope;
  if ((namespace === undefined && cluster === undefined) || says('entity')) return expr;
  return {
    ...expr,
    ...(namespace === undefined || says('namespace') ? {} : { namespace }),
    ...(cluster === undefined || says('cluster') ? {} : { cluster }),
  };
}

const noNames: ReadonlyMap<number, number> = new Map();

function termValue(place: Place, term: TermExpr): Value {
  const { unit, scope } = place;
  const protocol = protocols.get(term.protocol.text);
  if (!protocol) {
    if (!scope.excused.has(term.protocol.text)) refuseWord(unit, term.protocol, { expected: 'a protocol', known: protocols.keys() });
    return { kind: 'missing', span: term.span };
  }
  const names = term.value ? namesInTerm(place, protocol, term.value) : noNames;
  return names ? { kind: 'transport', protocol, term, names, span: term.span } : { kind: 'missing', span: term.span };
}

/** Declared lists in a term; undefined after a report. Of ICMP, other words are types. */
function namesInTerm(place: Place, { kind, name }: ProtocolWord, value: Expr): ReadonlyMap<number, number> | undefined {
  const items = value.kind === 'list' ? value.items : [value];
  if (!items.some((item) => item.kind === 'name')) return noNames;
  const names = new Map<number, number>();
  let failed = false;
  for (const item of items) {
    if (item.kind !== 'name') continue;
    const found = foundIn(place, item.text);
    const isType = isTypeOf(name, item.text);
    if (found?.kind === 'set' && found.type === 'list' && !item.member) {
      if (isType) failed = refuseAmbiguous(place, item, [found, name]);
      names.set(item.span.start, found.declaration);
    } else if (!isType && (found || kind !== 'icmp')) failed = refuseInTerm(place, item, found);
  }
  return failed ? undefined : names;
}

const isTypeOf = (protocol: string, word: string): boolean =>
  (protocol === 'icmp' || protocol === 'icmpv6') && icmpTypes[protocol].has(word);

function refuseAmbiguous(place: Place, { text, span }: Name, [found, domain]: readonly [Found, string]): true {
  place.unit.report('resolve/ambiguous-word', [span, found.span], { name: text, domain, kind: found.what });
  return true;
}

function refuseInTerm(place: Place, name: Name, found: Found | undefined): true {
  if (found) {
    const hint = "write a declared port without a protocol; the name of a workload's own port in quotation marks";
    const holes = { expected: 'a number or a `list`', found: `${found.what} \`${name.text}\``, hint };
    place.unit.report('resolve/wrong-kind', [name.span, found.span], holes);
  } else refuseName(place, name, [namesOf(place, ({ what }) => what === 'list'), 'name']);
  return true;
}

type NameExpr = Expr & { readonly kind: 'name' };

function nameValue(place: Place, expr: NameExpr): Value {
  const { text, member, span } = expr;
  if (text === 'workload') return { kind: 'every-workload', span };
  const found = foundIn(place, text);
  if (member) return memberValue(place, { ...expr, member }, found);
  if (found?.kind === 'set') return { kind: 'declared', declaration: found.declaration, name: found.name, span };
  if (found?.kind === 'peer') return found.value;
  if (found) return refuseOther(place, expr, found);
  const entity = entities.get(text);
  if (entity) return { kind: 'entity', name: entity, span };
  const protocol = protocols.get(text);
  if (protocol) return { kind: 'transport', protocol, names: noNames, span };
  refuseName(place, expr, [valueNames(place), 'name']);
  return { kind: 'missing', span };
}

function* valueNames(place: Place): Iterable<string> {
  yield* namesOf(place, ({ kind }) => kind === 'set' || kind === 'peer');
  yield* entities.keys();
  yield* protocols.keys();
}

function refuseOther({ unit }: Place, { text, span }: NameExpr, { what, span: declared }: Found): Value {
  const holes = { expected: 'a set, a peer or a literal', found: `${what} \`${text}\``, hint: undefined };
  unit.report('resolve/wrong-kind', [span, declared], holes);
  return { kind: 'missing', span };
}

/** `NAME.service`. */
function memberValue(place: Place, { text, member, span }: NameExpr & { readonly member: Name }, found: Found | undefined): Value {
  const { unit } = place;
  if (found?.kind === 'set' && found.type === 'workload') {
    if (member.text === 'service') return { kind: 'declared', declaration: found.declaration, name: found.name, service: true, span };
    refuseWord(unit, member, { expected: '`service`', known: ['service'] });
    return { kind: 'missing', span };
  }
  const known = entities.has(text) ? 'entity' : protocols.has(text) ? 'protocol' : undefined;
  if (!found && !known) {
    const nameSpan: Span = { ...span, end: span.start + text.length };
    refuseName(place, { text, span: nameSpan }, [namesOf(place, ({ what }) => what === 'workload'), 'name']);
  } else {
    const holes = { expected: 'a workload before a dot', found: `${found?.what ?? known} \`${text}\``, hint: undefined };
    unit.report('resolve/wrong-kind', found ? [span, found.span] : span, holes);
  }
  return { kind: 'missing', span };
}
