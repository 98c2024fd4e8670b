// Expr -> Value: every name is bound to its declaration, an entity or a protocol.
import type { Span } from '../base/source.ts';
import type { Expr, TermExpr } from '../ir/ast.ts';
import type { Value } from '../ir/resolved.ts';
import { type EntityName, entityNames } from '../ir/typed.ts';
import { relativePath } from './imports.ts';
import type { FileScope, Scopes } from './scopes.ts';
import type { Unit } from './unit.ts';
import { isLater, protocols } from './vocabulary.ts';

/** Where names are looked up. */
export type Place = { readonly unit: Unit; readonly scopes: Scopes; readonly scope: FileScope };

const entities: ReadonlyMap<string, EntityName> = new Map(entityNames.map((name) => [name, name]));

/** Binds an expression; what is unknown is reported and `missing`. Depth is bounded by the parser. */
export function boundValue(place: Place, expr: Expr): Value {
  switch (expr.kind) {
    case 'missing':
    case 'address':
      return expr;
    case 'name':
      return nameValue(place, expr);
    case 'string':
      return { kind: 'address', text: expr.text, span: expr.span };
    case 'number':
      return { kind: 'literal', found: `the number ${expr.text}`, span: expr.span };
    case 'range':
      return { kind: 'literal', found: `the range ${expr.low}-${expr.high}`, span: expr.span };
    case 'list':
      return { kind: 'list', items: expr.items.map((item) => boundValue(place, item)), span: expr.span };
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

function selectorValue({ unit, scope: { namespace } }: Place, expr: Expr & { readonly kind: 'selector' }): Value {
  const key = expr.place?.key;
  if (key && key.text !== 'namespace') {
    if (isLater('place', key.text)) unit.unsupported.push({ what: `\`in ${key.text}\``, span: key.span });
    else
      unit.report('resolve/unknown-word', key.span, {
        expected: '`namespace`',
        word: key.text,
        suggestion: unit.suggest(key.text, ['namespace']),
      });
    return { kind: 'missing', span: expr.span };
  }
  return expr.place || namespace === undefined ? expr : { ...expr, namespace };
}

function termValue({ unit, scope }: Place, term: TermExpr): Value {
  const protocol = protocols.get(term.protocol.text);
  if (protocol) return { kind: 'transport', protocol, term, span: term.span };
  const { text, span } = term.protocol;
  if (!scope.excused.has(text)) {
    unit.report('resolve/unknown-word', span, { expected: 'a protocol', word: text, suggestion: unit.suggest(text, protocols.keys()) });
  }
  return { kind: 'missing', span: term.span };
}

function nameValue(place: Place, { text, span }: { readonly text: string; readonly span: Span }): Value {
  const { unit, scope } = place;
  const binding = scope.names.get(text);
  if (binding) {
    binding.used = true;
    return { kind: 'declared', declaration: binding.declaration, name: text, span };
  }
  const entity = entities.get(text);
  if (entity) return { kind: 'entity', name: entity, span };
  const protocol = protocols.get(text);
  if (protocol) return { kind: 'transport', protocol, span };
  if (text.includes('.')) unit.unsupported.push({ what: `the service \`${text}\``, span });
  else if (!scope.excused.has(text)) refuseName(place, text, span);
  return { kind: 'missing', span };
}

function refuseName({ unit, scopes, scope }: Place, name: string, span: Span): void {
  const other = scopes.elsewhere.get(name);
  if (other) {
    const path = relativePath(scope.file.source.path, other.scope.file.source.path);
    unit.report('resolve/not-imported', [span, other.ast.name.span], { name, path });
  } else {
    const known = [...scope.names.keys(), ...entities.keys(), ...protocols.keys()];
    unit.report('resolve/unknown-name', span, { kind: 'name', name, suggestion: unit.suggest(name, known) });
  }
}
