// What was found where something else was expected, in the user's words.
import type { Operand } from '../domains/domain.ts';
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
    case 'number':
    case 'range':
    case 'address':
    case 'date':
    case 'quantity':
      return describeOperand(expr);
    case 'list':
      return 'a list';
    case 'matched':
      return `\`${expr.operator.text}\``;
    case 'including':
      return '`including`';
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
    case 'every-workload':
      return '`workload`';
    case 'selector':
      return 'a selector';
    case 'address':
      return `the address \`${value.text}\``;
    case 'text':
      return `the text "${value.raw}"`;
    case 'matched':
      return `\`${value.operator}\``;
    case 'including':
      return '`including`';
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

/** An operand as it was written. */
export function describeOperand(operand: Operand): string {
  switch (operand.kind) {
    case 'string':
      return `the text "${operand.raw}"`;
    case 'range':
      return `the range ${operand.low}-${operand.high}`;
    case 'list':
      return 'a list';
    case 'sign':
      return `\`${operand.text}\``;
    case 'matched':
      return `\`${operand.operator.text}\``;
    case 'set':
      return `the ${operand.declared} \`${operand.name}\``;
    case 'number':
      return `the number ${operand.text}`;
    case 'word':
    case 'address':
    case 'date':
      return `the ${operand.kind} \`${operand.text}\``;
    case 'quantity':
      return `\`${operand.text}\``;
  }
}
