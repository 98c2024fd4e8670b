// Selectors of workloads as the API's: what they ask of the pod, of its namespace, of its cluster.
import { clusterKey, namespaceKey, namespaceLabelKey, type Requirement } from '../../../space/labels.ts';
import type { ImportOptions, JsonObject } from '../../importer.ts';
import { areLabelValues, isLabelKey, labelSelector } from '../../label-selector.ts';
import { clusterName, namespaceLabels, namespaceName } from '../../labels.ts';
import type { Say } from './refuse.ts';

type Conjunction = readonly Requirement[];
export type Pods = { readonly labels: Conjunction; readonly namespace: Conjunction; readonly cluster: Conjunction };

const nameOfNamespace = 'kubernetes.io/metadata.name';
/** Labels that mean something else to who reads them. */
const isTaken = (key: string): boolean => key === namespaceName || key === clusterName || key.startsWith(namespaceLabels);
const isOfNamespace = ({ key }: Requirement): boolean => key === namespaceKey || key.startsWith(namespaceLabelKey(''));
const plainKey = (key: string): string => (key === namespaceKey ? nameOfNamespace : key.slice(namespaceLabelKey('').length));

/** No name of a place is empty: one that is not "" is any. */
const isVacuous = (one: Requirement): boolean =>
  one.kind === 'not-one-of' && (one.key === namespaceKey || one.key === clusterKey) && one.values.every((value) => value === '');

/** Undefined after a report. */
export function podsOf(requirements: Conjunction, say: Say): Pods | undefined {
  const all = requirements.filter((one) => !isVacuous(one));
  const strange = all.find((one) => !isSayable(one));
  if (strange) {
    const key = strange.key.replace(/^@(\w+)\/?/, (_, place: string) => `${place} `).trim();
    say(`a selector by \`${key}\`, or these values of it`, 'labels of pods and of namespaces are all that it selects by');
    return undefined;
  }
  return {
    labels: all.filter((one) => !isOfNamespace(one) && one.key !== clusterKey),
    namespace: all.filter(isOfNamespace),
    cluster: all.filter(({ key }) => key === clusterKey),
  };
}

function isSayable(one: Requirement): boolean {
  if (one.key === clusterKey) return true;
  if (one.key === namespaceKey) return 'values' in one && areLabelValues(one) && !one.values.includes('');
  const key = isOfNamespace(one) ? plainKey(one.key) : one.key;
  return isLabelKey(key) && !isTaken(key) && (!isOfNamespace(one) || key !== nameOfNamespace) && areLabelValues(one);
}

/** The namespaces that they can be in, where names alone say it. */
export function namespacesOf({ namespace }: Pods): readonly string[] | undefined {
  if (namespace.some(({ key }) => key !== namespaceKey)) return undefined;
  const valuesOf = (kind: Requirement['kind']): readonly (readonly string[])[] =>
    namespace.flatMap((one) => (one.kind === kind && 'values' in one ? [one.values] : []));
  const [first, ...more] = valuesOf('one-of');
  const not = valuesOf('not-one-of').flat();
  return first?.filter((name) => more.every((names) => names.includes(name)) && !not.includes(name));
}

/** `here`: in the cluster that the documents are applied in. */
export function clusterOf({ cluster }: Pods, options: ImportOptions): 'any' | 'here' | 'other' {
  const isHere = (one: Requirement): boolean => one.kind === 'one-of' && one.values.join() === options.clusterName;
  return cluster.length === 0 ? 'any' : cluster.every(isHere) ? 'here' : 'other';
}

export const podSelector = ({ labels }: Pods): JsonObject => labelSelector(labels);
export const namespaceSelector = ({ namespace }: Pods): JsonObject => labelSelector(namespace, plainKey);

/** Policies are about the pods of the cluster that they are applied in. */
export function subjectPods(requirements: Conjunction, options: ImportOptions, say: Say): Pods | undefined {
  const pods = podsOf(requirements, say);
  if (!pods || clusterOf(pods, options) !== 'other') return pods;
  say(
    'a subject of another cluster',
    `its policies are about pods of the cluster that they are applied in, which is \`${options.clusterName}\``,
  );
  return undefined;
}
