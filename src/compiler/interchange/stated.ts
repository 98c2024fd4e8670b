// What documents state beside policies, for questions about concrete connections: workloads under the names that people know
// them by, and what Ingresses and Routes open.

import { addressesIn, type Stated, type Workload } from '../ir/workload.ts';
import { exposuresOf } from './exposures.ts';
import { policyLabels } from './facts.ts';
import type { Facts, ImportOptions, StatedWorkload } from './importer.ts';

export const statedOf = (facts: Facts, options: ImportOptions): Stated => ({
  workloads: workloadsOf(facts, options),
  exposures: exposuresOf(facts),
});

/**
 * Pods are what runs, under the name of what makes them; where there are none, the templates are what will run. Pods of one
 * owner stand together when nothing that a policy could ask of them differs.
 */
function workloadsOf(facts: Facts, options: ImportOptions): readonly Workload[] {
  const stated = new Map(facts.workloads.map((one) => [keyOf(one), one]));
  const groups = new Map<string, { readonly top: Top; readonly pods: StatedWorkload[] }>();
  for (const one of stated.values()) {
    const top = topOf(one, stated);
    const group = groups.get(keyOf(top)) ?? { top, pods: [] };
    group.pods.push(one);
    groups.set(keyOf(top), group);
  }
  return [...groups.values()]
    .flatMap(({ top, pods }) => namedGroup(top, pods))
    .map(({ top, pods }) => workloadOf(top, pods, { facts, options }))
    .sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
}

type Top = Pick<StatedWorkload, 'namespace' | 'kind' | 'name'>;
type Group = { readonly top: Top; readonly pods: readonly StatedWorkload[] };

const keyOf = ({ namespace, kind, name }: Top): string => `${namespace}/${kind}/${name}`;
const sortKey = ({ namespace = '', name, kind = '' }: Workload): string => `${namespace}/${name}/${kind}`;

/** Who made it, at the end of the chain. The ReplicaSet between a Deployment and its pods need not be stated. */
function topOf(one: StatedWorkload, stated: ReadonlyMap<string, StatedWorkload>, below: readonly StatedWorkload[] = []): Top {
  const { namespace, owner, labels } = one;
  // Objects that own each other are nobody's.
  if (!owner || below.includes(one)) return one;
  const above = stated.get(keyOf({ namespace, ...owner }));
  if (above && above !== one) return topOf(above, stated, [...below, one]);
  const hash = labels['pod-template-hash'];
  const stem = hash !== undefined && owner.name.endsWith(`-${hash}`) ? owner.name.slice(0, -hash.length - 1) : undefined;
  const deployment = stem === undefined ? undefined : stated.get(keyOf({ namespace, kind: 'Deployment', name: stem }));
  return deployment ?? { namespace, ...owner };
}

/** One name for pods that are alike; each its own where they are not. */
function namedGroup(top: Top, all: readonly StatedWorkload[]): readonly Group[] {
  const running = all.filter(({ kind }) => kind === 'Pod');
  const pods = running.length > 0 ? running : all.filter((one) => keyOf(one) === keyOf(top));
  const [first] = pods;
  if (!first) return all.map((one) => ({ top: one, pods: [one] }));
  const isAlike = pods.every((one) => natureOf(one) === natureOf(first));
  return isAlike ? [{ top, pods }] : pods.map((one) => ({ top: one, pods: [one] }));
}

const natureOf = ({ labels, namedPorts, onHostNetwork }: StatedWorkload): string =>
  JSON.stringify([Object.entries(labels).sort(), namedPorts, onHostNetwork]);

type Context = { readonly facts: Facts; readonly options: ImportOptions };

function workloadOf({ namespace, name, kind }: Top, pods: readonly StatedWorkload[], { facts, options }: Context): Workload {
  const [pod] = pods;
  const common = {
    namespace,
    name,
    kind,
    addresses: pods.flatMap(({ addresses }) => addressesIn(addresses)),
  };
  if (!pod) return { ...common, labels: {}, namedPorts: [], onHostNetwork: false };
  const { namedPorts, onHostNetwork } = pod;
  return { ...common, labels: policyLabels(pod, facts, options), namedPorts: namedPorts.flatMap(portOf), onHostNetwork };
}

function portOf({ protocol, name, port }: StatedWorkload['namedPorts'][number]): Workload['namedPorts'] {
  const known = (['tcp', 'udp', 'sctp'] as const).find((one) => one === protocol.toLowerCase());
  return known ? [{ protocol: known, name, port }] : [];
}
