// Answers over TCP name addresses as those over UDP do: before anybody can read their last byte, however they are cut and joined.
import { spawnSync } from 'node:child_process';
import { openSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { verdictIn } from '../../src/compiler/analysis/oracle.ts';
import { parseAddress } from '../../src/compiler/space/address.ts';
import { transportPoint } from '../../src/compiler/space/transport.ts';
import { readNameCounts } from '../../src/runtime/kernel/names.ts';
import { type Answered, asked } from '../harness/dns-answers.ts';
import { framed, mixedCase, queryBytes } from '../harness/dns-messages.ts';
import { workload } from '../harness/governed.ts';
import { atEnd, kernelTest, mapOf } from '../harness/kernel.ts';
import * as socket from '../harness/libc-socket.ts';
import { conversation, message } from '../harness/names-tcp.ts';
import { answerTricks } from '../harness/names-tricks.ts';
import { allowing, exchanged, fresh, reaches, record, rules, world } from '../harness/names-world.ts';
import { patience } from '../harness/patience.ts';
import { random, seedOf } from '../harness/random.ts';

const unreadable = (): number =>
  readNameCounts(mapOf(world().loaded, 'name_counts')).find(({ event }) => event === 'unreadable')?.count ?? 0;

for (const [family, address] of [
  ['IPv4', '198.19.0.1'],
  ['IPv6', '2001:db8:0:0:0:0:0:9'],
] as const)
  kernelTest(`an ${family} address is reached from its answer over TCP on`, () => {
    world().install(allowing);
    const { ask, answer, read, close } = conversation();
    const type = family === 'IPv4' ? 'A' : 'AAAA';
    ask('a.ok.example', 1, type);
    assert.not.ok(reaches(address));
    const bytes = message({ id: 1, name: 'a.ok.example', type, records: [record(address)] });
    answer(bytes);
    assert.ok(reaches(address), 'before anybody read it');
    assert.equal(read(bytes.length), Buffer.from(bytes));
    close();
  });

kernelTest('an answer may be cut at every byte: it holds with its last one, and not before', () => {
  world().install(allowing);
  const { ask, answer, read, close } = conversation();
  const { length } = message({ name: 'ok.example', records: [record('198.18.0.0')] });
  for (let cut = 1; cut < length; cut++) {
    const address = fresh();
    const bytes = message({ id: cut, name: 'ok.example', records: [record(address)] });
    ask('ok.example', cut);
    answer(bytes.subarray(0, cut));
    assert.equal(read(cut), Buffer.from(bytes.subarray(0, cut)));
    assert.not.ok(reaches(address), `cut at ${cut}`);
    answer(bytes.subarray(cut));
    assert.ok(reaches(address), `cut at ${cut}`);
    assert.equal(read(length - cut), Buffer.from(bytes.subarray(cut)));
  }
  close();
});

kernelTest('a chain of aliases, byte by byte; letters in any case', () => {
  world().install(allowing);
  const { ask, answer, read, close } = conversation();
  const address = fresh();
  const records: readonly Answered[] = [{ name: asked, alias: 'cdn.example' }, record(address, 'CDN.example')];
  const name = mixedCase(random(3), 'letters.ok.example');
  ask(name, 9);
  const bytes = message({ id: 9, name: 'LETTERS.ok.example', records });
  answer(...[...bytes].map((byte) => Uint8Array.of(byte)));
  assert.is(read(bytes.length).length, bytes.length);
  assert.ok(reaches(address));
  close();
});

kernelTest('several answers on one connection, in any order, in one packet and across two', () => {
  world().install(rules('allow to "**.pipe.example" at udp 443', 'deny to "n3.pipe.example" at udp 443'));
  const { ask, answer, read, close } = conversation();
  const names = Array.from({ length: 12 }, (_, i) => ({ name: `n${i}.pipe.example`, id: 100 + i, address: fresh() }));
  for (const { name, id } of names) ask(name, id);
  const all = Buffer.concat(names.toReversed().map(({ name, id, address }) => message({ id, name, records: [record(address)] })));
  answer(all.subarray(0, 400), all.subarray(400));
  assert.is(read(all.length).length, all.length);
  assert.equal(
    names.map(({ address }) => reaches(address)),
    names.map((_, i) => i !== 3),
  );
  close();
});

kernelTest('hundreds of answers in one packet', () => {
  world().install(allowing);
  const { client, end, answer, read, close } = conversation();
  const names = Array.from({ length: 300 }, (_, i) => ({ name: `m${i}.ok.example`, id: i, address: fresh() }));
  const queries = names.map(({ name, id }) => framed(queryBytes({ name, type: 'A', id })));
  for (const query of queries) socket.sendBytes(client, query);
  for (let came = 0, all = Buffer.concat(queries).length; came < all; ) came += socket.receiveBytes(end).length;
  const all = Buffer.concat(names.map(({ name, id, address }) => message({ id, name, records: [record(address)] })));
  answer(all);
  assert.is(read(all.length).length, all.length);
  assert.ok(names.every(({ address }) => reaches(address)));
  close();
});

kernelTest('a deny by name holds for an answer over TCP, against an allowed network', () => {
  world().install(rules('allow to 198.18.0.0/15 at udp 443', 'deny to "**.bad.example" at udp 443'));
  const { ask, answer, read, close } = conversation();
  const address = fresh();
  assert.ok(reaches(address));
  ask('x.bad.example', 5);
  const bytes = message({ id: 5, name: 'x.bad.example', records: [record(address)] });
  answer(bytes);
  assert.is(read(bytes.length).length, bytes.length);
  assert.not.ok(reaches(address));
  close();
});

for (const [trick, { answer: trickOf, arrives }] of Object.entries(answerTricks))
  kernelTest(`evasion over TCP: ${trick}`, () => {
    world().install(allowing);
    const { ask, answer, read, isSilent, close } = conversation();
    const [address, later] = [fresh(), fresh()];
    const before = unreadable();
    ask('ok.example', 21);
    const bytes = message({ id: 21, name: 'ok.example', ...trickOf(address) });
    answer(bytes.subarray(0, 7), bytes.subarray(7));
    assert.not.ok(reaches(address));
    if (arrives) assert.is(read(bytes.length).length, bytes.length);
    else assert.is(read(7).length, 7, 'up to the packet with its last byte');
    ask('b.ok.example', 22);
    answer(message({ id: 22, name: 'b.ok.example', records: [record(later)] }));
    assert.is(reaches(later), arrives, 'what comes behind it');
    if (!arrives) assert.ok(isSilent());
    assert.is(unreadable() - before, arrives ? 0 : 1, 'counted');
    close();
  });

kernelTest('evasion over TCP: the right id and question on another connection, and a second answer', () => {
  world().install(allowing);
  const [one, other] = [conversation(), conversation()];
  const [first, second, third] = [fresh(), fresh(), fresh()];
  one.ask('ok.example', 33);
  other.answer(message({ id: 33, name: 'ok.example', records: [record(first)] }));
  assert.not.ok(reaches(first), 'of another connection to the same server');
  exchanged({ asks: 'no.example', answer: { id: 33, name: 'ok.example', records: [record(first)] } });
  assert.not.ok(reaches(first), 'over UDP');
  one.answer(message({ id: 33, name: 'ok.example', records: [record(second)] }));
  assert.ok(reaches(second));
  one.answer(message({ id: 33, name: 'ok.example', records: [record(third)] }));
  assert.not.ok(reaches(third), 'a second one');
  one.close();
  other.close();
});

kernelTest('an answer of more bytes than are read names nothing and does not arrive; one that names nothing may be as long as any', () => {
  world().install(allowing);
  const { ask, answer, read, close } = conversation();
  const before = unreadable();
  const text = (size: number, id: number, name: string) =>
    message({ id, name, type: 'TXT', records: [{ name: asked, type: 'TXT', data: new Uint8Array(size) }] });
  ask('no.example', 41, 'TXT');
  const longest = text(65_490, 41, 'no.example');
  answer(longest);
  assert.is(read(longest.length).length, longest.length);
  const [kept, lost] = [fresh(), fresh()];
  ask('ok.example', 42);
  // 4096 bytes: 28 before its records, one of an address, the rest in one of text.
  const filled = (size: number, address: string, id: number) =>
    message({
      id,
      name: 'ok.example',
      records: [record(address), { name: asked, type: 'TXT', data: new Uint8Array(size - 28 - 16 - 12) }],
    });
  const largest = filled(4096, kept, 42);
  assert.is(largest.length, 4098);
  answer(largest);
  assert.is(read(largest.length).length, largest.length);
  assert.ok(reaches(kept));
  ask('ok.example', 43);
  answer(filled(4097, lost, 43));
  assert.not.ok(reaches(lost));
  assert.is(unreadable() - before, 1);
  close();
});

kernelTest('messages without a byte, and shorter than a header', () => {
  world().install(allowing);
  const { ask, answer, read, isSilent, close } = conversation();
  const address = fresh();
  ask('ok.example', 0x5151);
  answer(Uint8Array.of(0, 0, 0, 1, 7, 0, 0));
  const bytes = message({ id: 0x5151, name: 'ok.example', records: [record(address)] });
  answer(bytes);
  assert.is(read(7 + bytes.length).length, 7 + bytes.length);
  assert.ok(reaches(address));
  ask('ok.example', 0x5151);
  answer(Uint8Array.of(0, 4, 0x51, 0x51, 0x81, 0x80));
  assert.ok(isSilent(), 'half a header that has the id of a question');
  close();
});

kernelTest('urgent data ends a connection for answers', () => {
  world().install(allowing);
  const { end, ask, answer, isSilent, close } = conversation();
  const address = fresh();
  ask('ok.example', 61);
  const bytes = message({ id: 61, name: 'ok.example', records: [record(address)] });
  const urgent = 1; // MSG_OOB
  socket.sendBytes(end, bytes.subarray(0, 10), urgent);
  answer(bytes.subarray(10));
  assert.not.ok(reaches(address));
  assert.ok(isSilent());
  close();
});

kernelTest('packets that are lost and sent again, and such as overtake others', () => {
  world().install(allowing);
  const home = openSync('/proc/self/ns/net', 'r');
  let server = -1;
  let missing = '';
  let talk: ReturnType<typeof conversation> | undefined;
  socket.inNewNetwork(home, () => {
    spawnSync('ip', ['link', 'set', 'lo', 'up']);
    server = socket.open('tcp');
    atEnd(() => socket.close(server));
    socket.bind(server, { host: '127.0.0.1', port: 0 });
    socket.listen(server);
    talk = conversation(server);
    const drop = `table inet t { chain in { type filter hook input priority 0; tcp sport ${socket.portOf(server)} numgen inc mod 4 1 drop; }; }`;
    const { status, stderr } = spawnSync('nft', [drop], { encoding: 'utf8' });
    if (status !== 0) missing = stderr ?? 'no nft (apt-get install nftables)';
  });
  if (!talk) throw new Error('no connection');
  const { client, answer, read, close } = talk;
  if (missing !== '') return console.log(`SKIP lost packets: ${missing}`);
  for (let round = 0; round < 3; round++) {
    const address = fresh();
    socket.sendBytes(client, framed(queryBytes({ name: 'ok.example', type: 'A', id: round })));
    const data = Array.from({ length: 900 }, (_, i) => i & 0xff);
    const records = [{ name: asked, type: 'TXT', data: Uint8Array.from(data) }, record(address)] as const;
    const bytes = message({ id: round, name: 'ok.example', records });
    answer(...Array.from({ length: 12 }, (_, i) => bytes.subarray(i * 80, i === 11 ? bytes.length : i * 80 + 80)));
    assert.equal(read(bytes.length), Buffer.from(bytes));
    assert.ok(reaches(address));
  }
  close();
});

const seed = seedOf('NAMES_TCP_SEED', 31);
const names = ['a.one.example', 'b.one.example', 'one.example', 'two.example', 'a.two.example'] as const;
const patterns = ['one.example', '*.one.example', '**.one.example', 'two.example', 'a.*.example', 'a.two.example'] as const;

kernelTest(`random policies, answers, cuts and orders, as the oracle has them (seed ${seed})`, () => {
  const made = random(seed);
  const peer = (): string => (made.chance(0.8) ? `"${made.pick(patterns)}"` : made.pick(['198.19.0.0/16', 'world', '198.19.128.0/17']));
  const line = (): string => `${made.pick(['allow', 'allow', 'deny'])} to ${peer()} at udp 443 priority ${made.int(3)}`;
  for (let round = 0; round < 30 / patience; round++) {
    const typed = rules(...Array.from({ length: 1 + made.int(5) }, line));
    world().install(typed);
    const { ask, answer, read, close } = conversation();
    const questions = Array.from({ length: 6 }, (_, i) => ({
      name: made.pick(names),
      id: i,
      address: `198.19.${made.pick([7, 200])}.${(round * 8 + made.int(4)) & 0xff}`,
    }));
    for (const { name, id } of questions) ask(mixedCase(made, name), id);
    const shuffled = questions.map((one) => ({ one, at: made.int(1000) })).sort((a, b) => a.at - b.at);
    const all = Buffer.concat(
      shuffled.map(({ one: { name, id, address } }) => message({ id, name: mixedCase(made, name), records: [record(address)] })),
    );
    const cuts = [0, ...Array.from({ length: made.int(6) }, () => made.int(all.length)), all.length].sort((a, b) => a - b);
    answer(...cuts.slice(1).flatMap((cut, i) => ((cuts[i] ?? 0) < cut ? [all.subarray(cuts[i], cut)] : [])));
    assert.is(read(all.length).length, all.length);
    for (const { address } of questions) {
      const known = questions.filter((other) => other.address === address).map(({ name }) => name);
      const end = { kind: 'address', address: parseAddress(address) ?? 0n, names: known } as const;
      const { action } = verdictIn(typed, 'egress', { subject: workload, peer: end, point: transportPoint('udp', 443) });
      assert.is(
        reaches(address),
        action === 'allowed',
        `round ${round}: ${address} ${known.join()}\n${typed.rules.map(({ text }) => text).join('\n')}`,
      );
    }
    close();
  }
});

test.run();
