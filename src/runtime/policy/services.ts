// Services of a bundle and the workloads that there are -> whom a connection to a service goes to. Pure: the same input
// gives the same tables.
//
// Where connections are free to go anywhere, the slots of a service are its backends, and one is drawn. With affinity they are a
// fixed number, each of which belongs to the backend that wins it (rendezvous hashing: Thaler, Ravishankar, 1998): a client has
// a slot for good, and a backend that comes or goes moves only the slots that it wins or held.
import { hashOf } from '../../compiler/base/hash.ts';
import type { PolicyProgram, ProgramService, ProgramServicePort } from '../../compiler/ir/bundle.ts';
import { type Address, isIpv4, parseAddress } from '../../compiler/space/address.ts';
import { type Labels, selects } from '../../compiler/space/labels.ts';
import { GenerationLimit, type NamedEndpointPort } from './generation.ts';

/** A workload that services may send connections to. */
export type BackendWorkload = {
  /** Unique in an inventory; decides which slots it wins. */
  readonly name: string;
  readonly labels: Labels;
  readonly addresses: readonly Address[];
  readonly namedPorts: readonly NamedEndpointPort[];
  /** No connection is sent to one that is not. */
  readonly ready: boolean;
};

export type Backend = { readonly address: Address; readonly port: number };
/** One address and port of a service. Its slots are `slots[first .. first + count - 1]`; none: nobody is there. */
export type ServiceEntry = {
  readonly address: Address;
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
  readonly first: number;
  readonly count: number;
  /** A client has a slot for good; all others are drawn. */
  readonly affinity: boolean;
  /** Makes clients of different services independent of each other. */
  readonly salt: number;
};
export type ServiceTables = {
  readonly entries: readonly ServiceEntry[];
  /** Indices of `backends`. */
  readonly slots: Uint32Array;
  readonly backends: readonly Backend[];
};

/** Slots of a service with affinity, and the most backends that they tell apart well enough. */
export const affinitySlots = 2048;
export const mostAffinityBackends = 512;

/** Each of its bits depends on each of the text. 32 bits. */
const keyOf = (text: string): number => mixed(hashOf(text));

function mixed(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

type Candidate = Backend & { readonly key: number };

function targetOf({ protocol, target }: ProgramServicePort, { namedPorts }: BackendWorkload): number | undefined {
  if (typeof target === 'number') return target;
  return namedPorts.find((port) => port.protocol === protocol && port.name === target)?.port;
}

/** In the order of names and addresses, so that a change of another workload changes nothing. */
const candidatesOf = (port: ProgramServicePort, workloads: readonly BackendWorkload[], ipv4: boolean): readonly Candidate[] =>
  workloads.flatMap((workload) => {
    const target = targetOf(port, workload);
    if (target === undefined) return [];
    const addresses = workload.addresses.filter((address) => isIpv4(address) === ipv4);
    return addresses.map((address) => ({ address, port: target, key: keyOf(`${workload.name} ${address} ${target}`) }));
  });

/** Which candidate wins each slot. */
function wonSlots(candidates: readonly Candidate[], salt: number): readonly number[] {
  return Array.from({ length: affinitySlots }, (_, slot) => {
    let [winner, best] = [0, -1];
    for (const [index, { key }] of candidates.entries()) {
      const weight = mixed(key ^ mixed(salt + slot));
      if (weight > best) [winner, best] = [index, weight];
    }
    return winner;
  });
}

class Tables {
  readonly entries: ServiceEntry[] = [];
  readonly slots: number[] = [];
  readonly backends: Backend[] = [];

  add(service: ProgramService, workloads: readonly BackendWorkload[]): void {
    const addresses = service.addresses.flatMap((text) => parseAddress(text) ?? []);
    for (const port of service.ports) {
      for (const ipv4 of [true, false]) {
        const called = addresses.filter((address) => isIpv4(address) === ipv4);
        if (called.length > 0) this.addPort(service, called, [port, candidatesOf(port, workloads, ipv4)]);
      }
    }
  }

  private addPort(
    { name, affinity }: ProgramService,
    called: readonly Address[],
    [{ protocol, port }, candidates]: readonly [ProgramServicePort, readonly Candidate[]],
  ): void {
    if (affinity && candidates.length > mostAffinityBackends)
      throw new GenerationLimit(`backends of the service ${name} with affinity`, candidates.length, mostAffinityBackends);
    const [salt, first, base] = [keyOf(`${name} ${protocol} ${port}`), this.slots.length, this.backends.length];
    const chosen = candidates.length === 0 ? [] : affinity ? wonSlots(candidates, salt) : candidates.map((_, index) => index);
    for (const { address, port: target } of candidates) this.backends.push({ address, port: target });
    for (const index of chosen) this.slots.push(base + index);
    for (const address of called) this.entries.push({ address, protocol, port, first, count: chosen.length, affinity, salt });
  }
}

/** The services of a program, given the workloads of an inventory. @throws GenerationLimit */
export function serviceTables(
  { services, selectors }: Pick<PolicyProgram, 'services' | 'selectors'>,
  workloads: readonly BackendWorkload[],
): ServiceTables {
  const tables = new Tables();
  const ready = workloads.filter((workload) => workload.ready).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const service of services) {
    const selector = selectors[service.backends] ?? [];
    tables.add(
      service,
      ready.filter(({ labels }) => selects(selector, labels)),
    );
  }
  return { entries: tables.entries, slots: Uint32Array.from(tables.slots), backends: tables.backends };
}

/** Of a policy without services. */
export const noServices: ServiceTables = { entries: [], slots: new Uint32Array(0), backends: [] };
