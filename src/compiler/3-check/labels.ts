// A selector's label tests -> a conjunction of requirements. Values are texts; a bare word is a mistake at its place,
// never a text that fails later.
import { closest } from '../base/closest.ts';
import type { Span } from '../base/source.ts';
import type { Report } from '../diagnostics/diagnostic.ts';
import type { Expr, LabelTest, PlaceTest } from '../ir/ast.ts';
import type { ReservedName } from '../ir/event.ts';
import type { Value } from '../ir/resolved.ts';
import type { ReservedSet } from '../ir/typed.ts';
import { clusterKey, namespaceKey, namespaceLabelKey, type Requirement, type Selector } from '../space/labels.ts';
import { describeExpr } from './describe.ts';
import { conjunction } from './selectors.ts';

export type SelectorValue = Value & { readonly kind: 'selector' };

const reservedNames: readonly ReservedName[] = ['health', 'host', 'ingress', 'init', 'kube-apiserver', 'remote-node', 'unmanaged'];

/** Longest key and value, in characters: more than any platform allows. */
const longestKey = 317;
const longestValue = 253;

/** Is it about endpoints of an entity: `{ zone: "a" } in entity "remote-node"`? */
export const isOfEntity = (value: Value): value is SelectorValue => value.kind === 'selector' && value.places.some(isEntity);
const isEntity = ({ key }: PlaceTest): boolean => key.text === 'entity';

/** The endpoints of an entity that have labels; undefined after a report. */
export function entitySetOf({ labels, places, span }: SelectorValue, report: Report): ReservedSet | undefined {
  const place = places.find(isEntity);
  for (const { key, span: at } of places)
    if (key.text !== 'entity') report('check/wrong-kind', at, { expected: 'labels of nodes', found: `\`${key.text}\``, hint: undefined });
  const [text] = (place && valuesOf(place, 'text', report)) ?? [];
  const name = reservedNames.find((one) => one === text);
  if (text !== undefined && !name)
    report('check/unknown-operand', place?.span ?? span, { kind: 'entity', text, suggestion: closest(text, reservedNames) });
  const tests = labels.map((test) => requirementOf(test.key.text, test, report));
  const found = tests.filter((one) => one !== undefined);
  if (!name || places.length > 1 || found.length < tests.length) return undefined;
  const all = conjunction(found);
  return { name, except: [], ...(found.length > 0 && { labels: all ? [all] : [] }) };
}

/** The selector as written; undefined (after a report) when a test is wrong. */
export function selectorOf(value: SelectorValue, report: Report): Selector | undefined {
  if (value.places.some(isEntity)) {
    const hint = '`in entity` stands in peers and subjects, alone or in a list';
    report('check/wrong-kind', value.span, { expected: 'workloads', found: 'endpoints of an entity', hint });
    return undefined;
  }
  if (value.labels.length === 0 && value.places.length === 0) {
    report('check/empty-selector', value.span, {});
    return undefined;
  }
  reportRepeated(value.labels, report);
  reportRepeated(
    value.places.filter(({ labels }) => !labels),
    report,
  );
  for (const { key } of value.labels) reportKey(key, report);
  const tests = [
    ...value.labels.map((test) => requirementOf(test.key.text, test, report)),
    ...value.places.flatMap((place) => placeOf(place, report)),
  ];
  const found = tests.filter((one) => one !== undefined);
  if (found.length < tests.length) return undefined;
  const one = conjunction([...found.filter((test) => !isVacuous(test)), ...defaultPlaces(value)]);
  return one ? [one] : [];
}

/** No namespace and no cluster has an empty name. */
const isVacuous = (test: Requirement): boolean =>
  test.kind === 'not-one-of' && (test.key === namespaceKey || test.key === clusterKey) && test.values.every((value) => value === '');

function placeOf(place: PlaceTest, report: Report): readonly (Requirement | undefined)[] {
  if (!place.labels) return [requirementOf(place.key.text === 'cluster' ? clusterKey : namespaceKey, place, report)];
  if (place.labels.length === 0) report('check/empty-selector', place.span, {});
  reportRepeated(place.labels, report);
  for (const { key } of place.labels) reportKey(key, report);
  return place.labels.map((test) => requirementOf(namespaceLabelKey(test.key.text), test, report));
}

const defaultPlaces = ({ namespace, cluster }: SelectorValue): readonly Requirement[] => [
  ...(namespace === undefined ? [] : [{ kind: 'one-of' as const, key: namespaceKey, values: [namespace] }]),
  ...(cluster === undefined ? [] : [{ kind: 'one-of' as const, key: clusterKey, values: [cluster] }]),
];

const isEquality = ({ words }: LabelTest): boolean => words.length === 0 || (words.length === 2 && words[0]?.text === 'one');

function reportRepeated(labels: readonly LabelTest[], report: Report): void {
  const firsts = new Map<string, Span>();
  for (const test of labels.filter(isEquality)) {
    const { text: key, span } = test.key;
    const first = firsts.get(key);
    if (first) report('check/duplicate-label', [span, first], { key });
    else firsts.set(key, span);
  }
}

function reportKey({ text, span }: LabelTest['key'], report: Report): void {
  const hint = text.startsWith('@') ? 'keys that begin with `@` are reserved' : 'a key is a text without spaces, of 1 to 317 characters';
  if (text === '' || text.length > longestKey || /^@|[\s\p{C}]/u.test(text)) report('check/bad-label', span, { text, part: 'key', hint });
}

const operators: Readonly<Record<string, { readonly kind: Requirement['kind']; readonly operand: 'text' | 'list' | 'none' }>> = {
  '': { kind: 'one-of', operand: 'text' },
  'one of': { kind: 'one-of', operand: 'list' },
  not: { kind: 'not-one-of', operand: 'text' },
  'not one of': { kind: 'not-one-of', operand: 'list' },
  exists: { kind: 'exists', operand: 'none' },
  absent: { kind: 'absent', operand: 'none' },
};
/** What people write who know another language. */
const others: Readonly<Record<string, string>> = {
  notin: 'not one of',
  'not exists': 'absent',
  equals: '""',
  is: '""',
};

function requirementOf(key: string, test: LabelTest, report: Report): Requirement | undefined {
  const words = test.words.map(({ text }) => text).join(' ');
  const operator = Object.hasOwn(operators, words) ? operators[words] : undefined;
  if (!operator) {
    refuseOperator(test, words, report);
    return undefined;
  }
  const values = operator.operand === 'none' ? noValues(test, report) : valuesOf(test, operator.operand, report);
  if (!values) return undefined;
  return operator.kind === 'exists' || operator.kind === 'absent' ? { kind: operator.kind, key } : { kind: operator.kind, key, values };
}

function refuseOperator({ words, operand }: LabelTest, operator: string, report: Report): void {
  const [first] = words;
  const last = words.at(-1);
  if (!first || !last) return;
  const known =
    (Object.hasOwn(others, operator) ? others[operator] : undefined) ??
    closest(
      operator,
      Object.keys(operators).filter((one) => one !== ''),
    );
  const span = { ...first.span, end: last.span.end };
  if (operand || known || (words.length > 1 && first.text !== 'not')) {
    report('check/unknown-operator', span, { operator, suggestion: known });
    return;
  }
  report('check/wrong-kind', last.span, {
    expected: 'a text',
    found: `the word \`${last.text}\``,
    hint: `write it in quotation marks: "${last.text}"`,
  });
}

function noValues({ operand }: LabelTest, report: Report): readonly string[] | undefined {
  if (!operand) return [];
  report('check/wrong-kind', operand.span, {
    expected: '`,` or `}`',
    found: describeExpr(operand),
    hint: '`exists` and `absent` take no value',
  });
  return undefined;
}

function valuesOf({ operand, span, key }: LabelTest, wanted: 'text' | 'list', report: Report): readonly string[] | undefined {
  if (!operand) {
    report('check/wrong-kind', span, {
      expected: wanted === 'text' ? `a text behind \`${key.text}:\`` : 'a list of texts',
      found: 'nothing',
      hint: undefined,
    });
    return undefined;
  }
  if (wanted === 'text') {
    const value = textOf(operand, report);
    return value === undefined ? undefined : [value];
  }
  if (operand.kind !== 'list') {
    report('check/wrong-kind', operand.span, {
      expected: 'a list of texts',
      found: describeExpr(operand),
      hint: 'write it in square brackets',
    });
    return undefined;
  }
  const { items } = operand;
  if (items.length === 0) report('check/empty-list', operand.span, {});
  const values = items.map((item) => textOf(item, report)).filter((value) => value !== undefined);
  return values.length === items.length && values.length > 0 ? [...new Set(values)].sort() : undefined;
}

function textOf(expr: Expr, report: Report): string | undefined {
  if (expr.kind === 'missing') return undefined;
  if (expr.kind !== 'string') {
    const hint = 'text' in expr ? `write it in quotation marks: "${expr.text}"` : undefined;
    report('check/wrong-kind', expr.span, { expected: 'a text', found: describeExpr(expr), hint });
    return undefined;
  }
  if (expr.text.length <= longestValue && !/\p{C}/u.test(expr.text)) return expr.text;
  report('check/bad-label', expr.span, {
    text: expr.text.slice(0, 40),
    part: 'value',
    hint: `a value has at most ${longestValue} visible characters`,
  });
  return undefined;
}
