// Named ports of rules: each (protocol, port) that a workload has under a name that some rule uses gets a port class of
// its own, split off the static class that it was in. Rules that match the old class match the new one too.
import { layouts, limits } from '../../compiler/ir/abi.ts';
import type { PolicyProgram } from '../../compiler/ir/bundle.ts';
import type { Direction, NamedPort, Section } from '../../compiler/ir/typed.ts';
import { transportPoint } from '../../compiler/space/transport.ts';
import { GenerationLimit, type InventoryEndpoint } from './generation.ts';

/** Name (with its protocol) -> port classes that it stands for at one endpoint. Equal contexts have equal `key`s. */
export type NamedContext = { readonly key: string; readonly classes: ReadonlyMap<string, readonly number[]> };

export type PortTable = {
  /** `pol_ports` with the new classes. */
  readonly image: Uint8Array;
  /** Number of port classes, the new ones included. */
  readonly classes: number;
  /** Static classes -> the same points' classes now, in any order. */
  readonly withSplit: (classes: readonly number[]) => readonly number[];
  /** What names of rules of this section mean at an endpoint. */
  readonly contextOf: (section: Direction, endpoint: InventoryEndpoint) => NamedContext;
};

const nameKey = ({ protocol, name }: NamedPort): string => `${protocol} ${name}`;
const noContext: NamedContext = { key: '', classes: new Map() };

/** The classes that `named` stands for where the destination has `context`. */
export const resolveNamed = (named: readonly NamedPort[], context: NamedContext): readonly number[] =>
  named.flatMap((port) => context.classes.get(nameKey(port)) ?? []);

const namesUsedIn = ({ rules }: PolicyProgram, section: Section): ReadonlySet<string> =>
  new Set(rules.flatMap((rule) => (rule.section === section ? (rule.ports?.named ?? []).map(nameKey) : [])));

function pointsOf(endpoints: readonly InventoryEndpoint[], used: ReadonlySet<string>): readonly number[] {
  const points = new Set<number>();
  for (const endpoint of endpoints) {
    if (endpoint.kind !== 'workload') continue;
    for (const port of endpoint.namedPorts) if (used.has(nameKey(port))) points.add(transportPoint(port.protocol, port.port));
  }
  return [...points].sort((a, b) => a - b);
}

function contextAt(endpoint: InventoryEndpoint, used: ReadonlySet<string>, classAt: ReadonlyMap<number, number>): NamedContext {
  if (endpoint.kind !== 'workload') return noContext;
  const here = endpoint.namedPorts.filter((port) => used.has(nameKey(port)));
  if (here.length === 0) return noContext;
  const classes = new Map<string, number[]>();
  for (const port of here) {
    const number = classAt.get(transportPoint(port.protocol, port.port)) ?? 0;
    const list = classes.get(nameKey(port)) ?? [];
    if (!list.includes(number)) list.push(number);
    classes.set(nameKey(port), list);
  }
  const entries = [...classes].map(([name, numbers]) => `${name}=${numbers.sort((a, b) => a - b).join()}`);
  return { key: entries.sort().join(';'), classes };
}

/** The port table of one generation. @throws GenerationLimit when names stand for more ports than there are classes. */
export function portTable(program: PolicyProgram, ports: Uint8Array, endpoints: readonly InventoryEndpoint[]): PortTable {
  const used = { ingress: namesUsedIn(program, 'ingress'), egress: namesUsedIn(program, 'egress') };
  const points = pointsOf(endpoints, new Set([...used.ingress, ...used.egress]));
  const classes = program.classes.ports + points.length;
  if (classes > limits.classes) throw new GenerationLimit('port classes', classes, limits.classes);
  const image = ports.slice(0, layouts.ports.size);
  const view = new DataView(image.buffer);
  const splitOff = new Map<number, number[]>();
  const classAt = new Map<number, number>();
  points.forEach((point, i) => {
    const parent = view.getUint16(point * 2, true);
    const list = splitOff.get(parent) ?? [];
    list.push(program.classes.ports + i);
    splitOff.set(parent, list);
    classAt.set(point, program.classes.ports + i);
    view.setUint16(point * 2, program.classes.ports + i, true);
  });
  return {
    image,
    classes,
    withSplit: (list) => (points.length === 0 ? list : list.flatMap((number) => [number, ...(splitOff.get(number) ?? [])])),
    contextOf: (section, endpoint) => contextAt(endpoint, used[section], classAt),
  };
}
