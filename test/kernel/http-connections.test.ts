import { setTimeout as wait } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { eventProtocol } from '../../src/compiler/ir/abi.ts';
import { anyText, literal, sequence } from '../../src/compiler/space/pattern.ts';
import { mapNextKey } from '../../src/runtime/ffi/libbpf.ts';
import { type Ending, RawClient, type Response } from '../harness/http-client.ts';
import { httpPolicy } from '../harness/http-requests.ts';
import { type HttpWorld, httpWorld, type Server, startServer } from '../harness/http-world.ts';
import { kernelTest, mapOf } from '../harness/kernel.ts';
import { startNginx } from '../harness/nginx-server.ts';
import { requestLine } from '../harness/sample-policy.ts';

const allowing = httpPolicy(true, [
  ['allow', requestLine('GET', '/a'), requestLine('GET', '/b'), requestLine('POST', sequence(literal('/up'), anyText))],
]);
const everything = httpPolicy(true, [['allow']]);
const nothing = httpPolicy(true, []);

let made: HttpWorld | undefined;
const servers: Server[] = [];
async function governed(host?: string) {
  made ??= httpWorld(allowing);
  made.install(allowing);
  const server = await startServer(made.cgroup, host);
  servers.push(server);
  return { world: made, server };
}

const request = (line: string, ...more: readonly string[]): string =>
  [`${line} HTTP/1.1`, 'Host: x', 'User-Agent: test', ...more, '', ''].join('\r\n');
const status = (answer: Response | Ending): number | Ending => (typeof answer === 'string' ? answer : answer.status);
async function ask(client: RawClient, ...pieces: readonly string[]): Promise<number | Ending> {
  await client.send(...pieces);
  return status(await client.next());
}

kernelTest('nginx: one connection, 200 403 200; what cannot be answered is refused by nginx itself', async () => {
  const { world, server } = await governed();
  const port = server.port === 18_080 ? 18_081 : 18_080;
  const nginx = await startNginx(world.cgroup, port);
  if (!nginx) return console.log('SKIP nginx: it is not installed');
  const client = await RawClient.open(port);
  for (const [path, expected] of [
    ['/a', 200],
    ['/admin', 403],
    ['/b', 200],
    ['/%61dmin', 403],
    ['/a', 200],
  ] as const) {
    assert.is(await ask(client, request(`GET ${path}`)), expected, path);
  }
  assert.is(await ask(client, request('GET /a') + request('GET /admin') + request('GET /b')), 200);
  assert.is(status(await client.next()), 400);
  assert.is(status(await client.next()), 'closed');
  nginx.kill('SIGKILL');
});

kernelTest('a new revision is in force for the next request of a living connection', async () => {
  const { world, server } = await governed();
  const client = await RawClient.open(server.port);
  assert.is(await ask(client, request('GET /admin')), 403);
  world.install(everything);
  assert.is(await ask(client, request('GET /admin')), 200);
  world.install(allowing);
  assert.is(await ask(client, request('GET /admin')), 403);
  world.install(allowing, []);
  assert.is(await ask(client, request('GET /admin')), 200);
  world.install(allowing);
  assert.is(await ask(client, request('GET /a')), 200);
  // In the middle of a target, and of a head.
  await client.send('GET /');
  world.install(httpPolicy(true, [['allow', requestLine('GET', '/other')]]));
  await client.send('other HTTP/1.1\r\n');
  world.install(
    httpPolicy(true, [
      ['allow', requestLine('GET', '/x')],
      ['allow', requestLine('GET', '/other')],
    ]),
  );
  assert.is(await ask(client, 'Host: x\r\n\r\n'), 200);
  world.install(nothing);
  const before = world.counted(eventProtocol.http).length;
  await client.send(request('GET /a'));
  assert.is.not(status(await client.next()), 200);
  assert.is(world.counted(eventProtocol.http).length, before, 'denied at L4, not as a request');
  client.end();
});

kernelTest('a connection that is newly governed by requests passes no data', async () => {
  const { world, server } = await governed();
  world.install(everything);
  const client = await RawClient.open(server.port);
  assert.is(await ask(client, request('GET /a')), 200);
  world.install(allowing);
  assert.is(await ask(client, request('GET /a')), 'silent');
  client.end();
});

kernelTest('IPv6, and IPv4 on an IPv6 listener', async () => {
  const { server } = await governed('::');
  for (const host of ['::1', '127.0.0.1']) {
    const client = await RawClient.open(server.port, host);
    assert.equal([await ask(client, request('GET /admin')), await ask(client, request('GET /a'))], [403, 200], host);
    client.end();
  }
});

kernelTest('a poisoned connection is told, and passes nothing more', async () => {
  const { world, server } = await governed();
  world.events();
  await server.seen();
  const client = await RawClient.open(server.port);
  assert.is(await ask(client, request('GET /a', 'Content-Length: 3', 'Transfer-Encoding: chunked')), 403);
  const [denied, poisoned] = world.events().filter(({ protocol }) => protocol === 'http');
  assert.equal([denied?.verdict, denied?.reason, denied?.text], ['dropped', 'ambiguousLength', 'GET /a']);
  assert.equal([poisoned?.verdict, poisoned?.reason, poisoned?.destinationPort], ['dropped', 'poisonedConnection', server.port]);
  assert.is(await ask(client, request('GET /a')), 'silent');
  client.end();
  assert.equal(await server.seen(), []);
});

kernelTest('a 403 of any length is whole', async () => {
  const { server } = await governed();
  for (let size = 0; size < 120; size++) {
    const client = await RawClient.open(server.port);
    for (const [method, close] of [
      ['GET', false],
      ['HEAD', false],
      ['GET', true],
    ] as const) {
      const text = `${method} /${'x'.repeat(size)} HTTP/1.${close ? 0 : 1}\r\n\r\n`;
      await client.send(text);
      const answer = await client.next(method === 'HEAD');
      if (typeof answer === 'string') throw new Error(`${text.length}: ${answer}`);
      const bytes = answer.head.length + 4 + (method === 'HEAD' ? 0 : answer.body.length);
      if (text.length < 35) break;
      assert.equal([answer.status, bytes], [403, text.length], JSON.stringify(answer));
    }
    client.end();
  }
});

kernelTest('nothing is kept of connections that are closed', async () => {
  const { world } = await governed();
  for (const server of servers) server.stop();
  for (const name of ['http_connections', 'http_sockets']) {
    for (let tries = 0; tries < 50 && keys(mapOf(world.loaded, name)) > 0; tries++) await wait(50);
    assert.is(keys(mapOf(world.loaded, name)), 0, name);
  }
});

function keys(fd: number): number {
  const [key, next] = [new Uint8Array(8), new Uint8Array(8)];
  let count = 0;
  for (; mapNextKey(fd, count === 0 ? null : key, next); count++) key.set(next);
  return count;
}

test.after(() => {
  for (const server of servers) server.stop();
});
test.run();
