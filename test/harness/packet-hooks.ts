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
import { openRing, type Ring } from '../../src/runtime/events/ring.ts';
import { nameOfNumber, type VerdictEvent } from '../../src/runtime/events/verdict-event.ts';
import { mapById, mapDelete, mapLookup, mapNextKey, mapUpdate } from '../../src/runtime/ffi/libbpf.ts';
import { moveProcess } from '../../src/runtime/kernel/cgroups.ts';
import { using } from '../../src/runtime/kernel/descriptor.ts';
import { u32 } from '../../src/runtime/kernel/entries.ts';
import { ownInterfaces } from '../../src/runtime/kernel/interfaces.ts';
import { type Loaded, loadObjects, type TemplateObject } from '../../src/runtime/kernel/load.ts';
import { currentRevision, type Generations, generations } from '../../src/runtime/kernel/tables.ts';
import { atEnd, expectOk, mapOf, privateCgroup, privatePins, templateObject, testRun } from './kernel.ts';
import type { KernelWorld } from './kernel-world.ts';
import { ethernet } from './packet.ts';
import { contextOf, farInterface } from './packet-bench.ts';
import type { PacketQuestion } from './packet-questions.ts';
import type { Told } from './tables.ts';

export type HookName = 'cgroup' | 'interface' | 'early';
/** What the ring has of an event that matters here. */
export type ToldEvent = Pick<VerdictEvent, 'cause' | 'revision' | 'subject' | 'direction' | 'verdict'>;
/** What a program says of a packet: what it returns, and the one event that it told. */
export type Found = { readonly returned: number; readonly told: ToldEvent | undefined };
/** What it is to say; without `told`: nothing is told. */
export type Expected = { readonly returned: number; readonly told: Told | undefined };
/** Who asks, before its questions: whose the cgroup, or the interface, is from now on. */
export type PacketHook = {
  /** Forgets every flow. */
  readonly forget: () => void;
  readonly own: (subject: number) => void;
  readonly ask: (question: PacketQuestion) => Found;
};
export type PacketHooks = {
  readonly loaded: Loaded;
  /** Puts the tables of a world in force. */
  readonly install: (world: KernelWorld) => void;
  readonly hooks: ReadonlyMap<HookName, PacketHook>;
};

/** The object that each place is decided by. */
export const hookTemplates: Readonly<Record<HookName, string>> = { cgroup: 'net/cgroup_skb', interface: 'net/tc', early: 'net/xdp' };

/** What the programs of each place return. */
const cgroupReturns = { deny: 0, pass: 1, drop: 2 } as const;
const interfacePasses = 0xffffffff;
const earlyReturns = { drop: 1, pass: 2 } as const;

/** Empty tables of requests: a packet that opens a connection carries none. */
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

function fieldOf(name: 'cause' | 'revision' | 'subject' | 'direction' | 'verdict'): Field {
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

/** The one event that a run left in the ring; undefined: none, or too many. */
function eventOf(ring: Ring): ToldEvent | undefined {
  let [count, event]: [number, ToldEvent | undefined] = [0, undefined];
  ring.drain((record) => {
    count++;
    event = readEvent(record);
  });
  return count === 1 ? event : undefined;
}

/** Deletes every entry, each when the next one is known: from the beginning the kernel would look through all empty places. */
function forget(fd: number, keyBytes: number): void {
  let [key, next] = [new Uint8Array(keyBytes), new Uint8Array(keyBytes)];
  for (let isThere = mapNextKey(fd, null, key); isThere; [key, next] = [next, key]) {
    isThere = mapNextKey(fd, key, next);
    mapDelete(fd, key);
  }
}

/** Bytes of struct pol_flow_key and of struct pol_track_key. */
const keyBytes = { flows: 40, tracked: 48 } as const;

const programs: Readonly<Record<'cgroup' | 'interface', Readonly<Record<Direction, string>>>> = {
  cgroup: { egress: 'pol_cgroup_egress', ingress: 'pol_cgroup_ingress' },
  interface: { egress: 'pol_tc_from', ingress: 'pol_tc_to' },
};

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

type Bench = { readonly loaded: Loaded; readonly ring: Ring; readonly ownCgroup: (endpoint: number) => void };

/** The inner map of workloads that programs read now. */
function cgroupsInForce(loaded: Loaded): number {
  const id = new Uint32Array(1);
  mapLookup(mapOf(loaded, 't_cgroups'), u32(currentRevision(loaded.maps) % limits.slots), new Uint8Array(id.buffer));
  return mapById(id[0] ?? 0);
}

function cgroupHook({ loaded, ring, ownCgroup }: Bench): PacketHook {
  const host = { until: 0n, exempt: 0n, network: statSync('/proc/self/ns/net').ino };
  mapUpdate(mapOf(loaded, 'host'), u32(0), encode(layouts.host, host));
  const context = contextOf(farInterface());
  const flows = mapOf(loaded, 'flows');
  return {
    forget: () => forget(flows, keyBytes.flows),
    own: (subject) => {
      ownInterfaces(loaded.maps, []);
      ownCgroup(subject === fixedEndpoint.host ? fixedEndpoint.none : subject);
    },
    ask: (question) => {
      const { value } = testRun(loaded, programs.cgroup[question.direction], ethernet(question.packet), { context });
      return { returned: value, told: eventOf(ring) };
    },
  };
}

function interfaceHook({ loaded, ring, ownCgroup }: Bench): PacketHook {
  const index = farInterface();
  const context = contextOf(index);
  const tracked = mapOf(loaded, 'tracked');
  return {
    forget: () => forget(tracked, keyBytes.tracked),
    // With a cgroup: what has to be inspected is left to it. What comes from the host's addresses comes from its socket.
    own: (endpoint) => {
      ownCgroup(fixedEndpoint.none);
      ownInterfaces(loaded.maps, [{ index, name: 'pairs', before: 14, endpoint, hasCgroup: true }]);
    },
    ask: (question) => {
      const { value } = testRun(loaded, programs.interface[question.direction], ethernet(question.packet), { context });
      return { returned: value === interfacePasses ? 1 : 0, told: eventOf(ring) };
    },
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
function earlyHook({ loaded, ring }: Bench): PacketHook {
  const index = farInterface();
  return {
    forget: () => forget(mapOf(loaded, 'tracked'), keyBytes.tracked),
    own: (endpoint) => ownInterfaces(loaded.maps, [{ index, name: 'pairs', before: 14, endpoint, hasCgroup: true }]),
    ask: (question) => ({ returned: testRun(loaded, 'pol_xdp', ethernet(question.packet)).value, told: eventOf(ring) }),
  };
}

/** What a place is to say; undefined: such a question never comes there. */
export const expectedAt: Readonly<Record<HookName, (question: PacketQuestion) => Expected | undefined>> = {
  cgroup: ({ direction, expected }) => {
    const refused = expected.action === 'dropped' && direction === 'egress' ? cgroupReturns.drop : cgroupReturns.deny;
    return { returned: isAllowed(expected) ? cgroupReturns.pass : refused, told: expected };
  },
  interface: ({ subject, expected }) =>
    subject === fixedEndpoint.host ? undefined : { returned: isAllowed(expected) ? 1 : 0, told: expected },
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
  const ring = openRing(mapOf(loaded, 'events'));
  atEnd(ring.close);
  const tables: Generations = generations(loaded.maps);
  atEnd(tables.close);
  const bench: Bench = { loaded, ring, ownCgroup: ownedCgroup(loaded) };
  return {
    loaded,
    install: ({ content }) => void expectOk(tables.install({ ...content, images: { ...content.images, ...noRequests } })),
    hooks: new Map(names.map((name) => [name, makers[name](bench)])),
  };
}
