// HTTP in the kernel, on real connections to a real server: each request gets the verdict that the oracle has for it by
// MEANING, however it is cut into packets; what is denied never reaches the server; nobody is left waiting.
import { spawnSync } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { canonicalTarget } from '../../src/compiler/domains/http/request.ts';
import { eventProtocol } from '../../src/compiler/ir/abi.ts';
import type { TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { anyText, either, literal, repeat, segmentByte, sequence } from '../../src/compiler/space/pattern.ts';
import { typedPolicy } from '../harness/compile.ts';
import { closes, cut, type Ending, RawClient, type Response } from '../harness/http-client.ts';
import { evadedPolicy, evasions } from '../harness/http-evasions.ts';
import {
  httpPolicy,
  randomFieldedRequest,
  randomFramedRequest,
  randomRequest,
  requestAt,
  type StreamRequest,
  verdictOfRequest,
} from '../harness/http-requests.ts';
import { type HttpWorld, httpWorld, type Server, startServer } from '../harness/http-world.ts';
import { kernelTest } from '../harness/kernel.ts';
import { type Random, random, seedOf } from '../harness/random.ts';
import { requestLine } from '../harness/sample-policy.ts';

/** `GET /a`, `GET /b`, `POST /up/...` and nothing else. */
const allowing = httpPolicy(true, [
  ['allow', requestLine('GET', '/a'), requestLine('GET', '/b'), requestLine('HEAD', '/a')],
  ['allow', requestLine('POST', sequence(literal('/up/'), repeat(segmentByte, 1)))],
]);
/** Everything but `/admin`, `/b/...` and DELETE. */
const denying = httpPolicy(false, [
  ['deny', requestLine(undefined, either(literal('/admin'), sequence(literal('/admin/'), anyText)))],
  ['deny', requestLine(undefined, sequence(literal('/b/'), anyText))],
  ['deny', requestLine('DELETE')],
]);
/** Every request, also the undecidable one; two rules, so that each is attributed. */
const permitting = httpPolicy(true, [['allow', requestLine('GET')], ['allow']]);

/** About everything that a head says. */
const fielded = typedPolicy(`
  policy web for { app: "web" } { ingress {
    allow at tcp http {
      GET "/a" host "shop.example"
      "/b" query "q=*"
      POST target "/up/*"
      header "x-role" = "admin"
      GET "/q" header "x-tag" = not "good" header "x-role" absent
      header "x-utf" = "é*"
    }
    deny at tcp http {
      header "x-tag" = "bad"
      header "content-type" = ["text/plain", "text/x*"] POST
      query "*debug*"
      host "evil.example"
    }
  } }`);

let made: { readonly world: HttpWorld; readonly server: Server } | undefined;
async function governed(policy: TypedPolicy) {
  if (made) {
    made.world.install(policy);
    return made;
  }
  const world = httpWorld(policy);
  made = { world, server: await startServer(world.cgroup) };
  return made;
}

const request = (line: string, ...more: readonly string[]): string =>
  [`${line} HTTP/1.1`, 'Host: x', 'User-Agent: t', ...more, '', ''].join('\r\n');
/** Bytes of the shortest 403; a shorter packet is not answered. */
const shortestAnswer = 35;
const status = (answer: Response | Ending): number | Ending => (typeof answer === 'string' ? answer : answer.status);

/** The answers to what is sent on a connection of its own, up to `count`, or up to a denial. */
async function statuses(port: number, pieces: readonly string[], count: number): Promise<readonly (number | Ending)[]> {
  const client = await RawClient.open(port);
  await client.send(...pieces);
  const answers: (number | Ending)[] = [];
  for (let last = false; !last && answers.length < count; ) {
    const answer = await client.next();
    last = typeof answer === 'string' || answer.status >= 400;
    answers.push(status(answer));
  }
  client.end();
  return answers;
}

kernelTest('curl: allowed, denied, allowed on one connection', async () => {
  const { server } = await governed(allowing);
  const urls = ['/a', '/admin', '/b'].map((path) => `http://127.0.0.1:${server.port}${path}`);
  const curl = spawnSync(
    'curl',
    ['-s', '-m', '5', '-o', '/dev/null', '-o', '/dev/null', '-o', '/dev/null', '-w', '%{http_code} %{num_connects}\n', ...urls],
    {
      encoding: 'utf8',
    },
  );
  assert.is(curl.stdout, '200 1\n403 0\n200 0\n');
});

kernelTest('a denied body is swallowed, the next request is judged by itself', async () => {
  const { server } = await governed(allowing);
  await server.seen();
  const client = await RawClient.open(server.port);
  for (const body of ['', 'x'.repeat(100), 'y'.repeat(300_000)]) {
    await client.send(request('POST /down', `Content-Length: ${body.length}`), body);
    assert.is(status(await client.next()), 403);
    await client.send(request('POST /down', 'Transfer-Encoding: chunked'), `5\r\nhello\r\n`, '0\r\n\r\n');
    assert.is(status(await client.next()), 403);
    await client.send(request('POST /up/x', `Content-Length: ${body.length}`), body);
    assert.is(status(await client.next()), 200);
  }
  await client.send(request('HEAD /down'));
  const head = await client.next(true);
  assert.is(status(head), 403);
  await client.send(request('GET /a'));
  assert.is(status(await client.next()), 200);
  assert.equal(await server.seen(), ['POST /up/x 0', 'POST /up/x 100', 'POST /up/x 300000', 'GET /a 0']);
  client.end();
});

kernelTest('one packet with several allowed requests passes whole', async () => {
  const { server } = await governed(allowing);
  const chunked = `${request('POST /up/1', 'Transfer-Encoding: chunked')}3\r\nabc\r\n0\r\n\r\n`;
  const packet = request('GET /a') + chunked + request('GET /b') + request('GET /a');
  assert.equal(await statuses(server.port, [packet], 4), [200, 200, 200, 200]);
});

kernelTest('a denied request behind allowed ones, or before others, ends the connection', async () => {
  const { server } = await governed(allowing);
  await server.seen();
  const [first, ...others] = await statuses(server.port, [request('GET /a') + request('GET /admin') + request('GET /b')], 3);
  // Some servers give up what they are about to answer when what follows is no request.
  assert.ok(first === 200 || first === 400, String(first));
  assert.equal(others.includes(200) || others.includes('silent'), false, others.join());
  assert.equal(await statuses(server.port, [request('GET /admin') + request('GET /b')], 2), [403]);
  assert.equal(await server.seen(), ['GET /a 0']);
});

kernelTest('a 403 never overtakes a response that is still due', async () => {
  const { server } = await governed(allowing);
  const client = await RawClient.open(server.port);
  await client.send(request('GET /a', 'X-Wait: 200'));
  await client.send(request('GET /admin'));
  const first = await client.next();
  assert.ok(status(first) !== 403, 'the first answer is not that of the second request');
  assert.is(await client.next().then((next) => (typeof next === 'string' ? next : next.status === 400 ? 'closed' : next.status)), 'closed');
  client.end();
});

kernelTest('a request may be cut anywhere', async () => {
  const { server } = await governed(allowing);
  await server.seen();
  const [good, bad] = [request('GET /a?x=%20', 'Cookie: y'), request('GET /%61dmin', 'Cookie: y')];
  for (let at = 1; at < good.length; at++) {
    assert.equal(await statuses(server.port, cut(good, [at]), 1), [200], `allowed, cut at ${at}`);
    // Where no piece has room for a 403, the server is made to refuse.
    const refusal = Math.max(at, bad.length - at) < shortestAnswer ? 400 : 403;
    const [answer] = await statuses(server.port, cut(bad, [at]), 1);
    assert.ok(answer === 403 || answer === refusal, `denied, cut at ${at}: ${answer}`);
  }
  assert.equal(
    await server.seen(),
    good
      .slice(1)
      .split('')
      .map(() => 'GET /a?x=%20 0'),
  );
  const bytes = [...good].map((_, at) => at);
  assert.equal(await statuses(server.port, cut(good, bytes), 1), [200]);
});

for (const [trick, sent] of Object.entries(evasions))
  kernelTest(`evasion: ${trick}`, async () => {
    const { server } = await governed(evadedPolicy);
    await server.seen();
    const answers = await statuses(server.port, [sent], 2);
    assert.not.ok(answers.includes('silent') || answers.includes(200), answers.join());
    assert.equal(await server.seen(), []);
  });

function wholeRequest(text: string): StreamRequest {
  const read = requestAt(text, 0);
  if (!read) throw new Error(`not whole: ${text}`);
  return read;
}

/** Another method makes the server close at its first letters, before there is a request to be judged; so may what else is odd. */
const knownToServer = /^(GET|POST|PUT|HEAD|DELETE|CONNECT) [ -~]*\r/;
const randomOffsets = (text: string, source: Random): readonly number[] =>
  Array.from({ length: 1 + source.int(4) }, () => source.int(text.length));

type Tally = Map<string, number>;
const raise = (tally: Tally, key: string, by = 1): void => void tally.set(key, (tally.get(key) ?? 0) + by);
const counted = (world: HttpWorld): Tally => {
  const tally: Tally = new Map();
  for (const { action, count } of world.counted(eventProtocol.http)) raise(tally, action, count);
  return tally;
};

/** One request after the other, each cut at random: verdict by verdict as the oracle says, and each counted once. */
async function sequentially(policy: TypedPolicy, count: number, source: Random, make = randomRequest): Promise<Tally> {
  const { world, server } = await governed(policy);
  await server.seen();
  const before = counted(world);
  const expected: Tally = new Map();
  let client = await RawClient.open(server.port);
  for (let i = 0; i < count; i++) {
    const text = make(source);
    const read = wholeRequest(text);
    const { action } = verdictOfRequest(policy, read.content, server.port);
    raise(expected, action);
    if (read.upgrade && i > 0) {
      client.end();
      client = await RawClient.open(server.port);
    }
    const whole = source.chance(0.5) || !knownToServer.test(text) || (action === 'allowed' && read.content.kind === 'undecidable');
    const pieces = cut(text, whole ? [] : randomOffsets(text, source));
    await client.send(...pieces);
    const answer = await client.next(text.startsWith('HEAD '));
    const about = `${action} ${JSON.stringify(read)} ${JSON.stringify(pieces)}: ${JSON.stringify(answer)}`;
    assert.is.not(answer, 'silent', about);
    if (action === 'allowed') assert.is.not(status(answer), 403, about);
    else if (read.framed && pieces.length === 1 && text.length >= shortestAnswer) assert.is(status(answer), 403, about);
    // The server's own opinion of a request that passed: it tells what it read.
    if (status(answer) === 200) assert.is(action, 'allowed', about);
    if (typeof answer !== 'string' && answer.status !== 400 && !closes(answer) && read.framed) continue;
    client.end();
    client = await RawClient.open(server.port);
  }
  client.end();
  const after = counted(world);
  for (const action of ['allowed', 'denied']) {
    assert.is((after.get(action) ?? 0) - (before.get(action) ?? 0), expected.get(action) ?? 0, `requests counted as ${action}`);
  }
  const seen = await server.seen();
  if (make === randomRequest) for (const line of seen) assertAllowed(policy, line, server.port);
  return expected;
}

/** `METHOD target bytes`, as the server read it. */
function assertAllowed(policy: TypedPolicy, line: string, port: number): void {
  const [method = '', target = ''] = line.split(' ');
  assert.is(verdictOfRequest(policy, canonicalTarget(method, target), port).action, 'allowed', `the server saw ${line}`);
}

kernelTest('random requests, cut at random, have the verdict of the oracle', async () => {
  const source = random(seedOf('http', 20260802));
  for (const [name, policy] of Object.entries({ allowing, denying, permitting })) {
    const tally = await sequentially(policy, 1000, source);
    console.log(`${name}: ${JSON.stringify(Object.fromEntries(tally))}`);
  }
});

kernelTest('random hosts, queries and headers, cut at random, have the verdict of the oracle', async () => {
  const source = random(seedOf('http fields', 20260804));
  const tally = await sequentially(fielded, 1500, source, randomFieldedRequest);
  console.log(JSON.stringify(Object.fromEntries(tally)));
  assert.ok((tally.get('allowed') ?? 0) > 100 && (tally.get('denied') ?? 0) > 100);
});

/** What a client may read of requests sent at once: their answers in order, at most up to the first that is denied. */
async function atOnce(policy: TypedPolicy, source: Random): Promise<number> {
  const { server } = await governed(policy);
  const requests = Array.from({ length: 2 + source.int(4) }, () => randomFramedRequest(source));
  const text = requests.join('');
  const verdicts = requests.map((one) => verdictOfRequest(policy, wholeRequest(one).content, server.port).action);
  const client = await RawClient.open(server.port);
  const pieces = cut(text, source.chance(0.5) ? [] : randomOffsets(text, source));
  await client.send(...pieces);
  let answered = 0;
  for (const [i, one] of requests.entries()) {
    const answer = await client.next(one.startsWith('HEAD '));
    const about = `${verdicts.join()} ${JSON.stringify(pieces)}: ${i}: ${JSON.stringify(answer)}`;
    assert.is.not(answer, 'silent', about);
    // Closed: by us because of a request that cannot be told from those that wait, or by the server for its own reasons.
    if (typeof answer === 'string' || answer.status === 400 || answer.status === 503) break;
    assert.is(answer.status === 403, verdicts[i] === 'denied', about);
    answered++;
    if (closes(answer)) break;
  }
  client.end();
  for (const line of await server.seen()) assertAllowed(policy, line, server.port);
  return answered;
}

kernelTest('random requests sent at once are answered in order or not at all', async () => {
  const source = random(seedOf('http pipelines', 20260803));
  let answered = 0;
  for (let i = 0; i < 600; i++) answered += await atOnce(denying, source);
  console.log(`${answered} answers on 600 connections`);
  assert.ok(answered > 300);
});

test.after(() => made?.server.stop());
test.run();
