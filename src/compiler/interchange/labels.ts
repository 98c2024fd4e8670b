// Label selectors of Cilium. A key has a source before it: `k8s:app` and `any:app` are the label `app` of a workload, `reserved:host`
// is an entity. Its namespace, the labels of that and its cluster stand among a workload's labels.
import type { Labels } from '../space/labels.ts';
import { entriesOf, type Field, itemsOf, member, textIn, textOf, textsIn } from './fields.ts';
import { distinct, quoted } from './texts.ts';

export type Operator = 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
/** What a requirement is about. `nothing`: labels of a source that no endpoint of Kubernetes has. */
export type Subject =
  | { readonly kind: 'label' | 'namespace-label' | 'reserved'; readonly key: string }
  | { readonly kind: 'namespace' | 'cluster' | 'nothing' };
export type LabelTest = { readonly about: Subject; readonly operator: Operator; readonly values: readonly string[] };

export const namespaceName = 'io.kubernetes.pod.namespace';
export const namespaceLabels = 'io.cilium.k8s.namespace.labels.';
export const clusterName = 'io.cilium.k8s.policy.cluster';

const isOperator = (text: string | undefined): text is Operator =>
  text === 'In' || text === 'NotIn' || text === 'Exists' || text === 'DoesNotExist';

export const isPositive = ({ operator }: LabelTest): boolean => operator === 'In' || operator === 'Exists';

/** The tests of a selector, in a fixed order. */
export function testsIn(selector: Field): readonly LabelTest[] {
  const equal = entriesOf(member(selector, 'matchLabels')).map(
    ([key, value]): LabelTest => ({ about: subjectOf(key), operator: 'In', values: [textIn(value) ?? ''] }),
  );
  const others = itemsOf(selector, 'matchExpressions').flatMap((expression): readonly LabelTest[] => {
    const operator = textOf(expression, 'operator');
    const values = distinct(textsIn(member(expression, 'values')));
    return isOperator(operator) ? [{ about: subjectOf(textOf(expression, 'key') ?? ''), operator, values }] : [];
  });
  return [...equal, ...others].sort(byLabel);
}

const labelOf = ({ about }: LabelTest): string => ('key' in about ? about.key : '');
const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const byLabel = (a: LabelTest, b: LabelTest): number => order(a.about.kind, b.about.kind) || order(labelOf(a), labelOf(b));
const keyOf = (test: LabelTest): string => `${test.about.kind} ${labelOf(test)}`;

function subjectOf(written: string): Subject {
  const [, source = 'any', key = ''] = /^(?:([^:]*):)?([\s\S]*)$/.exec(written) ?? [];
  if (source === 'reserved') return { kind: 'reserved', key };
  if (source !== 'any' && source !== 'k8s' && source !== '') return { kind: 'nothing' };
  if (key === namespaceName) return { kind: 'namespace' };
  if (key === clusterName) return { kind: 'cluster' };
  if (key.startsWith(namespaceLabels)) return { kind: 'namespace-label', key: key.slice(namespaceLabels.length) };
  return { kind: 'label', key };
}

export const isAbout = (tests: readonly LabelTest[], ...kinds: readonly Subject['kind'][]): boolean =>
  tests.some(({ about }) => kinds.includes(about.kind));

/** What one label must be, after all tests of it. */
type Allowed = { readonly present: boolean | undefined; readonly only: readonly string[] | undefined; readonly never: readonly string[] };

/** All tests of one label together; undefined when nothing can fulfil them. */
function together(tests: readonly LabelTest[]): Allowed | undefined {
  const [single] = tests;
  // Of most labels there is but one test, which asks for values.
  if (single?.operator === 'In' && tests.length === 1)
    return single.values.length > 0 ? { present: true, only: single.values, never: [] } : undefined;
  const of = (operator: Operator): readonly LabelTest[] => tests.filter((test) => test.operator === operator);
  const never = distinct(of('NotIn').flatMap(({ values }) => values));
  const [first, ...more] = of('In').map(({ values }) => values);
  const only = first?.filter((value) => more.every((values) => values.includes(value)) && !never.includes(value));
  const mustBe = only !== undefined || of('Exists').length > 0;
  const mustNot = of('DoesNotExist').length > 0;
  if ((mustBe && mustNot) || only?.length === 0) return undefined;
  return { present: mustBe ? true : mustNot ? false : undefined, only, never };
}

const oneOf = (values: readonly string[]): string =>
  values.length === 1 ? quoted(values[0] ?? '') : `one of [${values.map(quoted).join(', ')}]`;

/** `"v"`, `one of [...]`, `not "v"`, `exists`, `absent`; a label that is there and is none of some values takes two tests. */
function testTexts({ present, only, never }: Allowed): readonly string[] {
  if (only) return [oneOf(only)];
  if (present === false) return ['absent'];
  return [...(present ? ['exists'] : []), ...(never.length > 0 ? [`not ${oneOf(never)}`] : [])];
}

const keyText = (key: string): string => (/^[A-Za-z_][\w-]*$/.test(key) && !key.endsWith('-') ? key : quoted(key));

/** `{ app: "web" } in namespace "prod"`; undefined when no workload can fulfil the tests. Tests of entities are left out. */
export function selectorText(tests: readonly LabelTest[]): string | undefined {
  const groups = new Map<string, LabelTest[]>();
  for (const test of tests) {
    const key = keyOf(test);
    const group = groups.get(key);
    if (group) group.push(test);
    else groups.set(key, [test]);
  }
  const parts: Parts = { labels: [], places: [] };
  for (const group of groups.values()) {
    const [{ about } = { about: { kind: 'nothing' } as const }] = group;
    if (about.kind === 'reserved') continue;
    const allowed = together(group);
    if (!allowed || (about.kind === 'nothing' && allowed.present === true)) return undefined;
    if (about.kind === 'nothing') continue;
    for (const text of testTexts(allowed)) put(parts, about, text);
  }
  return partsText(parts);
}

type Parts = { readonly labels: string[]; readonly places: string[] };

function put({ labels, places }: Parts, about: Exclude<Subject, { kind: 'reserved' | 'nothing' }>, test: string): void {
  switch (about.kind) {
    case 'label':
      labels.push(`${keyText(about.key)}: ${test}`);
      return;
    case 'namespace-label':
      places.push(`in namespace { ${keyText(about.key)}: ${test} }`);
      return;
    // Every workload is in a namespace, and in a cluster; no name is empty.
    default:
      if (test === 'exists') return;
      places.push(`in ${about.kind} ${test === 'absent' ? '""' : test}`);
  }
}

/** A selector that asks for nothing is every pod's: all have a namespace. */
const partsText = ({ labels, places }: Parts): string => {
  const some = labels.length + places.length === 0 ? ['in namespace not ""'] : places;
  return [labels.length > 0 ? `{ ${labels.join(', ')} }` : '{}', ...some].join(' ');
};

/** Does a selector of objects of the API (services, groups of addresses) select these labels? */
export const selectsLabels = (tests: readonly LabelTest[], labels: Labels): boolean =>
  tests.every(({ about, operator, values }) => {
    const value = 'key' in about && Object.hasOwn(labels, about.key) ? labels[about.key] : undefined;
    switch (operator) {
      case 'In':
        return value !== undefined && values.includes(value);
      case 'NotIn':
        return value === undefined || !values.includes(value);
      case 'Exists':
        return value !== undefined;
      case 'DoesNotExist':
        return value === undefined;
    }
  });
