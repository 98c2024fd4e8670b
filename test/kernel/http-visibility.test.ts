// Requests of ports that are only looked at: each is told with its response, and nothing that is sent there fares otherwise than
// without a look.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { eventProtocol, layouts, limits, section as sections } from '../../src/compiler/ir/abi.ts';
import { readLost } from '../../src/runtime/kernel/counters.ts';
import { observePorts } from '../../src/runtime/kernel/observed.ts';
import { readRequestCounts, readRequestDurations } from '../../src/runtime/kernel/requests.ts';
import { typedPolicy } from '../harness/compile.ts';
import { RawClient } from '../harness/http-client.ts';
import { evasions } from '../harness/http-evasions.ts';
import { outsideServer, senderIn } from '../harness/http-sender.ts';
import { type HttpWorld, httpWorld, startServer } from '../harness/http-world.ts';
import { atEnd, inCgroup, kernelTest, mapOf } from '../harness/kernel.ts';
import { patience } from '../harness/patience.ts';

const open = typedPolicy('policy web for { app: "web" } { ingress { allow at tcp } egress { allow at tcp } }');
const closed = typedPolicy(
  'policy web for { app: "web" } { ingress { allow at tcp http { GET "/a" } } egress { allow at tcp http { GET "/a" } } }',
);

let made: HttpWorld | undefined;
function world(): HttpWorld {
  made ??= httpWorld(open);
  made.install(open);
  made.events();
  made.responses();
  return made;
}
const observe = (...ports: readonly number[]): void => observePorts(world().loaded.maps, { http: ports, dns: [] });
const requestsIn = (told: HttpWorld) => told.events().filter(({ protocol }) => protocol === 'http');
/** Who is asked, what, and what came back; each has taken its time. */
const responsesIn = (told: HttpWorld, port: number) =>
  told.responses().map(({ text, verdict, match, sourcePort, response }) => {
    assert.ok(response && response.latency > 0n && response.latency < 60_000_000_000n);
    return [sourcePort === port, text, verdict, match, response?.status];
  });
const moment = (): Promise<unknown> => new Promise((resume) => setTimeout(resume, 60 * patience));
const request = (line: string, ...more: readonly string[]): string => [`${line} HTTP/1.1`, 'Host: x', ...more, '', ''].join('\r\n');

/** Reads and keeps; answers nothing, or what it reads. */
async function keeper(echoes: boolean) {
  let seen = '';
  const server = inCgroup(world().cgroup, () =>
    createServer((socket) => {
      socket
        .on('error', () => undefined)
        .on('data', (data) => {
          seen += data.toString('latin1');
          if (echoes) socket.write(data);
        });
    }).listen(0),
  );
  await once(server, 'listening');
  atEnd(() => void server.close());
  const address = server.address();
  return { port: typeof address === 'object' ? (address?.port ?? 0) : 0, seen: () => seen, server };
}

kernelTest('requests are told with the rule that allows the connection, and counted by status', async () => {
  const here = world();
  const server = await startServer(here.cgroup);
  observe(server.port);
  const client = await RawClient.open(server.port);
  for (const [line, ...more] of [['GET /a'], ['GET /../b?c=d'], ['POST /up', 'Content-Length: 3']] as const) {
    await client.send(request(line, ...more), ...(more.length > 0 ? ['abc'] : []));
    const answer = await client.next();
    assert.is(typeof answer === 'string' ? answer : answer.status, 200, line);
  }
  client.end();
  const told = requestsIn(here);
  assert.equal(
    told.map(({ verdict, text, reason, match }) => [verdict, text, reason, match]),
    [
      ['forwarded', 'GET /a', 'none', 'proto-only'],
      ['forwarded', 'GET /../b', 'ambiguousTarget', 'proto-only'],
      ['forwarded', 'POST /up', 'none', 'proto-only'],
    ],
  );
  assert.equal(responsesIn(here, server.port), [
    [true, 'GET /a', 'forwarded', 'proto-only', 200],
    [true, 'GET /../b', 'forwarded', 'proto-only', 200],
    [true, 'POST /up', 'forwarded', 'proto-only', 200],
  ]);
  const [first] = told;
  assert.equal(first && here.causeOf(first), { kind: 'rule', rule: 0 });
  assert.equal(here.counted(eventProtocol.http), [], 'no verdict was made about them');
  const counts = readRequestCounts(mapOf(here.loaded, 'http_requests'));
  assert.equal(counts.map(({ method, status, count }) => [method, status, Number(count)]).sort(), [
    [1, 200, 2],
    [3, 200, 1],
  ]);
  const durations = readRequestDurations(mapOf(here.loaded, 'http_durations'));
  assert.is(
    durations.reduce((sum, { buckets }) => sum + buckets.reduce((all, count) => all + Number(count), 0), 0),
    3,
  );
  server.stop();
});

kernelTest('what the ring has no room for is counted: requests and responses', async () => {
  const [here, server] = [world(), await startServer(world().cgroup)];
  const requests = Math.ceil(limits.ringBytes / layouts.event.size);
  observe(server.port);
  const lost = () => Number(readLost(mapOf(here.loaded, 'lost')).ringFull);
  const before = lost();
  const client = await RawClient.open(server.port);
  for (let i = 0; i < requests; i++) {
    await client.send(request('GET /a'));
    await client.next();
  }
  client.end();
  const [told, answered] = [requestsIn(here).length, here.responses().length];
  assert.ok(told < requests && answered < requests);
  assert.is(told + answered + here.unmatched() + lost() - before, 2 * requests);
  server.stop();
});

kernelTest('another port is not looked at', async () => {
  const here = world();
  const server = await startServer(here.cgroup);
  observe(server.port ^ 1);
  const client = await RawClient.open(server.port);
  await client.send(request('GET /a'));
  await client.next();
  client.end();
  assert.equal(requestsIn(here), []);
  server.stop();
});

kernelTest('what is no request, or an odd one, passes as it is', async () => {
  const server = await keeper(false);
  observe(server.port);
  let sent = '';
  for (const text of [...Object.values(evasions), 'x'.repeat(200_000), `${request('GET /a')}garbage${'\0'.repeat(5000)}`]) {
    const client = await RawClient.raw(server.port);
    client.write(text.slice(0, 40), 'latin1');
    await moment();
    client.end(text.slice(40), 'latin1');
    await once(client, 'close').catch(() => undefined);
    await moment();
    sent += text;
    assert.is(server.seen().length, sent.length, JSON.stringify(text.slice(0, 60)));
    assert.ok(server.seen().endsWith(text));
  }
});

kernelTest('both ways at once: a stream of another protocol', async () => {
  const server = await keeper(true);
  observe(server.port);
  const client = await RawClient.raw(server.port);
  let read = '';
  client.on('data', (data: Buffer) => (read += data.toString('latin1')));
  let sent = '';
  for (let i = 0; i < 50; i++) {
    const text = `line ${i} ${'y'.repeat(i * 100)}\n`;
    client.write(text);
    sent += text;
  }
  for (let tries = 0; read.length < sent.length && tries < 50; tries++) await moment();
  assert.is(read, sent);
  client.destroy();
});

kernelTest('MPTCP passes, unseen', async () => {
  const here = world();
  const listener =
    "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)\ns.bind(('127.0.0.1', 0)); s.listen(5)\nprint(s.getsockname()[1], flush=True)\nwhile True:\n    c, _ = s.accept()\n    print(c.recv(1000), flush=True); c.send(b'HTTP/1.1 200 OK\\r\\n\\r\\n')";
  const child = inCgroup(here.cgroup, () => spawn('python3', ['-c', listener], { stdio: ['ignore', 'pipe', 'ignore'] }));
  atEnd(() => child.kill('SIGKILL'));
  const ended = new Promise<string>((done) => child.on('close', () => done('')));
  const first = await Promise.race([once(child.stdout, 'data').then(String), ended]);
  if (first === '') return console.log('SKIP MPTCP passes, unseen: python3 or MPTCP is missing');
  const port = Number(first);
  observe(port);
  const client =
    "import socket, sys\ns = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)\ns.settimeout(3)\ns.connect(('127.0.0.1', int(sys.argv[1])))\ns.send(b'GET /a HTTP/1.1\\r\\n\\r\\n')\nprint(s.recv(100))";
  const asking = spawn('python3', ['-c', client, `${port}`], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [answer] = await once(asking.stdout, 'data');
  assert.match(String(answer), /200 OK/);
  child.kill('SIGKILL');
});

kernelTest('a rule about requests that comes later closes the connection, as it does any other', async () => {
  const here = world();
  const server = await startServer(here.cgroup);
  observe(server.port);
  const client = await RawClient.open(server.port);
  await client.send(request('GET /b'));
  await client.next();
  here.install(closed);
  await client.send(request('GET /b'));
  assert.is(await client.next(), 'silent');
  client.end();
  await server.seen().then((seen) => assert.equal(seen, ['GET /b 0']));
  server.stop();
});

/** A server outside of the workload that keeps what it reads and answers nothing. */
async function outside() {
  let seen = '';
  const server = createServer((socket) => {
    socket
      .on('error', () => undefined)
      .on('data', (data) => {
        seen += data.toString('latin1');
        socket.write('read');
      });
  });
  await once(server.listen(0), 'listening');
  atEnd(() => void server.close());
  const address = server.address();
  return { port: typeof address === 'object' ? (address?.port ?? 0) : 0, seen: () => seen };
}

const { sender, stop } = senderIn(() => world().cgroup);

kernelTest('egress: requests are told with the rule that allows the connection, and counted by status', async () => {
  const [here, server] = [world(), await outsideServer()];
  const before = readRequestCounts(mapOf(here.loaded, 'http_requests')).filter(({ section }) => section === sections.egress).length;
  assert.is(before, 0);
  observe(server.port);
  const id = await sender().open(server.port);
  for (const line of ['GET /a', 'GET /../b?c=d', 'POST /up'])
    assert.match((await sender().send(id, request(line))).read, /^HTTP\/1\.1 200 /);
  await sender().end(id);
  const told = requestsIn(here).filter(({ direction }) => direction === 'egress');
  assert.equal(
    told.map(({ verdict, text, reason, match }) => [verdict, text, reason, match]),
    [
      ['forwarded', 'GET /a', 'none', 'proto-only'],
      ['forwarded', 'GET /../b', 'ambiguousTarget', 'proto-only'],
      ['forwarded', 'POST /up', 'none', 'proto-only'],
    ],
  );
  assert.equal(responsesIn(here, server.port), [
    [true, 'GET /a', 'forwarded', 'proto-only', 200],
    [true, 'GET /../b', 'forwarded', 'proto-only', 200],
    [true, 'POST /up', 'forwarded', 'proto-only', 200],
  ]);
  const counts = readRequestCounts(mapOf(here.loaded, 'http_requests')).filter(({ section }) => section === sections.egress);
  assert.equal(counts.map(({ method, status, count }) => [method, status, Number(count)]).sort(), [
    [1, 200, 2],
    [3, 200, 1],
  ]);
  server.server.closeAllConnections();
  server.server.close();
});

kernelTest('egress: nothing is held back, whatever it is', async () => {
  const server = await outside();
  observe(server.port);
  let sent = '';
  for (const text of [...Object.values(evasions), 'x'.repeat(200_000), `${request('GET /a')}garbage${'\0'.repeat(5000)}`]) {
    const id = await sender().open(server.port);
    for (const piece of [text.slice(0, 40), text.slice(40)]) {
      if (piece === '') continue;
      const { failed } = await sender().send(id, piece);
      assert.is(failed, '');
      sent += piece;
      assert.is(server.seen().length, sent.length, JSON.stringify(text.slice(0, 60)));
    }
    assert.ok(server.seen().endsWith(text));
    await sender().end(id);
  }
});

kernelTest('egress: a rule about requests that comes later closes the connection', async () => {
  const [here, server] = [world(), await outsideServer()];
  observe(server.port);
  const id = await sender().open(server.port);
  assert.match((await sender().send(id, request('GET /b'))).read, /^HTTP\/1\.1 200 /);
  here.install(closed);
  assert.is((await sender().send(id, request('GET /a'))).read, '');
  await sender().end(id);
  assert.equal(server.seen(), ['GET /b 0']);
  server.server.closeAllConnections();
  server.server.close();
});

test.after(stop);
test.run();
