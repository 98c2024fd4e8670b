// WebSocket in the kernel: the request for it is judged as any other, and what follows depends on what the server answers. Frames
// pass behind 101 alone; a server that goes on with HTTP has every next request judged, and nobody gets in between.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { typedPolicy } from '../harness/compile.ts';
import { RawClient } from '../harness/http-client.ts';
import { type OutsideServer, outsideServer, senderIn } from '../harness/http-sender.ts';
import { type HttpWorld, httpWorld, startServer } from '../harness/http-world.ts';
import { atEnd, inCgroup, kernelTest } from '../harness/kernel.ts';
import { patience } from '../harness/patience.ts';

const text = (more = ''): string => `
  policy web for { app: "web" } {
    ingress {
      allow at tcp http { GET "/chat"; GET "/a" }
      ${more}
    }
    egress {
      allow at tcp http { GET "/chat"; GET "/a" }
      ${more}
    }
  }`;
const policy = typedPolicy(text());
const other = typedPolicy(text().replaceAll('/chat', '/talk'));
const wider = typedPolicy(text('allow at udp 53'));

const request = (target: string, ...lines: readonly string[]): string =>
  [`GET ${target} HTTP/1.1`, 'Host: x', 'User-Agent: test', ...lines, '', ''].join('\r\n');
const handshake = (target: string): string =>
  request(target, 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==');
const accepted = createHash('sha1').update('dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64');

/** Says yes to every handshake and sends back what it reads then; `seen`: all that it read. */
async function socketServer(
  answer = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accepted}\r\n\r\n`,
) {
  const seen: string[] = [];
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    let begun = false;
    sockets.push(socket);
    socket
      .on('error', () => undefined)
      .on('data', (data) => {
        seen.push(data.toString('latin1'));
        if (begun) socket.write(data);
        else setTimeout(() => socket.write(answer), 30 * patience);
        begun = true;
      });
  });
  server.listen(0); // with an address the socket would be made later, elsewhere
  await once(server, 'listening');
  const address = server.address();
  atEnd(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: typeof address === 'object' ? (address?.port ?? 0) : 0, seen };
}

let made: HttpWorld | undefined;
function world(): HttpWorld {
  made ??= httpWorld(policy);
  made.install(policy);
  return made;
}
/** A server whose sockets belong to the workload: it listens in its cgroup. */
const inWorld = <T>(action: () => T): T => inCgroup(world().cgroup, action);

/** What a client reads within a moment, and whether its connection ended. */
async function talk(port: number, pieces: readonly string[], pause = 120) {
  const client = new Promise<{ read: string; closed: boolean }>((done) => {
    void RawClient.raw(port).then(async (socket) => {
      let [read, closed] = ['', false];
      socket.on('data', (data: Buffer) => (read += data.toString('latin1'))).on('close', () => (closed = true));
      for (const piece of pieces) {
        if (!closed) socket.write(piece, 'latin1');
        await new Promise((resume) => setTimeout(resume, pause * patience));
      }
      done({ read, closed });
      socket.destroy();
    });
  });
  return client;
}

kernelTest('ingress: frames pass behind 101', async () => {
  const server = await inWorld(() => socketServer());
  const { read } = await talk(server.port, [handshake('/chat'), 'frame one', 'GET /admin HTTP/1.1\r\n\r\n']);
  assert.match(read, /^HTTP\/1\.1 101 /);
  assert.ok(read.endsWith('frame oneGET /admin HTTP/1.1\r\n\r\n'), read);
});

kernelTest('ingress: a handshake that is not allowed has its 403, and nothing reaches the server', async () => {
  const server = await inWorld(() => socketServer());
  const { read } = await talk(server.port, [handshake('/admin'), request('/admin')]);
  assert.equal(
    [...read.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, code]) => code),
    ['403', '403'],
  );
  assert.equal(server.seen, []);
});

kernelTest('ingress: a handshake behind a request that was denied is decided by itself', async () => {
  const server = await inWorld(() => socketServer());
  const { read } = await talk(server.port, [request('/admin'), handshake('/chat'), 'frame one']);
  assert.match(read, /^HTTP\/1\.1 403 .*HTTP\/1\.1 101 .*frame one$/s);
});

kernelTest('ingress, evasion: requests behind a handshake that the server does not take', async () => {
  const { cgroup } = world();
  const server = await startServer(cgroup);
  const { read } = await talk(server.port, [handshake('/a'), request('/admin'), request('/a')]);
  assert.equal(
    [...read.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, code]) => code),
    ['200', '403', '200'],
  );
  assert.equal(await server.seen(), ['GET /a 0', 'GET /a 0']);
  server.stop();
});

kernelTest('ingress, evasion: a request right behind the handshake, before its response', async () => {
  const server = await inWorld(() => socketServer());
  for (const pieces of [[handshake('/chat') + request('/admin')], [handshake('/chat'), request('/admin')]]) {
    await talk(server.port, pieces, 5);
    await new Promise((resume) => setTimeout(resume, 100 * patience));
    assert.not.ok(server.seen.join('').includes('/admin'), JSON.stringify(server.seen));
  }
});

kernelTest('ingress, evasion: a handshake behind another request', async () => {
  const server = await inWorld(() => socketServer('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 101 Switching\r\n\r\n'));
  const { read } = await talk(server.port, [request('/a'), handshake('/chat'), request('/admin')]);
  assert.not.ok(server.seen.join('').includes('/chat') || server.seen.join('').includes('/admin'), JSON.stringify([server.seen, read]));
});

for (const odd of ['HTTP/1.1 103 Early Hints\r\n\r\n', 'HTTP/1.', 'HTTP/2.0 101 Yes\r\n\r\n', '101 OK HTTP/1.1\r\n\r\n'])
  kernelTest(`ingress, evasion: no 101 in ${JSON.stringify(odd)}`, async () => {
    const server = await inWorld(() => socketServer(odd));
    await talk(server.port, [handshake('/chat'), request('/admin')]);
    assert.not.ok(server.seen.join('').includes('/admin'), JSON.stringify(server.seen));
  });

kernelTest('a new revision: frames go on while the request would pass, and stop when it would not', async () => {
  const server = await inWorld(() => socketServer());
  const governed = world();
  const socket = await RawClient.raw(server.port);
  let read = '';
  socket.on('data', (data: Buffer) => (read += data.toString('latin1')));
  const send = async (sent: string) => {
    read = '';
    socket.write(sent);
    await new Promise((resume) => setTimeout(resume, 120 * patience));
    return read;
  };
  assert.match(await send(handshake('/chat')), /^HTTP\/1\.1 101 /);
  assert.is(await send('one'), 'one');
  governed.install(wider);
  assert.is(await send('two'), 'two');
  governed.install(other);
  assert.is(await send('three'), '');
  socket.destroy();
});

const { sender, stop } = senderIn(() => world().cgroup);

kernelTest('egress: frames pass behind 101, and nothing before it', async () => {
  const server = await socketServer();
  const id = await sender().open(server.port);
  assert.match((await sender().send(id, handshake('/chat'))).read, /^HTTP\/1\.1 101 /);
  assert.is((await sender().send(id, 'GET /admin HTTP/1.1\r\n\r\n')).read, 'GET /admin HTTP/1.1\r\n\r\n');
  await sender().end(id);
  for (const pieces of [[handshake('/chat') + request('/admin')], [handshake('/chat'), request('/admin')]]) {
    const early = await sender().open(server.port);
    await sender().send(early, ...pieces);
    await sender().end(early);
  }
  assert.is(server.seen.join('').split('/admin').length, 2, 'only the frame');
});

kernelTest('egress: a handshake behind a request that was denied is decided by itself', async () => {
  const server = await socketServer();
  const id = await sender().open(server.port);
  assert.match((await sender().send(id, request('/admin'))).read, /^HTTP\/1\.1 403 /);
  assert.match((await sender().send(id, handshake('/chat'))).read, /^HTTP\/1\.1 101 /);
  assert.is((await sender().send(id, 'frame one')).read, 'frame one');
  await sender().end(id);
});

kernelTest('egress: a handshake that is not allowed, and requests behind one that the server does not take', async () => {
  const server: OutsideServer = await outsideServer();
  const denied = await sender().open(server.port);
  assert.match((await sender().send(denied, handshake('/admin'))).read, /^HTTP\/1\.1 403 /);
  await sender().end(denied);
  const id = await sender().open(server.port);
  assert.match((await sender().send(id, handshake('/a'))).read, /^HTTP\/1\.1 200 /);
  assert.match((await sender().send(id, request('/admin'))).read, /^HTTP\/1\.1 403 /);
  assert.match((await sender().send(id, request('/a'))).read, /^HTTP\/1\.1 200 /);
  assert.equal(server.seen(), ['GET /a 0', 'GET /a 0']);
  await sender().end(id);
  server.server.closeAllConnections();
});

test.after(stop);
test.run();
