// A witness of a diff, as a packet through the kernel programs of one policy: what each side of it says, and for what cause.
import { verdictIn } from '../../src/compiler/analysis/oracle.ts';
import type { Cause, Endpoint, FlowEvent } from '../../src/compiler/ir/event.ts';
import type { Direction, TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { formatAddress } from '../../src/compiler/space/address.ts';
import { namespaceKey } from '../../src/compiler/space/labels.ts';
import { protocolOf } from '../../src/compiler/space/transport.ts';
import type { Cgroup } from '../../src/runtime/kernel/cgroups.ts';
import { inCgroup, privateCgroup } from './kernel.ts';
import { type KernelWorld, kernelWorld } from './kernel-world.ts';
import { ip } from './packet.ts';
import { type PacketBench, packetBench } from './packet-bench.ts';
import { layerOf } from './packet-questions.ts';
import { told } from './tables.ts';
import { isWorldAddress, type ReservedEntry, type Universe, type WorkloadEntry } from './universe.ts';

const known: readonly string[] = ['host', 'remote-node', 'kube-apiserver', 'health'];

/** Can an inventory say that this endpoint exists, and a packet come from it? */
export function isPossible(endpoint: Endpoint): boolean {
  switch (endpoint.kind) {
    case 'workload':
      return endpoint.address === undefined;
    case 'reserved':
      return endpoint.address === undefined && !endpoint.labels && endpoint.entities.every((name) => known.includes(name));
    case 'address':
      return isWorldAddress(endpoint.address) && !endpoint.names && !endpoint.isApiServer;
  }
}

/** Can the flow be a packet between endpoints of an inventory? A request is asked of the stream, not of a packet. */
export const isPacket = ({ source, destination, request }: FlowEvent): boolean =>
  !request && [source, destination].every(isPossible) && [source, destination].some(({ kind }) => kind === 'workload');

function universeOf({ source, destination }: FlowEvent): Universe {
  const ends = [source, destination];
  const workloads = ends.flatMap((end, i): readonly WorkloadEntry[] => {
    if (end.kind !== 'workload') return [];
    const { [namespaceKey]: namespace, ...labels } = end.labels;
    const addresses = { ipv4: `10.20.0.${10 + i}`, ipv6: `fd00:20::${10 + i}` };
    return [{ name: end.id, ...(namespace !== undefined && { namespace }), labels, addresses, ports: end.namedPorts ?? [] }];
  });
  const reserved = ends.flatMap((end, i): readonly ReservedEntry[] =>
    end.kind === 'reserved' ? [{ entities: end.entities, addresses: { ipv4: `10.20.255.${1 + i}`, ipv6: `fd00:20::ff:${1 + i}` } }] : [],
  );
  return { workloads, reserved };
}

/** What one side says: of the kernel, and of the oracle. */
export type SideVerdicts = { readonly direction: Direction; readonly found: string; readonly expected: string };

export class WitnessKernel {
  readonly #bench: PacketBench = packetBench('witness');
  readonly #cgroups: readonly Cgroup[] = [privateCgroup('source'), privateCgroup('destination')];
  #serial = 0;

  /** The verdicts of both sides of a flow that `isPacket`, under one policy. */
  ask(typed: TypedPolicy, flow: FlowEvent): readonly SideVerdicts[] {
    const universe = universeOf(flow);
    const world = kernelWorld(typed, universe);
    const cgroups = universe.workloads.map((_, place) => ({ cgroup: this.#cgroups[place]?.id ?? 0n, endpoint: world.subject(place) }));
    this.#bench.install({ ...world.content, cgroups });
    this.#bench.forget();
    const packet = ip(addressesOf(world, flow), layerOf(flow, this.#serial++));
    return (['egress', 'ingress'] as const).flatMap((direction) => {
      const [subject, peer] = direction === 'egress' ? [flow.source, flow.destination] : [flow.destination, flow.source];
      const place = world.place(subject);
      const cgroup = place === undefined ? undefined : this.#cgroups[place];
      if (!cgroup) return [];
      let returned = 0;
      const raised = inCgroup(cgroup, () =>
        this.#bench.raisedBy(() => {
          returned = this.#bench.returned(direction, packet);
        }),
      );
      const { action, cause } = told(typed, verdictIn(typed, direction, { subject, peer, point: flow.point }));
      const passes = action === 'allowed' || action === 'audited';
      return [{ direction, found: `${returned === 1} ${causesOf(world, raised)}`, expected: `${passes} ${plain(cause)}` }];
    });
  }
}

/** Of a family that both ends have; of ICMP its own. */
function addressesOf(world: KernelWorld, { source, destination, point }: FlowEvent) {
  const { protocol } = protocolOf(point);
  for (const family of protocol === 'icmpv6' ? (['ipv6'] as const) : (['ipv4', 'ipv6'] as const)) {
    const [from, to] = [world.address(source, family), world.address(destination, family)];
    if (from !== undefined && to !== undefined) return { source: from, destination: to };
  }
  throw new Error(
    `no family in common: ${[source, destination].map((end) => (end.kind === 'address' ? formatAddress(end.address) : end.kind))}`,
  );
}

/** That a condition could not be decided is no part of a cause's number. */
const plain = (cause: Cause | undefined): string => JSON.stringify(cause?.kind === 'rule' ? { kind: 'rule', rule: cause.rule } : cause);

/** The cause that was counted: the last word of a counter, a number or the name of a fixed one. */
function causesOf(world: KernelWorld, raised: readonly string[]): string {
  const words = raised.map((text) => text.slice(text.lastIndexOf(' ') + 1));
  return words.map((word) => (word === 'defaultAllow' ? plain({ kind: 'default-allow' }) : plain(world.read(Number(word))))).join();
}
