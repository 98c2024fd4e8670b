// Resolved inventory -> endpoints with the ids that the kernel knows them by, and which address or cgroup means which.
// INVARIANT: an endpoint keeps its id for good, over restarts too: the kernel's UDP state and pinned events name it.

import { fixedEndpoint } from '../../compiler/ir/abi.ts';
import type { ReservedName } from '../../compiler/ir/event.ts';
import type { Address } from '../../compiler/space/address.ts';
import type { InventoryEndpoint, NamedEndpoint } from '../policy/generation.ts';
import type { BackendWorkload } from '../policy/services.ts';
import type { NetworkInterface } from './interface.ts';
import { displayName, hostPolicyLabels, policyLabels } from './inventory.ts';
import type { ResolvedInventory, ResolvedWorkload } from './resolve.ts';

export type EndpointName = NamedEndpoint & { readonly workload?: ResolvedWorkload };

export type EndpointTables = {
  readonly endpoints: readonly InventoryEndpoint[];
  /** Entries of `t_addresses`. */
  readonly addresses: readonly { readonly address: Address; readonly endpoint: number }[];
  /** Entries of `t_cgroups`. */
  readonly cgroups: readonly { readonly cgroup: bigint; readonly path: string; readonly endpoint: number }[];
  /** Interfaces that are a workload's own; `hasCgroup`: it is in `cgroups`, too. */
  readonly interfaces: readonly (NetworkInterface & { readonly endpoint: number; readonly hasCgroup: boolean })[];
  /** Interfaces of the host where packets are denied early. */
  readonly early: readonly NetworkInterface[];
  readonly names: readonly EndpointName[];
  /** Whom services may send connections to. */
  readonly backends: readonly BackendWorkload[];
};

/** Hands out endpoint ids: the same key has the same id for good. */
export class EndpointIds {
  private readonly known: Map<string, number>;
  private next: number;

  /** `known`: as `saved` gave them, of an earlier run. */
  constructor(known: readonly (readonly [string, number])[] = []) {
    this.known = new Map(known);
    this.next = Math.max(fixedEndpoint.firstDynamic, ...known.map(([, id]) => id + 1));
  }

  idOf(key: string): number {
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const id = this.next++;
    this.known.set(key, id);
    return id;
  }

  /** Grows exactly when there is something new to save. */
  get size(): number {
    return this.known.size;
  }

  saved(): readonly (readonly [string, number])[] {
    return [...this.known];
  }
}

/** Everything that the kernel tables of one generation say about who is who. */
export function endpointTables(inventory: ResolvedInventory, ids: EndpointIds): EndpointTables {
  const hostEntities: readonly ReservedName[] = ['host', ...inventory.host.entities];
  const workloads = inventory.workloads.map((workload) => ({ workload, id: ids.idOf(`workload ${displayName(workload)}`) }));
  const reserved = inventory.reserved.map((entry) => ({ ...entry, id: ids.idOf(`reserved ${entry.entities.join('+')}`) }));
  const listed = listedAddresses(inventory);
  return {
    endpoints: [
      {
        id: fixedEndpoint.host,
        kind: 'reserved',
        entities: hostEntities,
        subject: hostPolicyLabels(inventory.host.labels, inventory.places),
      },
      ...reserved.map(({ id, entities }) => ({ id, kind: 'reserved' as const, entities })),
      ...workloads.map(({ workload, id }) => endpointOf(workload, id, inventory.places)),
    ],
    addresses: [
      ...inventory.host.addresses.map((address) => ({ address, endpoint: fixedEndpoint.host })),
      ...reserved.flatMap(({ id, addresses }) => addresses.map((address) => ({ address, endpoint: id }))),
      ...workloads.flatMap(({ workload, id }) => workload.addresses.filter((a) => listed(a)).map((address) => ({ address, endpoint: id }))),
    ],
    cgroups: workloads.flatMap(({ workload: { cgroup }, id }) => (cgroup ? [{ cgroup: cgroup.id, path: cgroup.path, endpoint: id }] : [])),
    interfaces: workloads.flatMap(({ workload: { cgroup, interface: own }, id }) =>
      own ? [{ ...own, endpoint: id, hasCgroup: cgroup !== undefined }] : [],
    ),
    early: inventory.host.interfaces,
    names: [
      { id: fixedEndpoint.host, kind: 'reserved', name: 'host', labels: {}, entities: hostEntities },
      ...reserved.map(({ id, entities }) => ({ id, kind: 'reserved' as const, name: entities.join('+'), labels: {}, entities })),
      ...workloads.map(({ workload, id }) => nameOf(workload, id, inventory.places)),
    ],
    backends: workloads.map(({ workload }) => backendOf(workload, inventory.places)),
  };
}

const endpointOf = (workload: ResolvedWorkload, id: number, places: ResolvedInventory['places']): InventoryEndpoint => ({
  id,
  kind: 'workload',
  labels: policyLabels(workload, places),
  namedPorts: workload.ports,
  local: workload.local,
});

const loopback: readonly Address[] = [(0xffffn << 32n) | 0x7f000001n, 1n];

/** A local workload without addresses of its own shares the host's; another workload of this host reaches it by loopback. */
const backendOf = (workload: ResolvedWorkload, places: ResolvedInventory['places']): BackendWorkload => ({
  name: displayName(workload),
  labels: policyLabels(workload, places),
  addresses: workload.addresses.length === 0 && workload.local ? loopback : workload.addresses,
  namedPorts: workload.ports,
  ready: workload.ready !== false,
});

const nameOf = (workload: ResolvedWorkload, id: number, places: ResolvedInventory['places']): EndpointName => ({
  id,
  kind: 'workload',
  name: workload.name,
  ...(workload.namespace !== undefined && { namespace: workload.namespace }),
  labels: workload.labels,
  placeLabels: Object.fromEntries(Object.entries(policyLabels(workload, places)).filter(([key]) => key.startsWith('@'))),
  entities: [],
  workload,
});

/** An address that several local workloads share, or one with the host, tells nobody apart: the socket does. */
function listedAddresses(inventory: ResolvedInventory): (address: Address) => boolean {
  const owners = new Map<Address, number>(inventory.host.addresses.map((address) => [address, 2]));
  for (const { addresses } of inventory.workloads)
    for (const address of new Set(addresses)) owners.set(address, (owners.get(address) ?? 0) + 1);
  return (address) => owners.get(address) === 1;
}
