// The production packet programs against the oracle: random policies are compiled, materialized and written into the
// kernel's tables; every event goes through BPF_PROG_TEST_RUN as a packet, at each workload it concerns; verdict and cause
// must be the oracle's. PAIRS=100000 for a long run, SEED=n for another. An event here is a new flow: of a request, its
// connection (the requests themselves are held against the oracle where they are decided).

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { verdictIn, verdictOf } from '../../src/compiler/analysis/oracle.ts';
import type { Cause, FlowEvent } from '../../src/compiler/ir/event.ts';
import type { Direction, TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { protocolOf } from '../../src/compiler/space/transport.ts';
import { openRing, type Ring } from '../../src/runtime/events/ring.ts';
import { type VerdictEvent, verdictEventOf } from '../../src/runtime/events/verdict-event.ts';
import type { Cgroup } from '../../src/runtime/kernel/cgroups.ts';
import { eventTally, randomEvents, randomPolicy, randomUniverse, type Universe } from '../harness/arbitrary.ts';
import { typedPolicy } from '../harness/compile.ts';
import { atEnd, inCgroup, kernelTest, mapOf, privateCgroup } from '../harness/kernel.ts';
import { type KernelWorld, kernelWorld } from '../harness/kernel-world.ts';
import { icmp, icmpv6, ip, type Layer, type NetworkPacket, otherProtocol, sctp, tcp, udp } from '../harness/packet.ts';
import { type PacketBench, packetBench } from '../harness/packet-bench.ts';
import { type Random, random, seedOf } from '../harness/random.ts';
import { type Told, told } from '../harness/tables.ts';
import { type TcBench, tcBench } from '../harness/tc-bench.ts';
import { varied } from '../harness/varied.ts';

const pairs = Number(process.env['PAIRS'] ?? 10_000);
const eventsPerPolicy = 100;
const directions: readonly Direction[] = ['egress', 'ingress'];

const shown = (value: unknown): string => JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part));
/** That a condition could not be decided is no part of a cause's number. */
const plain = (cause: Cause): Cause => (cause.kind === 'rule' ? { kind: 'rule', rule: cause.rule } : cause);

/** What is asked of one workload about one event. */
type Question = {
  readonly event: FlowEvent;
  readonly direction: Direction;
  readonly place: number;
  readonly packet: NetworkPacket;
  readonly expected: Told;
};
/** `returned`: by the program. */
type Found = { readonly returned: number; readonly told: VerdictEvent | undefined };

/** The transport layer of a new flow; `serial` makes it one that was not seen before. */
function layerOf({ point }: FlowEvent, serial: number): Layer {
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
  throw new Error(`ends of different families: ${shown(event)}`);
}

function questionsOf(typed: TypedPolicy, world: KernelWorld, event: FlowEvent, packet: NetworkPacket): readonly Question[] {
  return directions.flatMap((direction) => {
    const [subject, peer] = direction === 'egress' ? [event.source, event.destination] : [event.destination, event.source];
    const place = world.place(subject);
    if (place === undefined) return [];
    return [{ event, direction, place, packet, expected: told(typed, verdictIn(typed, direction, { subject, peer, point: event.point })) }];
  });
}

/** A place in the kernel where packets are decided. */
type Hook = {
  readonly install: (world: KernelWorld) => void;
  /** Answers in the order of `questions`, all of which one workload asks. */
  readonly ask: (world: KernelWorld, place: number, questions: readonly Question[]) => readonly Found[];
  /** What the program returns for a verdict. */
  readonly returns: (action: Told['action'], direction: Direction) => number;
};

const allows = (action: Told['action']): boolean => action === 'allowed' || action === 'audited';

/** The events that one run left in the ring: one, or something is wrong. */
function eventOf(ring: Ring): VerdictEvent | undefined {
  const events: VerdictEvent[] = [];
  ring.drain((record) => events.push(verdictEventOf(record)));
  return events.length === 1 ? events[0] : undefined;
}
/** A protocol without ports has one flow for each peer. */
const sharesFlows = ({ event }: Question): boolean => protocolOf(event.point).protocol === 'other';

class CgroupHook implements Hook {
  readonly bench: PacketBench = packetBench('differential');
  private readonly cgroups: readonly Cgroup[] = Array.from({ length: 8 }, (_, place) => privateCgroup(`w${place}`));
  private readonly ring = openRing(mapOf(this.bench.loaded, 'events'));

  constructor() {
    atEnd(this.ring.close);
  }

  returns(action: Told['action'], direction: Direction): number {
    if (allows(action)) return 1;
    return action === 'dropped' && direction === 'egress' ? 2 : 0;
  }

  install(world: KernelWorld): void {
    const cgroups = this.cgroups.map(({ id }, place) => ({ cgroup: id, endpoint: world.subject(place) }));
    this.bench.install({ ...world.content, cgroups });
    this.bench.forget();
  }

  ask(_: KernelWorld, place: number, questions: readonly Question[]): readonly Found[] {
    const cgroup = this.cgroups[place];
    if (cgroup === undefined) throw new Error(`no workload ${place}`);
    return inCgroup(cgroup, () => questions.map((question) => this.run(question)));
  }

  private run(question: Question): Found {
    if (sharesFlows(question)) this.bench.forget();
    const returned = this.bench.returned(question.direction, question.packet);
    return { returned, told: eventOf(this.ring) };
  }
}

/** The interface belongs to each workload in turn. */
class InterfaceHook implements Hook {
  private readonly bench: TcBench = tcBench();
  private readonly ring = openRing(mapOf(this.bench.loaded, 'events'));

  constructor() {
    atEnd(this.ring.close);
  }

  returns(action: Told['action']): number {
    return allows(action) ? 1 : 0;
  }

  install(world: KernelWorld): void {
    this.bench.install(world.content);
    this.bench.forget();
  }

  ask(world: KernelWorld, place: number, questions: readonly Question[]): readonly Found[] {
    // With a cgroup: what has to be inspected is left to it.
    this.bench.own(world.subject(place), true);
    return questions.map((question) => {
      if (sharesFlows(question)) this.bench.forget();
      const returned = this.bench.passes(question.direction, question.packet) ? 1 : 0;
      return { returned, told: eventOf(this.ring) };
    });
  }
}

/** Verdicts of events. */
const tellings = { allowed: ['forwarded', 'redirected'], audited: ['audit'], denied: ['dropped'], dropped: ['dropped'] } as const;

function agrees(
  { world, hook }: { readonly world: KernelWorld; readonly hook: Hook },
  { expected, direction }: Question,
  { returned, told: event }: Found,
): boolean {
  const cause = event && world.read(event.cause);
  const verdict = tellings[expected.action].some((one) => one === event?.verdict);
  const isSame = event?.direction === direction && shown(cause) === shown(plain(expected.cause));
  return returned === hook.returns(expected.action, direction) && verdict && isSame;
}

/** Flows of the universe, each as a connection; made for the network rules alone, or a policy about programs would bring none. */
function flowsOf(typed: TypedPolicy, source: Random, universe: Universe): readonly FlowEvent[] {
  const network = { ...typed, rules: typed.rules.filter(({ section }) => section !== 'process') };
  const events = randomEvents(network, universe, { random: source, count: Math.min(eventsPerPolicy, pairs), native: true });
  return events.flatMap((event) => {
    if (event.kind !== 'flow') return [];
    const { request: _, ...connection } = event;
    return [connection];
  });
}

function comparePolicy(hook: Hook, source: Random, round: number, tally: ReturnType<typeof eventTally>): number {
  const text = randomPolicy(source, { native: true });
  const typed = varied(source, typedPolicy(text));
  const universe = randomUniverse(source);
  const world = kernelWorld(typed, universe);
  const flows = flowsOf(typed, source, universe);
  const questions = flows.flatMap((event, serial) => questionsOf(typed, world, event, packetOf(world, event, { random: source, serial })));
  hook.install(world);
  const denied = new Set<FlowEvent>();
  for (let place = 0; place < universe.workloads.length; place++) {
    const asked = questions.filter((question) => question.place === place);
    if (asked.length === 0) continue;
    hook.ask(world, place, asked).forEach((found, i) => {
      const question = asked[i];
      if (question && found.returned !== 1) denied.add(question.event);
      if (question && agrees({ world, hook }, question, found)) return;
      assert.unreachable(
        `policy ${round}: ${shown(question)}\nkernel: ${shown({ ...found, cause: found.told && world.read(found.told.cause) })}\n${text}`,
      );
    });
  }
  for (const event of flows) {
    tally.add(typed, event);
    assert.is(denied.has(event), verdictOf(typed, event).action === 'denied', `both sides: ${shown(event)}`);
  }
  return questions.length;
}

function compare(hook: Hook, seed: number): void {
  const source = random(seedOf('oracle-vs-kernel', seed));
  const tally = eventTally();
  let runs = 0;
  for (let round = 0; tally.shares().events < pairs; round++) runs += comparePolicy(hook, source, round, tally);
  console.log(`oracle-vs-kernel: ${Math.ceil(pairs / eventsPerPolicy)} policies, ${runs} packets, ${tally.line()}`);
  const { contested, allowed, denied } = tally.shares();
  for (const [name, share] of Object.entries({ contested, allowed, denied })) assert.ok(share >= 0.3, `${name}: ${share}`);
}

kernelTest('the programs of cgroups say what the oracle says, cause included', () => compare(new CgroupHook(), 20_260_803));
kernelTest('the programs of interfaces say what the oracle says, cause included', () => compare(new InterfaceHook(), 20_261_121));

test.run();
