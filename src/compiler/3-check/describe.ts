// What was found where something else was expected, in the user's words.
import type { Expr } from '../ir/ast.ts';
import type { Value } from '../ir/resolved.ts';

const setOperators = { and: '`and`', or: '`or`', except: '`except`' } as const;

/** An expression as it was written. */
export function describeExpr(expr: Expr): string {
  switch (expr.kind) {
    case 'missing':
      return 'nothing';
    case 'name':
      return `the word \`${expr.text}\``;
    case 'string':
      return `the text "${expr.raw}"`;
    case 'number':
      return `the number ${expr.text}`;
    case 'range':
      return `the range ${expr.low}-${expr.high}`;
    case 'address':
      return `the address \`${expr.text}\``;
    case 'list':
      return 'a list';
    case 'selector':
      return 'a selector';
    case 'term':
      return `\`${expr.protocol.text}\` with a value`;
    case 'not':
      return '`not`';
    case 'combine':
      return setOperators[expr.operator];
  }
}

/** A bound value; `kind` of a declared name is what it was declared as. */
export function describeValue(value: Value, kind: string | undefined): string {
  switch (value.kind) {
    case 'missing':
      return 'nothing';
    case 'declared':
      return `the ${kind} \`${value.name}\``;
    case 'entity':
      return `the entity \`${value.name}\``;
    case 'selector':
      return 'a selector';
    case 'address':
      return `the address \`${value.text}\``;
    case 'transport':
      return `the protocol \`${value.protocol.name}\``;
    case 'literal':
      return value.found;
    case 'list':
      return 'a list';
    case 'not':
      return '`not`';
    case 'combine':
      return setOperators[value.operator];
  }
}
