// Selectors of labels as Cilium's. Keys of places have names of their own there.
import { clusterKey, namespaceKey, type Requirement } from '../../../space/labels.ts';
import type { JsonObject } from '../../importer.ts';
import { isLabelKey, labelSelector } from '../../label-selector.ts';
import { clusterName, namespaceLabels, namespaceName } from '../../labels.ts';

export type Conjunction = readonly Requirement[];

const keyOf = (key: string): string => {
  if (key === namespaceKey) return namespaceName;
  if (key === clusterKey) return clusterName;
  return key.startsWith(`${namespaceKey}/`) ? namespaceLabels + key.slice(namespaceKey.length + 1) : key;
};

const isValue = (text: string): boolean => text === '' || (text.length <= 63 && /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/.test(text));

const isNamespace = (text: string): boolean => text === '' || /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(text);

/** Keys and values that the API server takes. */
export const isSayable = (requirements: Conjunction): boolean =>
  requirements.every((one) => {
    const isOfPlace = one.key.startsWith('@');
    const isKey = isOfPlace
      ? !one.key.startsWith(`${namespaceKey}/`) || isLabelKey(one.key.slice(namespaceKey.length + 1))
      : isLabelKey(one.key);
    return isKey && (!('values' in one) || one.values.every(one.key === namespaceKey ? isNamespace : isValue));
  });

export const isPositive = ({ kind }: Requirement): boolean => kind === 'one-of' || kind === 'exists';

/** No name is empty: a place that is not "" is any. */
const said = (requirements: Conjunction): Conjunction =>
  requirements.filter((one) => one.kind !== 'not-one-of' || one.values.some((value) => value !== '') || !one.key.startsWith('@'));

/** `more`: labels that have to be there, `not`: that have not. */
export function selectorOf(requirements: Conjunction, more: readonly string[] = [], not: readonly string[] = []): JsonObject {
  const there = more.map((key): Requirement => ({ kind: 'exists', key }));
  const missing = not.map((key): Requirement => ({ kind: 'absent', key }));
  return labelSelector([...said(requirements), ...there, ...missing], keyOf);
}

const isAbout = (requirements: Conjunction, key: string): boolean =>
  requirements.some((one) => one.key === key || one.key.startsWith(`${key}/`));

/** A peer: without a namespace Cilium would mean the policy's, without a cluster its own. */
export const peerSelector = (requirements: Conjunction): JsonObject =>
  selectorOf(requirements, [
    ...(isAbout(requirements, namespaceKey) && requirements.some((one) => isAbout([one], namespaceKey) && isPositive(one))
      ? []
      : [namespaceName]),
    ...(isAbout(requirements, clusterKey) ? [] : [clusterName]),
  ]);
