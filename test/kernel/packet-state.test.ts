// State of flows as the packet programs keep it: replies, echo, errors, idle flows, and what a new revision does to them.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { kernelTest } from '../harness/kernel.ts';
import { destinationOptions, fragment, hopByHop, icmp, icmpv6, ip, type Layer, routing, sctp, udp } from '../harness/packet.ts';
import {
  address,
  allowed,
  denied,
  type Family,
  families,
  fresh,
  inbound,
  other,
  outbound,
  portsImage,
  standard,
} from '../harness/packet-policy.ts';

for (const family of families)
  kernelTest(`replies ${family}`, () => {
    const it = fresh();
    const query = ip(outbound(family), udp({ source: 40001, destination: 53 }));
    const answer = ip(inbound(family), udp({ source: 53, destination: 40001 }));
    assert.is(it.run('ingress', answer).passed, false, 'an answer that nobody asked for');
    assert.is(it.run('egress', query).passed, true);
    assert.equal(it.run('ingress', answer), { passed: true, raised: [] }, 'the answer');
    assert.is(it.run('ingress', ip(inbound(family), udp({ source: 54, destination: 40001 }))).passed, false, 'of another port');
    assert.is(it.run('ingress', ip(inbound(family), udp({ source: 53, destination: 40002 }))).passed, false, 'to another port');
    assert.is(it.run('ingress', ip(inbound(family, other), udp({ source: 53, destination: 40001 }))).passed, false, 'of another address');
    assert.is(it.run('ingress', ip(inbound(family), sctp({ source: 53, destination: 40001 }))).passed, false, 'of another protocol');

    const asked = ip(inbound(family), udp({ source: 40001, destination: 5353 }));
    assert.is(it.run('ingress', asked).passed, true);
    assert.equal(it.run('egress', ip(outbound(family), udp({ source: 5353, destination: 40001 }))), { passed: true, raised: [] });
  });

kernelTest('echo replies belong to requests, and to nothing else', () => {
  const it = fresh();
  const request = ip(outbound('v4'), icmp({ type: 8, id: 7 }));
  const reply = (id: number) => ip(inbound('v4'), icmp({ type: 0, id }));
  assert.is(it.run('ingress', reply(7)).passed, false);
  assert.is(it.run('egress', request).passed, true);
  assert.equal(it.run('ingress', reply(7)), { passed: true, raised: [] });
  assert.is(it.run('ingress', reply(8)).passed, false, 'another identifier');
  it.install(standard(it, { ports: portsImage([]) }));
  assert.is(it.run('ingress', ip(inbound('v4'), icmp({ type: 8, id: 7 }))).passed, false, 'a flow of requests out lets no request in');
});

const quotedPacket = (family: Family, inner: Layer): Uint8Array => ip(outbound(family), inner).bytes;
kernelTest('errors about an allowed flow pass', () => {
  const it = fresh();
  const router = { v4: address('198.51.100.1'), v6: address('2001:db8:eeee::1') };
  const sent = udp({ source: 40001, destination: 53 });
  const error = {
    v4: (quoted: Uint8Array) => icmp({ type: 3, code: 3, quoted }),
    v6: (quoted: Uint8Array) => icmpv6({ type: 1, code: 4, quoted }),
  };
  for (const family of families) {
    const about = (inner: Layer) => ip(inbound(family, router), error[family](quotedPacket(family, inner)));
    assert.is(it.run('ingress', about(sent)).passed, false, 'no such flow');
    assert.is(it.run('egress', ip(outbound(family), sent)).passed, true);
    assert.equal(it.run('ingress', about(sent)), { passed: true, raised: [] });
    assert.is(it.run('ingress', about(udp({ source: 40001, destination: 54 }))).passed, false, 'about another');
    const cutShort = ip(inbound(family, router), error[family](quotedPacket(family, sent).subarray(0, 24)));
    assert.is(it.run('ingress', cutShort).passed, false, 'quotes too little');
  }
  assert.is(it.run('egress', ip(outbound('v4'), icmp({ type: 8, id: 9 }))).passed, true);
  assert.equal(it.run('ingress', ip(inbound('v4', router), error.v4(quotedPacket('v4', icmp({ type: 8, id: 9 }))))).raised, []);
});

kernelTest('errors may quote extension headers, and what no transport header follows is about nothing', () => {
  const it = fresh();
  const sent = udp({ source: 40001, destination: 53 });
  const about = (inner: Layer) => ip(inbound('v6'), icmpv6({ type: 2, quoted: quotedPacket('v6', inner) }));
  const first = { offset: 0, more: true };
  assert.is(it.run('egress', ip(outbound('v6'), sent)).passed, true);
  const chains = [
    fragment(sent, first),
    destinationOptions(sent, 3),
    hopByHop(routing(destinationOptions(fragment(destinationOptions(sent), first)), 0)),
  ];
  for (const quoted of chains) assert.equal(it.run('ingress', about(quoted)), { passed: true, raised: [] });
  const unknown = [
    fragment(sent, { offset: 1, more: false }),
    hopByHop(udp({ source: 40002, destination: 53 })),
    { number: 60, bytes: Uint8Array.of(17, 255, 1, 4, 0, 0, 0, 0) },
    Array.from({ length: 9 }).reduce<Layer>((inner) => destinationOptions(inner), sent),
  ];
  for (const quoted of unknown) assert.equal(it.run('ingress', about(quoted)).raised, [`ingress icmpv6 none dropped ${denied}`]);
});

kernelTest('what is told about a flow goes to its other end alone', () => {
  const it = fresh();
  const asked = ip(inbound('v4'), udp({ source: 40001, destination: 5353 }));
  const error = icmp({ type: 3, code: 3, quoted: asked.bytes });
  assert.is(it.run('ingress', asked).passed, true);
  assert.equal(it.run('egress', ip(outbound('v4'), error)), { passed: true, raised: [] });
  it.install(standard(it, { ports: portsImage([]) }));
  it.forget();
  it.install(standard(it));
  assert.is(it.run('ingress', asked).passed, true);
  assert.is.not(it.run('egress', ip(outbound('v4', other), error)).raised.length, 0, 'to another: an event of its own');
});

kernelTest('a new revision decides a flow again', () => {
  const it = fresh();
  const query = ip(outbound('v4'), udp({ source: 40001, destination: 53 }));
  const answer = ip(inbound('v4'), udp({ source: 53, destination: 40001 }));
  it.run('egress', query);
  it.install(standard(it));
  assert.equal(it.run('ingress', answer), { passed: true, raised: [] }, 'allowed again, by its first packet');
  it.install(standard(it, { ports: portsImage([]) }));
  assert.equal(
    it.run('ingress', answer),
    { passed: false, raised: [`ingress udp none dropped ${denied}`] },
    'a reply of a flow that has stopped',
  );
  assert.equal(it.run('egress', query), { passed: false, raised: [`egress udp none dropped ${denied}`] });
  it.install(standard(it));
  assert.is(it.run('ingress', answer).passed, false, 'a stopped flow does not come back by its replies');
  assert.equal(it.run('egress', query).raised, [`egress udp l4-only forwarded ${allowed}`], 'it begins anew');
});

kernelTest('an idle flow is forgotten', () => {
  const it = fresh();
  const query = ip(outbound('v4'), udp({ source: 40001, destination: 53 }));
  const answer = ip(inbound('v4'), udp({ source: 53, destination: 40001 }));
  it.run('egress', query);
  it.age(59);
  assert.is(it.run('ingress', answer).passed, true);
  it.age(61);
  assert.is(it.run('ingress', answer).passed, false);
  assert.equal(it.run('egress', query).raised, [`egress udp l4-only forwarded ${allowed}`], 'a new flow');
});

test.run();
