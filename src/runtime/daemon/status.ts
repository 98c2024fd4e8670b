// What `policyd status` says: who runs, what is in force, and everything that a person should know about it — above all
// what this enforcement does not see.

import type { PartRule } from '../../compiler/ir/bundle.ts';
import { formatAddress } from '../../compiler/space/address.ts';
import { displayName, policyLabels } from '../inventory/inventory.ts';
import type { ResolvedWorkload } from '../inventory/resolve.ts';
import type { Attachment } from '../kernel/attach.ts';
import { cgroupExists, isBelow } from '../kernel/cgroups.ts';
import type { Lost } from '../kernel/counters.ts';
import { dayOf, expiredRules } from '../policy/annotations.ts';
import { isHeld } from '../systemd/drop-in.ts';
import type { InForce } from './enforcement.ts';
import { type HostStatus, hostPolicies } from './host-status.ts';
import type { Integrity } from './integrity.ts';
import type { NamesStatus } from './known-names.ts';
import { resolverWarnings } from './resolvers.ts';

export type WorkloadStatus = {
  /** `shop/cart` */
  readonly name: string;
  readonly place: 'local' | 'remote';
  readonly labels: Readonly<Record<string, string>>;
  /** `inventory.yaml:3`, or `policyd exec`. */
  readonly origin: string;
  readonly cgroup?: string;
  /** The systemd service that it is. */
  readonly unit?: string;
  readonly interface?: string;
  /** Local, and its unit runs, if it is one: are programs attached to its cgroup or one above it, and to its interface if it has one? */
  readonly attached?: boolean;
  readonly addresses: readonly string[];
  /** Names of the policies that select it. */
  readonly policies: readonly string[];
};

/** A changed file that was not taken over; what was in force before still is. */
export type RefusedChange = { readonly what: 'bundle' | 'inventory'; readonly since: string; readonly messages: readonly string[] };

export type Status = {
  readonly version: string;
  readonly pid: number;
  readonly started: string;
  readonly bundle: {
    readonly directory: string;
    readonly build: string;
    /** The trusted key that signed it. */
    readonly signer?: string;
    readonly policies: number;
    readonly rules: number;
  };
  readonly inventory: string;
  readonly pins: string;
  readonly state: string;
  readonly metrics: string;
  readonly revision: number;
  readonly workloads: readonly WorkloadStatus[];
  /** Absent where no policy governs the host itself. */
  readonly host?: HostStatus;
  readonly refused: readonly RefusedChange[];
  readonly integrity: Integrity;
  /** Of addresses; absent where no program reads DNS answers. */
  readonly names?: NamesStatus;
  /** Events that were not shown, verdicts that were not counted. */
  readonly lost: { readonly events: number; readonly counters: number; readonly observers: number };
  readonly warnings: readonly string[];
};

/** Numbers of the bundle's policies that select a workload. */
const policiesOf = ({ policies, resolved: { places } }: InForce, workload: ResolvedWorkload): readonly number[] =>
  policies.selecting(policyLabels(workload, places));

/** `interfaces`: numbers of those that programs are attached to. */
export type Places = { readonly cgroups: readonly Attachment[]; readonly interfaces: readonly number[] };

export function workloadStatus(inForce: InForce, { cgroups, interfaces }: Places): readonly WorkloadStatus[] {
  const { desired, resolved } = inForce;
  const alive = new Set(cgroups.filter(({ alive: here }) => here).map(({ cgroup }) => cgroup));
  const governed = resolved.workloads.flatMap(({ cgroup }) => (cgroup && alive.has(cgroup.id) ? [cgroup.path] : []));
  return resolved.workloads.map((workload) => ({
    name: displayName(workload),
    place: workload.local ? 'local' : 'remote',
    labels: workload.labels,
    origin: workload.origin,
    ...(workload.cgroup && { cgroup: workload.cgroup.path }),
    ...(workload.unit !== undefined && { unit: workload.unit }),
    ...(workload.interface && { interface: workload.interface.name }),
    ...(workload.local && !isStopped(workload) && { attached: isGoverned(workload, governed, interfaces) }),
    addresses: workload.addresses.map(formatAddress),
    policies: policiesOf(inForce, workload).map((policy) => desired.bundle.sources.policy(policy)?.name ?? `policy ${policy}`),
  }));
}

/** A service that does not run: there is nothing to govern. */
const isStopped = ({ unit, cgroup }: ResolvedWorkload): boolean => unit !== undefined && cgroup === undefined;

function isGoverned({ cgroup, interface: own }: ResolvedWorkload, governed: readonly string[], interfaces: readonly number[]): boolean {
  if (cgroup === undefined && own === undefined) return false;
  const byCgroup = cgroup === undefined || governed.some((path) => path === cgroup.path || isBelow(cgroup.path, path));
  return byCgroup && (own === undefined || interfaces.includes(own.index));
}

/** What a person has to know. `jit`: is the kernel's compiler for programs on? */
export function warningsOf(inForce: InForce, lost: Lost, jit: boolean): readonly string[] {
  return [
    ...goneWorkloads(inForce),
    ...earlyUnits(inForce),
    ...ingressLimits(inForce),
    ...idlePolicies(inForce),
    ...silentNames(inForce),
    ...pastRules(inForce, dayOf(new Date())),
    ...(lost.countersFull > 0n ? [`${lost.countersFull} verdicts were not counted: the kernel's table of counters is full`] : []),
    ...(lost.ringFull > 0n ? [`${lost.ringFull} events were not shown: the event ring was full (counters are exact all the same)`] : []),
    ...(jit ? [] : ["the kernel's BPF compiler is off (net.core.bpf_jit_enable=0): verdicts are slow"]),
  ];
}

const goneWorkloads = ({ resolved }: InForce): readonly string[] =>
  resolved.workloads
    .filter(
      (workload) => workload.local && !isStopped(workload) && !(workload.cgroup ? cgroupExists(workload.cgroup.path) : workload.interface),
    )
    .map((workload) => `workload \`${displayName(workload)}\` (${workload.origin}) is not governed: its cgroup is gone, or its interface`);

/** Their cgroups are made anew with each start, and seen within a second: too late for the first packets. */
const earlyUnits = ({ resolved }: InForce): readonly string[] =>
  resolved.workloads.flatMap(({ unit }) =>
    unit === undefined || isHeld(unit)
      ? []
      : [`unit \`${unit}\` may start before it is governed: \`policyd systemd install\` holds its start`],
  );

/** A cgroup sees neither ICMP that comes in nor segments to closed ports (which the kernel answers by itself). */
function ingressLimits({ policies, resolved }: InForce): readonly string[] {
  const names = resolved.workloads
    .filter((workload) => workload.local && !workload.interface && policies.decidesIngress(policyLabels(workload, resolved.places)))
    .map((workload) => `\`${displayName(workload)}\``);
  if (names.length === 0) return [];
  return [`incoming ICMP is not governed for ${names.join(', ')}, nor are resets of closed ports: a cgroup does not see them`];
}

function idlePolicies(inForce: InForce): readonly string[] {
  const { desired, resolved } = inForce;
  const ofWorkloads = resolved.workloads.filter(({ local }) => local).flatMap((workload) => policiesOf(inForce, workload));
  const used = new Set([...ofWorkloads, ...hostPolicies(inForce)]);
  return desired.bundle.sources
    .table()
    .policies.flatMap(({ name, file, line }, index) =>
      used.has(index) ? [] : [`policy \`${name}\` (${file}:${line}) selects no local workload of the inventory`],
    );
}

/** Where rules are about names: those who may ask for them without a packet. */
function silentNames(inForce: InForce): readonly string[] {
  const { desired, resolved } = inForce;
  const isAboutNames = ({ content, peers }: PartRule): boolean => content?.domain === 'dns' || peers?.names !== undefined;
  if (!desired.bundle.parts.some(({ rules }) => rules.some(isAboutNames))) return [];
  return resolverWarnings(resolved.workloads.filter((workload) => workload.local && policiesOf(inForce, workload).length > 0));
}

/** They still decide: a running rule never changes by itself. */
function pastRules({ desired: { bundle } }: InForce, today: string): readonly string[] {
  const sources = bundle.sources.table();
  const places = expiredRules(sources, today).map((rule) => {
    const { file = '', line = 0, text = '' } = sources.rules[rule] ?? {};
    return `${file}:${line} \`${text}\``;
  });
  const count = places.length === 1 ? 'rule is' : 'rules are';
  return places.length === 0 ? [] : [`${places.length} ${count} past \`@until\` and still decide: ${places.join(', ')}`];
}
