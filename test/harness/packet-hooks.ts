// The places in the kernel where packets are decided, on one bench: the programs of cgroups, of interfaces and of XDP share the
// tables of one generation, and BPF_PROG_TEST_RUN puts packets through each of them.
//
// This process stays in one cgroup, and has one interface: they belong to each subject in turn.
import { statSync } from 'node:fs';
import { readInteger } from '../../src/compiler/base/bytes.ts';
import { fixedEndpoint, hubbleVerdict, layouts, limits, section } from '../../src/compiler/ir/abi.ts';
import { encode, type Field } from '../../src/compiler/ir/layout.ts';
import type { Direction } from '../../src/compiler/ir/typed.ts';
import { protocolOf, transportPoint } from '../../src/compiler/space/transport.ts';
import { nameOfNumber, type VerdictEvent } from '../../src/runtime/events/verdict-event.ts';
import { mapById, mapDelete, mapLookup, mapUpdate } from '../../src/runtime/ffi/libbpf.ts';
import { moveProcess } from '../../src/runtime/kernel/cgroups.ts';
import { using } from '../../src/runtime/kernel/descriptor.ts';
import { u32 } from '../../src/runtime/kernel/entries.ts';
import { ownInterfaces } from '../../src/runtime/kernel/interfaces.ts';
import { type Loaded, loadObjects, type TemplateObject } from '../../src/runtime/kernel/load.ts';
import { currentRevision } from '../../src/runtime/kernel/revision.ts';
import { type GenerationContent, type Generations, generations } from '../../src/runtime/kernel/tables.ts';
import { atEnd, expectOk, mapOf, privateCgroup, privatePins, templateObject } from './kernel.ts';
import { contextOf, farInterface } from './packet-bench.ts';
import type { PacketQuestion } from './packet-questions.ts';
import { type PackedAsks, type PacketRuns, packetRuns, type WrongAnswer } from './packet-runs.ts';
import type { Told } from './tables.ts';

export type HookName = 'cgroup' | 'interface' | 'early';
/** What the ring has of an event that matters here. */
export type ToldEvent = Pick<VerdictEvent, 'cause' | 'revision' | 'subject' | 'direction' | 'verdict'>;
/** What a program says of a packet, other than was expected: what it returns, how many events it told, and the last of them. */
export type Found = { readonly index: number; readonly returned: number; readonly events: number; readonly told: ToldEvent | undefined };
/** What it is to say; without `told`: nothing is told. */
export type Expected = { readonly returned: number; readonly told: Told | undefined };
/** Who asks, before its questions: whose the cgroup, or the interface, is from now on. */
export type PacketHook = {
  /** Forgets every flow. */
  readonly forget: () => void;
  readonly own: (subject: number) => void;
  /** All of the subject that owns the place; the first wrong answer. */
  readonly ask: (asks: PackedAsks, sameCause: Uint32Array) => Found | undefined;
};
export type PacketHooks = {
  readonly loaded: Loaded;
  /** Puts the tables of a world in force. */
  readonly install: (content: GenerationContent) => void;
  readonly hooks: ReadonlyMap<HookName, PacketHook>;
};

/** The object that each place is decided by. */
export const hookTemplates: Readonly<Record<HookName, string>> = { cgroup: 'net/cgroup_skb', interface: 'net/tc', early: 'net/xdp' };

/** What the programs of each place return. */
const cgroupReturns = { deny: 0, pass: 1, drop: 2 } as const;
const interfaceReturns = { drop: 2, reset: 7, pass: 0xffffffff } as const;
const earlyReturns = { drop: 1, pass: 2 } as const;

/** Empty tables of requests and programs: a packet that opens a connection carries none. */
const noRequests = {
  http: new Uint8Array(layouts.requests.size),
  dns: new Uint8Array(layouts.requests.size),
  exec: new Uint8Array(layouts.automaton.size),
};

const isAllowed = ({ action }: Told): boolean => action === 'allowed' || action === 'audited';

const eventFields = {
  cause: fieldOf('cause'),
  revision: fieldOf('revision'),
  subject: fieldOf('subject'),
  direction: fieldOf('direction'),
  verdict: fieldOf('verdict'),
};

function fieldOf(name: 'cause' | 'revision' | 'subject' | 'direction' | 'verdict' | 'text'): Field {
  const field = layouts.event.fields.find((one) => one.name === name);
  if (!field) throw new Error(`events have no ${name}`);
  return field;
}
const readField = (record: DataView, { offset, width }: Field): number => Number(readInteger(record, offset, width));

function readEvent(record: DataView): ToldEvent {
  const { cause, revision, subject, direction, verdict } = eventFields;
  return {
    cause: readField(record, cause),
    revision: readField(record, revision),
    subject: readField(record, subject),
    direction: nameOfNumber(section, readField(record, direction)),
    verdict: nameOfNumber(hubbleVerdict, readField(record, verdict)),
  };
}

/** Bytes of keys: struct pol_flow_key, struct pol_track_key, an endpoint. */
const keyBytes = { flows: 40, tracked: 48, track_shares: 4 } as const;
/** Of an event, what stands before its text. */
const eventBytes = fieldOf('text').offset;

/** Who is asked at each place. */
const programs: Readonly<Record<HookName, Readonly<Record<Direction, string>>>> = {
  cgroup: { egress: 'pol_cgroup_egress', ingress: 'pol_cgroup_ingress' },
  interface: { egress: 'pol_tc_from', ingress: 'pol_tc_to' },
  early: { egress: 'pol_xdp', ingress: 'pol_xdp' },
};
const programNames: readonly string[] = Object.values(programs).flatMap(({ egress, ingress }) => [egress, ingress]);
/** The number of a place's program in what is asked. */
export const programNumber = (hook: HookName, direction: Direction): number => programNames.indexOf(programs[hook][direction]);

/** The cgroup of this process, to be given to one endpoint after the other; 0: to nobody, so that it is the host's. */
function ownedCgroup(loaded: Loaded): (endpoint: number) => void {
  const cgroup = privateCgroup('pairs');
  moveProcess(cgroup.path);
  const key = new Uint8Array(BigUint64Array.of(cgroup.id).buffer);
  return (endpoint) =>
    using(cgroupsInForce(loaded), (cgroups) => {
      if (endpoint === fixedEndpoint.none) mapDelete(cgroups, key);
      else mapUpdate(cgroups, key, u32(endpoint));
    });
}

type Bench = { readonly loaded: Loaded; readonly runs: PacketRuns; readonly ownCgroup: (endpoint: number) => void };

const foundOf = ({ index, returned, told, event }: WrongAnswer): Found => ({
  index,
  returned,
  events: told,
  told: told > 0 ? readEvent(event) : undefined,
});
const asker =
  ({ runs }: Bench, context: Uint8Array | null): PacketHook['ask'] =>
  (asks, sameCause) => {
    const wrong = runs.ask(asks, sameCause, context);
    return wrong && foundOf(wrong);
  };

/** An interface of this process, to be given to one workload after the other; nobody has it after `ownInterfaces(maps, [])`. */
function ownedInterface(loaded: Loaded): (endpoint: number) => void {
  const index = farInterface();
  // With a cgroup: what has to be inspected is left to it. What comes from the host's addresses comes from its socket.
  return (endpoint) => {
    mapUpdate(mapOf(loaded, 'interface_of'), u32(endpoint), u32(index));
    mapUpdate(mapOf(loaded, 'interfaces'), u32(index), encode(layouts.interface, { endpoint, before: 14, has_cgroup: 1 }));
  };
}

/** Connections at interfaces, and how many each workload has. */
const forgetTracked = ({ loaded, runs }: Bench): void => {
  for (const name of ['tracked', 'track_shares'] as const) runs.clear(mapOf(loaded, name), keyBytes[name]);
};

/** The inner map of workloads that programs read now. */
function cgroupsInForce(loaded: Loaded): number {
  const id = new Uint32Array(1);
  mapLookup(mapOf(loaded, 't_cgroups'), u32(currentRevision(loaded.maps) % limits.slots), new Uint8Array(id.buffer));
  return mapById(id[0] ?? 0);
}

function cgroupHook(bench: Bench): PacketHook {
  const { loaded, runs, ownCgroup } = bench;
  const host = { until: 0n, exempt: 0n, network: statSync('/proc/self/ns/net').ino };
  mapUpdate(mapOf(loaded, 'host'), u32(0), encode(layouts.host, host));
  const flows = mapOf(loaded, 'flows');
  return {
    forget: () => {
      runs.clear(flows, keyBytes.flows);
      ownInterfaces(loaded.maps, []);
    },
    own: (subject) => ownCgroup(subject === fixedEndpoint.host ? fixedEndpoint.none : subject),
    ask: asker(bench, contextOf(farInterface())),
  };
}

function interfaceHook(bench: Bench): PacketHook {
  const { loaded, ownCgroup } = bench;
  return {
    forget: () => {
      forgetTracked(bench);
      ownCgroup(fixedEndpoint.none);
    },
    own: ownedInterface(loaded),
    ask: asker(bench, contextOf(farInterface())),
  };
}

/** Echo requests of both families. */
const echoRequests: readonly number[] = [transportPoint('icmp', 8 << 8), transportPoint('icmpv6', 128 << 8)];

/** Is it denied before anybody looks who asks: from an address that nobody has, by a packet that can be no reply? */
function isEarly({ event, expected }: PacketQuestion): boolean {
  const { protocol } = protocolOf(event.point);
  const begins = protocol === 'tcp' || protocol === 'udp' || echoRequests.includes(event.point);
  return event.source.kind === 'address' && begins && !isAllowed(expected);
}

/** Behind an interface of the host are those of its workloads. */
function earlyHook(bench: Bench): PacketHook {
  return {
    forget: () => forgetTracked(bench),
    own: ownedInterface(bench.loaded),
    ask: asker(bench, null),
  };
}

/** What a place is to say; undefined: such a question never comes there. */
export const expectedAt: Readonly<Record<HookName, (question: PacketQuestion) => Expected | undefined>> = {
  cgroup: ({ direction, expected }) => {
    const refused = expected.action === 'dropped' && direction === 'egress' ? cgroupReturns.drop : cgroupReturns.deny;
    return { returned: isAllowed(expected) ? cgroupReturns.pass : refused, told: expected };
  },
  interface: ({ subject, direction, event, expected }) => {
    if (subject === fixedEndpoint.host) return undefined;
    const isReset = expected.action === 'denied' && direction === 'egress' && protocolOf(event.point).protocol === 'tcp';
    const stopped = isReset ? interfaceReturns.reset : interfaceReturns.drop;
    return { returned: isAllowed(expected) ? interfaceReturns.pass : stopped, told: expected };
  },
  early: (question) => {
    if (question.direction === 'egress' || question.subject === fixedEndpoint.host) return undefined;
    return isEarly(question) ? { returned: earlyReturns.drop, told: question.expected } : { returned: earlyReturns.pass, told: undefined };
  },
};

const makers = { cgroup: cgroupHook, interface: interfaceHook, early: earlyHook } as const;

/** Loads the programs of these places; `objectOf` gives another object than the template's own. */
export function packetHooks(names: readonly HookName[], objectOf: (template: string) => TemplateObject = templateObject): PacketHooks {
  const loaded = expectOk(
    loadObjects(
      names.map((name) => objectOf(hookTemplates[name])),
      privatePins(),
    ),
  );
  atEnd(loaded.close);
  const tables: Generations = generations(loaded.maps);
  atEnd(tables.close);
  const source = { events: mapOf(loaded, 'events'), eventBytes, fields: eventFields };
  // A place that is not loaded is not asked.
  const runs = packetRuns(
    programNames.map((name) => loaded.programs.get(name) ?? 0),
    source,
  );
  const bench: Bench = { loaded, runs, ownCgroup: ownedCgroup(loaded) };
  return {
    loaded,
    install: (content) => void expectOk(tables.install({ ...content, images: { ...content.images, ...noRequests } })),
    hooks: new Map(names.map((name) => [name, makers[name](bench)])),
  };
}
