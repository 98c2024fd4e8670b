// Whom a policy governs, as selectors of Tetragon: each conjunction of labels is a document of its own.
import type { Policy } from '../../../ir/typed.ts';
import { clusterKey, namespaceKey, type Requirement } from '../../../space/labels.ts';
import type { JsonObject } from '../../importer.ts';
import { labelSelector } from '../../label-selector.ts';

const namespaceLabel = 'k8s:io.kubernetes.pod.namespace';
const containerLabel = 'io.kubernetes.container.name';

/** One for each document; none after a report. */
export function subjectsOf({ subject }: Policy, say: (what: string) => void): readonly JsonObject[] {
  const reserved = (subject.reserved ?? []).filter(({ name }) => name !== 'init');
  const nodes = reserved.filter(({ name }) => name === 'host');
  if (reserved.length > nodes.length) say('a subject that is neither a workload nor the host');
  const hosts: readonly JsonObject[] = [
    ...(subject.host ? [{ hostSelector: {} }] : []),
    ...nodes.flatMap(({ labels = [[]] }) => labels.map((one) => ({ hostSelector: {}, nodeSelector: labelSelector(one) }))),
  ];
  const isEverybody = subject.workloads.some((one) => one.length === 0);
  if (isEverybody && subject.host) return [{}];
  return [...subject.workloads.map((one) => podsOf(one, say)), ...hosts];
}

function podsOf(requirements: readonly Requirement[], say: (what: string) => void): JsonObject {
  for (const { key } of requirements)
    if (key === clusterKey || key.startsWith(`${namespaceKey}/`)) say('a subject by its cluster, or by labels of its namespace');
  const containers = requirements.filter(({ key }) => key === containerLabel);
  const pods = requirements.filter((one) => !containers.includes(one));
  return {
    podSelector: labelSelector(pods, (key) => (key === namespaceKey ? namespaceLabel : key)),
    ...(containers.length > 0 && { containerSelector: labelSelector(containers, () => 'name') }),
  };
}
