// Requests that a workload sends: a denied one never leaves, and its sender reads the 403 from its own socket.
import { spawn } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { verdictIn } from '../../src/compiler/analysis/oracle.ts';
import type { LineMatch } from '../../src/compiler/domains/domain.ts';
import type { Action, TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { transportPoint } from '../../src/compiler/space/transport.ts';
import { typedPolicy } from '../harness/compile.ts';
import { host, workload } from '../harness/governed.ts';
import { randomHttpPolicy } from '../harness/http-cases.ts';
import { cut } from '../harness/http-client.ts';
import { evadedPolicy, evasions } from '../harness/http-evasions.ts';
import { randomFieldedRequest, randomRequest, requestAt } from '../harness/http-requests.ts';
import { type OutsideServer, outsideServer, type Sender, startSender } from '../harness/http-sender.ts';
import { type HttpWorld, httpWorld } from '../harness/http-world.ts';
import { inCgroup, kernelTest } from '../harness/kernel.ts';
import { type Random, random, seedOf } from '../harness/random.ts';
import { networkRule, requestLine, samplePolicy, sampleUnit } from '../harness/sample-policy.ts';

const outgoing = (defaultDeny: boolean, rules: readonly (readonly [Action, ...LineMatch[]])[]): TypedPolicy =>
  sampleUnit(
    [samplePolicy(0, { name: 'out', defaultDeny: { ingress: false, egress: defaultDeny, process: [] } })],
    rules.map(([action, ...lines], id) =>
      networkRule(id, { section: 'egress', action, ...(lines.length > 0 && { layer7: { domain: 'http', lines } }) }),
    ),
  );
const allowing = outgoing(true, [['allow', requestLine('GET', '/a'), requestLine('GET', '/b'), requestLine('POST', '/up')]]);

type Scene = { readonly world: HttpWorld; readonly server: OutsideServer; readonly sender: Sender };
let made: Scene | undefined;
async function here(): Promise<Scene> {
  if (made) return made;
  const world = httpWorld(allowing);
  made = { world, server: await outsideServer(), sender: startSender(world.cgroup) };
  return made;
}
async function governed(policy: TypedPolicy): Promise<Scene> {
  const scene = await here();
  scene.world.install(policy);
  scene.server.seen();
  scene.world.events();
  return scene;
}

const request = (line: string, ...more: readonly string[]): string =>
  [`${line} HTTP/1.1`, 'Host: x', 'User-Agent: test', ...more, '', ''].join('\r\n');
const statuses = (read: string): readonly number[] => [...read.matchAll(/HTTP\/1\.[01] (\d{3})/g)].map(([, code]) => Number(code));

async function curl(world: HttpWorld, ...args: readonly string[]): Promise<string> {
  const options = ['-sS', '-m', '2', '-w', '%{http_code} %{num_connects}\n', '-o', '/dev/null'];
  const child = inCgroup(world.cgroup, () => spawn('curl', [...options, ...args], { stdio: ['ignore', 'pipe', 'pipe'] }));
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (text += String(data)));
  return new Promise((done) => child.on('close', () => done(text)));
}

kernelTest('curl: allowed, denied, allowed on one connection', async () => {
  const { world, server } = await governed(allowing);
  const url = (path: string): string => `http://127.0.0.1:${server.port}${path}`;
  const text = await curl(world, url('/a'), '-o', '/dev/null', url('/admin'), '-o', '/dev/null', url('/b'));
  assert.is(text, '200 1\n403 0\n200 0\n');
  assert.equal(server.seen(), ['GET /a 0', 'GET /b 0']);
  const told = world.events().filter(({ protocol }) => protocol === 'http');
  assert.equal(
    told.map(({ direction, verdict, text: what, destinationPort }) => [direction, verdict, what, destinationPort]),
    [
      ['egress', 'forwarded', 'GET /a', server.port],
      ['egress', 'dropped', 'GET /admin', server.port],
      ['egress', 'forwarded', 'GET /b', server.port],
    ],
  );
});

kernelTest('a request may be cut anywhere, and nothing of a denied one leaves', async () => {
  const { server, sender } = await governed(allowing);
  const [good, bad] = [request('GET /a', 'X: y'), request('GET /%61dmin', 'X: y')];
  for (let at = 1; at < good.length; at += 3) {
    const id = await sender.open(server.port);
    const answers = await sender.send(id, good.slice(0, at), good.slice(at));
    assert.equal([statuses(answers.read), answers.failed], [[200], ''], `allowed, cut at ${at}`);
    const denied = await sender.send(id, bad.slice(0, at), bad.slice(at));
    assert.equal([statuses(denied.read), denied.failed], [[403], ''], `denied, cut at ${at}`);
    const next = await sender.send(id, request('GET /b'));
    assert.equal(statuses(next.read), [200], `after it, cut at ${at}`);
    await sender.end(id);
  }
  const id = await sender.open(server.port);
  assert.equal(statuses((await sender.send(id, ...bad)).read), [403], 'byte by byte');
  assert.equal(statuses((await sender.send(id, ...good)).read), [200], 'byte by byte');
  await sender.end(id);
  assert.ok(server.seen().every((line) => line === 'GET /a 0' || line === 'GET /b 0'));
});

kernelTest('bodies: sized and chunked, of allowed and of denied requests', async () => {
  const { server, sender } = await governed(allowing);
  const id = await sender.open(server.port);
  for (const size of [0, 100, 12_000]) {
    const body = 'x'.repeat(size);
    const chunks = size === 0 ? '0\r\n\r\n' : `${size.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    for (const [framing, sent] of [
      [`Content-Length: ${size}`, body],
      ['Transfer-Encoding: chunked', chunks],
    ] as const) {
      const about = `${framing} of ${size}`;
      for (const pieces of [[request('POST /down', framing) + sent], [request('POST /down', framing), sent]]) {
        const denied = await sender.send(id, ...pieces.filter((piece) => piece !== ''));
        assert.equal([statuses(denied.read), denied.failed], [[403], ''], `denied, ${about}`);
      }
      for (const pieces of [[request('POST /up', framing) + sent], [request('POST /up', framing), sent]]) {
        const allowed = await sender.send(id, ...pieces.filter((piece) => piece !== ''));
        assert.equal([statuses(allowed.read), allowed.failed], [[200], ''], `allowed, ${about}`);
      }
    }
  }
  assert.equal(new Set(server.seen()), new Set(['POST /up 0', 'POST /up 100', 'POST /up 12000']));
  const large = 'y'.repeat(300_000);
  assert.equal(statuses((await sender.send(id, request('POST /up', 'Content-Length: 300000'), large)).read), [200]);
  for (const size of [17_000, 40_000]) {
    const denied = await sender.send(id, request('POST /down', `Content-Length: ${size}`) + 'y'.repeat(size));
    assert.equal([statuses(denied.read), denied.failed], [[403], ''], `${size} at once`);
  }
  const denied = await sender.send(id, request('POST /down', 'Content-Length: 300000'), large.slice(0, 20_000));
  assert.equal(statuses(denied.read), [403]);
  assert.match(denied.read, /connection: *close/i);
  assert.is((await sender.send(id, large.slice(20_000))).failed, 'EACCES');
  assert.equal(server.seen(), ['POST /up 300000']);
  await sender.end(id);
});

kernelTest('Expect: 100-continue: a denied request gets its answer at once', async () => {
  const { server, sender } = await governed(allowing);
  const id = await sender.open(server.port);
  const denied = await sender.send(id, request('POST /down', 'Content-Length: 5', 'Expect: 100-continue'));
  assert.equal(statuses(denied.read), [403]);
  assert.match(denied.read, /connection: *close/i);
  await sender.end(id);
  const other = await sender.open(server.port);
  assert.equal(statuses((await sender.send(other, request('POST /up', 'Content-Length: 5', 'Expect: 100-continue'))).read), [100]);
  assert.equal(statuses((await sender.send(other, 'hello')).read), [200]);
  await sender.end(other);
  assert.equal(server.seen(), ['POST /up 5']);
});

kernelTest('requests written at once: a 403 never overtakes a response that is due', async () => {
  const { server, sender } = await governed(allowing);
  const id = await sender.open(server.port);
  const told = await sender.send(id, request('GET /a', 'X-Wait: 50') + request('GET /admin') + request('GET /b'));
  assert.is(statuses(told.read).includes(403), false, 'no answer of ours before the first response');
  assert.equal(
    server.seen().filter((line) => line.includes('admin')),
    [],
  );
  await sender.end(id);
});

for (const [trick, sent] of Object.entries(evasions))
  kernelTest(`evasion: ${trick}`, async () => {
    const { server, sender } = await governed(evadedPolicy);
    const id = await sender.open(server.port);
    const told = await sender.send(id, sent);
    assert.ok(statuses(told.read)[0] === 403 || told.failed === 'EACCES', JSON.stringify(told));
    assert.equal(server.seen(), []);
    await sender.end(id);
  });

/** One that does not decide all connections before anything is said. */
function readingPolicy(source: Random): TypedPolicy {
  for (;;) {
    const policy = typedPolicy(randomHttpPolicy(source, 'egress'));
    const { action } = verdictIn(policy, 'egress', { subject: workload, peer: host, point: transportPoint('tcp', 80) });
    if (action === 'allowed' && policy.rules.some((rule) => rule.section === 'egress' && rule.layer7)) return policy;
  }
}

/** Sends a request, cut at random; whether the connection can go on. */
async function compared(id: number, policy: TypedPolicy, source: Random): Promise<{ readonly lives: boolean; readonly action: string }> {
  const { server, sender } = await here();
  const text = source.chance(0.7) ? randomFieldedRequest(source) : randomRequest(source);
  const read = requestAt(text, 0);
  if (!read) throw new Error(`not whole: ${text}`);
  const request = { domain: 'http', content: read.content };
  const { action } = verdictIn(policy, 'egress', { subject: workload, peer: host, point: transportPoint('tcp', server.port), request });
  const pieces = cut(
    text,
    Array.from({ length: source.int(4) }, () => source.int(text.length)),
  );
  const told = await sender.send(id, ...pieces);
  const about = `${action} ${JSON.stringify(read)} ${JSON.stringify(pieces)}: ${JSON.stringify(told)}`;
  const seen = server.seen();
  if (action === 'denied') {
    assert.equal(seen, [], about);
    assert.ok(statuses(told.read)[0] === 403 || told.failed === 'EACCES', about);
  } else assert.is.not(statuses(told.read)[0], 403, about);
  const answered = !told.closed && told.failed === '' && read.framed && [200, 403].includes(statuses(told.read)[0] ?? 0);
  return { lives: answered && !read.upgrade && !/connection: *close/i.test(told.read), action };
}

kernelTest('random requests, cut at random, have the verdict of the oracle under random policies', async () => {
  const source = random(seedOf('http egress', 20260805));
  const tally = new Map<string, number>();
  for (let round = 0; round < 10; round++) {
    const policy = readingPolicy(source);
    const { server, sender } = await governed(policy);
    let id = await sender.open(server.port);
    for (let i = 0; i < 40; i++) {
      const { lives, action } = await compared(id, policy, source);
      tally.set(action, (tally.get(action) ?? 0) + 1);
      if (lives) continue;
      await sender.end(id);
      id = await sender.open(server.port);
    }
    await sender.end(id);
  }
  console.log(JSON.stringify([...tally]));
  assert.ok([...tally.values()].every((count) => count > 40) && tally.size === 2);
});

test.after(() => {
  made?.sender.stop();
  made?.server.server.closeAllConnections();
});
test.run();
