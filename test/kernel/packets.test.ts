// The production packet programs, packet by packet: verdict and counter for every protocol, family and kind of oddity.
// Deny and allow stand in tables written by hand here, so that nothing but the C programs is under test.
import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { layouts, matchType } from '../../src/compiler/ir/abi.ts';
import { encode } from '../../src/compiler/ir/layout.ts';
import { isIpv4 } from '../../src/compiler/space/address.ts';
import { transportPoint } from '../../src/compiler/space/transport.ts';
import { mapUpdate } from '../../src/runtime/ffi/libbpf.ts';
import { cgroupId } from '../../src/runtime/kernel/cgroups.ts';
import { atEnd, type ContentParts, inCgroup, kernelTest, mapOf, testRun } from '../harness/kernel.ts';
import {
  cut,
  destinationOptions,
  ethernet,
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
  bench,
  denied,
  ends,
  type Family,
  families,
  fresh,
  here,
  inbound,
  inspected,
  other,
  outbound,
  peer,
  peerAllowed,
  portsImage,
  sides,
  standard,
  subject,
} from '../harness/packet-policy.ts';

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
        const refused = ip(ends(side, family), shut);
        for (const which of ['first', 'second'])
          assert.equal(
            it.run(side, refused),
            { passed: false, raised: [`${side} ${name} none dropped ${denied}`] },
            `${which} denied packet`,
          );
        const known = ip(ends(side, family, other), open);
        assert.equal(
          it.run(side, known),
          { passed: true, raised: [`${side} ${name} l3-l4 forwarded ${peerAllowed}`] },
          'a peer by its address',
        );
        const self = ip({ source: here[family], destination: here[family] }, shut);
        assert.equal(it.run(side, self), { passed: true, raised: [`${side} ${name} none forwarded self`] }, 'itself');
      });

kernelTest('ICMP of the other family is another protocol', () => {
  const it = fresh({ ports: portsImage([transportPoint('other', 1), transportPoint('other', 58)]) });
  assert.equal(it.run('ingress', ipv6(inbound('v6'), icmp({ type: 8 }))).raised, [`ingress other l4-only forwarded ${allowed}`]);
  assert.equal(it.run('ingress', ipv4(inbound('v4'), icmpv6({ type: 128 }))).raised, [`ingress other l4-only forwarded ${allowed}`]);
});

kernelTest('a mapped address in an IPv6 header is the IPv4 address', () => {
  const it = fresh();
  const packet = ipv6({ source: here.v4, destination: other.v4 }, udp({ source: 1, destination: 53 }));
  assert.ok(isIpv4(other.v4));
  assert.equal(it.run('egress', packet).raised, [`egress udp l3-l4 forwarded ${peerAllowed}`]);
});

const syn = tcp({ source: 40001, destination: 80 });
// A cut IP header is refused by BPF_PROG_TEST_RUN itself (EINVAL since Linux 6.18).
const malformed = {
  'IPv4 header length below five words': { etherType: etherTypes.ipv4, bytes: changed(ipv4(inbound('v4'), syn).bytes, 0, 0x44) },
  'IPv4 header longer than the packet': { etherType: etherTypes.ipv4, bytes: changed(cut(ipv4(inbound('v4'), syn), 24).bytes, 0, 0x4f) },
  'IPv4 header that says version 6': { etherType: etherTypes.ipv4, bytes: changed(ipv4(inbound('v4'), syn).bytes, 0, 0x65) },
  'loose source route': ipv4({ ...inbound('v4'), options: [131, 7, 4, 192, 0, 2, 1, 0] }, syn),
  'strict source route after padding': ipv4({ ...inbound('v4'), options: [1, 137, 7, 4, 192, 0, 2, 1] }, syn),
  'option of length 0': ipv4({ ...inbound('v4'), options: [7, 0, 0, 0] }, syn),
  'option beyond the header': ipv4({ ...inbound('v4'), options: [7, 9, 4, 0] }, syn),
  'IPv6 header that says version 4': { etherType: etherTypes.ipv6, bytes: changed(ipv6(inbound('v6'), syn).bytes, 0, 0x45) },
  'cut extension header': cut(ipv6(inbound('v6'), hopByHop(syn)), 44),
  'extension header longer than the packet': ipv6(inbound('v6'), { number: 60, bytes: new Uint8Array([6, 200, 1, 4, 0, 0, 0, 0]) }),
  'nine extension headers': ipv6(
    inbound('v6'),
    Array.from({ length: 9 }).reduce<Layer>((inner) => destinationOptions(inner), syn),
  ),
  'routing header with stops ahead': ipv6(inbound('v6'), routing(syn, 1)),
  'cut TCP header': cut(ipv4(inbound('v4'), syn), 39),
  'TCP header below five words': ipv4(inbound('v4'), tcp({ source: 40001, destination: 80, words: 4 })),
  'TCP header longer than the packet': ipv4(inbound('v4'), tcp({ source: 40001, destination: 80, words: 6 })),
  'cut UDP header': cut(ipv4(inbound('v4'), udp({ source: 40001, destination: 53 })), 27),
  'cut SCTP header': cut(ipv6(inbound('v6'), sctp({ source: 40001, destination: 5000 })), 47),
  'cut ICMP header': cut(ipv4(inbound('v4'), icmp({ type: 8 })), 27),
  'cut ICMPv6 header': cut(ipv6(inbound('v6'), icmpv6({ type: 135 })), 47),
};

function changed(bytes: Uint8Array, index: number, value: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[index] = value;
  return copy;
}

for (const [name, packet] of Object.entries(malformed))
  for (const side of sides)
    kernelTest(`malformed, ${side}: ${name}`, () => {
      const { passed, raised } = fresh().run(side, packet);
      assert.is(passed, false);
      assert.is(raised.length, 1);
      assert.match(raised[0] ?? '', new RegExp(`^${side} \\w+ none dropped malformed$`));
    });

kernelTest('what no policy selects may be malformed, fragmented, or anything', () => {
  const it = fresh({ endpoints: [{ id: subject, subjectClass: 0, peerClass: 2 }] });
  for (const packet of Object.values(malformed)) assert.equal(it.run('egress', packet), { passed: true, raised: [] });
  const packet = ip(outbound('v4'), tcp({ source: 1, destination: 81 }));
  assert.equal(it.run('egress', packet), { passed: true, raised: ['egress tcp none forwarded defaultAllow'] });
});

kernelTest('neither IPv4 nor IPv6', () => {
  const { passed, raised } = fresh().run('egress', { etherType: etherTypes.arp, bytes: new Uint8Array(28) });
  assert.equal({ passed, raised }, { passed: false, raised: ['egress other none dropped unsupportedFamily'] });
});

const harmless = {
  'IPv4 options': ipv4({ ...inbound('v4'), options: [1, 1, 148, 4, 0, 0, 0, 0] }, syn),
  'hop-by-hop options': ipv6(inbound('v6'), hopByHop(syn)),
  'destination options of 2 kB': ipv6(inbound('v6'), destinationOptions(syn, 255)),
  'eight extension headers less one': ipv6(
    inbound('v6'),
    hopByHop(destinationOptions(destinationOptions(destinationOptions(destinationOptions(destinationOptions(destinationOptions(syn))))))),
  ),
  'all of them in one chain': ipv6(
    inbound('v6'),
    hopByHop(destinationOptions(routing(fragment(destinationOptions(syn), { offset: 0, more: true }), 0), 2)),
  ),
  'routing header at its end': ipv6(inbound('v6'), routing(syn, 0)),
  'a fragment that is the whole packet': ipv6(inbound('v6'), fragment(syn, { offset: 0, more: false })),
  'first IPv4 fragment': ipv4({ ...inbound('v4'), more: true }, syn),
  'first IPv6 fragment': ipv6(inbound('v6'), hopByHop(fragment(syn, { offset: 0, more: true }))),
};
for (const [name, packet] of Object.entries(harmless))
  kernelTest(`decided by its ports: ${name}`, () => {
    assert.equal(fresh().run('ingress', packet), { passed: true, raised: [`ingress tcp l4-only forwarded ${allowed}`] });
  });

kernelTest('later fragments', () => {
  const it = fresh();
  const dropped = { passed: false, raised: ['egress tcp none dropped fragment'] };
  assert.equal(it.run('egress', ipv4({ ...outbound('v4'), offset: 1 }, syn)), dropped);
  assert.equal(it.run('egress', ipv4({ ...outbound('v4'), offset: 8191, more: true }, syn)), dropped);
  const later = fragment(syn, { offset: 1, more: false });
  for (const chain of [later, hopByHop(later), hopByHop(destinationOptions(routing(later, 0)))])
    assert.equal(it.run('egress', ipv6(outbound('v6'), chain)), dropped);
  const options = fragment(destinationOptions(syn), { offset: 1, more: false });
  assert.equal(it.run('egress', ipv6(outbound('v6'), options)), { passed: false, raised: ['egress other none dropped fragment'] });
});

kernelTest('neighbour discovery and MLD are no events', () => {
  const it = fresh();
  for (const type of [133, 134, 135, 136, 137])
    for (const side of sides) {
      assert.equal(it.run(side, ipv6({ ...ends(side, 'v6'), hopLimit: 255 }, icmpv6({ type }))), { passed: true, raised: [] });
      assert.is(it.run(side, ipv6({ ...ends(side, 'v6'), hopLimit: 254 }, icmpv6({ type }))).passed, false, 'from beyond the link');
    }
  for (const type of [130, 131, 132, 143])
    assert.equal(it.run('egress', ipv6({ ...outbound('v6'), hopLimit: 1 }, hopByHop(icmpv6({ type })))), { passed: true, raised: [] });
  assert.is(it.run('egress', ipv6({ ...outbound('v6'), hopLimit: 2 }, hopByHop(icmpv6({ type: 143 })))).passed, false);
});

kernelTest('whatever is missing denies', () => {
  const it = bench();
  const packet = ip(outbound('v4'), udp({ source: 40001, destination: 53 }));
  const internal = { passed: false, raised: ['egress udp none dropped internal'] };
  const parts: Readonly<Record<string, ContentParts>> = {
    'the subject among the endpoints': { endpoints: [] },
    'the row': { rows: [] },
    'the verdict': { verdicts: [{ action: 'absent' }] },
    'the verdict of this class': { verdicts: [{ action: 'absent' }, { action: 'allow' }, { action: 'absent' }] },
    'the prefixes': { images: { prefixes: new Uint8Array() } },
    'the verdict, whose number is too large': { rows: [{ subjectClass: 1, peerClass: 0, section: 'egress', base: 65_000 }] },
  };
  for (const [what, part] of Object.entries(parts)) {
    it.install(standard(it, part));
    it.forget();
    assert.equal(it.run('egress', packet), internal, what);
  }
  it.install(standard(it, { endpoints: [{ id: subject, subjectClass: 1, peerClass: 2 }] }));
  it.forget();
  assert.equal(it.run('egress', ip(outbound('v4', other), udp({ source: 1, destination: 53 }))), internal, 'the peer among the endpoints');

  const revision = it.install(standard(it));
  const config = mapOf(it.loaded, 'config');
  mapUpdate(config, new Uint8Array(4), encode(layouts.config, { revision: 0 }));
  assert.equal(it.run('egress', packet), internal, 'any generation');
  mapUpdate(config, new Uint8Array(4), encode(layouts.config, { revision }));
  assert.is(it.run('egress', packet).passed, true);
});

kernelTest('whose packet it is', () => {
  const it = fresh();
  const packet = ip(outbound('v4'), udp({ source: 40001, destination: 54 }));
  const run = (path: string) =>
    it.raisedBy(() => inCgroup({ id: cgroupId(path), path, name: path }, () => testRun(it.loaded, 'pol_cgroup_egress', ethernet(packet))));
  const below = join(it.cgroup.path, 'below');
  const deep = join(below, ...new Array<string>(20).fill('d'));
  mkdirSync(deep, { recursive: true });
  atEnd(() => removeFolders(deep, it.cgroup.path));
  assert.equal(run(below), [`egress udp none dropped ${denied}`], 'a sub-cgroup belongs to its workload');
  assert.equal(run(deep), [`egress udp none dropped ${denied}`], 'one far below too');
  const inner = { cgroup: cgroupId(below), endpoint: peer };
  it.install(standard(it, { cgroups: [{ cgroup: it.cgroup.id, endpoint: subject }, inner] }));
  assert.equal(run(deep), ['egress udp none forwarded defaultAllow'], 'the innermost workload owns it');
  it.install(standard(it, { cgroups: [inner] }));
  assert.equal(run(it.cgroup.path), [], 'of no workload: passed, not counted');
});

function removeFolders(path: string, until: string): void {
  for (let at = path; at !== until; at = join(at, '..')) rmdirSync(at);
}

const inspecting: ContentParts = {
  verdicts: [
    { action: 'absent' },
    { action: 'deny', cause: denied },
    { action: 'inspect', cause: inspected, next: 3, match: matchType['l4-only'] },
    { action: 'deny', cause: denied },
    { action: 'allow', cause: peerAllowed },
  ],
};
kernelTest('requests that have to be read', () => {
  const it = fresh(inspecting);
  const data = tcp({ source: 40001, destination: 80, flags: tcpFlags.acknowledge | tcpFlags.push, payload: Buffer.from('GET / ') });
  assert.equal(it.run('ingress', ip(inbound('v4'), syn)), { passed: true, raised: [`ingress tcp l4-only redirected ${inspected}`] });
  const unread = { passed: false, raised: ['ingress tcp none dropped uninspectable'] };
  assert.equal(it.run('ingress', ip(inbound('v4'), data)), unread, 'data to a socket that nobody reads');
  assert.equal(it.run('ingress', ip(inbound('v4'), udp({ source: 40001, destination: 53 }))).raised, [
    'ingress udp none dropped uninspectable',
  ]);
});

kernelTest('a sender over loopback that has no socket is nobody', () => {
  const it = fresh();
  const nobody = { passed: false, raised: ['ingress udp none dropped unknownSender'] };
  const near = { source: address('127.0.0.1'), destination: address('127.0.0.1') };
  assert.equal(it.run('ingress', ip(near, udp({ source: 9, destination: 53 })), true), nobody);
  assert.equal(it.run('ingress', ip(inbound('v4', other), udp({ source: 9, destination: 53 })), true), nobody);
  const out = it.run('egress', ip(near, udp({ source: 9, destination: 53 })), true);
  assert.equal(out.raised, [`egress udp l4-only forwarded ${allowed}`], 'to a closed port of the host');
});

test.run();
