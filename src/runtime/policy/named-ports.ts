// Named ports of rules: each (protocol, port) that a workload has under a name that some rule uses gets a port class of
// its own, split off the static class that it was in. Rules that match the old class match the new one too.
import { limits } from '../../compiler/ir/abi.ts';
import { classesOf, portsImage, startsOf } from '../../compiler/ir/class-pieces.ts';
import type { Direction, NamedPort } from '../../compiler/ir/typed.ts';
import { transportPoint } from '../../compiler/space/transport.ts';
import { GenerationLimit, type InventoryEndpoint } from './generation.ts';
import { type PolicySet, portName } from './policy-index.ts';

/** Name (with its protocol) -> port classes that it stands for at one endpoint. Equal contexts have equal `key`s. */
export type NamedContext = { readonly key: string; readonly classes: ReadonlyMap<string, readonly number[]> };

export type PortTable = {
  /** As the bundle's image `ports`, with the new classes. */
  readonly image: Uint8Array;
  /** Number of port classes, the new ones included. */
  readonly classes: number;
  /** Does a name that some rule uses stand for a port of an endpoint? */
  readonly hasNames: boolean;
  /** Static classes -> the same points' classes now, in any order. */
  readonly withSplit: (classes: readonly number[]) => readonly number[];
  /** What names of rules of this section mean at an endpoint. */
  readonly contextOf: (section: Direction, endpoint: InventoryEndpoint) => NamedContext;
};

const noContext: NamedContext = { key: '', classes: new Map() };

/** The classes that `named` stands for where the destination has `context`. */
export const resolveNamed = (named: readonly NamedPort[], context: NamedContext): readonly number[] =>
  named.flatMap((port) => context.classes.get(portName(port)) ?? []);

type IsUsed = (name: string) => boolean;

function pointsOf(endpoints: readonly InventoryEndpoint[], isUsed: IsUsed): readonly number[] {
  const points = new Set<number>();
  for (const endpoint of endpoints) {
    if (endpoint.kind !== 'workload') continue;
    for (const port of endpoint.namedPorts) if (isUsed(portName(port))) points.add(transportPoint(port.protocol, port.port));
  }
  return [...points].sort((a, b) => a - b);
}

function contextAt(endpoint: InventoryEndpoint, isUsed: IsUsed, classAt: ReadonlyMap<number, number>): NamedContext {
  if (endpoint.kind !== 'workload') return noContext;
  const here = endpoint.namedPorts.filter((port) => isUsed(portName(port)));
  if (here.length === 0) return noContext;
  const classes = new Map<string, number[]>();
  for (const port of here) {
    const number = classAt.get(transportPoint(port.protocol, port.port)) ?? 0;
    const list = classes.get(portName(port)) ?? [];
    if (!list.includes(number)) list.push(number);
    classes.set(portName(port), list);
  }
  const entries = [...classes].map(([name, numbers]) => `${name}=${numbers.sort((a, b) => a - b).join()}`);
  return { key: entries.sort().join(';'), classes };
}

/** The port table of one generation. @throws GenerationLimit when names stand for more ports than there are classes. */
export function portTable(policies: PolicySet, ports: Uint8Array, endpoints: readonly InventoryEndpoint[]): PortTable {
  const points = pointsOf(endpoints, (name) => policies.usesName('ingress', name) || policies.usesName('egress', name));
  const classes = policies.classes.ports + points.length;
  if (classes > limits.classes) throw new GenerationLimit('port classes', classes, limits.classes);
  const classOf = points.length === 0 ? new Uint16Array() : classesOf(ports);
  const splitOff = new Map<number, number[]>();
  const classAt = new Map<number, number>();
  points.forEach((point, i) => {
    const parent = classOf[point] ?? 0;
    const list = splitOff.get(parent) ?? [];
    list.push(policies.classes.ports + i);
    splitOff.set(parent, list);
    classAt.set(point, policies.classes.ports + i);
    classOf[point] = policies.classes.ports + i;
  });
  return {
    image: points.length === 0 ? ports : portsImage(startsOf(classOf)),
    classes,
    hasNames: points.length > 0,
    withSplit: (list) => (points.length === 0 ? list : list.flatMap((number) => [number, ...(splitOff.get(number) ?? [])])),
    contextOf: (section, endpoint) => contextAt(endpoint, (name) => policies.usesName(section, name), classAt),
  };
}
