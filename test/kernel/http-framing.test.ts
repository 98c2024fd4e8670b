// Which response is whose: statuses of requests that are sent without waiting, upgrades behind other requests on the same connection,
// and responses that are made to look like others.
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { section as sections } from '../../src/compiler/ir/abi.ts';
import { readRequestCounts, readRequestDurations } from '../../src/runtime/kernel/requests.ts';
import { typedPolicy } from '../harness/compile.ts';
import { RawClient } from '../harness/http-client.ts';
import { senderIn } from '../harness/http-sender.ts';
import { type HttpWorld, httpWorld } from '../harness/http-world.ts';
import { atEnd, inCgroup, kernelTest, mapOf } from '../harness/kernel.ts';
import { patience } from '../harness/patience.ts';

const lines = 'allow at tcp http { GET "/chat"; GET "/a"; HEAD "/a" }';
const policy = typedPolicy(`policy web for { app: "web" } { ingress { ${lines} } egress { ${lines} } }`);

let made: HttpWorld | undefined;
function world(): HttpWorld {
  made ??= httpWorld(policy);
  return made;
}

const request = (target: string, ...more: readonly string[]): string =>
  [`GET ${target} HTTP/1.1`, 'Host: x', 'User-Agent: test', ...more, '', ''].join('\r\n');
const handshake = request('/chat', 'Upgrade: websocket', 'Connection: Upgrade');
const head = 'HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n';
const switched = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n';
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const moment = (): Promise<unknown> => wait(60 * patience);

/** Answers request n with the pieces `answers[n]`, a moment between them, and what comes behind the last one with itself. */
async function scripted(where: 'workload' | 'outside', answers: readonly (readonly string[])[]) {
  const sockets: Socket[] = [];
  let seen = '';
  const listen = () =>
    createServer((socket) => {
      let [number, pending, writing] = [0, '', Promise.resolve()];
      sockets.push(socket);
      const answer = (pieces: readonly string[]) => {
        writing = writing.then(async () => {
          for (const [i, piece] of pieces.entries()) {
            if (i > 0) await moment();
            socket.write(piece, 'latin1');
          }
        });
      };
      socket
        .on('error', () => undefined)
        .setNoDelay(true)
        .on('data', (data) => {
          seen += data.toString('latin1');
          pending += data.toString('latin1');
          for (let end = pending.indexOf('\r\n\r\n'); end >= 0 && number < answers.length; end = pending.indexOf('\r\n\r\n')) {
            pending = pending.slice(end + 4);
            answer(answers[number++] ?? []);
          }
          if (number === answers.length && pending !== '') answer([pending]);
          if (number === answers.length) pending = '';
        });
    }).listen(0);
  const server = where === 'workload' ? inCgroup(world().cgroup, listen) : listen();
  await once(server, 'listening');
  atEnd(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return { port: typeof address === 'object' ? (address?.port ?? 0) : 0, seen: () => seen };
}

const { sender, stop } = senderIn(() => world().cgroup);

/** A direction of requests: how one is tried, whose counters they have. */
type Way = {
  readonly section: 'ingress' | 'egress';
  readonly server: (answers: readonly (readonly string[])[]) => ReturnType<typeof scripted>;
  /** What is read of what is sent on one connection, one write a piece. */
  readonly talk: (port: number, pieces: readonly string[]) => Promise<string>;
};

const ways: readonly Way[] = [
  {
    section: 'ingress',
    server: (answers) => scripted('workload', answers),
    talk: async (port, pieces) => {
      const socket = await RawClient.raw(port);
      let read = '';
      socket.on('data', (data: Buffer) => (read += data.toString('latin1'))).on('error', () => undefined);
      for (const piece of pieces) {
        socket.write(piece, 'latin1');
        await wait(150 * patience);
      }
      await wait(100 * patience);
      socket.destroy();
      return read;
    },
  },
  {
    section: 'egress',
    server: (answers) => scripted('outside', answers),
    talk: async (port, pieces) => {
      const id = await sender().open(port);
      let read = '';
      for (const piece of pieces) read += (await sender().send(id, piece)).read;
      await sender().end(id);
      return read;
    },
  },
];

const statusesIn = (read: string): readonly string[] => [...read.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, code]) => code ?? '');

/** `method status` of each request that was counted in a direction, and how many have a duration. */
function counted(section: Way['section']) {
  const counts = readRequestCounts(mapOf(world().loaded, 'http_requests')).filter((one) => one.section === sections[section]);
  const durations = readRequestDurations(mapOf(world().loaded, 'http_durations')).filter((one) => one.section === sections[section]);
  return {
    requests: new Map(counts.map(({ method, status, count }) => [`${method} ${status}`, Number(count)])),
    timed: durations.reduce((sum, { buckets }) => sum + buckets.reduce((all, count) => all + Number(count), 0), 0),
  };
}

/** What `action` adds to that. */
async function countedBy(section: Way['section'], action: () => Promise<unknown>) {
  const before = counted(section);
  await action();
  const after = counted(section);
  const added = [...after.requests].map(([key, count]) => [key, count - (before.requests.get(key) ?? 0)] as const);
  return { requests: added.filter(([, count]) => count > 0).sort(), timed: after.timed - before.timed };
}

for (const { section, server: start, talk } of ways) {
  const answers = [
    [ok],
    ['HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n', '0\r\n\r\n'],
    ['HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 None\r\nX: y\r\n\r\n'],
    ['HTTP/1.1 200 OK\r\ncontent-length: 77\r\n\r\n'],
    ['HTTP/1.1 500 No\r\nContent-Length:  20 \r\n\r\n', 'HTTP/1.1 200 OK\r\n', '\r\nx'],
  ];
  const asked = request('/a').repeat(3) + head + request('/a');

  kernelTest(`${section}: requests sent at once have each its own status and duration`, async () => {
    const server = await start(answers);
    const { requests, timed } = await countedBy(section, () => talk(server.port, [asked, '']));
    assert.equal(requests, [
      ['1 200', 1],
      ['1 204', 1],
      ['1 404', 1],
      ['1 500', 1],
      ['2 200', 1],
    ]);
    assert.is(timed, 5);
  });

  kernelTest(`${section}: the same, by a response that comes in small pieces`, async () => {
    const server = await start([ok.match(/.{1,4}/gs) ?? [], [ok]]);
    const { requests } = await countedBy(section, () =>
      talk(server.port, [request('/a').repeat(2), ...Array.from({ length: 24 }, () => '')]),
    );
    assert.equal(requests, [['1 200', 2]]);
  });

  kernelTest(`${section}: behind requests that were sent at once a denied one has its 403, and the next passes`, async () => {
    const server = await start([[ok], [ok], [ok], [ok]]);
    const read = await talk(server.port, [request('/a').repeat(2), request('/admin'), request('/a').repeat(2)]);
    assert.equal(statusesIn(read), ['200', '200', '403', '200', '200']);
    assert.not.ok(server.seen().includes('/admin'));
  });

  kernelTest(`${section}: more requests at once than can be followed are counted without their status`, async () => {
    const server = await start(Array.from({ length: 20 }, () => [ok]));
    const { requests } = await countedBy(section, async () =>
      assert.is(statusesIn(await talk(server.port, [request('/a').repeat(20)])).length, 20),
    );
    assert.is(
      requests.reduce((sum, [, count]) => sum + count, 0),
      20,
    );
  });

  const before: Readonly<Record<string, readonly (readonly string[])[]>> = {
    'of a length, and chunks': [[ok], ['HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'], [switched]],
    'with the same head': [[ok], [ok.replace('\nok', '\nno')], [switched]],
    'without a body': [
      ['HTTP/1.1 204 None\r\nX: y\r\n\r\n'],
      ['HTTP/1.1 304 None\r\nX: y\r\nContent-Length: 7\r\n\r\n'],
      [`HTTP/1.1 103 Early\r\nX: y\r\n\r\n${switched}`],
    ],
  };
  for (const [kind, responses] of Object.entries(before))
    kernelTest(`${section}: an upgrade behind other requests passes, responses ${kind}`, async () => {
      const server = await start(responses);
      const pieces = [request('/a'), request('/admin'), request('/a'), handshake, 'frame one', request('/admin')];
      const read = await talk(server.port, pieces);
      assert.equal(
        statusesIn(read).filter((status) => status === '403' || status === '101'),
        ['403', '101'],
      );
      assert.ok(read.endsWith(`frame one${request('/admin')}`), read);
    });

  for (const [status, refusal] of Object.entries({ '200': ok, '400': ok.replace('200 OK', '400 Bad Request') }))
    kernelTest(`${section}: an upgrade that the server answers with ${status} leaves the next request to be judged`, async () => {
      const server = await start([[ok], [refusal], [ok], [ok]]);
      const read = await talk(server.port, [request('/a'), handshake, request('/admin'), request('/a')]);
      assert.equal(statusesIn(read), ['200', status, '403', '200']);
      assert.not.ok(server.seen().includes('/admin'));
    });

  kernelTest(`${section}: heads that differ from the last one in one byte are read anew`, async () => {
    const headed = (status: number, length: number) => `HTTP/1.1 ${status} Yes\r\nX-Some: thing\r\nContent-Length: ${length}\r\n\r\n`;
    const server = await start([
      [headed(200, 2), 'ok'],
      [`${headed(201, 2)}ok`],
      [`${headed(201, 3)}ok!`, ''],
      [headed(201, 3).slice(0, 30), headed(201, 3).slice(30), 'ok!'],
      [`${headed(200, 2)}ok`],
    ]);
    const { requests } = await countedBy(section, () =>
      talk(server.port, [request('/a').repeat(5), ...Array.from({ length: 6 }, () => '')]),
    );
    assert.equal(requests, [
      ['1 200', 2],
      ['1 201', 3],
    ]);
  });

  const tricks: Readonly<Record<string, readonly string[]>> = {
    'the rest of a body': [`HTTP/1.1 200 OK\r\nContent-Length: ${switched.length}\r\n\r\n`, switched],
    'the rest of a body whose head is known': [`${ok}HTTP/1.1 200 OK\r\nContent-Length: ${switched.length}\r\n\r\n`, switched],
    'a chunk': [`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${switched.length.toString(16)}\r\n`, `${switched}\r\n0\r\n\r\n`],
    'a body until the end': ['HTTP/1.1 200 OK\r\n\r\n', switched],
    'what stands behind two lengths': ['HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 99\r\n\r\n', switched],
    'what stands behind a length and chunks': ['HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n', switched],
    'what stands behind bare LF': ['HTTP/1.1 200 OK\nContent-Length: 0\n\n', switched],
    'what stands behind a folded line': ['HTTP/1.1 200 OK\r\nX: y\r\n Content-Length: 0\r\n\r\n', switched],
    'what stands behind a chunk extension': ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0;a=b\r\n\r\n', switched],
    'what stands behind another protocol': ['no response\r\n\r\n', switched],
  };
  for (const [name, answer] of Object.entries(tricks))
    kernelTest(`${section}, evasion: 101 in ${name} is none`, async () => {
      const server = await start([answer, []]);
      await talk(server.port, [request('/a') + handshake, request('/admin'), request('/admin')]);
      await talk(server.port, [request('/a'), handshake, request('/admin'), request('/admin')]);
      assert.not.ok(server.seen().includes('/admin'), server.seen());
    });
}

test.after(stop);
test.run();
