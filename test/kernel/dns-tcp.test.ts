// DNS queries over TCP, on real connections: whatever cuts and joins them, nothing of a denied one leaves, its answer is there
// at once, and the connection lives on.
import { createServer, type Server } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { verdictIn } from '../../src/compiler/analysis/oracle.ts';
import { transportPoint } from '../../src/compiler/space/transport.ts';
import { typedPolicy } from '../harness/compile.ts';
import { dnsEvasions, framed, queryBytes } from '../harness/dns-messages.ts';
import { contentOfQuery, randomDnsPolicy, randomDnsQuery } from '../harness/dns-policies.ts';
import { type DnsWorld, dnsWorld, type Family, families, localhost, queryOf } from '../harness/dns-world.ts';
import { host, workload } from '../harness/governed.ts';
import { atEnd, inCgroup, kernelTest } from '../harness/kernel.ts';
import * as socket from '../harness/libc-socket.ts';
import { patience } from '../harness/patience.ts';
import { random, seedOf } from '../harness/random.ts';

/** What the last connection brought; `answers`: whether each message is sent back. */
type Received = { bytes: Buffer; answers: boolean; connections: number };
type World = DnsWorld & { readonly ports: Readonly<Record<Family, number>>; readonly received: Received };
let made: World | undefined;

async function listening(family: Family, received: Received): Promise<number> {
  const server: Server = createServer((connection) => {
    received.connections++;
    connection.on('data', (data) => {
      received.bytes = Buffer.concat([received.bytes, data]);
      if (received.answers) connection.write(data);
    });
    connection.on('error', () => undefined);
  });
  await new Promise<void>((done) => server.listen(0, family === 'ipv4' ? '127.0.0.1' : '::1', done));
  server.unref();
  atEnd(() => server.close());
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

async function world(): Promise<World> {
  if (made) return made;
  const received = { bytes: Buffer.alloc(0), answers: true, connections: 0 };
  const ports = { ipv4: await listening('ipv4', received), ipv6: await listening('ipv6', received) };
  made = { ...dnsWorld(), ports, received };
  return made;
}

const pause = (milliseconds: number): Promise<void> => new Promise((done) => void setTimeout(done, milliseconds));

/** A connection of the workload, taken by the server. */
async function opened(family: Family = 'ipv4') {
  const { cgroup, ports, received, events } = await world();
  const fd = inCgroup(cgroup, () => socket.open('tcp', family === 'ipv6'));
  const before = received.connections;
  socket.connect(fd, { host: localhost[family], port: ports[family] });
  for (let round = 0; round < 200 * patience && received.connections === before; round++) await pause(5);
  received.bytes = Buffer.alloc(0);
  received.answers = true;
  events();
  const send = (...parts: readonly Uint8Array[]): string => {
    try {
      for (const part of parts) socket.sendBytes(fd, part);
      return '';
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  };
  /** All that the server has, once it has so many bytes. */
  const arrived = async (bytes: number): Promise<Buffer> => {
    for (let round = 0; round < 200 * patience && received.bytes.length < bytes; round++) await pause(5);
    await pause(5);
    return received.bytes;
  };
  /** What there is to read, once it is so many bytes. */
  const read = async (bytes: number): Promise<Buffer> => {
    let found = Buffer.from(socket.receiveBytes(fd));
    for (let round = 0; round < 200 * patience && found.length < bytes; round++) {
      await pause(2);
      found = Buffer.concat([found, socket.receiveBytes(fd)]);
    }
    return found;
  };
  return { fd, send, arrived, read, received, close: () => socket.close(fd) };
}

const allowing = typedPolicy(
  'policy p for { app: "web" } { egress { allow to host at [udp, tcp] dns { "ok.example"; "*.many.example" type [A, AAAA] } } }',
);
const [good, bad] = ['ok.example', 'no.example'].map((name) => framed(queryBytes({ name, type: 'A' })));
if (!good || !bad) throw new Error('no queries');

/** The answer that a denied query becomes: its own question, and the code REFUSED. */
const refused = (query: Uint8Array): Buffer => {
  const answer = Buffer.from(query);
  answer[4] = 0x81;
  answer[5] = 0x85;
  return answer;
};

for (const family of families)
  kernelTest(`over ${family}: denied, allowed, denied, allowed on one connection`, async () => {
    const { install, events } = await world();
    install(allowing);
    const client = await opened(family);
    for (const round of [1, 2]) {
      assert.is(client.send(bad), '');
      assert.equal(await client.read(bad.length), refused(bad));
      const told = queryOf(events());
      assert.equal([told?.verdict, told?.text, told?.queryType, told?.carrier], ['dropped', 'no.example', 1, 'tcp']);
      assert.is(client.send(good), '');
      assert.equal(await client.arrived(good.length * round), Buffer.concat(new Array<Uint8Array>(round).fill(good)));
      assert.equal([queryOf(events())?.verdict], ['forwarded']);
      assert.equal(await client.read(good.length), Buffer.from(good));
    }
    client.close();
  });

kernelTest('a query may be cut at every byte', async () => {
  (await world()).install(allowing);
  for (let at = 1; at < good.length; at++) {
    const client = await opened();
    assert.is(client.send(good.subarray(0, at), good.subarray(at)), '', `allowed, cut at ${at}`);
    assert.equal(await client.arrived(good.length), Buffer.from(good), `allowed, cut at ${at}`);
    assert.equal(await client.read(good.length), Buffer.from(good));
    assert.is(client.send(bad.subarray(0, at), bad.subarray(at)), '', `denied, cut at ${at}`);
    assert.equal(await client.read(bad.length), refused(bad), `denied, cut at ${at}`);
    assert.is(client.send(good), '', `after it, cut at ${at}`);
    assert.equal(await client.arrived(2 * good.length), Buffer.concat([good, good]), `cut at ${at}`);
    client.close();
  }
});

kernelTest('several queries in one write: those before a denied one leave', async () => {
  (await world()).install(allowing);
  const client = await opened();
  assert.is(client.send(Buffer.concat([good, good, good])), '');
  assert.equal(await client.arrived(3 * good.length), Buffer.concat([good, good, good]));
  client.send(Buffer.concat([good, bad]));
  assert.equal(await client.arrived(4 * good.length), Buffer.concat([good, good, good, good]));
  assert.is(client.send(good), 'EACCES', 'several answers were due: no room for one of ours');
  client.close();
});

kernelTest('a long query passes, its name at the beginning', async () => {
  (await world()).install(allowing);
  const client = await opened();
  const long = framed(queryBytes({ name: 'a.many.example', type: 'AAAA', options: 20_000 }));
  assert.is(client.send(long), '');
  assert.equal(await client.arrived(long.length), Buffer.from(long));
  await client.read(long.length);
  const denied = framed(queryBytes({ name: 'no.example', type: 'AAAA', options: 20_000 }));
  assert.is(client.send(denied.subarray(0, 1000)), 'EACCES');
  assert.is(client.send(denied.subarray(1000)), 'EACCES', 'the rest of it');
  assert.equal(await client.arrived(long.length), Buffer.from(long));
  client.close();
});

kernelTest('no answer stands inside of another one: while one is due the write fails', async () => {
  (await world()).install(allowing);
  const client = await opened();
  client.received.answers = false;
  assert.is(client.send(good), '');
  assert.is(client.send(bad), 'EACCES');
  assert.equal(await client.arrived(good.length), Buffer.from(good));
  client.close();
});

for (const [trick, [message, reason]] of Object.entries(dnsEvasions))
  kernelTest(`evasion: ${trick}`, async () => {
    const { install, events } = await world();
    install(allowing);
    const client = await opened();
    const told = [client.send(framed(message)), queryOf(events())?.reason];
    assert.equal(told, ['EACCES', reason]);
    assert.is(client.send(good), 'EACCES', 'where the next query begins is not known');
    assert.equal(await client.arrived(0), Buffer.alloc(0), 'nothing of it left');
    client.close();
  });

kernelTest('a length that lies', async () => {
  (await world()).install(allowing);
  const client = await opened();
  const lying = Uint8Array.from(good);
  lying[1] = (lying[1] ?? 0) - 4;
  client.send(lying);
  assert.is(client.send(good), 'EACCES');
  assert.equal(await client.arrived(0), Buffer.alloc(0));
  client.close();
});

kernelTest('a connection that is older than the rule passes nothing more', async () => {
  const { install } = await world();
  install(typedPolicy('policy p for { app: "web" } { egress { allow to host at tcp } }'));
  const client = await opened();
  assert.is(client.send(good), '');
  assert.equal(await client.arrived(good.length), Buffer.from(good));
  install(allowing);
  client.send(good);
  await pause(50 * patience);
  assert.equal(await client.arrived(good.length), Buffer.from(good));
  client.close();
});

kernelTest('a new policy holds for the next query of a connection', async () => {
  const { install } = await world();
  install(allowing);
  const client = await opened();
  assert.is(client.send(good), '');
  await client.read(good.length);
  install(typedPolicy('policy p for { app: "web" } { egress { allow to host at tcp dns { "no.example" } } }'));
  assert.is(client.send(good), '');
  assert.equal(await client.read(good.length), refused(good));
  assert.is(client.send(bad), '');
  assert.equal(await client.arrived(2 * good.length), Buffer.concat([good, bad]));
  client.close();
});

kernelTest('random queries, cut at random, under random policies: the oracle decides what arrives', async () => {
  const { install, ports } = await world();
  const source = random(seedOf('dns-tcp', 20_261_121));
  const ends = { subject: workload, peer: host, point: transportPoint('tcp', ports.ipv4) };
  const tally = { allowed: 0, denied: 0 };
  for (let round = 0; round < 60; round++) {
    const text = randomDnsPolicy(source, 'tcp');
    const policy = typedPolicy(text);
    if (verdictIn(policy, 'egress', ends).action !== 'allowed') continue;
    install(policy);
    const client = await opened();
    let expected = Buffer.alloc(0);
    for (let i = 0; i < 8; i++) {
      const query = randomDnsQuery(source);
      const message = framed(queryBytes({ ...query, ...(source.chance(0.5) && { options: source.int(600) }) }));
      const { action } = verdictIn(policy, 'egress', { ...ends, request: { domain: 'dns', content: contentOfQuery(query) } });
      const at = source.int(message.length);
      const about = `${query.name} ${query.type} at ${at} ${action}\n${text}`;
      assert.is(client.send(...(at === 0 ? [message] : [message.subarray(0, at), message.subarray(at)])), '', about);
      const answer = await client.read(message.length);
      assert.equal(answer, action === 'allowed' ? Buffer.from(message) : refused(message), about);
      if (action === 'allowed') expected = Buffer.concat([expected, message]);
      tally[action === 'allowed' ? 'allowed' : 'denied']++;
    }
    assert.equal(await client.arrived(expected.length), expected);
    client.close();
  }
  console.log(`dns-tcp: ${JSON.stringify(tally)}`);
  assert.ok(tally.allowed > 40 && tally.denied > 40);
});

test.run();
