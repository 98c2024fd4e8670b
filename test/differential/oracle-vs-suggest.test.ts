// Suggested policies against the oracle: of random traffic, exactly what was recorded is allowed (every pair of recorded ends, at every
// recorded port, with every recorded request is asked), and with any generalisation at least that; the text has no finding and is canonical.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { verdictOf } from '../../src/compiler/analysis/oracle.ts';
import { suggestedText } from '../../src/compiler/cli/suggest.ts';
import { LineReader } from '../../src/compiler/flows/scan-line.ts';
import { type Generalization, generalizations, usualGeneralizations } from '../../src/compiler/flows/suggest/generalization.ts';
import { exactTraffic } from '../../src/compiler/flows/suggest/index.ts';
import { format } from '../../src/compiler/format/index.ts';
import type { Endpoint, FlowEvent } from '../../src/compiler/ir/event.ts';
import type { TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { checkUnit } from '../../src/compiler/pipeline.ts';
import { isIpv4, parseAddress } from '../../src/compiler/space/address.ts';
import { protocolOf, transportPoint } from '../../src/compiler/space/transport.ts';
import { readLine } from '../harness/flow-line.ts';
import { flowLine, recordable } from '../harness/hubble-lines.ts';
import { type Random, random, seedOf } from '../harness/random.ts';
import { addressedEndpoints, randomUniverse } from '../harness/universe.ts';

const seed = seedOf('oracle-vs-suggest', 90_210);
const rounds = Number(process.env['ROUNDS'] ?? 12);

const points = [
  transportPoint('tcp', 80),
  transportPoint('tcp', 8080),
  transportPoint('tcp', 443),
  transportPoint('udp', 53),
  transportPoint('icmp', 2048),
];
const world = ['203.0.113.9', '203.0.113.10', '198.51.100.7', '2001:db8::7'].map(
  (text, i): Endpoint => ({
    kind: 'address',
    address: parseAddress(text) ?? 0n,
    ...(i < 2 && { names: [`api${i}.stripe.com`] }),
  }),
);
const http = (method: string, target: string, host?: string): FlowEvent['request'] => ({
  domain: 'http',
  content: { kind: 'fields', fields: { method: [method], path: [target], target: [target], ...(host !== undefined && { host: [host] }) } },
});
const dns = (name: string, type: string): FlowEvent['request'] => ({
  domain: 'dns',
  content: { kind: 'fields', fields: { name: [name], type: [type] } },
});
const requests = {
  http: [
    ...[
      http('GET', '/cart/42'),
      http('GET', '/cart/43'),
      http('POST', '/cart/42'),
      http('GET', '/a*{b}"c'),
      http('GET', '/cart/42?full=1'),
    ],
    ...[http('GET', '/cart', 'cart.shop'), http('FROB', '/cart'), http('GET', '/%20x/')],
  ],
  dns: [
    dns('api0.stripe.com', 'A'),
    dns('api0.stripe.com', 'AAAA'),
    dns('api1.stripe.com', 'A'),
    dns('cart.shop.svc.cluster.local', 'TYPE4711'),
  ],
};
const requestsAt = (point: number): readonly FlowEvent['request'][] => {
  const { protocol, value } = protocolOf(point);
  if (protocol === 'udp') return requests.dns;
  return protocol === 'tcp' && value !== 443 ? requests.http : [];
};

const keyOf = (value: unknown): string => JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? one.toString(16) : one));
/** Who an end is: not which pod, nor where. */
const endKey = (end: Endpoint): string =>
  end.kind === 'address'
    ? keyOf(end.address)
    : end.kind === 'workload'
      ? keyOf(Object.entries(end.labels).sort())
      : keyOf([...end.entities].sort());

function isPossible({ source, destination, point }: FlowEvent): boolean {
  const families = [source, destination].flatMap(({ address }) => (address === undefined ? [] : [isIpv4(address)]));
  return (
    new Set(families).size < 2 &&
    !(families.includes(false) && protocolOf(point).protocol === 'icmp') &&
    endKey(source) !== endKey(destination)
  );
}

function endsOf(pick: Random): readonly Endpoint[] {
  const universe = randomUniverse(pick);
  const managed = addressedEndpoints(universe).filter(({ address }) => address !== undefined && isIpv4(address));
  // Pods of Kubernetes are in a namespace.
  const placed = managed.map(
    (end): Endpoint =>
      end.kind === 'workload'
        ? {
            kind: 'workload',
            id: end.id,
            labels: { '@namespace': 'shop', ...end.labels },
            ...(end.address !== undefined && { address: end.address }),
          }
        : end,
  );
  return [...placed, ...world];
}

const flowsAmong = (ends: readonly Endpoint[]): readonly FlowEvent[] =>
  ends
    .flatMap((source) => ends.map((destination) => [source, destination] as const))
    .flatMap(([source, destination]) =>
      points.flatMap((point) =>
        [undefined, ...requestsAt(point)].map(
          (request): FlowEvent => ({ kind: 'flow', source, destination, point, ...(request && { request }) }),
        ),
      ),
    )
    .filter(isPossible)
    .map(recordable)
    .filter((event): event is FlowEvent => event.kind === 'flow');

function suggested(recorded: readonly FlowEvent[], generalize: readonly Generalization[]): string {
  const traffic = exactTraffic();
  const reader = new LineReader();
  recorded.forEach((event, i) => {
    const line = flowLine(event, { direction: 'EGRESS', recorded: 'allowed', second: i % 50 }) ?? '';
    traffic.add(readLine(reader, line), { file: 'test', line: i + 1 });
  });
  assert.is(traffic.tally().skipped.length, 0);
  return suggestedText(traffic, new Set(generalize)) ?? '';
}

function typedText(text: string): TypedPolicy {
  const source = { path: 'suggested.policy', text };
  const checked = checkUnit([source]);
  assert.equal(
    checked.diagnostics.map(({ code, message }) => `${code} ${message}`),
    [],
    text,
  );
  const formatted = format(source);
  assert.is(formatted.ok && formatted.text, text);
  if (!checked.ok) throw new Error('not ok');
  return checked.value.typed;
}

const tripleOf = ({ source, destination, point }: FlowEvent): string => `${endKey(source)} ${endKey(destination)} ${point}`;

/** What recorded flows stand for: a connection with every request where only it was seen, and the connection of each request. */
function isRecorded(recorded: readonly FlowEvent[]): (event: FlowEvent) => boolean {
  const triples = new Set(recorded.map(tripleOf));
  const withRequests = new Set(recorded.filter(({ request }) => request).map(tripleOf));
  const asked = new Set(recorded.map((event) => `${tripleOf(event)} ${keyOf(event.request)}`));
  return (event) => {
    const triple = tripleOf(event);
    if (!triples.has(triple)) return false;
    return event.request === undefined || !withRequests.has(triple) || asked.has(`${triple} ${keyOf(event.request)}`);
  };
}

test('without generalisation, exactly what was recorded is allowed', () => {
  const pick = random(seed);
  const seen = { allowed: 0, denied: 0 };
  for (let round = 0; round < rounds; round++) {
    const all = flowsAmong(endsOf(pick));
    const isGoverned = ({ source, destination }: FlowEvent): boolean => source.kind === 'workload' || destination.kind === 'workload';
    const recorded = Array.from({ length: 25 }, () => pick.pick(all)).filter(isGoverned);
    const text = suggested(recorded, []);
    const typed = typedText(text);
    assert.is(suggested([...recorded].reverse(), []).replaceAll(/\/\/ .*\n/g, ''), text.replaceAll(/\/\/ .*\n/g, ''));
    const was = isRecorded(recorded);
    const subjects = new Set(recorded.flatMap(({ source, destination }) => [source, destination]).map(endKey));
    const isKnown = (end: Endpoint): boolean => subjects.has(endKey(end));
    for (const event of all) {
      const { source, destination } = event;
      if (!isKnown(source) || !isKnown(destination) || !isGoverned(event)) continue;
      const { action } = verdictOf(typed, event);
      seen[action]++;
      assert.is(action, was(event) ? 'allowed' : 'denied', `${keyOf(event)}\n${text}`);
    }
  }
  console.log(`oracle-vs-suggest: ${JSON.stringify(seen)}`);
  assert.ok(seen.allowed > 20 * rounds && seen.denied > 100 * rounds);
});

test('with any generalisation, what was recorded is allowed', () => {
  const pick = random(seed + 1);
  let lines = 0;
  for (let round = 0; round < rounds; round++) {
    const all = flowsAmong(endsOf(pick));
    const recorded = Array.from({ length: 40 }, () => pick.pick(all)).filter(
      ({ source, destination }) => source.kind === 'workload' || destination.kind === 'workload',
    );
    const chosen = round === 0 ? usualGeneralizations : pick.some(generalizations, 0.5);
    const text = suggested(recorded, chosen);
    const typed = typedText(text);
    for (const event of recorded) assert.is(verdictOf(typed, event).action, 'allowed', `${keyOf(event)}\n${text}`);
    lines += text.split('\n').length;
  }
  assert.ok(lines > 20 * rounds);
});

test.run();
