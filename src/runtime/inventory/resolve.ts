// An inventory, looked up on this machine: cgroups that exist, addresses that are the host's own. Decides which
// addresses may be listed for an endpoint and which are told apart by socket only.
import { networkInterfaces } from 'node:os';
import { type Address, formatAddress, parseAddress } from '../../compiler/space/address.ts';
import { type Cgroup, type CgroupMounts, cgroupMounts, resolveCgroup } from './cgroup.ts';
import { type NetworkInterface, networkInterface } from './interface.ts';
import { displayName, type Inventory, type InventoryWorkload, type ListedEntity } from './inventory.ts';

export type ResolvedWorkload = Omit<InventoryWorkload, 'cgroup' | 'interface' | 'uplink'> & {
  readonly local: boolean;
  readonly cgroup?: Cgroup;
  /** The systemd service whose cgroup it is, while it runs. */
  readonly unit?: string;
  readonly interface?: NetworkInterface;
};
/** An endpoint known by reserved names: addresses that have the same set of them. */
export type ResolvedReserved = { readonly entities: readonly ListedEntity[]; readonly addresses: readonly Address[] };

export type ResolvedInventory = {
  readonly workloads: readonly ResolvedWorkload[];
  readonly reserved: readonly ResolvedReserved[];
  readonly places: Inventory['places'];
  /** `entities`: what the host is besides `host`, because one of its addresses is listed under it. */
  readonly host: {
    readonly addresses: readonly Address[];
    readonly entities: readonly ListedEntity[];
    readonly labels: Inventory['hostLabels'];
    /** Where packets are denied early; those that exist. */
    readonly interfaces: readonly NetworkInterface[];
  };
};

export type ResolveResult =
  | { readonly ok: true; readonly inventory: ResolvedInventory }
  | { readonly ok: false; readonly problems: readonly string[] };

/** What the machine says; other values in tests. `missing`: is a cgroup that does not exist a problem, or a workload that is not there now? */
export type Machine = {
  readonly mounts: CgroupMounts;
  readonly interfaceAddresses: () => readonly Address[];
  readonly missing: 'refuse' | 'leave';
};

export const machineNow = (missing: Machine['missing']): Machine => ({ mounts: cgroupMounts(), interfaceAddresses, missing });

/** Addresses of all interfaces, loopback included; a zone (`%eth0`) is dropped. */
export function interfaceAddresses(): readonly Address[] {
  const texts = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address.replace(/%.*$/, '')));
  return [...new Set(texts.flatMap((text) => parseAddress(text) ?? []))];
}

/** Looks `inventory` up, with `extra` workloads (of `policyd exec`) on top, and checks what only the machine can tell. */
export function resolveInventory(inventory: Inventory, extra: readonly ResolvedWorkload[], machine: Machine): ResolveResult {
  const problems: string[] = [];
  const written = inventory.workloads.map((workload) => resolved(workload, machine, problems));
  const workloads = [...written, ...extra];
  const hostAddresses = inventory.hostAddresses ?? machine.interfaceAddresses();
  problems.push(
    ...sharedNames(workloads),
    ...sharedCgroups(workloads),
    ...sharedInterfaces(workloads),
    ...hostConflicts(workloads, hostAddresses),
  );
  const early = inventory.hostInterfaces.map(networkInterface);
  if (machine.missing === 'refuse') problems.push(...early.flatMap((found) => (found.ok ? [] : [`host: ${found.problem}`])));
  if (problems.length > 0) return { ok: false, problems };
  const { reserved, hostEntities } = reservedOf(inventory, hostAddresses);
  return {
    ok: true,
    inventory: {
      workloads,
      reserved,
      places: inventory.places,
      host: {
        addresses: hostAddresses,
        entities: hostEntities,
        labels: inventory.hostLabels,
        interfaces: early.flatMap((found) => (found.ok ? [found.interface] : [])),
      },
    },
  };
}

function resolved(written: InventoryWorkload, machine: Machine, problems: string[]): ResolvedWorkload {
  const { cgroup: reference, interface: own, uplink, ...workload } = written;
  const cgroup = reference && resolveCgroup(reference, machine.mounts);
  const name = own ?? uplink;
  const found = name === undefined ? undefined : networkInterface(name);
  const report = (problem: string): void => {
    if (machine.missing === 'refuse') problems.push(`${workload.origin}: workload \`${displayName(workload)}\`: ${problem}`);
  };
  if (cgroup?.ok === false && !cgroup.stopped) report(cgroup.problem);
  if (found?.ok === false) report(found.problem);
  return {
    ...workload,
    local: reference !== undefined || name !== undefined,
    ...(cgroup?.ok && { cgroup: cgroup.cgroup }),
    ...(reference?.kind === 'unit' && { unit: reference.unit }),
    ...(found?.ok && { interface: uplink === undefined ? found.interface : { ...found.interface, isUplink: true } }),
  };
}

/** Within the file the reader has seen to this; here an entry of it meets a workload of `policyd exec`. */
function sharedNames(workloads: readonly ResolvedWorkload[]): readonly string[] {
  const origins = new Map<string, string>();
  return workloads.flatMap((workload) => {
    const name = displayName(workload);
    const earlier = origins.get(name);
    origins.set(name, earlier ?? workload.origin);
    return earlier === undefined ? [] : [`${workload.origin}: workload \`${name}\` is already at ${earlier}`];
  });
}

function sharedCgroups(workloads: readonly ResolvedWorkload[]): readonly string[] {
  const owners = new Map<bigint, ResolvedWorkload>();
  return workloads.flatMap((workload) => {
    if (!workload.cgroup) return [];
    const earlier = owners.get(workload.cgroup.id);
    owners.set(workload.cgroup.id, earlier ?? workload);
    const name = displayName(workload);
    return earlier
      ? [`${workload.origin}: workload \`${name}\`: cgroup ${workload.cgroup.path} is already that of \`${displayName(earlier)}\``]
      : [];
  });
}

/** Behind one interface workloads are told apart by their addresses alone. */
function sharedInterfaces(workloads: readonly ResolvedWorkload[]): readonly string[] {
  const behind = new Map<number, ResolvedWorkload[]>();
  for (const workload of workloads) {
    if (!workload.interface) continue;
    behind.set(workload.interface.index, [...(behind.get(workload.interface.index) ?? []), workload]);
  }
  const shared = [...behind.values()].filter((sharers) => sharers.length > 1).flat();
  return shared.flatMap((workload) => {
    const at = `${workload.origin}: workload \`${displayName(workload)}\``;
    if (!workload.interface?.isUplink && behind.get(workload.interface?.index ?? 0)?.some((one) => one.interface?.isUplink))
      return [`${at}: interface ${workload.interface?.name} is also the uplink of others: it cannot be both`];
    if (workload.addresses.length === 0)
      return [`${at}: interface ${workload.interface?.name} is also another's: give both their addresses`];
    return workload.cgroup ? [`${at}: a workload with a cgroup cannot share the interface ${workload.interface?.name}`] : [];
  });
}

function hostConflicts(workloads: readonly ResolvedWorkload[], hostAddresses: readonly Address[]): readonly string[] {
  const host = new Set(hostAddresses);
  return workloads.flatMap((workload) =>
    workload.addresses
      .filter((address) => !workload.local && host.has(address))
      .map(
        (address) =>
          `${workload.origin}: remote workload \`${displayName(workload)}\`: address ${formatAddress(address)} is this host's own`,
      ),
  );
}

function reservedOf(inventory: Inventory, hostAddresses: readonly Address[]) {
  const host = new Set(hostAddresses);
  const namesOf = new Map<Address, Set<ListedEntity>>();
  for (const { name, address } of inventory.entities) namesOf.set(address, (namesOf.get(address) ?? new Set()).add(name));
  const groups = new Map<string, { entities: readonly ListedEntity[]; addresses: Address[] }>();
  const hostEntities = new Set<ListedEntity>();
  for (const [address, names] of namesOf) {
    const entities = [...names].sort();
    // A node is not another node, also where all machines are given one list of nodes.
    if (host.has(address)) for (const name of entities.filter((one) => one !== 'remote-node')) hostEntities.add(name);
    else {
      const group = groups.get(entities.join('+')) ?? { entities, addresses: [] };
      group.addresses.push(address);
      groups.set(entities.join('+'), group);
    }
  }
  return { reserved: [...groups.values()], hostEntities: [...hostEntities].sort() };
}

/** Names processes by the cgroups they were found in: they end, the workload stays. */
export function settled(inventory: Inventory, { workloads }: ResolvedInventory): Inventory {
  const paths = new Map(workloads.map((workload) => [displayName(workload), workload.cgroup?.path]));
  const settledWorkload = (workload: InventoryWorkload): InventoryWorkload => {
    const path = paths.get(displayName(workload));
    return workload.cgroup?.kind === 'pid' && path !== undefined ? { ...workload, cgroup: { kind: 'path', path } } : workload;
  };
  return { ...inventory, workloads: inventory.workloads.map(settledWorkload) };
}

type Found = { readonly cgroup?: Cgroup | undefined; readonly interface?: NetworkInterface | undefined };
const stateText = (inventory: Inventory, found: readonly Found[], hostAddresses: () => readonly Address[]): string =>
  [
    ...found.map((each) => `${each.cgroup?.id ?? '-'}/${each.interface?.index ?? '-'}`),
    ...(inventory.hostAddresses ? [] : hostAddresses().map(String)),
  ].join(' ');

/** What the inventory means on this machine now; another text when a cgroup went, came back or was made anew, or an address changed. */
export function machineState(inventory: Inventory, { mounts, interfaceAddresses: addresses }: Machine): string {
  const found = inventory.workloads.map(({ cgroup: reference, interface: ownName, uplink }) => {
    const name = ownName ?? uplink;
    const cgroup = reference && resolveCgroup(reference, mounts);
    const own = name === undefined ? undefined : networkInterface(name);
    return { cgroup: cgroup?.ok ? cgroup.cgroup : undefined, interface: own?.ok ? own.interface : undefined };
  });
  const early = inventory.hostInterfaces.map(networkInterface).map((each) => ({ interface: each.ok ? each.interface : undefined }));
  return stateText(inventory, [...found, ...early], addresses);
}

/** The same of what `inventory` was resolved to: differs from `machineState` when the machine changed since. */
export const resolvedState = (inventory: Inventory, { workloads, host }: ResolvedInventory): string =>
  stateText(
    inventory,
    [
      ...inventory.workloads.map((_, i) => ({ cgroup: workloads[i]?.cgroup, interface: workloads[i]?.interface })),
      ...inventory.hostInterfaces.map((name) => ({ interface: host.interfaces.find((each) => each.name === name) })),
    ],
    () => host.addresses,
  );
