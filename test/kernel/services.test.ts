// Services with real sockets: a connection or datagram to an address that nobody has reaches a backend, policy is asked
// about that backend, and the caller sees the service. Two backends share loopback, told apart by their ports.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatAddress } from '../../src/compiler/space/address.ts';
import type { NamedEndpointPort } from '../../src/runtime/policy/generation.ts';
import { materialize } from '../../src/runtime/policy/materialize.ts';
import { policySetOf } from '../../src/runtime/policy/policy-index.ts';
import { type BackendWorkload, serviceTables } from '../../src/runtime/policy/services.ts';
import { type Attached, attachedTo } from '../harness/attached.ts';
import { typedPolicy } from '../harness/compile.ts';
import { kernelTest, privateCgroup } from '../harness/kernel.ts';
import { type Agent, startAgent, stopAgents } from '../harness/socket-agents.ts';
import { emitted, imageOf, imagesOf, plainCauses } from '../harness/tables.ts';

const endpoints = { client: 16, one: 17, two: 18 } as const;
type Server = 'one' | 'two';
const ports: Readonly<Record<Server, readonly NamedEndpointPort[]>> = {
  one: [
    { protocol: 'tcp', name: 'main', port: 8081 },
    { protocol: 'udp', name: 'main', port: 5301 },
  ],
  two: [
    { protocol: 'tcp', name: 'main', port: 8082 },
    { protocol: 'udp', name: 'main', port: 5302 },
  ],
};
const labels = { client: { app: 'client' }, one: { app: 'web', name: 'one' }, two: { app: 'web', name: 'two' } } as const;

const services = (affinity = ''): string => `
service shop for { app: "web" } at [10.96.0.10, fd00:96::10] ${affinity} {
  tcp 80 to "main"
  udp 53 to "main"
}
service single for { name: "one" } at [10.96.0.11, fd00:96::11] { tcp 80 to 8081 }
service nobody for { app: "nobody" } at [10.96.0.12, fd00:96::12] { tcp 80 }
`;
const everything = 'policy p for { app: "client" } { egress { allow to { app: "web" } } }';
const onlyOne = 'policy p for { app: "client" } { egress { allow to { name: "one" } } }';

type Scene = {
  readonly client: Agent;
  /** Puts a policy in force; `ready`: the servers that the inventory calls so. */
  readonly set: (text: string, ready?: readonly Server[]) => void;
};

const loopback: BackendWorkload['addresses'] = [0xffff_7f00_0001n, 1n];
const workloadOf = (name: Server, ready: boolean): BackendWorkload => ({
  ...{ name, labels: labels[name], addresses: loopback, namedPorts: ports[name], ready },
});

type Cgroups = Readonly<Record<keyof typeof endpoints, { readonly id: bigint }>>;

function put(net: Attached, cgroups: Cgroups, [text, ready]: readonly [string, readonly Server[]]): void {
  const policy = emitted(typedPolicy(text));
  const tables = materialize({
    policies: policySetOf(policy.program),
    ports: imageOf(policy, 'ports'),
    endpoints: [
      { id: 1, kind: 'reserved', entities: ['host'] },
      { id: endpoints.client, kind: 'workload', labels: labels.client, namedPorts: [], local: true },
      { id: endpoints.one, kind: 'workload', labels: labels.one, namedPorts: ports.one, local: true },
      { id: endpoints.two, kind: 'workload', labels: labels.two, namedPorts: ports.two, local: true },
    ],
    causes: plainCauses(),
  });
  const servers: readonly Server[] = ['one', 'two'];
  net.install({
    images: imagesOf(policy),
    tables,
    addresses: [],
    cgroups: [
      { cgroup: cgroups.client.id, endpoint: endpoints.client },
      { cgroup: cgroups.one.id, endpoint: endpoints.one },
      { cgroup: cgroups.two.id, endpoint: endpoints.two },
    ],
    services: serviceTables(
      policy.program,
      servers.map((name) => workloadOf(name, ready.includes(name))),
    ),
  });
}

async function listening(agent: Agent, server: Server): Promise<void> {
  for (const { protocol, port } of ports[server]) {
    for (const host of ['127.0.0.1', '::1']) {
      const { result } = await agent.tell({ do: protocol === 'tcp' ? 'listen' : 'bind', id: `${protocol} ${host}`, host, port });
      assert.is(result, 'ok');
    }
  }
}

let made: Promise<Scene> | undefined;
async function make(): Promise<Scene> {
  const cgroups = { client: privateCgroup('client'), one: privateCgroup('one'), two: privateCgroup('two') };
  const client = startAgent(cgroups.client, 'new');
  await client.tell({ do: 'close', id: '' });
  await listening(startAgent(cgroups.one, client), 'one');
  await listening(startAgent(cgroups.two, client), 'two');
  const net = attachedTo(['net/cgroup_skb', 'net/connect', 'net/service'], Object.values(cgroups));
  return { client, set: (text, ready = ['one', 'two']) => put(net, cgroups, [text, ready]) };
}
const scene = (): Promise<Scene> => {
  made ??= make();
  return made;
};

let serial = 0;
type Reached = { readonly result: string; readonly peer: string | undefined };
async function dial(client: Agent, host: string, port = 80): Promise<Reached> {
  const id = `c${serial++}`;
  const { result, peer } = await client.tell({ do: 'connect', id, host, port, wait: 3000 });
  await client.tell({ do: 'close', id });
  return { result, peer };
}
async function ask(client: Agent, host: string, connected: boolean): Promise<Reached> {
  const id = `u${serial++}`;
  const { result, peer } = await client.tell({ do: 'ask', id, host, port: 53, connected, wait: 3000 });
  await client.tell({ do: 'close', id });
  return { result, peer };
}
const many = async (action: () => Promise<Reached>): Promise<ReadonlySet<string>> => {
  const results = new Set<string>();
  for (let round = 0; round < 24; round++) results.add((await action()).result);
  return results;
};

const shop = ['10.96.0.10', 'fd00:96::10'] as const;

kernelTest('a connection to a service reaches a backend, and its peer is the service', async () => {
  const { client, set } = await scene();
  set(services() + everything);
  for (const host of shop) assert.equal(await dial(client, host), { result: 'ok', peer: `${host} 80` });
  assert.equal(await dial(client, '::ffff:10.96.0.10'), { result: 'ok', peer: '::ffff:10.96.0.10 80' });
});

kernelTest('a datagram to a service reaches a backend, and its answer comes from the service', async () => {
  const { client, set } = await scene();
  set(services() + everything);
  for (const host of shop)
    for (const connected of [false, true]) assert.equal(await ask(client, host, connected), { result: 'ok', peer: `${host} 53` });
});

kernelTest('policy is asked about the backend', async () => {
  const { client, set } = await scene();
  set(services() + onlyOne);
  for (const host of shop) {
    assert.equal([...(await many(() => dial(client, host)))].sort(), ['EPERM', 'ok']);
    assert.equal([...(await many(() => ask(client, host, false)))].sort(), ['EPERM', 'ok']);
  }
  assert.equal([...(await many(() => dial(client, '10.96.0.11')))], ['ok']);
});

kernelTest('no new connection goes to a backend that is not ready; without any it is refused', async () => {
  const { client, set } = await scene();
  set(services() + onlyOne, ['one']);
  for (const host of shop) assert.equal([...(await many(() => dial(client, host)))], ['ok']);
  set(services() + onlyOne, ['two']);
  for (const host of shop) assert.equal([...(await many(() => dial(client, host)))], ['EPERM']);
  set(services() + everything, []);
  for (const host of [...shop, '10.96.0.12', 'fd00:96::12']) assert.is((await dial(client, host)).result, 'ECONNREFUSED');
});

kernelTest('with affinity all connections and datagrams of a client go to one backend', async () => {
  const { client, set } = await scene();
  // Only one of them may be reached: of one that goes to both, some calls are denied.
  set(services('affinity client') + onlyOne);
  for (const host of shop) {
    assert.is((await many(() => dial(client, host))).size, 1);
    for (const connected of [false, true]) assert.is((await many(() => ask(client, host, connected))).size, 1);
  }
  // A backend that stays keeps its client.
  const [before] = await many(() => ask(client, shop[0], false));
  set(services('affinity client') + onlyOne, [before === 'ok' ? 'one' : 'two']);
  assert.equal([...(await many(() => ask(client, shop[0], false)))], [before]);
});

kernelTest('what stays connected is not moved, and an address that is no service is left alone', async () => {
  const { client, set } = await scene();
  set(services() + everything, ['one']);
  const id = `c${serial++}`;
  assert.is((await client.tell({ do: 'connect', id, host: shop[0], port: 80, wait: 3000 })).result, 'ok');
  set(services() + everything, ['two']);
  assert.is((await client.tell({ do: 'exchange', id, text: 'still here', wait: 3000 })).result, 'ok');
  assert.equal(await dial(client, formatAddress(0xffff_7f00_0001n), 8081), { result: 'ok', peer: '127.0.0.1 8081' });
});

test.after(stopAgents);
test.run();
