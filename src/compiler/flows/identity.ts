// Who one end of a recorded flow is, for policy: a workload by its labels, an endpoint of a reserved name, an address of nothing managed.
// Labels are read as Cilium writes them (`k8s:app=web`, its namespace and cluster among them), and as our own export does (`app=web`).
import type { ReservedName } from '../ir/event.ts';
import { clusterKey, defaultCluster, type Labels, namespaceKey, namespaceLabelKey } from '../space/labels.ts';
import type { RecordedEnd } from './record.ts';

export type Identity =
  | {
      readonly kind: 'workload';
      readonly labels: Labels;
      /** Tells pods apart; empty: the record does not. */
      readonly pod: string;
      /** `shop/web`: by which people know it, whatever pod it is. */
      readonly name: string;
      /** Are the labels of its namespace among those that are recorded? */
      readonly hasNamespaceLabels: boolean;
      /** Is its cluster? */
      readonly hasCluster: boolean;
    }
  | { readonly kind: 'reserved'; readonly entities: readonly ReservedName[]; readonly labels: Labels }
  | { readonly kind: 'world'; readonly isApiServer: boolean }
  | { readonly kind: 'unknown'; readonly why: 'labels' | 'identity' };

/** Numbers that Cilium reserves. */
const reservedIdentities: Readonly<Record<number, string>> = {
  1: 'host',
  2: 'world',
  3: 'unmanaged',
  4: 'health',
  5: 'init',
  6: 'remote-node',
  7: 'kube-apiserver',
  8: 'ingress',
  9: 'world-ipv4',
  10: 'world-ipv6',
};
const entities: Readonly<Record<string, ReservedName>> = {
  host: 'host',
  unmanaged: 'unmanaged',
  health: 'health',
  init: 'init',
  'remote-node': 'remote-node',
  'kube-apiserver': 'kube-apiserver',
  ingress: 'ingress',
};
const worlds: ReadonlySet<string> = new Set(['world', 'world-ipv4', 'world-ipv6']);

const namespaceName = 'io.kubernetes.pod.namespace';
const namespaceLabels = 'io.cilium.k8s.namespace.labels.';
const clusterName = 'io.cilium.k8s.policy.cluster';

type Label = { readonly source: string; readonly key: string; readonly value: string };

function labelOf(text: string): Label {
  const [, source = '', rest = ''] = /^(?:(k8s|reserved|cidr|cidrgroup|fqdn|node|any|unspec|container):)?([\s\S]*)$/.exec(text) ?? [];
  const sign = rest.indexOf('=');
  return sign < 0 ? { source, key: rest, value: '' } : { source, key: rest.slice(0, sign), value: rest.slice(sign + 1) };
}

/** Under which key a label of Cilium stands among ours. */
function keyOf(key: string): string {
  if (key === namespaceName) return namespaceKey;
  if (key === clusterName) return clusterKey;
  return key.startsWith(namespaceLabels) ? namespaceLabelKey(key.slice(namespaceLabels.length)) : key;
}

const isOwn = ({ workloadKind }: RecordedEnd): boolean => workloadKind === 'Workload';
/** Identities of addresses, which are of one node, begin here. */
const firstLocalIdentity = 1 << 24;

/** What is recorded of an end, as policy sees it. */
export function identityOf(end: RecordedEnd): Identity {
  const labels = end.labels.map(labelOf);
  const said = labels.filter(({ source }) => source === 'reserved').map(({ key }) => key);
  const number = reservedIdentities[end.identity];
  const names = said.length > 0 ? said : number === undefined ? [] : [number];
  if (names.includes('unknown')) return { kind: 'unknown', why: 'identity' };
  const ordinary = labels.filter(({ source }) => source === 'k8s' || source === '' || source === 'any' || source === 'node');
  if (names.length > 0) return reservedOf(names, ordinary);
  if (labels.some(({ source }) => source === 'cidr' || source === 'cidrgroup' || source === 'fqdn'))
    return { kind: 'world', isApiServer: false };
  if (ordinary.length > 0 || isOwn(end)) return workloadOf(end, ordinary);
  if (end.identity >= firstLocalIdentity) return { kind: 'world', isApiServer: false };
  return { kind: 'unknown', why: end.pod !== '' || end.identity !== 0 ? 'labels' : 'identity' };
}

function reservedOf(names: readonly string[], ordinary: readonly Label[]): Identity {
  if (names.some((name) => worlds.has(name))) return { kind: 'world', isApiServer: names.includes('kube-apiserver') };
  const known = [...new Set(names.flatMap((name) => entities[name] ?? []))].sort();
  if (known.length === 0) return { kind: 'unknown', why: 'identity' };
  return { kind: 'reserved', entities: known, labels: labelsOf(ordinary) };
}

const labelsOf = (labels: readonly Label[]): Labels => Object.fromEntries(labels.map(({ key, value }) => [keyOf(key), value]));

function workloadOf(end: RecordedEnd, ordinary: readonly Label[]): Identity {
  const labels = labelsOf(ordinary);
  const namespace = labels[namespaceKey] ?? end.namespace;
  const cluster = labels[clusterKey] ?? (end.cluster === '' ? defaultCluster : end.cluster);
  return {
    kind: 'workload',
    labels: { ...labels, ...(namespace !== '' && { [namespaceKey]: namespace }), [clusterKey]: cluster },
    pod: end.pod === '' ? '' : `${cluster}/${namespace}/${end.pod}`,
    name: `${namespace === '' ? '' : `${namespace}/`}${workloadName(end, labels)}`,
    hasNamespaceLabels: ordinary.some(({ source }) => source === 'k8s') || (isOwn(end) && end.cluster !== ''),
    hasCluster: labels[clusterKey] !== undefined || end.cluster !== '',
  };
}

/** Labels that say what a workload is, best first: those that Kubernetes recommends, and what people write. */
export const nameLabels = ['app.kubernetes.io/name', 'app', 'k8s-app', 'app.kubernetes.io/component', 'name', 'component', 'run'];

function workloadName({ workload, pod }: RecordedEnd, labels: Labels): string {
  if (workload !== '') return workload;
  const named = nameLabels.map((key) => (Object.hasOwn(labels, key) ? labels[key] : undefined)).find((value) => value);
  return named ?? (pod === '' ? 'a workload' : pod);
}
