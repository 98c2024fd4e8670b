// One generation of tables out of a bundle and an inventory: what the differential tests do not show by themselves.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fixedCause, matchType, section, verdictAction, verdictFlag } from '../../../src/compiler/ir/abi.ts';
import { classesOf } from '../../../src/compiler/ir/class-pieces.ts';
import { policyId } from '../../../src/compiler/ir/ids.ts';
import type { Policy, Rule } from '../../../src/compiler/ir/typed.ts';
import { addressSet, parseAddress, parsePrefix } from '../../../src/compiler/space/address.ts';
import type { Selector } from '../../../src/compiler/space/labels.ts';
import { transportPoint, transportRange } from '../../../src/compiler/space/transport.ts';
import type { InventoryEndpoint } from '../../../src/runtime/policy/generation.ts';
import { lookupOf } from '../../../src/runtime/policy/lookup.ts';
import { materialize } from '../../../src/runtime/policy/materialize.ts';
import { memoryImage } from '../../../src/runtime/policy/memory/image.ts';
import { policySetOf } from '../../../src/runtime/policy/policy-index.ts';
import { anybody, networkRule, nobody, requestLine, samplePolicy, sampleUnit } from '../../harness/sample-policy.ts';
import { emitted, imageOf, imagesOf, plainCauses } from '../../harness/tables.ts';

const app = (name: string): Selector => [[{ kind: 'one-of', key: 'app', values: [name] }]];
const tcp = (port: number) => ({ points: transportRange('tcp', port, port), named: [] });
const rule = networkRule;
const web = (more: Partial<Policy> = {}): Policy =>
  samplePolicy(0, {
    ...{ name: 'web', subject: { workloads: app('web'), host: false } },
    defaultDeny: { ingress: true, egress: false, process: [] },
    ...more,
  });
const workload = (id: number, name: string, more: Partial<Extract<InventoryEndpoint, { kind: 'workload' }>> = {}): InventoryEndpoint => ({
  id,
  kind: 'workload',
  labels: { app: name },
  namedPorts: [],
  local: true,
  ...more,
});
const host: InventoryEndpoint = { id: 1, kind: 'reserved', entities: ['host'] };

function generation(rules: readonly Rule[], endpoints: readonly InventoryEndpoint[], policies: readonly Policy[] = [web()]) {
  const policy = emitted(sampleUnit(policies, rules));
  const tables = materialize({ policies: policySetOf(policy.program), ports: imageOf(policy, 'ports'), endpoints, causes: plainCauses() });
  const images = imagesOf(policy);
  return { program: policy.program, staticPorts: imageOf(policy, 'ports'), tables, lookup: lookupOf(tables, images) };
}

const peer = (id: number) => ({ kind: 'endpoint', id }) as const;
const ingress = (subject: number, from: number, point: number) => ({ subject, peer: peer(from), direction: 'ingress', point }) as const;

test('only local workloads that a policy selects are subjects', () => {
  const { tables, program } = generation(
    [rule(0, {})],
    [host, workload(16, 'web'), workload(17, 'web', { local: false }), workload(18, 'other')],
  );
  assert.equal(
    tables.endpoints.map(({ id, subjectClass }) => [id, subjectClass]),
    [
      [1, 0],
      [16, 1],
      [17, 0],
      [18, 0],
    ],
  );
  assert.ok(tables.endpoints.every(({ peerClass }) => peerClass >= program.classes.networks));
});

test('a subject has its three sections, in the order of subject classes', () => {
  const { tables } = generation([rule(0, { peers: { ...anybody, entities: ['host'] } })], [host, workload(16, 'web'), workload(17, 'x')]);
  assert.equal(
    tables.sections.map(({ subjectClass, section: number }) => [subjectClass, number]),
    [section.ingress, section.egress, section.process].map((number) => [1, number]),
  );
  assert.equal(
    tables.sections.map(({ bases, starts }) => [bases > 0, starts > 0]),
    [
      [true, false],
      [true, false],
      [false, true],
    ],
  );
});

test('entry 0 is absent, and equal rows are one', () => {
  const { tables } = generation([], [workload(16, 'web'), workload(17, 'a'), workload(18, 'b')]);
  assert.is(tables.verdicts.words[0], verdictAction.absent);
  assert.is(
    new Set(tables.sections.map(({ bases, starts }) => `${bases} ${starts}`)).size,
    3,
    'one that denies, one that allows, one for exec',
  );
  assert.is(tables.rows.length, 1, 'nobody chooses a verdict of his own');
});

test('a named port is the destination workload’s own', () => {
  const named = { points: [], named: [{ protocol: 'tcp', name: 'web' }] } as const;
  const web = (port: number) => ({ namedPorts: [{ protocol: 'tcp', name: 'web', port }] }) as const;
  const endpoints = [
    workload(16, 'web', web(8080)),
    workload(17, 'web', web(9090)),
    workload(18, 'web'),
    workload(19, 'client', web(7070)),
  ];
  const { lookup, tables, staticPorts, program } = generation([rule(0, { transport: named })], endpoints);
  const allows = (subject: number, port: number): boolean =>
    lookup.network(ingress(subject, 19, transportPoint('tcp', port))).action === verdictAction.allow;
  assert.equal([allows(16, 8080), allows(16, 9090), allows(17, 9090), allows(17, 8080)], [true, false, true, false]);
  assert.equal([allows(18, 8080), allows(16, 7070), allows(18, 80)], [false, false, false]);
  assert.is(lookup.network(ingress(16, 19, transportPoint('udp', 8080))).action, verdictAction.deny, 'protocol belongs to the name');
  const classAt = (image: Uint8Array, port: number): number => classesOf(image)[port] ?? Number.NaN;
  assert.is(classAt(staticPorts, 8080), classAt(staticPorts, 80), 'the bundle’s image is left as it was');
  assert.equal(
    [7070, 8080, 9090, 80].map((port) => classAt(tables.ports, port) >= program.classes.ports),
    [true, true, true, false],
  );
});

test('what a range matches includes the points that names took out of it', () => {
  const rules = [
    rule(0, { transport: { points: transportRange('tcp', 8000, 9000), named: [] } }),
    rule(1, { section: 'egress', action: 'deny', transport: { points: [], named: [{ protocol: 'tcp', name: 'db' }] } }),
  ];
  const db = workload(17, 'db', { namedPorts: [{ protocol: 'tcp', name: 'db', port: 8500 }] });
  const { lookup } = generation(rules, [workload(16, 'web'), db, workload(18, 'other')]);
  for (const port of [8000, 8500, 9000]) {
    assert.is(lookup.network(ingress(16, 17, transportPoint('tcp', port))).action, verdictAction.allow, `${port}`);
  }
  const egress = (to: number) =>
    lookup.network({ subject: 16, peer: peer(to), direction: 'egress', point: transportPoint('tcp', 8500) }).action;
  assert.equal([egress(17), egress(18)], [verdictAction.deny, verdictAction.allow]);
});

test('an inspected connection points at the row of its requests', () => {
  const get = { domain: 'http', lines: [requestLine('GET', '/a')] };
  const { lookup } = generation([rule(0, { transport: tcp(80), layer7: get })], [workload(16, 'web'), workload(17, 'x')]);
  const question = ingress(16, 17, transportPoint('tcp', 80));
  const connection = lookup.network(question);
  assert.equal([connection.action, connection.match], [verdictAction.inspect, matchType['l4-only']]);
  const request = (text: string) => {
    const [method = '', path = ''] = text.split(' ');
    return lookup.network({ ...question, request: { kind: 'fields', domain: 'http', fields: { method: [method], path: [path] } } });
  };
  assert.equal([request('GET /a').action, request('GET /a').match], [verdictAction.allow, matchType.layer7]);
  assert.is(request('GET /a').cause, connection.cause, 'the connection is attributed to the rule that could allow a request');
  assert.equal([request('GET /b').action, request('GET /b').match], [verdictAction.deny, matchType.layer7]);
  assert.is(lookup.network({ ...question, request: { kind: 'undecidable' } }).action, verdictAction.deny);
  assert.is(lookup.network(ingress(16, 17, transportPoint('tcp', 81))).action, verdictAction.deny);
});

test('a pass takes the rest of its tier away where it matches, ports apart', () => {
  const policies = [web({ tier: 'admin', defaultDeny: { ingress: false, egress: false, process: [] } }), { ...web(), id: policyId(1) }];
  const rules = [
    rule(0, { action: 'pass', transport: tcp(80), priority: -1 }),
    rule(1, { action: 'deny' }),
    rule(2, { policy: policyId(1), transport: tcp(80) }),
    rule(3, { policy: policyId(1), transport: tcp(81) }),
  ];
  const { lookup } = generation(rules, [workload(16, 'web'), workload(17, 'x')], policies);
  const action = (port: number) => lookup.network(ingress(16, 17, transportPoint('tcp', port))).action;
  assert.equal([action(80), action(81)], [verdictAction.allow, verdictAction.deny]);
});

test('what only audit would deny passes, with the cause of the denial; a drop is silent', () => {
  const rules = [
    rule(0, { action: 'drop', transport: tcp(80) }),
    rule(1, { action: 'deny', audit: true, transport: tcp(81) }),
    rule(2, { transport: tcp(81) }),
    rule(3, { action: 'deny', audit: true, transport: tcp(82) }),
  ];
  const { lookup } = generation(rules, [workload(16, 'web'), workload(17, 'x')]);
  const found = (port: number) => {
    const { action, flags, match } = lookup.network(ingress(16, 17, transportPoint('tcp', port)));
    return [action, flags, match];
  };
  assert.equal(found(80), [verdictAction.deny, verdictFlag.silent, matchType['l4-only']]);
  assert.equal(found(81), [verdictAction.allow, verdictFlag.audited, matchType['l4-only']]);
  assert.equal(found(82), [verdictAction.deny, 0, matchType.none], 'denied by default, whatever audit says');
});

test('where no policy speaks of exec, every program has a verdict of its own row', () => {
  const { lookup, tables } = generation([], [workload(16, 'web'), workload(17, 'x')]);
  for (const content of [{ kind: 'text', text: '/bin/sh' } as const, { kind: 'undecidable' } as const]) {
    assert.equal([lookup.exec(16, content).action, lookup.exec(16, content).cause], [verdictAction.allow, fixedCause.defaultAllow]);
  }
  const base = tables.sections.find(({ section: number }) => number === section.process)?.starts ?? 0;
  assert.ok(tables.verdicts.words.length >= base + 2);
});

test('networks are about addresses only, families apart', () => {
  const networks = addressSet(['0.0.0.0/0', '2001:db8::/32'].flatMap((text) => parsePrefix(text) ?? []));
  const { lookup } = generation([rule(0, { peers: { ...nobody, networks } })], [workload(16, 'web'), workload(17, 'x')]);
  const from = (text: string) =>
    lookup.network({ subject: 16, peer: { kind: 'address', address: parseAddress(text) ?? 0n }, direction: 'ingress', point: 80 }).action;
  assert.equal(['10.0.0.1', '2001:db8::1', '2001:db9::1', '::1'].map(from), [1, 1, 2, 2]);
  assert.is(lookup.network(ingress(16, 17, 80)).action, verdictAction.deny);
});

test('self is allowed, and an endpoint that the tables do not know is denied', () => {
  const { lookup } = generation([], [workload(16, 'web'), workload(17, 'x')]);
  assert.equal(
    [lookup.network(ingress(16, 16, 80)).cause, lookup.network(ingress(16, 16, 80)).action],
    [fixedCause.self, verdictAction.allow],
  );
  assert.equal(
    [lookup.network(ingress(16, 99, 80)).cause, lookup.network(ingress(16, 99, 80)).action],
    [fixedCause.internal, verdictAction.deny],
  );
  assert.is(lookup.network(ingress(17, 16, 80)).action, verdictAction.allow, 'no policy selects it');
});

test('the same input gives the same tables', () => {
  const rules = [rule(0, { transport: tcp(80) }), rule(1, { action: 'deny', peers: { ...anybody, entities: ['world'] } })];
  const endpoints = [host, workload(16, 'web'), workload(17, 'x')];
  assert.equal(generation(rules, endpoints).tables, generation(rules, endpoints).tables);
});

test('thousands of subjects and peers that are all told apart need memory for their patterns, not for their pairs', () => {
  const pods = 1024;
  const halves: readonly Selector[] = Array.from({ length: 10 }, (_, bit) => {
    const values = Array.from({ length: pods }, (_, pod) => pod).flatMap((pod) => ((pod >> bit) & 1 ? [`pod${pod}`] : []));
    return [[{ kind: 'one-of', key: 'pod', values }]];
  });
  const rules = halves.map((selector, bit) => rule(bit, { peers: { ...nobody, selectors: [selector] } }));
  const defaultDeny = { ingress: true, egress: true, process: [] };
  const policies = halves.map((workloads, bit) => samplePolicy(bit, { subject: { workloads, host: false }, defaultDeny }));
  const endpoints = Array.from({ length: pods }, (_, pod) => workload(16 + pod, 'web', { labels: { pod: `pod${pod}` } }));
  const { lookup, tables } = generation(rules, endpoints, policies);
  const { bytes } = memoryImage(tables, { prefixes: new Uint8Array(), addresses: [] });
  assert.ok(bytes.length < (pods * pods) / 4, `${bytes.length} bytes`);
  // Every rule is of the first policy, so only odd pods have rules.
  for (const [subject, from] of [
    [1, 2],
    [3, 1023],
    [1023, 0],
    [512, 512 ^ 1023],
  ] as const) {
    const { action } = lookup.network(ingress(16 + subject, 16 + from, 80));
    assert.is(action, subject % 2 === 1 && from > 0 ? verdictAction.allow : verdictAction.deny, `${from} to ${subject}`);
  }
});

test.run();
