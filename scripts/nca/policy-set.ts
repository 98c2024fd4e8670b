// A set of policies of a scheme, compiled: its policies as typed rules, its pods as workloads, and what stands in its way.
import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { collector } from '../../src/compiler/diagnostics/diagnostic.ts';
import { readDocuments } from '../../src/compiler/interchange/documents/index.ts';
import { isObject } from '../../src/compiler/interchange/documents/json.ts';
import { factsOf, policyLabels } from '../../src/compiler/interchange/facts.ts';
import {
  type Document,
  defaultImportOptions,
  type Facts,
  type JsonObject,
  type StatedWorkload,
} from '../../src/compiler/interchange/importer.ts';
import type { Policy, TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { type Workload, workloadName } from '../../src/compiler/ir/workload.ts';
import { checkUnit } from '../../src/compiler/pipeline.ts';
import { filesOf, type Lists, type PolicySet, type Scheme } from './scheme.ts';

/** `otherKinds`: kinds of documents that say something of connections, and that are not read here. */
export type CompiledSet = {
  readonly name: string;
  readonly typed: TypedPolicy;
  /** Each by itself; of a Deployment and its like as many as it wants, two at most: more are like the second. */
  readonly pods: readonly Workload[];
  /** `default/agent-x7` -> `default/agent[DaemonSet]`: what makes a pod. */
  readonly owners: ReadonlyMap<string, string>;
  readonly policies: readonly Document[];
  readonly otherKinds: readonly string[];
};
/** `missing`: files that the collection does not have; `wrong`: what is wrong with the policies. */
export type Compiled = { readonly set?: CompiledSet; readonly missing?: string; readonly wrong?: string };

/** Each file is read once for a scheme. */
export class SetCompiler {
  readonly #scheme: Scheme;
  readonly #tests: string;
  readonly #typed = new Map<string, CheckedPolicies>();
  readonly #files = new Map<string, { readonly documents: readonly Document[]; readonly wrong?: string }>();

  constructor(scheme: Scheme, tests: string) {
    this.#scheme = scheme;
    this.#tests = tests;
  }

  compile(set: PolicySet): Compiled {
    const { lists } = this.#scheme;
    const own = [set.namespaceList, set.podList, set.resourceList].some((one) => one !== undefined);
    const inventory: Lists = own ? { ...(set.resourceList ? {} : lists), ...set } : lists;
    const [namespaces, pods, resources, policies] = [
      inventory.namespaceList ?? (set.resourceList ? lists.namespaceList : undefined),
      inventory.podList,
      inventory.resourceList,
      set.networkPolicyList ?? set.resourceList,
    ].map((entries) => this.#read(entries ?? []));
    const missing = [namespaces, pods, resources, policies].flatMap((one) => one?.missing ?? [])[0];
    if (missing !== undefined) return { missing };
    const wrong = policies?.wrong[0];
    if (wrong !== undefined) return { wrong };
    const documents = [
      ...(namespaces?.documents ?? []).filter(isNamespace),
      ...(pods?.documents ?? []).filter(isPods),
      ...(resources?.documents ?? []).filter((one) => isNamespace(one) || isPods(one)),
    ];
    const given = (policies?.documents ?? []).filter(isPolicy);
    return this.#compiled(set.name, {
      documents: unique(documents),
      given: unique(given),
      others: (policies?.documents ?? []).filter(isOther),
    });
  }

  #read(entries: readonly string[]): {
    readonly documents: readonly Document[];
    readonly missing: readonly string[];
    readonly wrong: readonly string[];
  } {
    const files = entries.map((entry) => ({ entry, paths: filesOf(entry, { path: this.#scheme.path, tests: this.#tests }) }));
    const read = files.flatMap(({ paths = [] }) => paths.map((path) => this.#file(path)));
    return {
      documents: read.flatMap(({ documents }) => documents),
      missing: files.flatMap(({ entry, paths }) => (paths === undefined ? [entry] : [])),
      wrong: read.flatMap(({ wrong }) => wrong ?? []),
    };
  }

  #compiled(name: string, { documents, given, others }: Parts): Compiled {
    const text = listOf(given.map(({ value, apiVersion, kind }) => ({ ...value, apiVersion, kind })));
    const checked = this.#typed.get(text) ?? checkedPolicies(text);
    this.#typed.set(text, checked);
    if (!('typed' in checked)) return checked;
    const facts = factsOf([...documents, ...(asksForDns(given, documents) ? dnsPod : [])]);
    const pods = facts.workloads.flatMap((one) => podsOf(one, facts));
    const otherKinds = [...new Set(others.map(({ kind }) => kind))];
    const owners = new Map(pods.map(({ pod, owner }) => [workloadName(pod), owner]));
    return { set: { name, typed: checked.typed, pods: pods.map(({ pod }) => pod), owners, policies: given, otherKinds } };
  }

  #file(path: string): { readonly documents: readonly Document[]; readonly wrong?: string } {
    const known = this.#files.get(path);
    if (known) return known;
    const made = documentsIn(path);
    this.#files.set(path, made);
    return made;
  }
}

/** Other YAML that stands beside is none of ours; the items of a plain list are objects, which no tool of Kubernetes reads so. */
function documentsIn(path: string): { readonly documents: readonly Document[]; readonly wrong?: string } {
  const log = collector();
  const text = readFileSync(path, 'utf8');
  const chunks = text.split(/^---.*$/m).map((chunk) => (/^(?:\s|#.*\n)*- /.test(chunk) ? listOf(load(chunk)) : chunk));
  const documents = readDocuments({ path, text: chunks.join('\n---\n') }, log.report);
  const wrong = log.all().find(({ code }) => code === 'import/yaml');
  return { documents, ...(wrong && { wrong: wrong.message }) };
}

const listOf = (items: unknown): string => JSON.stringify({ apiVersion: 'v1', kind: 'List', items });

const isNamespace = ({ kind }: Document): boolean => kind === 'Namespace';
const isPods = ({ kind }: Document): boolean =>
  /^(?:Pod|Deployment|ReplicaSet|StatefulSet|DaemonSet|Job|CronJob|ReplicationController)$/.test(kind);
const isPolicy = ({ kind }: Document): boolean => kind === 'NetworkPolicy';
const isOther = ({ kind, apiVersion }: Document): boolean => kind === 'Ingress' || /istio|gateway\.networking|calico/.test(apiVersion);

const unique = (documents: readonly Document[]): readonly Document[] => [...new Set(documents)];

type CheckedPolicies = { readonly typed: TypedPolicy } | { readonly wrong: string };

/** The policies as one list, in JSON: which of them stand in which file says nothing more. */
function checkedPolicies(text: string): CheckedPolicies {
  const checked = checkUnit([{ path: 'policies.json', text }], { documents: { allowLocalhost: false }, comparedAtOnce: 0 });
  if (checked.ok) return { typed: checked.value.typed };
  return { wrong: checked.diagnostics.find(({ severity }) => severity === 'error')?.message ?? 'it cannot be read' };
}

type Parts = { readonly documents: readonly Document[]; readonly given: readonly Document[]; readonly others: readonly Document[] };

/** `spec.replicas` of a Deployment. */
function wanted(document: JsonObject | undefined): number {
  const spec = document?.['spec'];
  const replicas = isObject(spec) ? spec['replicas'] : undefined;
  return typeof replicas === 'number' ? replicas : 1;
}

/**
 * That tool brings workloads of its own where policies ask for labels that no pod has: of these collections, one that answers names
 * in the namespace of the system.
 */
const asksForDns = (policies: readonly Document[], pods: readonly Document[]): boolean =>
  JSON.stringify(policies.map(({ value }) => value)).includes(dnsLabel) &&
  !JSON.stringify(pods.map(({ value }) => value)).includes(dnsLabel);
const dnsLabel = '"k8s-app":"kube-dns"';
const dnsPod = readDocuments(
  {
    path: 'dns.json',
    text: listOf([
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system' } },
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'kube-dns-livesim', namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } },
        spec: {},
      },
    ]),
  },
  () => undefined,
);

type Pod = { readonly pod: Workload; readonly owner: string };

function podsOf(stated: StatedWorkload, facts: Facts): readonly Pod[] {
  const { namespace, name, kind, owner = { kind, name } } = stated;
  const deployment = facts.documents
    .get('apps/Deployment')
    ?.find((one) => one.name === name && (one.namespace ?? 'default') === namespace)?.value;
  const namedPorts = stated.namedPorts.flatMap(({ protocol, ...port }) => {
    const known = (['tcp', 'udp', 'sctp'] as const).find((one) => one === protocol.toLowerCase());
    return known ? [{ ...port, protocol: known }] : [];
  });
  const labels = policyLabels(stated, facts, defaultImportOptions);
  const names = kind === 'Pod' ? [name] : Array.from({ length: Math.min(2, wanted(deployment)) }, (_, i) => `${name}-${i + 1}`);
  return names.map((pod) => ({
    pod: { namespace, name: pod, labels, namedPorts, addresses: [], onHostNetwork: false },
    owner: `${namespace}/${owner.name}[${owner.kind}]`,
  }));
}

/** The policies of a set, or the one of `NAMESPACE/NAME`. */
export function policiesOf({ typed }: CompiledSet, only?: string): readonly Policy[] {
  const origin = ({ annotations }: Policy): string => annotations.find((one) => one.name === 'origin')?.values[0]?.text ?? '';
  return only === undefined ? typed.policies : typed.policies.filter((policy) => origin(policy).endsWith(` ${only}`));
}

/** Rules that were not even written, since nobody can have the labels that their peers ask for. */
export function droppedRules({ typed, policies: documents }: CompiledSet, policies: readonly Policy[]): number {
  const names = new Set(
    policies.map(({ annotations }) => annotations.find(({ name }) => name === 'origin')?.values[0]?.text.split(' ')[1]),
  );
  const own = documents.filter(({ namespace = 'default', name }) => names.has(`${namespace}/${name}`));
  const written = typed.rules.filter((rule) => policies.some(({ id }) => id === rule.policy)).length;
  const stated = own.flatMap(({ value }) => ['ingress', 'egress'].map((direction) => rulesIn(value['spec'], direction)));
  return stated.reduce((total, one) => total + one, 0) - written;
}

const rulesIn = (spec: unknown, direction: string): number => {
  const rules = isObject(spec) ? spec[direction] : undefined;
  return Array.isArray(rules) ? rules.length : 0;
};
