// Peers by DNS name, on real sockets: what an answer names is in force before anybody can read it.
import { openSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { verdictIn } from '../../src/compiler/analysis/oracle.ts';
import { parseAddress } from '../../src/compiler/space/address.ts';
import { transportPoint } from '../../src/compiler/space/transport.ts';
import { observePorts } from '../../src/runtime/kernel/observed.ts';
import { readAnswerCounts } from '../../src/runtime/kernel/queries.ts';
import { typedPolicy } from '../harness/compile.ts';
import { container } from '../harness/container.ts';
import { type Answered, asked } from '../harness/dns-answers.ts';
import { labelsOf, mixedCase } from '../harness/dns-messages.ts';
import { workload } from '../harness/governed.ts';
import { inCgroup, kernelTest, mapOf } from '../harness/kernel.ts';
import * as socket from '../harness/libc-socket.ts';
import { accepted, until } from '../harness/names-tcp.ts';
import { age, allowing, exchanged, fresh, leaves, reaches, record, rules, secondsOf, world } from '../harness/names-world.ts';
import { patience } from '../harness/patience.ts';
import { random, seedOf } from '../harness/random.ts';

for (const [what, address] of [
  ['IPv4', '198.18.0.0'],
  ['IPv6', '2001:db8:0:0:0:0:0:7'],
] as const)
  kernelTest(`an ${what} address is reached from its answer on`, () => {
    world().install(allowing);
    assert.not.ok(reaches(address));
    assert.ok(exchanged({ asks: 'a.ok.example', type: what === 'IPv4' ? 'A' : 'AAAA', answer: { records: [record(address)] } }));
    assert.ok(reaches(address));
  });

kernelTest('names of no rule open nothing', () => {
  world().install(allowing);
  const address = fresh();
  assert.ok(exchanged({ asks: 'no.example', answer: { records: [record(address)] } }));
  assert.not.ok(reaches(address));
});

kernelTest('a deny by name holds against an allowed network, and against another name of the address', () => {
  world().install(rules('allow to 198.18.0.0/15 at udp 443', 'deny to "**.bad.example" at udp 443'));
  const address = fresh();
  assert.ok(reaches(address));
  exchanged({ asks: 'x.bad.example', answer: { records: [record(address)] } });
  assert.not.ok(reaches(address));
  world().install(rules('deny to "**.bad.example" at udp 443', 'allow to "good.example" at udp 443'));
  const shared = fresh();
  exchanged({ asks: 'good.example', answer: { records: [record(shared)] } });
  assert.ok(reaches(shared));
  exchanged({ asks: 'y.bad.example', answer: { records: [record(shared)] } });
  assert.not.ok(reaches(shared));
});

kernelTest('all addresses of an answer, and those of a later one, hold', () => {
  world().install(allowing);
  const addresses = Array.from({ length: 40 }, fresh);
  assert.ok(exchanged({ asks: 'ok.example', answer: { records: addresses.slice(0, 39).map((one) => record(one)) } }));
  assert.ok(exchanged({ asks: 'ok.example', answer: { records: addresses.slice(39).map((one) => record(one)) } }));
  assert.ok(addresses.every(reaches));
});

kernelTest('a chain of aliases leads from the question to an address, which has the name that was asked', () => {
  const { install } = world();
  install(rules('allow to "asked.example" at udp 443'));
  const address = fresh();
  const chain: readonly Answered[] = [
    { name: asked, alias: 'cdn.example' },
    { name: 'CDN.example', alias: 'edge.example' },
    record(address, 'edge.example'),
  ];
  assert.ok(exchanged({ asks: 'asked.example', answer: { records: chain } }));
  assert.ok(reaches(address));
  install(rules('allow to ["cdn.example", "edge.example"] at udp 443'));
  assert.not.ok(reaches(address), 'the name of an alias');
});

kernelTest('0x20: letters of the question in any case', () => {
  world().install(allowing);
  const made = random(7);
  const address = fresh();
  const name = mixedCase(made, 'several.letters.ok.example'.replace('several.letters', 'severalletters'));
  assert.ok(exchanged({ asks: name, answer: { name: mixedCase(made, name.toLowerCase()), records: [record(address)] } }));
  assert.ok(reaches(address));
});

kernelTest('a name that does not hold any more opens nothing, and is learned again', () => {
  const { install } = world();
  install(allowing);
  const address = container().own.v4;
  exchanged({ asks: 'ok.example', answer: { records: [record(address)] } });
  const fd = inCgroup(world().cgroup, () => socket.open('udp'));
  socket.connect(fd, { host: address, port: 443 });
  assert.ok(leaves(fd), 'a flow begins');
  age();
  assert.not.ok(reaches(address));
  assert.ok(leaves(fd), 'and goes on');
  install(allowing);
  assert.ok(leaves(fd), 'also under another revision: it keeps the names that it began with');
  socket.close(fd);
  exchanged({ asks: 'ok.example', answer: { records: [record(address)] } });
  assert.ok(reaches(address));
});

kernelTest(
  'a TCP connection that has begun lives on when its name holds no more, under another revision too; a new one does not begin',
  () => {
    const { install, cgroup } = world();
    const named = rules('allow to "kept.example" at tcp 443');
    install(named);
    const box = container();
    const place = { host: box.own.v4, port: 443 };
    const networks = { home: openSync('/proc/self/ns/net', 'r'), other: openSync(`/run/netns/${box.name}`, 'r') };
    const server = socket.inNetwork(networks, () => socket.open('tcp'));
    socket.bind(server, place);
    socket.listen(server);
    const opened = (): number => {
      const fd = inCgroup(cgroup, () => socket.open('tcp'));
      socket.connect(fd, place);
      return fd;
    };
    assert.throws(opened, /EPERM/);
    exchanged({ asks: 'kept.example', answer: { records: [record(place.host)] } });
    const fd = opened();
    const end = until('a connection', () => accepted(server));
    const arrives = (text: string): boolean => {
      socket.send(fd, text);
      return until('what was sent', () => socket.receive(end)) === text;
    };
    assert.ok(arrives('before'));
    age();
    assert.throws(opened, /EPERM/);
    assert.ok(arrives('after'));
    install(named);
    assert.ok(arrives('under another revision'));
    assert.throws(opened, /EPERM/);
    for (const each of [fd, end, server]) socket.close(each);
  },
);

kernelTest('a name holds as long as its answer says: the shortest time of a chain, no less and no more than the limits', () => {
  world().install(allowing);
  const times: readonly (readonly [number, number, number])[] = [
    [4000, 7000, 4030],
    [7000, 4000, 4030],
    [7000, 0, 60],
    [0x7fff_ffff, 0x7fff_ffff, 86_430],
    [0xffff_ffff, 7000, 60], // RFC 2181, 8
  ];
  for (const [alias, own, holds] of times) {
    const address = fresh();
    const records = [
      { name: asked, alias: 'cdn.example', seconds: alias },
      { ...record(address, 'cdn.example'), seconds: own },
    ];
    exchanged({ asks: 'ok.example', answer: { records } });
    assert.ok(Math.abs(secondsOf(address) - holds) < 20, `${alias}, ${own}: ${secondsOf(address)}`);
  }
});

kernelTest('what was learned outlives a change of policy, and has the classes of the new one', () => {
  const { install } = world();
  install(rules('allow to ["*.ok.example", "ok.example"] at udp 443', 'deny to "never.example" at udp 444'));
  const address = fresh();
  exchanged({ asks: 'b.ok.example', answer: { records: [record(address)] } });
  assert.ok(reaches(address));
  install(rules('allow to "other.example" at udp 443', 'allow to "third.example" at udp 443'));
  assert.not.ok(reaches(address));
  install(rules('allow to "third.example" at udp 443', 'allow to "b.ok.example" at udp 443'));
  assert.ok(reaches(address));
  install(typedPolicy('policy p for { app: "web" } { egress { allow to "*.ok.example" at udp 443 } }'));
  assert.ok(reaches(address), 'where nobody asks for names any more');
  install(typedPolicy('policy p for { app: "web" } { egress { allow to 198.51.100.0/24 at udp 443 } }'));
  assert.not.ok(reaches(address), 'where no rule is about names');
});

kernelTest('beside a rule that allows all queries, those that a `dns` rule is about name addresses', () => {
  const only = (named: string) =>
    typedPolicy(`policy p for { app: "web" } { egress {
      allow to host at udp 1024-65535
      allow to host at udp 1024-65535 dns { ${named} }
      allow to ["ok.example", "other.example"] at udp 443
    } }`);
  world().install(only('"ok.example"'));
  const [named, unnamed] = [fresh(), fresh()];
  exchanged({ asks: 'ok.example', answer: { records: [record(named)] } });
  exchanged({ asks: 'other.example', answer: { records: [record(unnamed)] } });
  assert.equal([reaches(named), reaches(unnamed)], [true, false]);
});

kernelTest('answers from an observed port are counted by type, code and addresses; what is no answer to one question is not', () => {
  const { install, loaded, server } = world();
  install(allowing);
  const observe = (...dns: readonly number[]) => observePorts(loaded.maps, { http: [], dns });
  observe(socket.portOf(server));
  exchanged({ asks: 'a.ok.example', answer: { records: [record(fresh()), record(fresh())] } });
  exchanged({ asks: 'a.ok.example', answer: { flags: 0x8183 } });
  exchanged({ asks: 'no.example', type: 'TXT', answer: { counts: [1, 9, 0, 0] } });
  exchanged({ asks: 'no.example', answer: { counts: [2, 0, 0, 0] } });
  exchanged({ asks: 'no.example', answer: { flags: 0x0100 } });
  observe();
  exchanged({ asks: 'no.example', answer: {} });
  const counted = readAnswerCounts(mapOf(loaded, 'dns_responses')).map(({ type, code, addresses, count }) => [
    type,
    code,
    addresses,
    count,
  ]);
  assert.equal(counted.sort(), [
    [1, 0, 2, 1n],
    [1, 3, 0, 1n],
    [16, 0, 0, 1n],
  ]);
});

kernelTest('an address holds 32 names; an answer that would be one more does not arrive', () => {
  world().install(rules('allow to "**.wide.example" at udp 443'));
  const address = fresh();
  for (let name = 0; name < 32; name++)
    assert.ok(exchanged({ asks: `n${name}.wide.example`, answer: { records: [record(address)] } }), `name ${name}`);
  assert.not.ok(exchanged({ asks: 'n32.wide.example', answer: { records: [record(address)] } }));
  age();
  assert.ok(exchanged({ asks: 'n32.wide.example', answer: { records: [record(address)] } }), 'in the place of one that holds no more');
  assert.ok(reaches(address));
});

kernelTest('names of all lengths, at the limit of 255 bytes too', () => {
  world().install(rules('allow to "**.ok.example" at udp 443'));
  for (const length of [1, 20, 62, 63]) {
    const name = `${['a', 'b', 'c'].map((letter) => letter.repeat(length)).join('.')}.ok.example`;
    const address = fresh();
    assert.ok(exchanged({ asks: name, answer: { records: [record(address)] } }));
    assert.ok(reaches(address), name);
    assert.ok(labelsOf(name).length <= 255);
  }
});

kernelTest('thousands of names in rules, and ten thousand addresses', () => {
  // Under emulation so many would take half an hour.
  const count = Math.ceil(2500 / patience);
  const names = Array.from({ length: count }, (_, i) => `n${i}.zone${i % 7}.example`);
  world().install(rules(`allow to [${names.map((name) => `"${name}"`).join(', ')}] at udp 443`));
  const addressOf = (name: number, number: number): string => `198.51.${name >> 6}.${(name & 63) * 4 + number}`;
  for (const [name, asks] of names.entries()) {
    const records = [0, 1, 2, 3].map((number) => record(addressOf(name, number)));
    if (!exchanged({ asks, answer: { records } })) throw new Error(`the answer for ${asks} was lost`);
  }
  const wrong = names.flatMap((name, i) => (reaches(addressOf(i, i & 3)) ? [] : [name]));
  assert.equal(wrong, []);
  assert.not.ok(reaches(addressOf(count, 0)));
  world().install(rules(`allow to ["${names[7]}", "${names[count - 1]}"] at udp 443`));
  assert.equal(
    [7, 8, count - 2, count - 1].map((name) => reaches(addressOf(name, 2))),
    [true, false, false, true],
    'under other rules',
  );
});

const parts = ['a', 'b', 'www'] as const;
const zones = ['one.example', 'two.example', 'deep.one.example'] as const;
const seed = seedOf('NAMES_SEED', 20);

kernelTest(`random policies and answers, as the oracle has them (seed ${seed})`, () => {
  const made = random(seed);
  const patterns = [...zones, ...zones.map((zone) => `*.${zone}`), ...zones.map((zone) => `**.${zone}`), 'www.two.example', '*.*.example'];
  const some = (): string => `[${Array.from({ length: 1 + made.int(3) }, () => `"${made.pick(patterns)}"`).join(', ')}]`;
  const line = (): string => {
    const peer = made.chance(0.7) ? some() : made.pick(['198.19.0.0/24', '198.19.0.0/22', 'world', '198.19.2.0/23']);
    const port = made.pick(['at udp 443', 'at [udp 443, tcp 443]', 'at udp 400-500']);
    return `${made.pick(['allow', 'allow', 'deny'])} to ${peer} ${port}${made.chance(0.4) ? ` priority ${made.int(3)}` : ''}`;
  };
  for (let round = 0; round < 40 / patience; round++) {
    const typed = rules(...Array.from({ length: 1 + made.int(6) }, line));
    world().install(typed);
    const names = new Map<string, Set<string>>();
    for (let question = 0; question < 12; question++) {
      const name = made.chance(0.3) ? made.pick(zones) : `${made.pick(parts)}.${made.pick(zones)}`;
      const address = `198.19.${made.int(4)}.${(round * 6 + made.int(6)) % 256}`;
      if (!exchanged({ asks: mixedCase(made, name), answer: { records: [record(address)] } })) throw new Error('an answer was lost');
      names.set(address, (names.get(address) ?? new Set()).add(name));
    }
    for (const [address, known] of names) {
      const peer = { kind: 'address', address: parseAddress(address) ?? 0n, names: [...known] } as const;
      const { action } = verdictIn(typed, 'egress', { subject: workload, peer, point: transportPoint('udp', 443) });
      // What rounds before learned holds as long: each has addresses of its own.
      assert.is(
        reaches(address),
        action === 'allowed',
        `round ${round}: ${address} ${[...known].join()}\n${typed.rules.map(({ text }) => text).join('\n')}`,
      );
    }
  }
});

test.run();
