// Peers of Kubernetes' policies as policy text.
import { formatPrefix, isIpv4, type Prefix, parsePrefix } from '../../space/address.ts';
import { blocksRefusal } from '../agent.ts';
import { type Field, itemsOf, member, textIn } from '../fields.ts';
import type { ImportOptions } from '../importer.ts';
import { isAbout, type LabelTest, selectorText, testsIn } from '../labels.ts';
import { listed } from '../texts.ts';
import type { Problems } from './problems.ts';

const nameOfNamespace = 'kubernetes.io/metadata.name';

/** Tests of a namespace's labels. Every namespace carries its own name as a label. */
const namespaceTests = (selector: Field): readonly LabelTest[] =>
  testsIn(selector).map((test) => {
    const key = 'key' in test.about ? test.about.key : '';
    return { ...test, about: key === nameOfNamespace ? { kind: 'namespace' } : { kind: 'namespace-label', key } };
  });

export const inNamespace = (name: string): LabelTest => ({ about: { kind: 'namespace' }, operator: 'In', values: [name] });
const inSomeNamespace: LabelTest = { about: { kind: 'namespace' }, operator: 'Exists', values: [] };

/** Pods by their namespaces' labels and their own. */
export const podTests = (namespaces: Field, pods: Field): readonly LabelTest[] => [...testsIn(pods), ...namespaceTests(namespaces)];

/** Whom a policy governs; undefined when nobody can have these labels. */
export const subjectText = (tests: readonly LabelTest[]): string | undefined => selectorText(tests.length > 0 ? tests : [inSomeNamespace]);

/** A selector without a cluster means the pods of this one. */
export const inThisCluster = (tests: readonly LabelTest[], { defaultLocalCluster, clusterName }: ImportOptions): readonly LabelTest[] =>
  defaultLocalCluster && !isAbout(tests, 'cluster')
    ? [...tests, { about: { kind: 'cluster' }, operator: 'In', values: [clusterName] }]
    : tests;

export const peerText = (tests: readonly LabelTest[], options: ImportOptions): string | undefined =>
  subjectText(inThisCluster(tests, options));

function prefixOf(field: Field, problems: Problems): Prefix | undefined {
  const text = textIn(field) ?? '';
  const prefix = text.includes('/') ? parsePrefix(text) : undefined;
  if (!prefix) problems.wrong(field, 'an address block (`10.0.0.0/8`)');
  return prefix;
}

/** Bits behind the length mean nothing. */
export function blockText(field: Field, problems: Problems): string | undefined {
  const prefix = prefixOf(field, problems);
  return prefix && withWorkloads(formatPrefix(prefix), field, problems);
}

function withWorkloads(text: string, { path }: Field, problems: Problems): string {
  const refusal = blocksRefusal(problems.options);
  if (refusal !== undefined) problems.unsupported(path, refusal);
  return problems.options.addressesMatch.workloads ? `${text} including workloads` : text;
}

/** `10.0.0.0/8 except 10.1.0.0/16`. */
export function blockWithoutText(block: Field, problems: Problems): string | undefined {
  const whole = prefixOf(member(block, 'cidr'), problems);
  const out = itemsOf(block, 'except').flatMap((field) => {
    const prefix = prefixOf(field, problems);
    if (prefix && whole && !isInside(prefix, whole)) problems.wrong(field, `a block inside \`${formatPrefix(whole)}\`, and smaller`);
    return prefix ? [formatPrefix(prefix)] : [];
  });
  if (!whole) return undefined;
  const text = formatPrefix(whole);
  return withWorkloads(out.length === 0 ? text : `${text} except ${listed(out)}`, block, problems);
}

/** Of the same family: no block of IPv6 holds one of IPv4. */
const isInside = (inner: Prefix, outer: Prefix): boolean =>
  isIpv4(inner.address) === isIpv4(outer.address) &&
  inner.length > outer.length &&
  inner.address >> BigInt(128 - outer.length) === outer.address >> BigInt(128 - outer.length);
