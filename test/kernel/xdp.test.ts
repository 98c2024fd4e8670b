// Early denial on an interface of the host: it refuses what the workload's own interface would refuse, with the same count,
// and nothing else: no reply, nothing of an endpoint, nothing that it does not understand.
import { spawnSync } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fixedEndpoint } from '../../src/compiler/ir/abi.ts';
import { unload } from '../../src/runtime/kernel/bpffs.ts';
import { readCounters } from '../../src/runtime/kernel/counters.ts';
import { attachEarly, detachEarly, earlyInterfaces, ownInterfaces } from '../../src/runtime/kernel/interfaces.ts';
import { generations } from '../../src/runtime/kernel/tables.ts';
import { container } from '../harness/container.ts';
import { expectOk, kernelTest, loadTemplates, testRun } from '../harness/kernel.ts';
import { ethernet, hopByHop, icmp, icmpv6, ip, ipv4, type Layer, type NetworkPacket, tcp, tcpFlags, udp } from '../harness/packet.ts';
import { difference } from '../harness/packet-bench.ts';
import { denied, families, inbound, other, outbound, portsImage, standard, subject } from '../harness/packet-policy.ts';
import { type TcBench, tcBench } from '../harness/tc-bench.ts';

const nowhere = { cgroup: { id: 0n, path: '', name: '' } };
const returned = { drop: 1, pass: 2 } as const;

let made: TcBench | undefined;
function fresh(): TcBench {
  made ??= tcBench(['net/tc', 'net/xdp']);
  made.install(standard(nowhere));
  made.forget();
  made.own(subject);
  return made;
}
const early = (it: TcBench, packet: NetworkPacket) => {
  const before = readCounters(it.loaded.maps);
  const { value } = testRun(it.loaded, 'pol_xdp', ethernet(packet));
  return { dropped: value === returned.drop, raised: difference(before, readCounters(it.loaded.maps)) };
};
const shut = tcp({ source: 40001, destination: 81 });
const passes = { dropped: false, raised: [] };

const begins: readonly { readonly name: string; readonly open: Layer; readonly closed: Layer; readonly only?: 'v4' | 'v6' }[] = [
  { name: 'tcp', open: tcp({ source: 40001, destination: 80 }), closed: shut },
  { name: 'udp', open: udp({ source: 40001, destination: 53 }), closed: udp({ source: 40001, destination: 54 }) },
];
for (const family of families)
  for (const { name, open, closed } of begins)
    kernelTest(`what begins something, ${name} ${family}: as at the workload's interface`, () => {
      const it = fresh();
      assert.equal(early(it, ip(inbound(family), open)), passes);
      const refused = { raised: [`ingress ${name} none dropped ${denied}`] };
      assert.equal(early(it, ip(inbound(family), closed)), { dropped: true, ...refused });
      assert.equal(it.run('ingress', ip(inbound(family), closed)), { passed: false, ...refused });
    });

kernelTest('echo requests, and no other ICMP', () => {
  const it = fresh();
  it.install(standard(nowhere, { ports: portsImage([]) }));
  assert.is(early(it, ip(inbound('v4'), icmp({ type: 8, id: 7 }))).dropped, true);
  assert.is(early(it, ip(inbound('v6'), icmpv6({ type: 128, id: 7 }))).dropped, true);
  for (const type of [0, 3, 13]) assert.equal(early(it, ip(inbound('v4'), icmp({ type, id: 7 }))), passes);
  assert.equal(early(it, ip(inbound('v6'), icmpv6({ type: 135 }))), passes);
});

kernelTest('nothing that could be a reply', () => {
  const it = fresh();
  for (const flags of [tcpFlags.acknowledge, tcpFlags.syn | tcpFlags.acknowledge, tcpFlags.reset])
    assert.equal(early(it, ip(inbound('v4'), tcp({ source: 40001, destination: 81, flags }))), passes);
  const answer = ip(inbound('v4'), udp({ source: 53, destination: 40001 }));
  assert.is(early(it, answer).dropped, true, 'nobody asked');
  assert.is(it.passes('egress', ip(outbound('v4'), udp({ source: 40001, destination: 53 }))), true);
  assert.equal(early(it, answer), passes, 'somebody did');
  const crossing = ip(inbound('v4'), tcp({ source: 80, destination: 40001 }));
  assert.is(it.passes('egress', ip(outbound('v4'), tcp({ source: 40001, destination: 80 }))), true);
  assert.equal(early(it, crossing), passes, 'a simultaneous open');
});

kernelTest('nothing of an endpoint, to others, or that is not plain', () => {
  const it = fresh();
  assert.equal(early(it, ip(inbound('v4', other), shut)), passes, 'an endpoint');
  assert.equal(early(it, ip({ source: outbound('v4').destination, destination: other.v4 }, shut)), passes, 'to one without an interface');
  assert.equal(early(it, ipv4({ ...inbound('v4'), options: [1, 1, 1, 1] }, shut)), passes, 'options');
  assert.equal(early(it, ipv4({ ...inbound('v4'), offset: 0, more: true }, shut)), passes, 'a fragment');
  assert.equal(early(it, ip(inbound('v6'), hopByHop(shut))), passes, 'extension headers');
  it.own(fixedEndpoint.host);
  assert.equal(early(it, ip(inbound('v4'), shut)), passes, 'the interface is another`s');
  it.own(subject);
});

kernelTest('on a real interface: attached, taken over, taken away', () => {
  const [uplink, it] = [container(), fresh()];
  const counters = it.loaded.maps;
  const [four = 0n] = [inbound('v4').destination];
  const target = [24n, 16n, 8n, 0n].map((shift) => Number((four >> shift) & 255n)).join('.');
  spawnSync('ip', ['-n', uplink.name, 'route', 'replace', `${target}/32`, 'via', uplink.host.v4]);
  generations(it.loaded.maps);
  ownInterfaces(it.loaded.maps, [{ ...uplink.place, endpoint: subject, hasCgroup: false }]);
  const raised = () => {
    const before = readCounters(counters);
    const dial = `require('net').connect(81,'${target}').on('error',()=>process.exit());setTimeout(()=>process.exit(),500)`;
    const [command, ...parameters] = uplink.inside(process.execPath, '-e', dial);
    spawnSync(command, parameters);
    return difference(before, readCounters(counters));
  };
  assert.equal(raised(), []);
  expectOk(attachEarly(it.loaded, uplink.place));
  assert.ok(raised().length > 0 && raised().every((line) => line === `ingress tcp none dropped ${denied}`));
  expectOk(attachEarly(it.loaded, uplink.place));
  assert.equal(earlyInterfaces(it.loaded.pins), [uplink.place.index]);
  const second = loadTemplates(['net/xdp'], `${it.loaded.pins.root}b`);
  const busy = attachEarly(second, uplink.place);
  assert.not.ok(busy.ok);
  assert.match(busy.ok ? '' : JSON.stringify(busy.failures), /somebody else has a program at XDP there/);
  unload(second.pins.root);
  detachEarly(it.loaded.pins, uplink.place.index);
  assert.equal(raised(), []);
});

test.run();
