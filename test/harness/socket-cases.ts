// Random policies and the calls between processes of one machine that are asked of them: connections and datagrams over loopback, where
// only the socket says who is who.
import type { Endpoint, FlowEvent } from '../../src/compiler/ir/event.ts';
import type { TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { protocolOf } from '../../src/compiler/space/transport.ts';
import { randomEvents, randomPolicy, randomUniverse, type Universe } from './arbitrary.ts';
import { typedPolicy } from './compile.ts';
import { type KernelWorld, kernelWorld } from './kernel-world.ts';
import type { Random } from './random.ts';
import { varied } from './varied.ts';

const callsPerPolicy = 6;
export const socketWorkloads = 4;

export type SocketCase = {
  readonly text: string;
  readonly typed: TypedPolicy;
  readonly world: KernelWorld;
  readonly calls: readonly FlowEvent[];
};

const isHere = (endpoint: Endpoint): boolean =>
  endpoint.kind === 'workload' || (endpoint.kind === 'reserved' && endpoint.entities.includes('host'));

/** TCP and UDP between processes that there are. */
function callsOf(typed: TypedPolicy, source: Random, universe: Universe): readonly FlowEvent[] {
  const network = { ...typed, rules: typed.rules.filter(({ section }) => section !== 'process') };
  const flows = randomEvents(network, universe, { random: source, count: 10 * callsPerPolicy, native: true }).flatMap(
    (event): readonly FlowEvent[] => {
      if (event.kind !== 'flow' || !isHere(event.source) || !isHere(event.destination)) return [];
      const { protocol } = protocolOf(event.point);
      const { request: _, ...connection } = event;
      return protocol === 'tcp' || protocol === 'udp' ? [connection] : [];
    },
  );
  return flows.slice(0, callsPerPolicy);
}

/** The next case. */
export function socketCase(source: Random): SocketCase {
  const text = randomPolicy(source, { native: true });
  const typed = varied(source, typedPolicy(text));
  const all = randomUniverse(source);
  const universe = {
    workloads: all.workloads.slice(0, socketWorkloads),
    reserved: all.reserved.filter(({ entities }) => entities.includes('host')),
  };
  return { text, typed, world: kernelWorld(typed, universe), calls: callsOf(typed, source, universe) };
}
