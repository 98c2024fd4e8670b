// Real sockets against the oracle: random policies are compiled, materialized and put in force on the cgroups of real
// processes, which call each other by TCP and UDP over loopback, where only the socket says who is who. What the caller
// sees (a connection, EPERM, silence) and the cause that was told must be the oracle's. SOCKETS=n pairs, SEED=n.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { verdictIn } from '../../src/compiler/analysis/oracle.ts';
import type { Cause, Endpoint, FlowEvent } from '../../src/compiler/ir/event.ts';
import type { Direction, TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { protocolOf } from '../../src/compiler/space/transport.ts';
import { openRing } from '../../src/runtime/events/ring.ts';
import { type VerdictEvent, verdictEventOf } from '../../src/runtime/events/verdict-event.ts';
import { eventTally } from '../harness/arbitrary.ts';
import { attachedTo } from '../harness/attached.ts';
import { atEnd, kernelTest, mapOf, privateCgroup } from '../harness/kernel.ts';
import type { KernelWorld } from '../harness/kernel-world.ts';
import { type Random, random, seedOf } from '../harness/random.ts';
import { type Agent, startAgent, stopAgents } from '../harness/socket-agents.ts';
import { socketCase, socketWorkloads } from '../harness/socket-cases.ts';
import { told } from '../harness/tables.ts';

const pairs = Number(process.env['SOCKETS'] ?? 300);
/** Milliseconds: for what the oracle expects to come, and for what it does not. */
const patience = { answer: 5000, silence: 120 } as const;
const directions: readonly Direction[] = ['egress', 'ingress'];

const shown = (value: unknown): string => JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part));
const plain = (cause: Cause): Cause => (cause.kind === 'rule' ? { kind: 'rule', rule: cause.rule } : cause);

const words = { forwarded: 'allowed', redirected: 'allowed', audit: 'audited', dropped: 'dropped' } as const;

/** Each call has its own, so that it neither continues an earlier flow nor is told together with the last packets of one. */
const sourcePort = (serial: number, destination: number): number => {
  const port = 10_000 + (serial % 20_000);
  return port === destination ? port + 20_000 : port;
};

/** Four workloads and an unmanaged process, which is the host, in one network namespace of their own. */
function makeScene() {
  const cgroups = Array.from({ length: socketWorkloads }, (_, place) => privateCgroup(`w${place}`));
  const host = startAgent(undefined, 'new');
  return { cgroups, host, agents: () => cgroups.map((cgroup) => startAgent(cgroup, host)) };
}

class Network {
  private readonly scene = makeScene();
  private readonly attached = attachedTo(['net/cgroup_skb', 'net/connect', 'l7/stream'], this.scene.cgroups);
  private readonly ring = openRing(mapOf(this.attached.loaded, 'events'));
  private agents: readonly Agent[] = [];
  private serial = 0;

  /** The namespace is there when its maker answers. */
  async start(): Promise<void> {
    atEnd(this.ring.close);
    await this.scene.host.tell({ do: 'close', id: '' });
    this.agents = this.scene.agents();
  }

  /** No addresses: all share loopback. */
  install(world: KernelWorld): void {
    const cgroups = this.scene.cgroups.map(({ id }, place) => ({ cgroup: id, endpoint: world.subject(place) }));
    this.attached.install({ ...world.content, addresses: [], cgroups });
  }

  /** What the caller sees and what was told while it called. */
  async call(
    world: KernelWorld,
    event: FlowEvent,
    { host, wait }: { readonly host: string; readonly wait: number },
  ): Promise<{ readonly result: string; readonly told: readonly VerdictEvent[] }> {
    const { protocol, value: port } = protocolOf(event.point);
    const [caller, called] = [this.agentOf(world, event.source), this.agentOf(world, event.destination)];
    const [server, client] = [`server${this.serial}`, `client${this.serial++}`];
    const from = sourcePort(this.serial, port);
    const { result: bound } = await called.tell({ do: protocol === 'tcp' ? 'listen' : 'bind', id: server, host, port });
    assert.is(bound, 'ok', `${protocol} ${port}`);
    this.ring.drain(() => {});
    const { result } = await caller.tell(
      protocol === 'tcp'
        ? { do: 'connect', id: client, host, port, from, wait }
        : { do: 'ask', id: client, host, port, from, connected: this.serial % 2 === 0, wait },
    );
    const told: VerdictEvent[] = [];
    this.ring.drain((record) => told.push(verdictEventOf(record)));
    await caller.tell({ do: 'close', id: client });
    await called.tell({ do: 'close', id: server });
    return { result, told: told.filter((event) => event.destinationPort === port && event.sourcePort === from) };
  }

  private agentOf(world: KernelWorld, endpoint: Endpoint): Agent {
    const place = world.place(endpoint);
    const agent = place === undefined ? this.scene.host : this.agents[place];
    if (agent === undefined) throw new Error(`no process for ${shown(endpoint)}`);
    return agent;
  }
}

/** What the oracle says of each side, as the programs tell it: up to the first denial. */
function expectedOf(
  typed: TypedPolicy,
  { source, destination, point }: FlowEvent,
): { readonly result: string; readonly told: readonly string[] } {
  const events: string[] = [];
  for (const direction of directions) {
    const [subject, peer] = direction === 'egress' ? [source, destination] : [destination, source];
    if (subject.kind !== 'workload') continue;
    const { action, cause } = told(typed, verdictIn(typed, direction, { subject, peer, point }));
    const isRefused = action === 'denied' || action === 'dropped';
    events.push(`${direction} ${isRefused ? 'dropped' : action} ${shown(plain(cause))}`);
    if (isRefused) return { result: direction === 'egress' && action === 'denied' ? 'EPERM' : 'timeout', told: events };
  }
  return { result: 'ok', told: events };
}

async function comparePolicy(network: Network, source: Random, tally: ReturnType<typeof eventTally>): Promise<void> {
  const { text, typed, world, calls } = socketCase(source);
  network.install(world);
  for (const event of calls) {
    const host = source.pick(['127.0.0.1', '::1']);
    const expected = expectedOf(typed, event);
    const wait = expected.result === 'timeout' ? patience.silence : patience.answer;
    const { result, told: events } = await network.call(world, event, { host, wait });
    const found = events.map(({ direction, verdict, cause }) => {
      const known = world.read(cause);
      return `${direction} ${words[verdict]} ${shown(known ? plain(known) : cause)}`;
    });
    assert.equal({ result, told: found }, expected, `${host} ${shown(event)}\n${text}`);
    tally.add(typed, event);
  }
}

kernelTest('sockets see what the oracle says, cause included', async () => {
  const source = random(seedOf('oracle-vs-sockets', 20_260_804));
  const network = new Network();
  await network.start();
  const tally = eventTally();
  while (tally.shares().events < pairs) await comparePolicy(network, source, tally);
  console.log(`oracle-vs-sockets: ${tally.line()}`);
});

test.after(stopAgents);
test.run();
