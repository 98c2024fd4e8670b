// Connections that the stream program has poisoned are ended by policyd: a client that reads until the end gets it, in
// the workload's own network namespace too. Every other connection stays: a normal denial's, and those of other owners.
import { once } from 'node:events';
import { connect as openSocket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PoisonedConnections } from '../../src/runtime/daemon/poisoned.ts';
import type { VerdictEvent } from '../../src/runtime/events/verdict-event.ts';
import { createCgroup, moveProcess } from '../../src/runtime/kernel/cgroups.ts';
import { RawClient, type Response } from '../harness/http-client.ts';
import { kernelTest, privateCgroup } from '../harness/kernel.ts';
import { endChildren, policyd, until, world } from '../harness/policyd.ts';
import { freePort, node, serve, serveIn, serverCode, started } from '../harness/policyd-traffic.ts';
import { event } from '../unit/hubble/sample.ts';

test.after(endChildren);

const policyFor = (port: number): string =>
  `workload server = { app: "server" }\npolicy p for server { ingress { allow at tcp ${port} http { GET "/cart/{id}" } } }\n`;
const request = (path: string, version = '1.1'): string => `GET ${path} HTTP/${version}\r\nHost: server\r\n\r\n`;

async function ask(client: RawClient, text: string): Promise<number | string> {
  await client.send(text);
  const answer: Response | string = await client.next();
  return typeof answer === 'string' ? answer : answer.status;
}

kernelTest('a denied HTTP/1.0 client reads the end; a keep-alive client keeps its connection', async () => {
  const here = world();
  const port = await freePort();
  here.policy(policyFor(port));
  const daemon = await here.run();
  await serve(here, 'server', port);
  const [kept, old] = [await RawClient.open(port), await RawClient.open(port)];
  assert.is(await ask(kept, request('/admin')), 403);
  assert.is(await ask(old, request('/admin', '1.0')), 403);
  assert.not(old.closed);
  await until('the end of the poisoned connection', () => old.closed);
  await sleep(1000);
  assert.equal([await ask(kept, request('/cart/1')), kept.closed], [200, false]);
  kept.end();
  const { out } = policyd(['observe', '--last', '1000', ...here.state]);
  const ended = out.split('\n').filter((line) => line.includes('connection ended'));
  assert.is(ended.length, 1, out);
  assert.match(ended[0] ?? '', /DROPPED +ingress TCP .* -> server \(.*\) connection ended, .* poisonedConnection/);
  assert.not.match(daemon.log(), /ss -K/);
  await daemon.end();
});

/** Prints `ended` when the server ends a connection on which a denied HTTP/1.0 request was sent. */
const clientCode = (port: number): string =>
  `const s = require('net').connect(${port}, '127.0.0.1', () => s.write(${JSON.stringify(request('/admin', '1.0'))}));` +
  `s.on('data', (d) => console.log(String(d).slice(9, 12))).on('error', () => {}).on('close', () => { console.log('ended'); process.exit() });` +
  `setTimeout(() => process.exit(), 5000)`;

kernelTest('in a network namespace of the workload', async () => {
  const here = world();
  const port = await freePort();
  const cgroup = privateCgroup('own-network');
  here.policy(policyFor(port));
  here.inventoryText(`workloads: [{ name: server, labels: { app: server }, cgroup: ${cgroup.path} }]\n`);
  const daemon = await here.run();
  const script = `echo $$ > ${cgroup.path}/cgroup.procs; exec unshare -n sh -c 'ip link set lo up; exec "$@"' sh "$@"`;
  const server = started('sh', ['-c', script, 'sh', ...node(serverCode(port))]);
  await once(server.stdout, 'data');
  const client = started('nsenter', [`--net=/proc/${server.pid}/ns/net`, ...node(clientCode(port))]);
  let said = '';
  client.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  await once(client, 'close');
  assert.equal(said.split('\n').filter(Boolean), ['403', 'ended'], daemon.log());
  await daemon.end();
});

kernelTest('the same addresses, and another owner of the socket: left alone', async () => {
  const [named, owner] = [privateCgroup('named'), privateCgroup('owner')];
  const sleeper = started('sleep', ['1000']);
  moveProcess(named.path, sleeper.pid ?? 0);
  const port = await freePort();
  const server = await serveIn(owner.path, port);
  const client = openSocket(port, '127.0.0.1').on('error', () => undefined);
  await once(client, 'connect');
  let ended = false;
  client.on('close', () => (ended = true));
  const said: string[] = [];
  const connections = new PoisonedConnections((line) => said.push(line));
  const poisoned: VerdictEvent = {
    ...event({
      ...{ cause: 3, direction: 'ingress', protocol: 'http', match: 'none', verdict: 'dropped', reason: 'poisonedConnection' },
      ...{ source: '127.0.0.1', destination: '127.0.0.1', ports: [client.localPort ?? 0, port] },
    }),
    time: process.hrtime.bigint(),
  };
  connections.end(poisoned, named.path);
  await sleep(2000);
  assert.not(ended);
  connections.end({ ...poisoned, time: 0n }, owner.path); // long ago
  await sleep(1500);
  assert.not(ended);
  // Names that mean something to ss(8), and paths longer than its words.
  createCgroup(`${owner.name}/a (or) b\\x2d=c`);
  createCgroup(`${owner.name}/${'d'.repeat(200)}/${'e'.repeat(200)}/${'f'.repeat(200)}/${'g'.repeat(200)}/${'h'.repeat(200)}`);
  connections.end({ ...poisoned, time: process.hrtime.bigint() }, owner.path);
  await until('the end', () => ended);
  assert.equal(said, []);
  connections.close();
  server.kill('SIGKILL');
});

test.run();
