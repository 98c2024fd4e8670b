// List constants: what a `list` declaration holds, and its items in the place of its name. A list means nothing by itself;
// its items are checked where it is used.
import type { Report } from '../diagnostics/diagnostic.ts';
import type { Operand } from '../domains/domain.ts';
import type { Expr } from '../ir/ast.ts';
import type { Value } from '../ir/resolved.ts';
import { describeOperand } from './describe.ts';
import { type Context, refuse } from './sets.ts';
import { reportVia } from './via.ts';

/** Start of a word -> the declaration that it names. */
type Names = ReadonlyMap<number, number>;

const literals = {
  expected: 'literals of one type (texts, numbers, words, dates, quantities, addresses)',
  hint: ({ kind }: Value) => (kind === 'matched' ? 'patterns stand in a `path`, `binary` or `domain`' : undefined),
};

/** The items of a `list` declaration; undefined after a report. */
export function listOf(value: Value, context: Context): readonly Operand[] | undefined {
  if (value.kind === 'list' && value.items.length === 0) context.report('check/empty-list', value.span, {});
  const items = (value.kind === 'list' ? value.items : [value]).map((item) => literalsOf(item, context));
  const known = items.filter((item) => item !== undefined).flat();
  const isWhole = items.every((item) => item !== undefined) && known.length > 0;
  return isWhole && isOfOneType(known, context.report) ? known : undefined;
}

function literalsOf(value: Value, context: Context): readonly Operand[] | undefined {
  switch (value.kind) {
    case 'missing':
      return undefined;
    case 'text':
      return [{ ...value, kind: 'string' }];
    case 'address':
      return [value];
    case 'literal':
      return [value.operand];
    case 'declared': {
      const set = context.sets[value.declaration];
      if (set?.kind === 'list') return set.items;
      if (!set || set.kind === 'unknown') return undefined;
      break;
    }
    default:
  }
  refuse(value, literals, context);
  return undefined;
}

const units = { '/': 'rate', B: 'size', '': 'duration' } as const;

function typeOf(operand: Operand): string {
  if (operand.kind === 'range') return 'number';
  if (operand.kind !== 'quantity') return operand.kind;
  return operand.text.includes('/') ? units['/'] : operand.text.endsWith('B') ? units.B : units[''];
}

function isOfOneType(items: readonly Operand[], report: Report): boolean {
  const [first] = items;
  const other = first && items.find((item) => typeOf(item) !== typeOf(first));
  if (first && other)
    report('check/mixed-list', [other.span, first.span], { found: describeOperand(other), first: describeOperand(first) });
  return other === undefined;
}

/** An item of a list, and where mistakes in it are reported. */
export type Item = { readonly item: Expr; readonly report: Report };

/** The items of a value or list behind a protocol, those of named lists too; undefined after a report. */
export function itemsOf(value: Expr, names: Names, context: Context): readonly Item[] | undefined {
  if (value.kind === 'list') {
    const items = value.items.map((item) => (item.kind === 'list' ? [{ item, report: context.report }] : itemsOf(item, names, context)));
    return items.every((item) => item !== undefined) ? items.flatMap((item) => item ?? []) : undefined;
  }
  const named = value.kind === 'name' ? names.get(value.span.start) : undefined;
  const set = named === undefined ? undefined : context.sets[named];
  if (named === undefined || (set && set.kind !== 'list' && set.kind !== 'unknown')) return [{ item: value, report: context.report }];
  if (set?.kind !== 'list') return undefined;
  const report = reportVia(context.report, value.span);
  return set.items.flatMap((item) => {
    const expr = exprOf(item);
    return expr ? [{ item: expr, report }] : [];
  });
}

function exprOf(operand: Operand): Expr | undefined {
  switch (operand.kind) {
    case 'word':
      return { kind: 'name', text: operand.text, span: operand.span };
    case 'sign':
    case 'set':
    case 'list':
    case 'matched':
      return undefined;
    case 'address':
    case 'date':
    case 'quantity':
      return { kind: operand.kind, text: operand.text, span: operand.span };
    default:
      return operand;
  }
}
