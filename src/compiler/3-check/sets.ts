// Values -> sets. One walk for all kinds of sets; a kind says what its leaves are and how its operations go. A wrong
// leaf is reported at its place and makes the whole set unknown (undefined), silently from there on.
import type { Span } from '../base/source.ts';
import type { Report } from '../diagnostics/diagnostic.ts';
import type { Operand, TextSetKind } from '../domains/domain.ts';
import type { Declaration, Value } from '../ir/resolved.ts';
import type { Transport } from '../ir/typed.ts';
import type { AddressSet } from '../space/address.ts';
import type { Selector } from '../space/labels.ts';
import type { Pattern } from '../space/pattern.ts';
import { describeOperand, describeValue } from './describe.ts';
import { reportVia } from './via.ts';
import type { WrittenAlike } from './written-alike.ts';

/** Addresses outside everything managed, and those of whatever has them (`including workloads`). */
export type Networks = { readonly outside: AddressSet; readonly any: AddressSet };

/** The value of a declaration; `unknown` after a mistake. */
export type DeclaredSet =
  | { readonly kind: 'workload'; readonly set: Selector }
  | { readonly kind: 'network'; readonly set: Networks }
  | { readonly kind: 'port'; readonly set: Transport }
  | { readonly kind: TextSetKind; readonly set: Pattern }
  | { readonly kind: 'list'; readonly items: readonly Operand[] }
  | { readonly kind: 'unknown' };

export type Context = {
  readonly report: Report;
  /** Index = number of the declaration; those of files that come later are missing. */
  readonly declarations: readonly (Declaration | undefined)[];
  /** The same; each file's are computed in its order. */
  readonly sets: (DeclaredSet | undefined)[];
  readonly selectors: WrittenAlike<Selector>;
};

export type Leaf = Exclude<Value, { readonly kind: 'missing' | 'declared' | 'list' | 'not' | 'combine' }>;

/** One kind of sets. Operations give undefined when the result grows over a limit. */
export type SetKind<T> = {
  readonly expected: string;
  readonly hint: (value: Value) => string | undefined;
  readonly declared: (set: DeclaredSet) => T | undefined;
  /** `wrong` when the leaf is of another kind, undefined when it was reported. */
  readonly leaf: (leaf: Leaf, context: Context) => T | 'wrong' | undefined;
  readonly union: (parts: readonly T[]) => T | undefined;
  readonly intersect: (a: T, b: T) => T | undefined;
  readonly complement: (set: T) => T | undefined;
  /** Why a set can only stand in a union, in words; undefined when it has all operations. */
  readonly onlyUnion: (set: T) => string | undefined;
  /** What limits the kind, for the message. */
  readonly limit: { readonly limit: number; readonly unit: string };
};

/** The set that a value is; undefined after a report. */
export function setOf<T>(value: Value, kind: SetKind<T>, context: Context): T | undefined {
  switch (value.kind) {
    case 'missing':
      return undefined;
    case 'declared':
      return declaredSet(value, kind, context);
    case 'list':
      return listSet(value, kind, context);
    case 'not': {
      const operand = setOf(value.operand, kind, context);
      if (operand === undefined || isOnlyUnion([operand], value.span, kind, context)) return undefined;
      return limited(kind.complement(operand), value.span, kind, context);
    }
    case 'combine':
      return combined(value, kind, context);
    default: {
      const set = kind.leaf(value, context);
      if (set !== 'wrong') return set;
      refuse(value, kind, context);
      return undefined;
    }
  }
}

/** Reports a value of the wrong kind, with its declaration where it is a name. */
export function refuse(
  value: Value,
  { expected, hint }: Pick<SetKind<unknown>, 'expected' | 'hint'>,
  { report, declarations }: Context,
): void {
  const declaration = value.kind === 'declared' ? declarations[value.declaration] : undefined;
  const holes = { expected, found: describeValue(value, declaration?.kind), hint: hint(value) };
  report('check/wrong-kind', declaration ? [value.span, declaration.span] : value.span, holes);
}

const ofWorkloads = { expected: 'a workload before `.service`', hint: () => undefined };

function declaredSet<T>(value: Value & { readonly kind: 'declared' }, kind: SetKind<T>, context: Context): T | undefined {
  const set = context.sets[value.declaration];
  if (set === undefined || set.kind === 'unknown') return undefined;
  if (value.service && set.kind !== 'workload') {
    refuse(value, ofWorkloads, context);
    return undefined;
  }
  if (set.kind === 'list') {
    const inside = { ...context, report: reportVia(context.report, value.span) };
    return listSet({ kind: 'list', items: set.items.map(asValue), span: value.span }, kind, inside);
  }
  const found = kind.declared(set);
  if (found === undefined) refuse(value, kind, context);
  return found;
}

/** The literal of a list where a set stands. */
function asValue(operand: Operand): Value {
  switch (operand.kind) {
    case 'string':
      return { ...operand, kind: 'text' };
    case 'address':
      return { kind: 'address', text: operand.text, span: operand.span };
    default:
      return { kind: 'literal', operand, found: describeOperand(operand), span: operand.span };
  }
}

function allOf<T>(values: readonly Value[], kind: SetKind<T>, context: Context): readonly T[] | undefined {
  const sets = values.map((one) => setOf(one, kind, context)).filter((set) => set !== undefined);
  return sets.length === values.length ? sets : undefined;
}

function listSet<T>(value: Value & { readonly kind: 'list' }, kind: SetKind<T>, context: Context): T | undefined {
  if (value.items.length === 0) context.report('check/empty-list', value.span, {});
  const sets = allOf(value.items, kind, context);
  return sets && sets.length > 0 ? limited(kind.union(sets), value.span, kind, context) : undefined;
}

function combined<T>(
  { operator, operands, span }: Value & { readonly kind: 'combine' },
  kind: SetKind<T>,
  context: Context,
): T | undefined {
  const sets = allOf(operands, kind, context);
  if (!sets) return undefined;
  if (operator === 'or') return limited(kind.union(sets), span, kind, context);
  if (isOnlyUnion(sets, span, kind, context)) return undefined;
  let [result, ...others] = sets;
  for (const other of others) {
    const operand = operator === 'and' ? other : kind.complement(other);
    result = result === undefined || operand === undefined ? undefined : kind.intersect(result, operand);
    if (result === undefined) break;
  }
  return limited(result, span, kind, context);
}

function isOnlyUnion<T>(sets: readonly T[], span: Span, kind: SetKind<T>, { report }: Context): boolean {
  const found = sets.map(kind.onlyUnion).find((one) => one !== undefined);
  if (found !== undefined)
    report('check/wrong-kind', span, { expected: kind.expected, found, hint: 'it can only stand in a list or beside `or`' });
  return found !== undefined;
}

function limited<T>(set: T | undefined, span: Span, kind: SetKind<T>, { report }: Context): T | undefined {
  if (set === undefined) report('check/set-too-large', span, kind.limit);
  return set;
}
