// A policy and a universe of workloads as one generation of kernel tables: who is which endpoint, which addresses and
// cgroups are whose, and what the causes mean. Differential tests put packets and sockets against it.
import { fixedEndpoint } from '../../src/compiler/ir/abi.ts';
import type { Cause, Endpoint } from '../../src/compiler/ir/event.ts';
import type { TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { type Address, isIpv4, parseAddress } from '../../src/compiler/space/address.ts';
import { hostKey } from '../../src/compiler/space/labels.ts';
import type { GenerationContent } from '../../src/runtime/kernel/tables.ts';
import type { InventoryEndpoint } from '../../src/runtime/policy/generation.ts';
import { materialize } from '../../src/runtime/policy/materialize.ts';
import { policySetOf } from '../../src/runtime/policy/policy-index.ts';
import { noServices } from '../../src/runtime/policy/services.ts';
import { imageOf, imagesOf, inEitherForm, laidOut, plainCauses } from './tables.ts';
import { reservedEndpoint, type Universe, workloadEndpoint } from './universe.ts';

type Family = 'ipv4' | 'ipv6';
type Entry = {
  readonly id: number;
  readonly endpoint: Endpoint;
  readonly addresses: Readonly<Record<Family, string>>;
  readonly workload: number;
};

export type KernelWorld = {
  /** Without cgroups: `subject` says whose they are. */
  readonly content: GenerationContent;
  /** Endpoint id of the workload with this place in the universe. */
  readonly subject: (place: number) => number;
  /** Place in the universe of a workload; undefined for every other endpoint. */
  readonly place: (endpoint: Endpoint) => number | undefined;
  /** Endpoint id of who policies can govern, a workload or the host; undefined for every other endpoint. */
  readonly subjectId: (endpoint: Endpoint) => number | undefined;
  /** An address of the endpoint; undefined if it has none of this family. */
  readonly address: (endpoint: Endpoint, family: Family) => Address | undefined;
  /** As they are numbered. */
  readonly causes: readonly Cause[];
  /** What a cause means; undefined for the programs' own. */
  readonly read: (cause: number) => Cause | undefined;
};

const firstWorkload: number = fixedEndpoint.firstDynamic;
const keyOf = (endpoint: Endpoint): string =>
  endpoint.kind === 'workload' ? endpoint.id : JSON.stringify(endpoint.kind === 'reserved' && endpoint.entities);

function entriesOf({ workloads, reserved }: Universe): readonly Entry[] {
  return [
    ...workloads.map((entry, place) => ({
      id: firstWorkload + place,
      endpoint: workloadEndpoint(entry),
      addresses: entry.addresses,
      workload: place,
    })),
    ...reserved.map((entry, place) => ({
      id: entry.entities.includes('host') ? fixedEndpoint.host : firstWorkload + workloads.length + place,
      endpoint: reservedEndpoint(entry),
      addresses: entry.addresses,
      workload: -1,
    })),
  ];
}

function inventoryOf({ id, endpoint }: Entry): readonly InventoryEndpoint[] {
  switch (endpoint.kind) {
    case 'workload':
      return [{ id, kind: 'workload', labels: endpoint.labels, namedPorts: endpoint.namedPorts ?? [], local: true }];
    case 'reserved':
      return [{ id, kind: 'reserved', entities: endpoint.entities, ...(id === fixedEndpoint.host && { subject: { [hostKey]: '' } }) }];
    case 'address':
      return [];
  }
}

const parsed = (text: string): Address => parseAddress(text) ?? 0n;

/** Compiles, and materializes for the universe. */
export function kernelWorld(typed: TypedPolicy, universe: Universe): KernelWorld {
  const policy = laidOut(typed);
  const causes = plainCauses();
  const entries = entriesOf(universe);
  const byKey = new Map(entries.map((entry) => [keyOf(entry.endpoint), entry]));
  const endpoints = entries.flatMap(inventoryOf);
  const tables = inEitherForm(
    typed,
    materialize({ policies: policySetOf(policy.program), ports: imageOf(policy, 'ports'), endpoints, causes }),
  );
  const entryOf = (endpoint: Endpoint): Entry | undefined => (endpoint.kind === 'address' ? undefined : byKey.get(keyOf(endpoint)));
  return {
    content: {
      images: imagesOf(policy),
      tables,
      addresses: entries.flatMap(({ id, addresses }) => Object.values(addresses).map((text) => ({ address: parsed(text), endpoint: id }))),
      cgroups: [],
      services: noServices,
    },
    subject: (place) => firstWorkload + place,
    subjectId: (endpoint) => {
      const id = entryOf(endpoint)?.id;
      return endpoint.kind === 'workload' || id === fixedEndpoint.host ? id : undefined;
    },
    place: (endpoint) => (endpoint.kind === 'workload' ? entryOf(endpoint)?.workload : undefined),
    address: (endpoint, family) => {
      if (endpoint.kind === 'address') return family === (isIpv4(endpoint.address) ? 'ipv4' : 'ipv6') ? endpoint.address : undefined;
      const text = entryOf(endpoint)?.addresses[family];
      return text === undefined ? undefined : parsed(text);
    },
    causes: causes.known,
    read: causes.read,
  };
}
