// Records have Hubble's names and forms, and name who decided.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { lineStyle, recordLine } from '../../../src/runtime/cli/observe-text.ts';
import type { VerdictEvent } from '../../../src/runtime/events/verdict-event.ts';
import type { Flow, VerdictRecord } from '../../../src/runtime/hubble/flow.ts';
import { type RecordContext, recordOfEvent, timeText } from '../../../src/runtime/hubble/record.ts';
import type { NamedEndpoint } from '../../../src/runtime/policy/generation.ts';
import { cause, causes, type EventParts, event } from './sample.ts';

const known: readonly NamedEndpoint[] = [
  { id: 1, kind: 'reserved', name: 'host', labels: {}, entities: ['host'] },
  { id: 16, kind: 'workload', name: 'cart', namespace: 'shop', labels: { app: 'cart' }, entities: [] },
  { id: 17, kind: 'workload', name: 'storefront', labels: { app: 'storefront' }, entities: [] },
];
const context: RecordContext = {
  nodeName: 'node-1',
  recordOf: (number) => causes.recordOf(number),
  endpointOf: (id) => known.find((endpoint) => endpoint.id === id),
  buildOf: (revision) => (revision === 4 ? 'abc123' : undefined),
  wallTime: (monotonic) => 1_700_000_000_000_000_000n + monotonic,
};
const recordOf = (parts: EventParts): VerdictRecord => recordOfEvent(event(parts), context);
function flowOf(parts: EventParts): Flow {
  const record = recordOf(parts);
  if (!('flow' in record)) throw new Error('no flow');
  return record.flow;
}
const plain = lineStyle(false);
/** Without the time, which is local. */
const lineOf = (parts: EventParts): string => recordLine(recordOf(parts), plain).slice('00:00:00.000 '.length);

test('times have nanoseconds', () => {
  assert.is(timeText(1_700_000_001_000_000_005n), '2023-11-14T22:13:21.000000005Z');
});

const denied: EventParts = {
  cause: cause.world,
  direction: 'egress',
  protocol: 'tcp',
  match: 'l3-only',
  verdict: 'dropped',
  source: '10.0.0.1',
  destination: '192.0.2.7',
  ports: [40000, 443],
  tcpFlags: 2,
};
const deniedFlow = {
  time: '2023-11-14T22:13:21.000000005Z',
  verdict: 'DROPPED',
  node_name: 'node-1',
  drop_reason_desc: 'POLICY_DENY',
  file: { name: 'shop.policy', line: 6 },
  extensions: {
    '@type': 'type.googleapis.com/policyc.Attribution',
    build: 'abc123',
    decided: 'rule',
    policies: [{ name: 'cart-access', file: 'shop.policy', line: 6 }],
    rule: {
      ...{ text: 'deny to world', file: 'shop.policy', line: 6, action: 'deny' },
      annotations: [{ name: 'owner', values: ['team-checkout'] }],
    },
  },
  drop_reason: 181,
  IP: { source: '10.0.0.1', destination: '192.0.2.7', ipVersion: 'IPv4' },
  l4: { TCP: { source_port: 40000, destination_port: 443, flags: { SYN: true } } },
  source: { ID: 16, namespace: 'shop', labels: ['app=cart'], pod_name: 'cart', workloads: [{ name: 'cart', kind: 'Workload' }] },
  destination: { identity: 9, labels: ['reserved:world-ipv4'] },
  Type: 'L3_L4',
  event_type: { type: 5 },
  traffic_direction: 'EGRESS',
  policy_match_type: 1,
  is_reply: false,
  egress_denied_by: [
    {
      name: 'cart-access',
      labels: ['policyc:source=shop.policy:6', 'policyc:rule=deny to world', 'policyc:owner=team-checkout'],
      revision: '4',
      kind: 'Policy',
    },
  ],
  Summary: 'TCP Flags: SYN',
};

test('a denied egress flow, in full', () => {
  const { uuid, ...flow } = flowOf(denied);
  assert.match(uuid, /^[0-9a-f-]{36}$/);
  assert.equal(flow, deniedFlow);
  assert.is(
    lineOf(denied),
    'DROPPED    egress  TCP shop/cart (10.0.0.1:40000) -> 192.0.2.7:443  by cart-access shop.policy:6 `deny to world`',
  );
});

test('an HTTP request', () => {
  const parts: EventParts = {
    cause: cause.both,
    direction: 'ingress',
    protocol: 'http',
    domain: 'http',
    match: 'layer7',
    verdict: 'dropped',
    subject: 16,
    peer: 17,
    source: '2001:db8::1',
    destination: '2001:db8::2',
    ports: [40000, 8080],
    text: 'DELETE /cart/42',
    reason: 'notHttp',
  };
  const flow = flowOf(parts);
  assert.equal(flow.l7, { type: 'REQUEST', http: { method: 'DELETE', url: '/cart/42', protocol: 'HTTP/1.1' } });
  assert.equal([flow.Type, flow.event_type, flow.policy_match_type, flow.IP.ipVersion], ['L7', { type: 129 }, undefined, 'IPv6']);
  assert.equal([flow.source.pod_name, flow.destination.pod_name, flow.traffic_direction], ['storefront', 'cart', 'INGRESS']);
  assert.equal(flow.drop_reason_desc, 'POLICY_DENIED');
  assert.equal(
    flow.ingress_denied_by?.map(({ name }) => name),
    ['cart-access', 'no-shell'],
  );
  assert.equal(flow.extensions.policies, [
    { name: 'cart-access', file: 'shop.policy', line: 3 },
    { name: 'no-shell', file: 'base.policy', line: 1 },
  ]);
  assert.is(
    lineOf(parts),
    'DROPPED    ingress HTTP storefront ([2001:db8::1]:40000) -> shop/cart ([2001:db8::2]:8080) DELETE /cart/42  ' +
      'by default deny of cart-access shop.policy:3, no-shell base.policy:1 [notHttp]',
  );
});

test('the response to a request: the other way round, with its status and how long it took', () => {
  const parts: EventParts = {
    ...{ cause: cause.cart, direction: 'ingress', protocol: 'http', domain: 'http', match: 'layer7', verdict: 'forwarded' },
    ...{ subject: 16, peer: 17, source: '10.0.0.9', destination: '10.0.0.1', ports: [40000, 8080], text: 'GET /cart/42' },
  };
  const asked = event(parts);
  const answered: VerdictEvent = {
    ...asked,
    ...{ source: asked.destination, destination: asked.source, sourcePort: asked.destinationPort, destinationPort: asked.sourcePort },
    response: { status: 404, latency: 3_100_000n },
  };
  const record = recordOfEvent(answered, context);
  if (!('flow' in record)) throw new Error('no flow');
  const { flow } = record;
  assert.equal(flow.l7, {
    type: 'RESPONSE',
    latency_ns: '3100000',
    http: { code: 404, method: 'GET', url: '/cart/42', protocol: 'HTTP/1.1' },
  });
  assert.equal([flow.Type, flow.event_type, flow.is_reply, flow.traffic_direction], ['L7', { type: 129 }, true, 'INGRESS']);
  assert.equal([flow.source.pod_name, flow.destination.pod_name], ['cart', 'storefront']);
  assert.equal([flow.IP.source, flow.l4], ['10.0.0.1', { TCP: { source_port: 8080, destination_port: 40000 } }]);
  assert.is(flow.Summary, 'HTTP/1.1 404 3ms (GET /cart/42)');
  assert.match(
    recordLine(record, plain),
    'FORWARDED  ingress HTTP shop/cart (10.0.0.1:8080) -> storefront (10.0.0.9:40000) GET /cart/42 = 404  by cart-access',
  );
});

test('a hello of TLS: what Hubble has no field for stands under extensions', () => {
  const parts: EventParts = {
    cause: cause.both,
    direction: 'egress',
    protocol: 'tls',
    domain: 'tls',
    match: 'layer7',
    verdict: 'dropped',
    subject: 16,
    peer: 17,
    ports: [40000, 443],
    text: '\u0000\u000aok.example\u0001\u0002h2\u0001\u0008http/1.1',
  };
  const flow = flowOf(parts);
  assert.equal([flow.l7, flow.Type, flow.event_type], [{ type: 'REQUEST' }, 'L7', { type: 129 }]);
  assert.equal(flow.extensions.tls, { server_name: 'ok.example', protocols: ['h2', 'http/1.1'] });
  assert.equal([flow.l4, flow.Summary], [{ TCP: { source_port: 40000, destination_port: 443 } }, 'TLS ClientHello ok.example']);
  assert.match(lineOf(parts), /egress {2}TLS .*:443\) ok\.example h2 http\/1\.1 /);
  const cut = flowOf({ ...parts, text: '\u0001\u0002h2\u0000\u000aok', reason: 'encryptedHello' });
  assert.equal([cut.extensions.tls, cut.extensions.reason], [{ protocols: ['h2'] }, 'encryptedHello']);
  assert.match(lineOf({ ...parts, text: '' }), /:443\) - /);
});

test('ICMP: type and code; from the host', () => {
  const flow = flowOf({
    cause: 0,
    direction: 'ingress',
    protocol: 'icmp',
    match: 'none',
    verdict: 'forwarded',
    peer: 1,
    ports: [0, 3 * 256 + 4],
  });
  assert.equal(flow.l4, { ICMPv4: { type: 3, code: 4 } });
  assert.equal(flow.source, { ID: 1, identity: 1, labels: ['reserved:host'] });
  assert.is(flow.extensions.decided, 'default-allow');
  assert.is(flow.ingress_allowed_by, undefined);
});

test("the program's own refusal is a drop event with its reason", () => {
  const flow = flowOf({ cause: 6, direction: 'ingress', protocol: 'udp', match: 'none', verdict: 'dropped' });
  assert.equal(
    [flow.event_type, flow.drop_reason_desc, flow.extensions.decided],
    [{ type: 1, sub_type: 157 }, 'IP_FRAGMENTATION_NOT_SUPPORTED', 'policyd'],
  );
});

test('a connection that ends is no request: it says so, and why', () => {
  const parts: EventParts = {
    ...{ cause: 3, direction: 'ingress', protocol: 'http', match: 'none', verdict: 'dropped', domain: 'http' },
    ...{ reason: 'poisonedConnection', source: '10.0.0.9', destination: '10.0.0.1', ports: [40000, 8080] },
  };
  const { l7, l4, Type, event_type, Summary } = flowOf(parts);
  assert.equal(
    [l7, l4, Type, event_type],
    [undefined, { TCP: { source_port: 40000, destination_port: 8080 } }, 'L3_L4', { type: 1, sub_type: 180 }],
  );
  assert.is(Summary, 'connection ended, after a refused request or by a new policy');
  const ends = '10.0.0.9:40000 -> shop/cart (10.0.0.1:8080)';
  const decided = 'refused by policyd: poisonedConnection (PROXY_REDIRECTION_NOT_SUPPORTED_FOR_PROTOCOL)';
  assert.is(lineOf(parts), `DROPPED    ingress TCP ${ends} ${Summary}  ${decided}`);
});

test('an exec has a record of its own', () => {
  const parts: EventParts = {
    cause: cause.shell,
    direction: 'process',
    protocol: 'exec',
    domain: 'exec',
    match: 'layer7',
    verdict: 'dropped',
    text: '/bin/sh',
  };
  const record = recordOf(parts);
  assert.ok('process' in record);
  assert.equal('process' in record && record.process.process, { pid: 77, uid: 1000, binary: '/bin/sh' });
  assert.is(lineOf(parts), 'DROPPED    exec    shop/cart /bin/sh (pid 77)  by no-shell base.policy:4 `deny exec "/bin/sh"`');
});

test('a text that the kernel cut says so', () => {
  const record = recordOf({
    cause: 0,
    direction: 'process',
    protocol: 'exec',
    match: 'none',
    verdict: 'forwarded',
    text: `/${'a'.repeat(400)}`,
  });
  assert.ok('process' in record && record.process.process.truncated === true && record.process.process.binary.length === 256);
});

test('colour only where asked for', () => {
  const record = recordOf({ cause: 0, direction: 'egress', protocol: 'udp', match: 'none', verdict: 'forwarded', ports: [1, 53] });
  const control = String.fromCharCode(27);
  assert.ok(recordLine(record, lineStyle(true)).includes(`${control}[32mFORWARDED`));
  assert.not.ok(recordLine(record, plain).includes(control));
});

test('what only audit would deny: who would, and what the rule has to say', () => {
  const flow = flowOf({ ...denied, cause: cause.office, verdict: 'audit' });
  assert.equal([flow.verdict, flow.drop_reason_desc, flow.policy_log], ['AUDIT', undefined, ['office was called']]);
  assert.equal(
    flow.egress_denied_by?.map(({ name }) => name),
    ['cart-access'],
  );
  assert.ok(flow.extensions.rule?.audit);
  assert.is(flow.extensions.rule?.name, 'office');
});

test.run();
