// The kinds of sets that are texts: names of domains, paths, programs. Regular languages over the possible values of
// their type; how a text, `under`, `glob` and `regex` are read is the type's.
import { closest } from '../base/closest.ts';
import type { FieldType, Operand, Operator, TextSetKind } from '../domains/domain.ts';
import { domainName } from '../domains/types/names.ts';
import { binaryPath, filePath } from '../domains/types/paths.ts';
import type { Value } from '../ir/resolved.ts';
import { classify } from '../space/automaton.ts';
import { both, either, not, type Pattern } from '../space/pattern.ts';
import { valueRead } from './faults.ts';
import { type Context, type Leaf, refuse, type SetKind } from './sets.ts';
import { reportVia } from './via.ts';

type Matched = Leaf & { readonly kind: 'matched' };

const union = (parts: readonly Pattern[]): Pattern => (parts.length === 1 && parts[0] ? parts[0] : either(...parts));

const textKind = (kind: TextSetKind, type: FieldType): SetKind<Pattern> => ({
  expected: type.expected,
  hint: (value) => (value.kind === 'address' ? 'addresses stand in a `network`' : undefined),
  declared: (set) => (set.kind === kind ? set.set : undefined),
  leaf: (leaf, context) => {
    if (leaf.kind === 'text') return readText({ ...leaf, kind: 'string' }, undefined, { type, context });
    return leaf.kind === 'matched' ? matchedSet(leaf, { type, context }) : 'wrong';
  },
  union,
  intersect: both,
  complement: (set) => both(type.possible, not(set)),
  onlyUnion: () => undefined,
  limit: { limit: 0, unit: 'parts' },
});

export const textKinds: Readonly<Record<TextSetKind, SetKind<Pattern>>> = {
  domain: textKind('domain', domainName),
  path: textKind('path', filePath),
  binary: textKind('binary', binaryPath),
};

type Reading = { readonly type: FieldType; readonly context: Context };

function readText(operand: Operand, operator: Operator | undefined, { type, context }: Reading): Pattern | undefined {
  const values = valueRead(type.values(operand, operator), context.report);
  return values?.kind === 'text' ? values.pattern : undefined;
}

function matchedSet(value: Matched, { type, context }: Reading): Pattern | undefined {
  const operator = type.operators.find((one) => one === value.operator);
  if (!operator) {
    const { source, start } = value.span;
    const span = { source, start, end: start + value.operator.length };
    const holes = { kind: 'operator', text: value.operator, suggestion: closest(value.operator, type.operators) };
    context.report('check/unknown-operand', span, holes);
    return undefined;
  }
  const texts = textsOf(value.operand, context);
  const patterns = texts?.map(({ operand, inside }) => readText(operand, operator, { type, context: inside }));
  const known = patterns?.filter((one) => one !== undefined) ?? [];
  return patterns && known.length === patterns.length ? union(known) : undefined;
}

type Text = { readonly operand: Operand; readonly inside: Context };
const texts = { expected: 'a text or a list of texts', hint: () => undefined };

function textsOf(value: Value, context: Context): readonly Text[] | undefined {
  if (value.kind === 'missing') return undefined;
  if (value.kind === 'text') return [{ operand: { ...value, kind: 'string' }, inside: context }];
  if (value.kind === 'list') {
    if (value.items.length === 0) context.report('check/empty-list', value.span, {});
    const items = value.items.map((item) => textsOf(item, context));
    return items.length > 0 && items.every((item) => item !== undefined) ? items.flatMap((item) => item ?? []) : undefined;
  }
  const set = value.kind === 'declared' ? context.sets[value.declaration] : undefined;
  if (set?.kind === 'list') {
    const inside = { ...context, report: reportVia(context.report, value.span) };
    return set.items.map((operand) => ({ operand, inside }));
  }
  if (set?.kind !== 'unknown') refuse(value, texts, context);
  return undefined;
}

const sizes = new WeakMap<Pattern, number>();

/** Nodes of a pattern, written out. */
export function patternSize(pattern: Pattern): number {
  const known = sizes.get(pattern);
  if (known !== undefined) return known;
  const size = 1 + childrenOf(pattern).reduce((sum, part) => sum + patternSize(part), 0);
  sizes.set(pattern, size);
  return size;
}

function childrenOf(pattern: Pattern): readonly Pattern[] {
  switch (pattern.kind) {
    case 'literal':
    case 'byte':
      return [];
    case 'repeat':
    case 'not':
      return [pattern.part];
    case 'sequence':
    case 'either':
    case 'both':
      return pattern.parts;
  }
}

/** Larger patterns, or ones of more states, are not asked whether they are empty. */
const askedSize = 5000;
const askedStates = 4096;

/** Can the set be empty by its operators, and is it? */
export function isEmptyText(value: Value, pattern: Pattern): boolean {
  if (!hasOperator(value) || patternSize(pattern) > askedSize) return false;
  return classify([pattern], askedStates)?.classesOf[0]?.length === 0;
}

const hasOperator = (value: Value): boolean =>
  value.kind === 'not' ||
  (value.kind === 'combine' && (value.operator !== 'or' || value.operands.some(hasOperator))) ||
  (value.kind === 'list' && value.items.some(hasOperator));
