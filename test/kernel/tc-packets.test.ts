// The programs of a workload's own interface, packet by packet: what programs on cgroups never see (ICMP to a workload,
// segments to closed ports), TCP without sockets, fragments, a full table. Deny and allow stand in tables written by hand.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fixedEndpoint } from '../../src/compiler/ir/abi.ts';
import { type ContentParts, kernelTest } from '../harness/kernel.ts';
import {
  cut,
  destinationOptions,
  etherTypes,
  fragment,
  hopByHop,
  icmp,
  icmpv6,
  ip,
  ipv4,
  ipv6,
  type Layer,
  otherProtocol,
  routing,
  sctp,
  tcp,
  tcpFlags,
  udp,
} from '../harness/packet.ts';
import {
  address,
  allowed,
  denied,
  ends,
  type Family,
  families,
  inbound,
  other,
  outbound,
  peer,
  peerAllowed,
  portsImage,
  sides,
  standard,
  subject,
} from '../harness/packet-policy.ts';
import { type TcBench, tcBench } from '../harness/tc-bench.ts';

let made: TcBench | undefined;
const nowhere = { cgroup: { id: 0n, path: '', name: '' } };
const policy = (change: ContentParts = {}) => standard(nowhere, change);
function fresh(change: ContentParts = {}): TcBench {
  made ??= tcBench();
  made.install(policy(change));
  made.forget();
  made.own(subject);
  return made;
}

type Case = { readonly name: string; readonly open: Layer; readonly shut: Layer; readonly only?: Family };
const cases: readonly Case[] = [
  { name: 'tcp', open: tcp({ source: 40001, destination: 80 }), shut: tcp({ source: 40001, destination: 81 }) },
  { name: 'udp', open: udp({ source: 40001, destination: 53 }), shut: udp({ source: 40001, destination: 54 }) },
  { name: 'sctp', open: sctp({ source: 40001, destination: 5000 }), shut: sctp({ source: 40001, destination: 5001 }) },
  { name: 'icmp', open: icmp({ type: 8, id: 7 }), shut: icmp({ type: 13 }), only: 'v4' },
  { name: 'icmpv6', open: icmpv6({ type: 128, id: 7 }), shut: icmpv6({ type: 144 }), only: 'v6' },
  { name: 'other', open: otherProtocol(47), shut: otherProtocol(50) },
];

for (const { name, open, shut, only } of cases)
  for (const family of families.filter((each) => (only ?? each) === each))
    for (const side of sides)
      kernelTest(`${name} ${family} ${side}`, () => {
        const it = fresh();
        const packet = ip(ends(side, family), open);
        assert.equal(it.run(side, packet), { passed: true, raised: [`${side} ${name} l4-only forwarded ${allowed}`] }, 'a new flow');
        assert.equal(it.run(side, packet), { passed: true, raised: [] }, 'its next packet');
        for (const which of ['first', 'second']) {
          const refused = it.run(side, ip(ends(side, family), shut));
          assert.equal(refused, { passed: false, raised: [`${side} ${name} none dropped ${denied}`] }, `${which} denied packet`);
        }
        const known = it.run(side, ip(ends(side, family, other), open));
        assert.equal(known, { passed: true, raised: [`${side} ${name} l3-l4 forwarded ${peerAllowed}`] }, 'a peer by its address');
      });

const flags = (value: number, way: 'there' | 'back' = 'there'): Layer =>
  way === 'there' ? tcp({ source: 40001, destination: 80, flags: value }) : tcp({ source: 80, destination: 40001, flags: value });
const { syn, acknowledge, fin, reset } = tcpFlags;

for (const family of families)
  kernelTest(`a connection ${family}: replies pass, nobody else's segments`, () => {
    const it = fresh();
    assert.is(it.passes('ingress', ip(inbound(family), flags(syn | acknowledge, 'back'))), false, 'an answer that nobody asked for');
    assert.is(it.passes('egress', ip(outbound(family), flags(syn))), true);
    assert.equal(it.run('ingress', ip(inbound(family), flags(syn | acknowledge, 'back'))), { passed: true, raised: [] });
    assert.equal(it.run('egress', ip(outbound(family), flags(acknowledge))), { passed: true, raised: [] });
    assert.is(it.passes('ingress', ip(inbound(family, other), flags(acknowledge, 'back'))), false, 'of another address');
    assert.is(
      it.passes('ingress', ip(inbound(family), tcp({ source: 81, destination: 40001, flags: acknowledge }))),
      false,
      'of another port',
    );
  });

kernelTest('the other side opens nothing on the ports of an open connection; both at once is one connection', () => {
  const it = fresh();
  const crossing = ip(inbound('v4'), flags(syn, 'back'));
  assert.is(it.passes('egress', ip(outbound('v4'), flags(syn))), true);
  assert.equal(it.run('ingress', crossing), { passed: true, raised: [] }, 'simultaneous open');
  assert.is(it.passes('ingress', ip(inbound('v4'), flags(syn | acknowledge, 'back'))), true);
  assert.equal(it.run('ingress', crossing), { passed: false, raised: [`ingress tcp none dropped ${denied}`] }, 'an event of its own');
  assert.equal(it.run('egress', ip(outbound('v4'), flags(syn))), { passed: true, raised: [] }, 'sent once more');
});

kernelTest('a connection on the ports of an earlier one is another: asked about, counted, and remembered as long as any', () => {
  const it = fresh();
  const again = (sequence: number) => ip(outbound('v4'), tcp({ source: 40001, destination: 80, sequence }));
  const counted = { passed: true, raised: [`egress tcp l4-only forwarded ${allowed}`] };
  const back = ip(inbound('v4'), flags(acknowledge, 'back'));
  assert.equal(it.run('egress', again(1)), counted);
  assert.is(it.passes('ingress', back), true);
  assert.equal(it.run('egress', again(2)), counted, 'its owner has forgotten the first one');
  for (const side of sides) it.passes(side, ip(ends(side, 'v4'), flags(fin | acknowledge, side === 'egress' ? 'there' : 'back')));
  assert.equal(it.run('egress', again(3)), counted, 'after the end of the second');
  assert.is(it.passes('ingress', back), true);
  it.age(3600);
  assert.equal(it.run('ingress', back), { passed: true, raised: [] }, 'idle for an hour');
  it.install(policy({ ports: portsImage([]) }));
  assert.equal(it.run('egress', again(4)), { passed: false, raised: [`egress tcp none dropped ${denied}`] });
});

kernelTest('a closed connection is forgotten soon, an open one is not', () => {
  const it = fresh();
  const open = (): void => {
    it.forget();
    for (const value of [syn, acknowledge]) assert.is(it.passes('egress', ip(outbound('v4'), flags(value))), true);
  };
  const late = (seconds: number): boolean => {
    it.age(seconds);
    return it.passes('ingress', ip(inbound('v4'), flags(acknowledge, 'back')));
  };
  open();
  assert.is(late(3600), true, 'idle for an hour');
  assert.is(late(7 * 3600), false, 'idle for seven');
  open();
  it.passes('egress', ip(outbound('v4'), flags(fin | acknowledge)));
  assert.is(late(11), true, 'half closed');
  it.passes('ingress', ip(inbound('v4'), flags(fin | acknowledge, 'back')));
  assert.is(late(11), false, 'closed by both');
  open();
  it.passes('ingress', ip(inbound('v4'), flags(reset, 'back')));
  assert.is(late(11), false, 'reset');
  it.forget();
  it.passes('egress', ip(outbound('v4'), flags(syn)));
  assert.is(late(61), false, 'never answered');
});

kernelTest('when the policy that allowed a connection goes, the connection stops', () => {
  const it = fresh();
  for (const value of [syn, acknowledge]) it.passes('egress', ip(outbound('v4'), flags(value)));
  it.install(policy());
  assert.equal(
    it.run('ingress', ip(inbound('v4'), flags(acknowledge, 'back'))),
    { passed: true, raised: [] },
    'a new revision, same verdict',
  );
  it.install(policy({ ports: portsImage([]) }));
  assert.is(it.passes('ingress', ip(inbound('v4'), flags(acknowledge, 'back'))), false);
  assert.is(it.passes('egress', ip(outbound('v4'), flags(acknowledge))), false);
});

kernelTest('errors about an allowed connection pass, others are events', () => {
  const it = fresh();
  const router = { v4: address('198.51.100.1'), v6: address('2001:db8:eeee::1') };
  for (const family of families) {
    const error = (quoted: Layer) => {
      const { bytes } = ip(outbound(family), quoted);
      return ip(inbound(family, router), family === 'v4' ? icmp({ type: 3, code: 4, quoted: bytes }) : icmpv6({ type: 2, quoted: bytes }));
    };
    assert.is(it.passes('ingress', error(flags(acknowledge))), false, 'nobody spoke');
    it.passes('egress', ip(outbound(family), flags(syn)));
    assert.equal(it.run('ingress', error(flags(acknowledge))), { passed: true, raised: [] });
    assert.is(it.passes('ingress', error(tcp({ source: 40002, destination: 80 }))), false, 'of another connection');
  }
  const refusal = (far: typeof router) =>
    ip(outbound('v4', far), icmp({ type: 3, code: 3, quoted: ip(inbound('v4'), udp({ source: 40001, destination: 53 })).bytes }));
  assert.is(it.passes('ingress', ip(inbound('v4'), udp({ source: 40001, destination: 53 }))), true);
  assert.is(it.passes('egress', refusal({ ...router, v4: inbound('v4').source })), true, 'told to who is in it');
  assert.is(it.passes('egress', refusal(router)), false, 'told to somebody else');
});

const large = udp({ source: 40001, destination: 53 }, new Uint8Array(56));
/** `offset` in units of eight bytes. */
const part = (family: Family, offset: number, inner: Layer, more = true) =>
  family === 'v4' ? ipv4({ ...outbound('v4'), offset, more }, inner) : ipv6(outbound('v6'), fragment(inner, { offset, more }));
const rest: Layer = { number: 17, bytes: new Uint8Array(32) };

for (const family of families)
  kernelTest(`fragments ${family}: later ones follow the first, and rewrite nothing of it`, () => {
    const it = fresh();
    assert.equal(
      it.run('egress', part(family, 8, rest)),
      { passed: false, raised: ['egress udp none dropped fragment'] },
      'before the first',
    );
    assert.is(it.passes('egress', part(family, 0, large)), true);
    assert.equal(it.run('egress', part(family, 8, rest)), { passed: true, raised: [] });
    assert.is(it.passes('egress', part(family, 12, rest, false)), true);
    assert.is(it.passes('egress', part(family, 7, rest)), false, 'over the end of the first');
    assert.is(it.passes('egress', part(family, 1, rest)), false, 'over its ports');
    assert.is(it.passes('ingress', part(family, 8, rest)), false, 'of the other direction');
    it.install(policy());
    assert.is(it.passes('egress', part(family, 8, rest)), false, 'under another revision');
    assert.is(it.passes('egress', part(family, 0, udp({ source: 40001, destination: 54 }, new Uint8Array(56)))), false);
    assert.is(it.passes('egress', part(family, 8, rest)), false, 'of a denied one');
    assert.is(it.passes('egress', part(family, 0, { number: 6, bytes: flags(syn).bytes.subarray(0, 8) })), false, 'a header in two pieces');
  });

kernelTest('extension headers stand before fragments and inside of them', () => {
  const it = fresh();
  const pieces = (offset: number, inner: Layer) =>
    ipv6(outbound('v6'), hopByHop(destinationOptions(routing(fragment(inner, { offset, more: true }), 0), 1)));
  assert.equal(it.run('egress', pieces(10, rest)), { passed: false, raised: ['egress udp none dropped fragment'] });
  const first = destinationOptions(large);
  assert.equal(it.run('egress', pieces(0, first)), { passed: true, raised: [`egress udp l4-only forwarded ${allowed}`] });
  // Of a later one, the fragment header names what the whole begins with: the options.
  const later: Layer = { number: 60, bytes: rest.bytes };
  assert.is(it.passes('egress', pieces(9, later)), true);
  assert.is(it.passes('egress', pieces(8, later)), false, 'over the end of the first');
  const nine = Array.from({ length: 9 }).reduce<Layer>((inner) => destinationOptions(inner), flags(syn));
  assert.equal(it.run('egress', ipv6(outbound('v6'), nine)), { passed: false, raised: ['egress other none dropped malformed'] });
  assert.equal(it.run('egress', ipv6(outbound('v6'), routing(flags(syn), 1))), {
    passed: false,
    raised: ['egress other none dropped malformed'],
  });
});

kernelTest('below IP and beside it', () => {
  const it = fresh();
  const arp = { etherType: etherTypes.arp, bytes: new Uint8Array(28) };
  const lldp = { etherType: 0x88cc, bytes: new Uint8Array(28) };
  for (const side of sides) {
    assert.equal(it.run(side, arp), { passed: true, raised: [] });
    assert.equal(it.run(side, lldp), { passed: false, raised: [`${side} other none dropped unsupportedFamily`] });
    assert.equal(
      it.run(side, ipv6({ ...ends(side, 'v6'), hopLimit: 255 }, icmpv6({ type: 135 }))),
      { passed: true, raised: [] },
      'neighbour discovery',
    );
    assert.equal(it.run(side, cut(ip(ends(side, 'v4'), flags(syn)), 30)), {
      passed: false,
      raised: [`${side} tcp none dropped malformed`],
    });
    assert.is(it.passes(side, ip(ends(side, 'v6'), hopByHop(flags(syn)))), true, 'extension headers');
  }
  it.install(policy({ endpoints: [{ id: subject, subjectClass: 0, peerClass: 2 }] }));
  assert.is(it.passes('egress', lldp), true, 'selected by no policy');
});

kernelTest('nobody sends in the name of another, nor of the host', () => {
  const host = address('192.0.2.7');
  const it = fresh();
  const { addresses } = policy();
  it.install(policy({ addresses: [...addresses, { address: host, endpoint: fixedEndpoint.host }] }));
  const from = (source: bigint) => it.run('egress', ip({ source, destination: outbound('v4').destination }, flags(syn)));
  for (const source of [other.v4, host, address('127.0.0.1')])
    assert.equal(from(source), { passed: false, raised: ['egress tcp none dropped forgedSource'] });
  assert.is(from(address('10.9.9.9')).passed, true, 'an address that is nobody else`s');
});

kernelTest('a full table lets nothing new in, counts it, and makes room of what is over', () => {
  const it = fresh();
  assert.is(it.passes('egress', ip(outbound('v4'), flags(syn))), true);
  it.fill(0);
  const another = ip(outbound('v4'), tcp({ source: 40002, destination: 80 }));
  assert.equal(it.run('egress', another), { passed: false, raised: ['egress tcp none dropped tableFull'] });
  assert.is(it.passes('ingress', ip(inbound('v4'), flags(syn | acknowledge, 'back'))), true, 'who is in goes on');
  it.forget();
  it.fill(61);
  // The last sweep was a moment ago: another one may come after a tenth of a second.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 150);
  assert.is(it.passes('egress', another), true);
  assert.ok(it.tracked() < 10, `${it.tracked()} left`);
});

kernelTest('one workload leaves room for others: it has as many connections as there are places left', () => {
  const it = fresh();
  const opens = (port: number) => it.run('egress', ip(outbound('v4'), tcp({ source: port, destination: 80 })));
  assert.is(opens(40001).passed, true);
  it.fill(0, { endpoint: subject, count: 65_536 - 2 });
  assert.is(opens(40002).passed, true, 'the last one');
  assert.equal(opens(40003), { passed: false, raised: ['egress tcp none dropped tableFull'] });
  it.own(peer);
  const source = other.v4;
  for (let port = 50_000; port < 50_100; port++)
    assert.is(
      it.passes('egress', ip({ ...outbound('v4'), source }, tcp({ source: port, destination: 80 }))),
      true,
      `another workload, ${port}`,
    );
  it.own(subject);
  assert.is(opens(40004).passed, false);
  // What is over makes room, and is counted no more.
  it.age(61);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 150);
  assert.is(opens(40005).passed, true);
  assert.is(it.tracked(), 1);
  it.fill(0, { endpoint: subject, count: 65_536 - 2 });
  assert.is(opens(40006).passed, true);
  assert.is(opens(40007).passed, false, 'the counts are as what is there');
});

kernelTest('who has gone is counted until the connections are over, and then no more', () => {
  const it = fresh();
  const opens = (source: number, from = outbound('v4').source) =>
    it.passes('egress', ip({ ...outbound('v4'), source: from }, tcp({ source, destination: 80 })));
  assert.ok(opens(40001) && opens(40002));
  assert.equal([it.counted(subject), it.counted(fixedEndpoint.none)], [2, 2]);
  it.own(peer);
  assert.equal([it.counted(subject), it.tracked()], [2, 2], 'they take room as before');
  it.own(peer);
  assert.is(it.counted(subject), 2, 'whatever changes meanwhile');
  // Over, and swept where somebody finds the table full.
  it.fill(0);
  it.age(61);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 150);
  assert.ok(opens(50001, other.v4));
  assert.equal([it.counted(subject), it.counted(peer), it.counted(fixedEndpoint.none), it.tracked()], [0, 1, 1, 1]);
  it.own(peer);
  assert.equal(
    [it.counted(subject), it.counted(peer), it.counted(fixedEndpoint.none)],
    [undefined, 1, 1],
    'the entry goes with the next change',
  );
  // Who comes again is counted from nothing.
  it.own(subject);
  assert.ok(opens(40003));
  assert.equal([it.counted(subject), it.counted(peer), it.counted(fixedEndpoint.none)], [1, 1, 2]);
});

kernelTest('requests are read on the sockets of a cgroup, or nothing that carries one passes', () => {
  const data = tcp({ source: 40001, destination: 80, flags: acknowledge, payload: new Uint8Array(10) });
  const verdicts = policy({
    verdicts: [{ action: 'absent' }, { action: 'deny', cause: denied }, { action: 'inspect', cause: allowed, next: 5 }],
  });
  const it = fresh();
  it.install(verdicts);
  assert.is(it.passes('ingress', ip(inbound('v4'), flags(syn))), true);
  assert.equal(it.run('ingress', ip(inbound('v4'), data)), { passed: false, raised: ['ingress tcp none dropped uninspectable'] });
  it.own(subject, true);
  assert.is(it.passes('ingress', ip(inbound('v4'), data)), true);
});

kernelTest('an interface that is nobody`s yet lets everything pass', () => {
  const it = fresh();
  it.own(fixedEndpoint.none);
  assert.equal(it.run('ingress', ip(inbound('v4'), tcp({ source: 40001, destination: 81 }))), { passed: true, raised: [] });
});

kernelTest('at an uplink nobody comes in in the name of who is on this side of it', () => {
  const it = fresh();
  it.share([subject, peer]);
  const from = (source: bigint): ReturnType<TcBench['run']> =>
    it.run('uplink ingress', ip({ ...inbound('v4'), source }, tcp({ source: 40001, destination: 80 })));
  assert.is(from(inbound('v4').source).passed, true);
  assert.equal(from(other.v4), { passed: false, raised: ['ingress tcp none dropped forgedSource'] }, 'a workload that is here');
  it.own(subject);
  it.share([subject, 99]);
  assert.is(from(other.v4).passed, true, 'one that is elsewhere');
  it.install(
    policy({
      addresses: [
        { address: inbound('v4').destination, endpoint: subject },
        { address: other.v4, endpoint: fixedEndpoint.host },
      ],
    }),
  );
  assert.equal(from(other.v4), { passed: false, raised: ['ingress tcp none dropped forgedSource'] }, 'the host');
  // Sent, a denied connect is dropped: nothing takes a reset from there.
  const shut = ip(outbound('v4'), tcp({ source: 40001, destination: 81 }));
  assert.equal(it.run('uplink egress', shut), { passed: false, raised: [`egress tcp none dropped ${denied}`] });
});

kernelTest('behind a shared interface the address says whose packet it is', () => {
  const it = fresh();
  const shut = tcp({ source: 40001, destination: 81 });
  it.share([subject, peer]);
  assert.is(it.passes('egress', ip(outbound('v4'), shut)), false);
  assert.is(it.passes('ingress', ip(inbound('v4'), shut)), false);
  const ofOther = { source: other.v4, destination: outbound('v4').destination };
  assert.equal(it.run('egress', ip(ofOther, shut)), { passed: true, raised: ['egress tcp none forwarded defaultAllow'] });
  const ofNobody = { source: address('10.9.9.9'), destination: outbound('v4').destination };
  assert.equal(it.run('egress', ip(ofNobody, shut)), { passed: true, raised: [] }, 'nobody`s');
  it.own(peer);
  it.share([peer, 99]);
  assert.equal(it.run('egress', ip(outbound('v4'), shut)), { passed: true, raised: [] }, 'of one who is elsewhere');
});

test.run();
