// Addresses and names: what a network and a domain match, whose names count, and what a denial of a name hits besides it.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { answerCounts, verdictOf } from '../../../src/compiler/analysis/oracle.ts';
import type { Content } from '../../../src/compiler/domains/domain.ts';
import type { Endpoint } from '../../../src/compiler/ir/event.ts';
import type { TypedPolicy } from '../../../src/compiler/ir/typed.ts';
import { parseAddress } from '../../../src/compiler/space/address.ts';
import { transportPoint } from '../../../src/compiler/space/transport.ts';
import { typedPolicy } from '../../harness/compile.ts';

const names = `
workload a = { app: "a" }
workload dns = { app: "dns" }
domain stripe = ["api.stripe.com", "**.stripe.com"]
domain other = "*.example.org"
network office = 203.0.113.0/24
`;
const workload = (app: string, address?: string): Endpoint => ({
  ...{ kind: 'workload', id: app, labels: { app } },
  ...(address !== undefined && { address: parseAddress(address) ?? 0n }),
});
const [a, dns] = [workload('a'), workload('dns')];
const at = (address: string, ...known: readonly string[]): Endpoint => ({
  kind: 'address',
  address: parseAddress(address) ?? 0n,
  ...(known.length > 0 && { names: known }),
});
const isAllowed = (typed: TypedPolicy, destination: Endpoint): boolean =>
  verdictOf(typed, { kind: 'flow', source: a, destination, point: transportPoint('tcp', 443) }).action === 'allowed';
const egress = (rules: string): TypedPolicy => typedPolicy(`${names}policy p for a { egress { ${rules} } }`);

test('a network never matches workloads and nodes, but `including workloads`', () => {
  const host: Endpoint = { kind: 'reserved', entities: ['host'], address: parseAddress('203.0.113.2') ?? 0n };
  const plain = egress('allow to office');
  const including = egress('allow to office including workloads');
  const ends = [at('203.0.113.1'), workload('b', '203.0.113.1'), host, workload('b'), at('203.0.114.1')];
  assert.equal(
    ends.map((end) => isAllowed(plain, end)),
    [true, false, false, false, false],
  );
  assert.equal(
    ends.map((end) => isAllowed(including, end)),
    [true, true, true, false, false],
  );
});

test('a domain matches addresses of nothing managed by any of their names', () => {
  const typed = egress('allow to stripe');
  assert.ok(isAllowed(typed, at('198.51.100.1', 'api.stripe.com')));
  assert.ok(isAllowed(typed, at('198.51.100.1', 'cdn.example.net', 'x.y.stripe.com')));
  assert.not(isAllowed(typed, at('198.51.100.1', 'stripe.com')));
  assert.not(isAllowed(typed, at('198.51.100.1', 'api.stripe.com.example.org')));
  assert.not(isAllowed(typed, at('198.51.100.1')));
  assert.not(isAllowed(typed, workload('b', '198.51.100.1')));
});

test('a domain deny hits its neighbours on a CDN', () => {
  const typed = egress('default allow\n allow to other\n deny to stripe');
  assert.ok(isAllowed(typed, at('198.51.100.1', 'www.example.org')));
  assert.not(isAllowed(typed, at('198.51.100.1', 'www.example.org', 'api.stripe.com')));
  const first = egress('deny to stripe\n allow to other priority -1');
  assert.ok(isAllowed(first, at('198.51.100.1', 'www.example.org', 'api.stripe.com')));
});

test('networks and names of one address are both asked', () => {
  const typed = egress('deny to office\n allow to stripe');
  assert.ok(isAllowed(typed, at('198.51.100.1', 'api.stripe.com')));
  assert.not(isAllowed(typed, at('203.0.113.1', 'api.stripe.com')));
});

const query = (name: string, type = 'A'): Content => ({ kind: 'fields', fields: { name: [name], type: [type] } });
const udp53 = transportPoint('udp', 53);

test('a name counts only from a server that a `dns` rule of the subject allows to be asked', () => {
  const typed = egress('allow to dns at [udp 53, tcp 53] dns { stripe }');
  const counts = (server: Endpoint, asked: Content, point = udp53): boolean => answerCounts(typed, a, { server, point, query: asked });
  assert.ok(counts(dns, query('api.stripe.com')));
  assert.ok(counts(dns, query('api.stripe.com'), transportPoint('tcp', 53)));
  assert.not(counts(dns, query('www.example.org')));
  assert.not(counts(at('203.0.113.53'), query('api.stripe.com')));
  assert.not(counts(dns, query('api.stripe.com'), transportPoint('udp', 5353)));
  assert.not(counts(dns, { kind: 'undecidable', reason: 'malformed' }));
  assert.not(answerCounts(typed, dns, { server: a, point: udp53, query: query('api.stripe.com') }));
});

test('a rule without `dns` lets ask, and its answers do not count', () => {
  const plain = egress('allow to dns at udp 53');
  assert.not(answerCounts(plain, a, { server: dns, point: udp53, query: query('api.stripe.com') }));
  const both = egress('allow to dns at udp 53\n allow to dns at udp 53 dns { stripe }');
  assert.ok(answerCounts(both, a, { server: dns, point: udp53, query: query('api.stripe.com') }));
  assert.not(answerCounts(both, a, { server: dns, point: udp53, query: query('www.example.org') }));
});

test('a `dns` rule that a denial overrules, that is only in audit mode, or that a pass skips, gives no names', () => {
  for (const rules of [
    'allow to dns at udp 53 dns { stripe }\n deny to dns at udp 53 dns { "api.stripe.com" }',
    'default allow\n allow to dns at udp 53 dns { stripe } mode audit',
    'default allow\n pass to dns priority -1\n allow to dns at udp 53 dns { stripe }',
  ])
    assert.not(answerCounts(egress(rules), a, { server: dns, point: udp53, query: query('api.stripe.com') }), rules);
});

test.run();
