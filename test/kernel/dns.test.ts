// DNS queries over UDP, on real sockets: each gets the verdict that the oracle has for it by MEANING, however it is written; a
// denied one fails at once, and what cannot be read is denied for its own reason.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { verdictIn } from '../../src/compiler/analysis/oracle.ts';
import { eventProtocol } from '../../src/compiler/ir/abi.ts';
import type { Content } from '../../src/compiler/ir/event.ts';
import { transportPoint } from '../../src/compiler/space/transport.ts';
import type { VerdictEvent } from '../../src/runtime/events/verdict-event.ts';
import { typedPolicy } from '../harness/compile.ts';
import { dnsEvasions, queryBytes } from '../harness/dns-messages.ts';
import { contentOfQuery, randomDnsPolicy, randomDnsQuery } from '../harness/dns-policies.ts';
import { type DnsWorld, dnsWorld, type Family, families, localhost, queryOf } from '../harness/dns-world.ts';
import { host, workload } from '../harness/governed.ts';
import { atEnd, inCgroup, kernelTest } from '../harness/kernel.ts';
import * as socket from '../harness/libc-socket.ts';
import { random, seedOf } from '../harness/random.ts';

type World = DnsWorld & { readonly ports: Readonly<Record<Family, number>> };
let made: World | undefined;

/** Sockets of the host take what is sent to them. */
function world(): World {
  if (made) return made;
  const server = (family: Family): number => {
    const fd = socket.open('udp', family === 'ipv6');
    socket.bind(fd, { host: localhost[family], port: 0 });
    atEnd(() => socket.close(fd));
    return socket.portOf(fd);
  };
  made = { ...dnsWorld(), ports: { ipv4: server('ipv4'), ipv6: server('ipv6') } };
  return made;
}

/** What became of one message, sent from a socket of its own. */
function sent(
  message: Uint8Array,
  family: Family = 'ipv4',
): { readonly error: string | undefined; readonly events: readonly VerdictEvent[] } {
  const { cgroup, ports, events } = world();
  const fd = inCgroup(cgroup, () => socket.open('udp', family === 'ipv6'));
  events();
  try {
    socket.connect(fd, { host: localhost[family], port: ports[family] });
    socket.sendBytes(fd, message);
    return { error: undefined, events: events() };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error), events: events() };
  } finally {
    socket.close(fd);
  }
}

const allowing = typedPolicy(
  'policy p for { app: "web" } { egress { allow to host at udp dns { "ok.example"; "*.many.example" type [A, AAAA] } } }',
);

for (const family of families)
  kernelTest(`a denied query over ${family} fails at once, an allowed one leaves`, () => {
    const { install, counted } = world();
    install(allowing);
    const ok = sent(queryBytes({ name: 'ok.example', type: 'A' }), family);
    assert.is(ok.error, undefined);
    assert.equal([queryOf(ok.events)?.verdict, queryOf(ok.events)?.text, queryOf(ok.events)?.queryType], ['forwarded', 'ok.example', 1]);
    const no = sent(queryBytes({ name: 'no.example', type: 'AAAA' }), family);
    assert.is(no.error, 'EPERM');
    assert.equal([queryOf(no.events)?.verdict, queryOf(no.events)?.text, queryOf(no.events)?.reason], ['dropped', 'no.example', 'none']);
    assert.ok(counted(eventProtocol.dns).some(({ action, count }) => action === 'denied' && count > 0));
  });

kernelTest('a flow of a denied query is decided anew with each packet', () => {
  const { install, cgroup, ports } = world();
  install(allowing);
  const fd = inCgroup(cgroup, () => socket.open('udp'));
  socket.connect(fd, { host: localhost.ipv4, port: ports.ipv4 });
  for (let round = 0; round < 3; round++) {
    assert.throws(() => socket.sendBytes(fd, queryBytes({ name: 'no.example', type: 'A' })), /EPERM/);
    socket.sendBytes(fd, queryBytes({ name: 'ok.example', type: 'A' }));
    install(allowing);
  }
  socket.close(fd);
});

for (const [trick, [message, reason]] of Object.entries(dnsEvasions))
  for (const family of families)
    kernelTest(`evasion over ${family}: ${trick}`, () => {
      world().install(allowing);
      const { error, events } = sent(message, family);
      assert.is(error, 'EPERM');
      assert.is(queryOf(events)?.reason, reason);
      assert.is(queryOf(events)?.verdict, 'dropped');
    });

kernelTest('several queries in one packet of segments (UDP_SEGMENT) are refused', () => {
  const { install, cgroup, ports, events } = world();
  install(allowing);
  const [first, second] = ['ok.example', 'no.example'].map((name) => queryBytes({ name, type: 'A' }));
  const fd = inCgroup(cgroup, () => socket.open('udp'));
  socket.setOption(fd, [17, 103], first?.length ?? 0);
  socket.connect(fd, { host: localhost.ipv4, port: ports.ipv4 });
  events();
  assert.throws(() => socket.sendBytes(fd, Buffer.concat([first ?? new Uint8Array(), second ?? new Uint8Array()])), /EPERM/);
  assert.is(queryOf(events())?.reason, 'ambiguousQuery');
  socket.close(fd);
});

kernelTest('a query in memory that its sender may still write to (MSG_ZEROCOPY) is refused', () => {
  const { install, cgroup, ports, events } = world();
  install(allowing);
  const fd = inCgroup(cgroup, () => socket.open('udp'));
  socket.setOption(fd, [1, 60], 1);
  socket.connect(fd, { host: localhost.ipv4, port: ports.ipv4 });
  const query = queryBytes({ name: 'ok.example', type: 'A' });
  socket.sendBytes(fd, query);
  events();
  assert.throws(() => socket.sendBytes(fd, query, 0x4000000), /EPERM/);
  assert.is(queryOf(events())?.reason, 'ambiguousQuery');
  socket.close(fd);
});

/** A workload that answers: what comes to a socket of its own, and what leaves it again. */
kernelTest('ingress: a query that is denied does not come, answers go', () => {
  const { install, cgroup, events } = world();
  install(typedPolicy('policy p for { app: "web" } { ingress { allow from host at udp dns { "ok.example" } } }'));
  for (const family of families) {
    const server = inCgroup(cgroup, () => socket.open('udp', family === 'ipv6'));
    socket.bind(server, { host: localhost[family], port: 0 });
    const client = socket.open('udp', family === 'ipv6');
    socket.bind(client, { host: localhost[family], port: 0 });
    socket.connect(client, { host: localhost[family], port: socket.portOf(server) });
    socket.connect(server, { host: localhost[family], port: socket.portOf(client) });
    events();
    const [ok, no] = ['OK.example', 'no.example'].map((name) => queryBytes({ name, type: 'A' }));
    assert.ok(ok && no);
    socket.sendBytes(client, no);
    assert.equal(socket.receiveBytes(server), new Uint8Array(0), family);
    assert.is(queryOf(events())?.verdict, 'dropped');
    socket.sendBytes(client, ok);
    assert.equal(Buffer.from(socket.receiveBytes(server)), Buffer.from(ok), family);
    assert.equal([queryOf(events())?.verdict, queryOf(events())?.direction], ['forwarded', undefined]);
    socket.sendBytes(server, no);
    assert.equal(Buffer.from(socket.receiveBytes(client)), Buffer.from(no), 'what leaves is an answer');
    for (const [trick, [message, reason]] of Object.entries(dnsEvasions)) {
      events();
      socket.sendBytes(client, message);
      assert.equal(socket.receiveBytes(server), new Uint8Array(0), trick);
      assert.is(queryOf(events())?.reason, reason, trick);
    }
    socket.close(server);
    socket.close(client);
  }
});

kernelTest('what is undecidable is denied by deny rules, too', () => {
  const { install } = world();
  install(typedPolicy('policy p for { app: "web" } { egress { deny to host at udp dns { "no.example" }\n allow to host at udp } }'));
  assert.is(sent(queryBytes({ name: 'ok.example', type: 'A' })).error, undefined);
  assert.is(sent(queryBytes({ name: 'NO.example', type: 'TYPE65000' })).error, 'EPERM');
  assert.is(sent(queryBytes({ name: 'x.no.example', type: 'A' })).error, undefined);
  assert.is(sent(new TextEncoder().encode('no DNS')).error, 'EPERM');
});

/** What a query means. */
kernelTest('random policies and queries: the kernel says what the oracle says, cause included', () => {
  const { install, ports, causeOf } = world();
  const seed = seedOf('dns', 20_261_121);
  const source = random(seed);
  const rounds = Number(process.env['PAIRS'] ?? 4000) / 100;
  const tally = { allowed: 0, denied: 0, unasked: 0 };
  for (let round = 0; round < rounds; round++) {
    const text = randomDnsPolicy(source);
    const policy = typedPolicy(text);
    install(policy);
    for (let i = 0; i < 100; i++) {
      const family = source.pick(families);
      const point = transportPoint('udp', ports[family]);
      const query = randomDnsQuery(source);
      const isBroken = source.chance(0.05);
      const content: Content = isBroken ? { kind: 'undecidable', reason: 'ambiguousQuery' } : contentOfQuery(query);
      const ends = { subject: workload, peer: host, point };
      const { error, events } = sent(queryBytes(isBroken ? { ...query, behind: Uint8Array.of(1) } : query), family);
      const connection = verdictIn(policy, 'egress', ends);
      const expected =
        connection.action === 'denied' ? connection : verdictIn(policy, 'egress', { ...ends, request: { domain: 'dns', content } });
      const told = queryOf(events) ?? events.at(-1);
      assert.ok(told || (error === undefined && connection.action === 'allowed'));
      const what = `seed ${seed}, ${JSON.stringify(query)}: ${JSON.stringify(expected)}, ${error}, ${JSON.stringify(told && causeOf(told))}\n${text}`;
      assert.is(error, expected.action === 'denied' ? 'EPERM' : undefined, what);
      const { cause } = expected;
      // A port that was had before belongs to a flow that was counted already.
      if (told) assert.equal(causeOf(told), cause.kind === 'rule' ? { kind: 'rule', rule: cause.rule } : cause, what);
      if (queryOf(events)) tally[expected.action]++;
      else tally.unasked++;
    }
  }
  console.log(`dns: ${rounds * 100} queries, ${JSON.stringify(tally)}`);
  assert.ok(tally.allowed > rounds * 10 && tally.denied > rounds * 10, JSON.stringify(tally));
});

test.run();
