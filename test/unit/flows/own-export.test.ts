// What `policyd observe --json` writes is read again: who, where, which request, and what the record does not say.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Replay } from '../../../src/compiler/flows/replay.ts';
import { LineReader } from '../../../src/compiler/flows/scan-line.ts';
import type { PolicyEvent } from '../../../src/compiler/ir/event.ts';
import { parseAddress } from '../../../src/compiler/space/address.ts';
import { type RecordContext, recordOfEvent } from '../../../src/runtime/hubble/record.ts';
import type { NamedEndpoint } from '../../../src/runtime/policy/generation.ts';
import { typedPolicy } from '../../harness/compile.ts';
import { readLine } from '../../harness/flow-line.ts';
import { cause, causes, type EventParts, event } from '../hubble/sample.ts';

const placeLabels = { '@cluster': 'east', '@namespace/team': 'pay' };
const known: readonly NamedEndpoint[] = [
  { id: 1, kind: 'reserved', name: 'host', labels: {}, entities: ['host', 'kube-apiserver'] },
  { id: 16, kind: 'workload', name: 'cart', namespace: 'shop', labels: { app: 'cart' }, placeLabels, entities: [] },
  { id: 17, kind: 'workload', name: 'bare', labels: {}, placeLabels: { '@cluster': 'east' }, entities: [] },
];
const context: RecordContext = {
  nodeName: 'node-1',
  recordOf: (number) => causes.recordOf(number),
  endpointOf: (id) => known.find((endpoint) => endpoint.id === id),
  buildOf: () => 'abc123',
  wallTime: (monotonic) => 1_700_000_000_000_000_000n + monotonic,
};

function replayOf(parts: EventParts, policy: string): Replay {
  const line = JSON.stringify(recordOfEvent(event(parts), context));
  const replay = new Replay({ after: typedPolicy(policy) });
  const reader = new LineReader();
  for (const _ of [1, 2]) replay.traffic.add(readLine(reader, line), { file: 'own.json', line: 1 });
  assert.is(replay.tally().bad.count, 0);
  return replay;
}

const plain = 'policy a for { app: "cart" } in namespace { team: "pay" } in cluster "east" { ingress { allow from host at tcp 80 } }';
function eventOf(parts: EventParts, policy = plain): PolicyEvent {
  const [cell] = replayOf(parts, policy).judged();
  if (!cell) throw new Error('no event');
  assert.is(cell.counts[0]?.count, 2);
  return cell.answer.asked.event;
}
function outcome(parts: EventParts, policy = plain): string {
  const replay = replayOf(parts, policy);
  const [cell] = replay.judged();
  if (!cell) return replay.tally().skipped[0]?.reason ?? 'nothing';
  const { judged } = cell.answer;
  return judged.kind === 'decided' ? judged.verdict.action : `it depends on ${judged.missing.join(', ')}`;
}

const tcp: EventParts = {
  cause: cause.cart,
  direction: 'ingress',
  protocol: 'tcp',
  match: 'l3-l4',
  verdict: 'forwarded',
  peer: 1,
  ports: [40_000, 80],
  tcpFlags: 2,
};
const request: EventParts = { ...tcp, protocol: 'http', match: 'layer7', domain: 'http', text: 'GET /cart/42' };

test('ends: a workload with its place, a node of two names, the world', () => {
  const flow = eventOf(tcp);
  assert.equal(flow.kind === 'flow' && flow.destination, {
    kind: 'workload',
    id: 'destination',
    labels: { app: 'cart', '@namespace': 'shop', '@namespace/team': 'pay', '@cluster': 'east' },
    address: parseAddress('10.0.0.1'),
  });
  assert.equal(flow.kind === 'flow' && flow.source.kind === 'reserved' && flow.source.entities, ['host', 'kube-apiserver']);
  assert.is(outcome(tcp), 'allowed');
  const outside = eventOf({ ...tcp, direction: 'egress', peer: 0, destination: '192.0.2.7', verdict: 'dropped', cause: cause.world });
  assert.equal(outside.kind === 'flow' && outside.destination, { kind: 'address', address: parseAddress('192.0.2.7') });
  assert.is(outcome({ ...tcp, peer: 99 }), 'no identity');
  const bare = eventOf({ ...tcp, subject: 17 });
  assert.equal(bare.kind === 'flow' && bare.destination.kind === 'workload' && bare.destination.labels, { '@cluster': 'east' });
});

test('protocols', () => {
  const of = (parts: Partial<EventParts>): number | string => {
    const found = eventOf({ ...tcp, tcpFlags: 0, ...parts });
    return found.kind === 'flow' ? found.point : 'no flow';
  };
  assert.is(of({ protocol: 'udp', ports: [4000, 53] }), 65_536 + 53);
  assert.is(of({ protocol: 'icmp', ports: [0, 8 * 256] }), 3 * 65_536 + 2048);
  assert.is(of({ protocol: 'other', ports: [0, 47] }), 5 * 65_536 + 47);
});

test('requests: the path is known, query, host and headers are not', () => {
  const block = (line: string): string => `policy a for { app: "cart" } { ingress { allow from host at tcp 80 http { ${line} } } }`;
  assert.is(outcome(request, block('GET "/cart/{id}"')), 'allowed');
  assert.is(outcome(request, block('GET "/cart/{id}" query absent')), 'it depends on query');
  assert.is(outcome(request, block('GET "/cart/{id}" host "a.example"')), 'it depends on host');
  assert.is(outcome(request, block('POST "/cart/{id}" header "x" exists')), 'denied');
  assert.is(outcome({ ...request, reason: 'ambiguousTarget', text: '' }, block('GET "/**"')), 'denied');
  // The kernel keeps the beginning of a text.
  assert.is(outcome({ ...request, text: `GET /${'a'.repeat(400)}` }, block('GET "/**"')), 'allowed');
  assert.is(outcome({ ...request, text: `GET /${'a'.repeat(400)}` }, block('GET "/a*"')), 'it depends on path');
  assert.is(outcome({ ...tcp, reason: 'poisonedConnection' }), 'related');
});

test('programs', () => {
  const exec: EventParts = {
    cause: cause.shell,
    direction: 'process',
    protocol: 'exec',
    domain: 'exec',
    match: 'l3-only',
    verdict: 'dropped',
    text: '/bin/sh',
  };
  const policy = (rule: string): string => `policy a for { app: "cart" } { process { default deny exec\n ${rule} } }`;
  assert.is(outcome(exec, policy('allow exec "/bin/sh" user 1000')), 'allowed');
  assert.is(outcome(exec, policy('allow exec "/bin/sh" user 0')), 'denied');
  assert.is(outcome(exec, policy('allow exec "/bin/sh" caller "/usr/bin/env"')), 'it depends on caller');
  assert.is(outcome({ ...exec, text: `/${'a'.repeat(400)}` }, policy('allow exec under "/"')), 'allowed');
  assert.is(outcome({ ...exec, text: `/${'a'.repeat(400)}` }, policy('allow exec under "/a"')), 'it depends on path');
  assert.is(outcome({ ...exec, reason: 'unnamedFile' }, policy('allow exec under "/"')), 'denied');
});

test.run();
