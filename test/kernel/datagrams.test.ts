// Sockets that send many datagrams to one end, over a link between two network namespaces: their flow is kept with the socket
// (datagram.h), and what is not of it, and what a new policy says, is decided as ever.
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { eventProtocol } from '../../src/compiler/ir/abi.ts';
import { typedPolicy } from '../harness/compile.ts';
import { dnsEvasions, queryBytes } from '../harness/dns-messages.ts';
import { type DnsWorld, dnsWorld } from '../harness/dns-world.ts';
import { kernelTest } from '../harness/kernel.ts';
import { patience } from '../harness/patience.ts';
import { type Agent, startAgent, stopAgents } from '../harness/socket-agents.ts';

const families = ['v4', 'v6'] as const;
const near = { v4: '10.95.0.1', v6: 'fd95::1' };
const far = { v4: '10.95.0.2', v6: 'fd95::2' };
const third = { v4: '10.95.0.3', v6: 'fd95::3' };
const [port, other] = [6101, 6102];
const wait = 1500 * patience;

type Scene = { readonly world: DnsWorld; readonly here: Agent };
let made: Scene | undefined;

const inside = (agent: Agent, ...command: readonly string[]): string =>
  execFileSync('nsenter', ['--target', String(agent.pid), '--net', ...command], { encoding: 'utf8' });

/** The workload, and somebody with two addresses who echoes what comes. */
async function scene(): Promise<Scene> {
  if (made) return made;
  const world = dnsWorld();
  const [here, there] = [startAgent(world.cgroup, 'new'), startAgent(undefined, 'new')];
  for (const agent of [here, there]) await agent.tell({ do: 'close', id: '' });
  inside(here, 'ip', 'link', 'add', 'near', 'type', 'veth', 'peer', 'name', 'far', 'netns', String(there.pid));
  for (const [agent, name, ...all] of [
    [here, 'near', near],
    [there, 'far', far, third],
  ] as const) {
    for (const { v4, v6 } of all) {
      inside(agent, 'ip', 'addr', 'add', `${v4}/24`, 'dev', name);
      inside(agent, 'ip', '-6', 'addr', 'add', `${v6}/64`, 'dev', name, 'nodad');
    }
    inside(agent, 'ip', 'link', 'set', name, 'up');
  }
  for (const host of [...Object.values(far), ...Object.values(third)])
    for (const number of [port, other])
      assert.is((await there.tell({ do: 'bind', id: `${host} ${number}`, host, port: number })).result, 'ok');
  made = { world, here };
  return made;
}

let serial = 0;

for (const family of families)
  for (const connected of [false, true])
    kernelTest(`a flow is kept with its socket, nothing else is, ${family}${connected ? ', connected' : ''}`, async () => {
      const { world, here } = await scene();
      const id = `socket${serial++}`;
      const ask = async (host: string = far[family], to = port) =>
        (await here.tell({ do: 'ask', id, host, port: to, connected, wait })).result;
      const allowing = typedPolicy(`policy p for { app: "web" } { egress { allow to ${far[family]} at udp ${port} } }`);
      const denying = typedPolicy(`policy p for { app: "web" } { egress { allow to ${far[family]} at udp ${other} } }`);
      const flows = () =>
        world
          .counted(eventProtocol.udp)
          .filter(({ action }) => action === 'allowed')
          .reduce((sum, { count }) => sum + count, 0);
      world.install(allowing);
      const before = flows();
      for (let round = 0; round < 5; round++) assert.is(await ask(), 'ok', `round ${round}`);
      if (!connected) {
        assert.is(await ask(third[family]), 'EPERM', 'another address');
        assert.is(await ask(far[family], other), 'EPERM', 'another port');
        assert.is(await ask(), 'ok', 'and back');
      }
      // Longer than a packet is believed without the table of flows.
      await sleep(1200);
      assert.is(await ask(), 'ok', 'after a pause');
      assert.is(flows() - before, 1, 'one flow, one count');
      world.install(denying);
      for (let round = 0; round < 3; round++) assert.is(await ask(), 'EPERM', `denied, round ${round}`);
      world.install(allowing);
      for (let round = 0; round < 3; round++) assert.is(await ask(), 'ok', `allowed again, round ${round}`);
    });

for (const family of families)
  kernelTest(`each query of a flow that is kept is decided by itself, ${family}`, async () => {
    const { world, here } = await scene();
    const id = `socket${serial++}`;
    const ask = async (bytes: Uint8Array) => {
      const hex = Buffer.from(bytes).toString('hex');
      return (await here.tell({ do: 'ask', id, host: far[family], port, connected: false, hex, wait })).result;
    };
    const policyOf = (name: string) =>
      typedPolicy(`policy p for { app: "web" } { egress { allow to ${far[family]} at udp ${port} dns { "${name}" } } }`);
    for (const [allowed, denied] of [
      ['ok.example', 'no.example'],
      ['no.example', 'ok.example'],
    ] as const) {
      world.install(policyOf(allowed));
      for (let round = 0; round < 4; round++) {
        assert.is(await ask(queryBytes({ name: allowed, type: 'A' })), 'ok', `${allowed}, round ${round}`);
        assert.is(await ask(queryBytes({ name: denied, type: 'A' })), 'EPERM', `${denied}, round ${round}`);
      }
      for (const [trick, [message]] of Object.entries(dnsEvasions)) assert.is(await ask(message), 'EPERM', trick);
    }
    world.install(typedPolicy(`policy p for { app: "web" } { egress { allow to ${far[family]} at udp ${port} } }`));
    assert.is(await ask(queryBytes({ name: 'any.example', type: 'A' })), 'ok', 'without a rule about names');
    world.install(policyOf('ok.example'));
    assert.is(await ask(queryBytes({ name: 'any.example', type: 'A' })), 'EPERM', 'with one again');
  });

test.after(stopAgents);
test.run();
