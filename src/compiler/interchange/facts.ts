// What documents state beside policies: namespaces, workloads with their labels and named ports, services, nodes.

import { clusterKey, type Labels, namespaceKey, namespaceLabelKey } from '../space/labels.ts';
import { isList, isObject } from './documents/json.ts';
import {
  type Document,
  type Facts,
  groupOf,
  type ImportOptions,
  type Json,
  type JsonObject,
  type StatedService,
  type StatedWorkload,
} from './importer.ts';

/** Reads what is well formed; the API server is who refuses the rest. */
export function factsOf(documents: readonly Document[]): Facts {
  const namespaces = new Map<string, Labels>();
  const nodes = new Map<string, Labels>();
  const workloads: StatedWorkload[] = [];
  const services = new Map<string, StatedService & { addresses: string[] }>();
  const byKind = new Map<string, Document[]>();
  for (const document of documents) {
    const { kind, name, value } = document;
    const key = `${groupOf(document.apiVersion).group}/${kind}`;
    const same = byKind.get(key);
    if (same) same.push(document);
    else byKind.set(key, [document]);
    if (kind === 'Namespace') namespaces.set(name, { ...labelsAt(value), 'kubernetes.io/metadata.name': name });
    else if (kind === 'Node') nodes.set(name, labelsAt(value));
    else workloads.push(...workloadsOf(document));
  }
  for (const document of byKind.get('/Service') ?? []) services.set(objectKey(document), serviceOf(document));
  for (const document of [...(byKind.get('/Endpoints') ?? []), ...(byKind.get('discovery.k8s.io/EndpointSlice') ?? [])])
    services.get(serviceKey(document))?.addresses.push(...addressesOf(document.value));
  return { namespaces, workloads, services: [...services.values()], nodes, documents: byKind };
}

/** What selectors of policies ask of a workload. */
export const policyLabels = ({ namespace, labels }: StatedWorkload, { namespaces }: Facts, { clusterName }: ImportOptions): Labels => ({
  ...labels,
  ...Object.fromEntries(Object.entries(namespaces.get(namespace) ?? {}).map(([key, value]) => [namespaceLabelKey(key), value])),
  [namespaceKey]: namespace,
  [clusterKey]: clusterName,
});

const namespaceOf = ({ namespace = 'default' }: Document): string => namespace;
const objectKey = (document: Document): string => `${namespaceOf(document)}/${document.name}`;

const member = (value: Json | undefined, ...path: readonly string[]): Json | undefined =>
  path.reduce<Json | undefined>((one, key) => (isObject(one) ? one[key] : undefined), value);

const listAt = (value: Json | undefined, ...path: readonly string[]): readonly Json[] => {
  const found = member(value, ...path);
  return isList(found) ? found : [];
};

const textsOf = (value: Json | undefined): Labels =>
  isObject(value) ? Object.fromEntries(Object.entries(value).filter((one): one is [string, string] => typeof one[1] === 'string')) : {};

const labelsAt = (value: JsonObject): Labels => textsOf(member(value, 'metadata', 'labels'));

/** Where the pods of each kind are described. */
const templates: Readonly<Record<string, readonly string[]>> = {
  '/Pod': [],
  '/ReplicationController': ['spec', 'template'],
  'apps/Deployment': ['spec', 'template'],
  'apps/StatefulSet': ['spec', 'template'],
  'apps/DaemonSet': ['spec', 'template'],
  'apps/ReplicaSet': ['spec', 'template'],
  'batch/Job': ['spec', 'template'],
  'batch/CronJob': ['spec', 'jobTemplate', 'spec', 'template'],
};

function workloadsOf(document: Document): readonly StatedWorkload[] {
  const { apiVersion, kind, name, value } = document;
  const path = templates[`${groupOf(apiVersion).group}/${kind}`];
  const pod = path && member(value, ...path);
  if (!isObject(pod)) return [];
  const owner = ownerOf(value);
  return [
    {
      namespace: namespaceOf(document),
      name,
      kind,
      labels: labelsAt(pod),
      namedPorts: listAt(pod, 'spec', 'containers').flatMap(portsOf),
      ...(owner && { owner }),
      addresses: kind === 'Pod' ? podAddresses(pod) : [],
      onHostNetwork: member(pod, 'spec', 'hostNetwork') === true,
    },
  ];
}

/** The controller: the first owner that says so, or the only one. */
function ownerOf(object: Json): StatedWorkload['owner'] {
  const owners = listAt(object, 'metadata', 'ownerReferences');
  const owner = owners.find((one) => member(one, 'controller') === true) ?? owners[0];
  const [kind, name] = [member(owner, 'kind'), member(owner, 'name')];
  return typeof kind === 'string' && typeof name === 'string' ? { kind, name } : undefined;
}

function podAddresses(pod: Json): readonly string[] {
  const several = listAt(pod, 'status', 'podIPs').map((one) => member(one, 'ip'));
  const all = several.length > 0 ? several : [member(pod, 'status', 'podIP')];
  return all.filter((one) => typeof one === 'string');
}

function portsOf(container: Json): StatedWorkload['namedPorts'] {
  return listAt(container, 'ports').flatMap((port) => {
    const [name, number, protocol = 'TCP'] = [member(port, 'name'), member(port, 'containerPort'), member(port, 'protocol')];
    return typeof name === 'string' && typeof number === 'number' && typeof protocol === 'string' ? [{ protocol, name, port: number }] : [];
  });
}

function serviceOf(document: Document): StatedService & { addresses: string[] } {
  const { name, value } = document;
  const selector = textsOf(member(value, 'spec', 'selector'));
  const common = { namespace: namespaceOf(document), name, labels: labelsAt(value), addresses: [] };
  return Object.keys(selector).length > 0 ? { ...common, selector } : common;
}

/** Of Endpoints, their name; of an EndpointSlice, its label. */
const serviceKey = (document: Document): string =>
  `${namespaceOf(document)}/${labelsAt(document.value)['kubernetes.io/service-name'] ?? document.name}`;

function addressesOf(value: JsonObject): readonly string[] {
  const ofEndpoints = listAt(value, 'subsets').flatMap((subset) => listAt(subset, 'addresses').map((one) => member(one, 'ip')));
  const ofSlice = listAt(value, 'endpoints').flatMap((one) => listAt(one, 'addresses'));
  return [...ofEndpoints, ...ofSlice].filter((one) => typeof one === 'string');
}
