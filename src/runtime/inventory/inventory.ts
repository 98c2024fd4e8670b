// The inventory as it was written: which workloads exist, what selects them, where they are. Nothing here has been
// looked up on the machine yet; `cgroup.ts` and `endpoints.ts` do that.
import type { ReservedName } from '../../compiler/ir/event.ts';
import type { Address } from '../../compiler/space/address.ts';
import { clusterKey, defaultCluster, hostKey, type Labels, namespaceKey, namespaceLabelKey } from '../../compiler/space/labels.ts';
import type { TransportProtocol } from '../../compiler/space/transport.ts';

/** How a local workload's cgroup is named: a path (in the file system or from the cgroup root), any process in it, or the systemd service that has it while it runs. */
export type CgroupReference =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'pid'; readonly pid: number }
  | { readonly kind: 'unit'; readonly unit: string };

export type WorkloadPort = { readonly protocol: TransportProtocol; readonly name: string; readonly port: number };

export type InventoryWorkload = {
  readonly name: string;
  /** Absent: the workload is in no namespace, and only selectors that ask for none match it. */
  readonly namespace?: string;
  /** Absent: the inventory's. */
  readonly cluster?: string;
  /** As written; the namespace stands beside, not among them. */
  readonly labels: Labels;
  /** A workload without cgroup, interface and uplink is a remote one, known by its addresses. */
  readonly cgroup?: CgroupReference;
  /** Name of the interface of policyd's network namespace that is the workload's own: the host's side of its veth pair. */
  readonly interface?: string;
  /** Name of the host's interface through which its traffic is forwarded; it has no other place on this machine then. */
  readonly uplink?: string;
  readonly addresses: readonly Address[];
  readonly ports: readonly WorkloadPort[];
  /** Services send no new connection to it; absent: they do. */
  readonly ready?: false;
  /** `inventory.yaml:12`, for messages; `policyd exec` for dynamic ones. */
  readonly origin: string;
};

/** Reserved endpoints that an inventory can give addresses to; the host has a key of its own. */
export const listedEntities = [
  'health',
  'ingress',
  'init',
  'kube-apiserver',
  'remote-node',
  'unmanaged',
] as const satisfies readonly ReservedName[];
export type ListedEntity = (typeof listedEntities)[number];

/** Where workloads are: in the cluster `default` those that nothing is said of. */
export type Places = { readonly cluster?: string /** Labels of namespaces. */; readonly namespaces: Readonly<Record<string, Labels>> };

export type Inventory = {
  readonly workloads: readonly InventoryWorkload[];
  readonly entities: readonly { readonly name: ListedEntity; readonly address: Address; readonly origin: string }[];
  readonly places: Places;
  /** Absent: all addresses of the host's interfaces. */
  readonly hostAddresses?: readonly Address[];
  /** By which policies select the host. */
  readonly hostLabels: Labels;
  /** Names of the host's interfaces where packets to workloads behind others are denied early. */
  readonly hostInterfaces: readonly string[];
};

/** `shop/cart`, or `cart` where there is no namespace: unique in an inventory. */
export const displayName = (workload: { readonly name: string; readonly namespace?: string }): string =>
  workload.namespace === undefined ? workload.name : `${workload.namespace}/${workload.name}`;

/** The labels that selectors of policies are asked about: the workload's, and under reserved keys its namespace, that one's labels, and its cluster. */
export function policyLabels({ labels, namespace, cluster: own }: PlacedWorkload, { cluster: common, namespaces }: Places): Labels {
  const cluster = own ?? common ?? defaultCluster;
  const ofNamespace = Object.entries((namespace !== undefined && namespaces[namespace]) || {});
  return {
    ...labels,
    ...Object.fromEntries(ofNamespace.map(([key, value]) => [namespaceLabelKey(key), value])),
    ...(namespace !== undefined && { [namespaceKey]: namespace }),
    [clusterKey]: cluster,
  };
}

/** The labels that subjects of policies are asked about where the host is meant. */
export const hostPolicyLabels = (labels: Labels, { cluster = defaultCluster }: Places): Labels => ({
  ...labels,
  [clusterKey]: cluster,
  [hostKey]: '',
});
type PlacedWorkload = Pick<InventoryWorkload, 'labels' | 'namespace' | 'cluster'>;
