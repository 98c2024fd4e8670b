// Endpoints of entities with labels, subjects beside workloads and the host, the API server outside, and ports from a named one on:
// what the comparison of two policies finds is what the oracle says of events, and where it finds nothing the oracle says the same.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { diff } from '../../../src/compiler/analysis/diff.ts';
import { verdictIn } from '../../../src/compiler/analysis/oracle.ts';
import type { Endpoint, ReservedName } from '../../../src/compiler/ir/event.ts';
import type { TypedPolicy } from '../../../src/compiler/ir/typed.ts';
import { checkUnit } from '../../../src/compiler/pipeline.ts';
import { parseAddress } from '../../../src/compiler/space/address.ts';
import { transportPoint } from '../../../src/compiler/space/transport.ts';

const typedOf = (text: string): TypedPolicy => {
  const checked = checkUnit([{ path: 'test.policy', text }]);
  assert.ok(checked.ok, JSON.stringify(checked.diagnostics.map(({ message }) => message)));
  if (!checked.ok) throw new Error('not a policy');
  return checked.value.typed;
};

const peers = [
  'host',
  '{ role: "edge" } in entity "host"',
  '{ role: not "edge" } in entity "host"',
  '[{ role: "edge" } in entity "host", { role: not "edge" } in entity "host"]',
  'remote-node',
  '{ role: exists } in entity "remote-node"',
  'kube-apiserver',
  'cluster',
  'world',
  '[world, kube-apiserver]',
  '203.0.113.0/24',
];
const subjects = [
  'all',
  '[all, health]',
  'all except init',
  'health',
  '[host, ingress]',
  '{ role: "edge" } in entity "host"',
  '{ app: absent }',
];
const ports = ['tcp "http"', 'tcp "http..90"', 'tcp "http..100"', 'tcp ["http", "http..90"]', 'tcp 1-90', 'tcp'];

const policies = [
  ...peers.map((peer) => `policy p for { app: "a" } { ingress { allow from ${peer} } }`),
  ...subjects.map((subject) => `policy p for ${subject} { ingress { allow from world } }`),
  ...ports.map((port) => `policy p for { app: "a" } { ingress { allow at ${port} } }`),
].map(typedOf);

const reserved = (labels: Readonly<Record<string, string>>, ...entities: readonly ReservedName[]): Endpoint => ({
  kind: 'reserved',
  entities,
  labels,
});
const address = (text: string): bigint => parseAddress(text) ?? 0n;
const web = { protocol: 'tcp', name: 'http', port: 80 } as const;
const endpoints: readonly Endpoint[] = [
  { kind: 'workload', id: 'a', labels: { app: 'a' } },
  { kind: 'workload', id: 'b', labels: { app: 'a' }, namedPorts: [web] },
  { kind: 'workload', id: 'c', labels: {}, namedPorts: [{ ...web, port: 95 }] },
  reserved({}, 'host'),
  reserved({ role: 'edge' }, 'host'),
  reserved({ role: 'other' }, 'host', 'kube-apiserver'),
  reserved({}, 'remote-node'),
  reserved({ role: 'x' }, 'remote-node'),
  reserved({}, 'kube-apiserver'),
  reserved({}, 'health'),
  reserved({}, 'ingress'),
  reserved({}, 'init'),
  { kind: 'address', address: address('203.0.113.9') },
  { kind: 'address', address: address('203.0.113.9'), isApiServer: true },
  { kind: 'address', address: address('198.51.100.9'), isApiServer: true },
];
const points = [1, 79, 80, 81, 90, 95, 100, 101].map((port) => transportPoint('tcp', port));

const shown = (typed: TypedPolicy): string =>
  endpoints
    .flatMap((subject) => endpoints.flatMap((peer) => points.map((point) => verdictIn(typed, 'ingress', { subject, peer, point }).action)))
    .join();

test('two policies that the comparison finds alike are alike for every event', () => {
  const verdicts = policies.map(shown);
  for (const [i, before] of policies.entries())
    for (const [j, after] of policies.entries()) {
      const found = diff(before, after).filter(({ effect }) => effect.startsWith('newly'));
      if (verdicts[i] !== verdicts[j]) assert.ok(found.length > 0, `${i} ${j}`);
      for (const { witness } of found) {
        assert.is.not(witness.before.action, witness.after.action);
        if (witness.event.kind !== 'flow') continue;
        const { source: peer, destination: subject, point } = witness.event;
        const of = (typed: TypedPolicy): string => verdictIn(typed, 'ingress', { subject, peer, point }).action;
        assert.equal([of(before), of(after)], [witness.before.action, witness.after.action], `${i} ${j}`);
      }
    }
});

test('a labelled host and one without the label are the host', () => {
  const [host, , , both] = policies;
  assert.ok(host && both);
  if (host && both)
    assert.equal(
      diff(host, both).filter(({ effect }) => effect.startsWith('newly')),
      [],
    );
});

test('ports from a named one on: the named port, and those behind it', () => {
  const at = (text: string, port: number, subject: Endpoint): string =>
    verdictIn(typedOf(`policy p for all { ingress { allow at ${text} } }`), 'ingress', {
      subject,
      peer: { kind: 'address', address: address('192.0.2.1') },
      point: transportPoint('tcp', port),
    }).action;
  const [none, eighty, last] = endpoints;
  assert.ok(none && eighty && last);
  if (!none || !eighty || !last) return;
  assert.equal(
    [79, 80, 85, 90, 91].map((port) => at('tcp "http..90"', port, eighty)),
    ['denied', 'allowed', 'allowed', 'allowed', 'denied'],
  );
  assert.equal(
    [94, 95, 96].map((port) => at('tcp "http..90"', port, last)),
    ['denied', 'allowed', 'denied'],
  );
  assert.is(at('tcp "http..90"', 80, none), 'denied');
});

test.run();
