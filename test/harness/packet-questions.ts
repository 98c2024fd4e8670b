// What is asked of the packet programs about one event: at each end that policies can govern, the packet of a new flow, and what
// the oracle says.
import { verdictIn } from '../../src/compiler/analysis/oracle.ts';
import type { FlowEvent } from '../../src/compiler/ir/event.ts';
import type { Direction, TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { protocolOf } from '../../src/compiler/space/transport.ts';
import type { KernelWorld } from './kernel-world.ts';
import { icmp, icmpv6, ip, type Layer, type NetworkPacket, otherProtocol, sctp, tcp, udp } from './packet.ts';
import type { Random } from './random.ts';
import { type Told, told } from './tables.ts';

/** What is asked of one end of an event. `subject`: its endpoint id. */
export type PacketQuestion = {
  readonly event: FlowEvent;
  readonly direction: Direction;
  readonly subject: number;
  readonly packet: NetworkPacket;
  readonly expected: Told;
};

const directions: readonly Direction[] = ['egress', 'ingress'];

/** The transport layer of a new flow; `serial` makes it one that was not seen before. */
export function layerOf({ point }: FlowEvent, serial: number): Layer {
  const { protocol, value } = protocolOf(point);
  const ports = { source: 20_000 + (serial % 40_000), destination: value };
  const message = { type: value >> 8, code: value & 0xff, id: serial % 65_536 };
  switch (protocol) {
    case 'tcp':
      return tcp(ports);
    case 'udp':
      return udp(ports);
    case 'sctp':
      return sctp(ports);
    case 'icmp':
      return icmp(message);
    case 'icmpv6':
      return icmpv6(message);
    case 'other':
      return otherProtocol(value);
  }
}

/** The event as a packet, in a family that both ends have. */
function packetOf(
  world: KernelWorld,
  event: FlowEvent,
  { random, serial }: { readonly random: Random; readonly serial: number },
): NetworkPacket {
  const { protocol } = protocolOf(event.point);
  const first = protocol === 'icmp' ? 'ipv4' : protocol === 'icmpv6' ? 'ipv6' : random.pick(['ipv4', 'ipv6'] as const);
  for (const family of [first, 'ipv4', 'ipv6'] as const) {
    const [source, destination] = [world.address(event.source, family), world.address(event.destination, family)];
    if (source !== undefined && destination !== undefined) return ip({ source, destination }, layerOf(event, serial));
  }
  throw new Error(`ends of different families: ${JSON.stringify([event.source, event.destination], (_, one: unknown) => String(one))}`);
}

/** The questions about some events, those of one subject behind each other. */
export function packetQuestions(
  { typed, world }: { readonly typed: TypedPolicy; readonly world: KernelWorld },
  events: readonly FlowEvent[],
  random: Random,
): readonly PacketQuestion[] {
  const questions = events.flatMap((event, serial) => {
    const packet = packetOf(world, event, { random, serial });
    return directions.flatMap((direction) => {
      const [subject, peer] = direction === 'egress' ? [event.source, event.destination] : [event.destination, event.source];
      const id = world.subjectId(subject);
      if (id === undefined) return [];
      return [
        {
          event,
          direction,
          subject: id,
          packet,
          expected: told(typed, verdictIn(typed, direction, { subject, peer, point: event.point })),
        },
      ];
    });
  });
  return questions.sort((a, b) => a.subject - b.subject);
}
