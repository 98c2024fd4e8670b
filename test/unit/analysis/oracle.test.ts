// The meaning, case by case (grammar/README.md, "Meaning"): each sentence of it as one small policy and its verdicts.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { deciderOf, deciderWords } from '../../../src/compiler/analysis/event-words.ts';
import { speakingRules, verdictIn, verdictOf } from '../../../src/compiler/analysis/oracle.ts';
import type { Content, Endpoint, FlowEvent, ReservedName } from '../../../src/compiler/ir/event.ts';
import type { TypedPolicy } from '../../../src/compiler/ir/typed.ts';
import { parseAddress } from '../../../src/compiler/space/address.ts';
import { transportPoint } from '../../../src/compiler/space/transport.ts';
import { typedPolicy } from '../../harness/compile.ts';

const names = `
workload a = { app: "a" }
workload b = { app: "b" }
network office = [203.0.113.0/24, 2001:db8::/32]
`;
const workload = (app: string, more: Partial<Extract<Endpoint, { kind: 'workload' }>> = {}): Endpoint => ({
  kind: 'workload',
  id: app,
  labels: { app },
  ...more,
});
const [a, b] = [workload('a'), workload('b')];
const reserved = (...entities: readonly ReservedName[]): Endpoint => ({ kind: 'reserved', entities });
const address = (text: string): Endpoint => ({ kind: 'address', address: parseAddress(text) ?? 0n });
const tcp = (port: number): number => transportPoint('tcp', port);
const request = (content: Content): Pick<FlowEvent, 'request'> => ({ request: { domain: 'http', content } });
const get = (path: string) => request({ kind: 'text', text: `GET ${path}` });
const unread = request({ kind: 'undecidable', reason: 'notHttp' });

/** The verdict in words: who decided, by policy and line. */
function decided(
  typed: TypedPolicy,
  source: Endpoint,
  destination: Endpoint,
  point: number,
  more: Pick<FlowEvent, 'request'> = {},
): string {
  return deciderWords(deciderOf(typed, verdictOf(typed, { kind: 'flow', source, destination, point, ...more })));
}
const program = (typed: TypedPolicy, text: string): string =>
  deciderWords(deciderOf(typed, verdictOf(typed, { kind: 'exec', subject: a, content: { kind: 'text', text } })));

test('what no policy speaks of is allowed', () => {
  const typed = typedPolicy(`${names}policy p for a { ingress { allow from b } }`);
  assert.is(decided(typed, a, b, tcp(80)), 'allowed: no policy speaks of it');
  assert.is(decided(typed, address('203.0.113.1'), reserved('host'), tcp(80)), 'allowed: no policy speaks of it');
});

test('a section, empty or not, brings default deny, and names its policies', () => {
  const typed = typedPolicy(`${names}policy p for a { ingress { } }\npolicy q for { app: exists } { ingress { allow from b at tcp 80 } }`);
  assert.is(decided(typed, b, a, tcp(80)), 'allowed by q, test.policy:6');
  assert.is(decided(typed, b, a, tcp(81)), 'denied by default (p, test.policy:5; q, test.policy:6)');
});

test('`default allow` brings none, but does not lift that of another policy', () => {
  const open = typedPolicy(`${names}policy p for a { ingress { default allow\n deny from b at tcp 22 } }`);
  assert.is(decided(open, b, a, tcp(80)), 'allowed: no policy speaks of it');
  assert.is(decided(open, b, a, tcp(22)), 'denied by p, test.policy:6');
  const both = typedPolicy(`${names}policy p for a { ingress { default allow } }\npolicy q for a { ingress { } }`);
  assert.is(decided(both, b, a, tcp(80)), 'denied by default (q, test.policy:6)');
});

test('deny decides before allow; among equals the first by policy name, then by place', () => {
  const typed = typedPolicy(`${names}
policy z for a { ingress { deny from b at tcp 80 } }
policy c for a { ingress {
  allow from b
  allow from b at tcp 81
} }
policy d for a { ingress { allow from all at tcp 81 } }`);
  assert.is(decided(typed, b, a, tcp(80)), 'denied by z, test.policy:6');
  assert.is(decided(typed, b, a, tcp(81)), 'allowed by c, test.policy:8');
  const event = { kind: 'flow', source: b, destination: a, point: tcp(81) } as const;
  assert.equal(
    speakingRules(typed, 'ingress', event).map(({ text }) => text),
    ['allow from b', 'allow from b at tcp 81', 'allow from all at tcp 81'],
  );
});

test('what an endpoint sends to itself is allowed', () => {
  const typed = typedPolicy(`${names}policy p for a { ingress { deny from all } egress { } }`);
  assert.is(decided(typed, a, a, tcp(80)), 'allowed: it is the same endpoint');
  assert.is(decided(typed, a, workload('a', { id: 'another' }), tcp(80)), 'denied by default (p, test.policy:5)');
});

test('both sides decide, and a denial of egress comes first', () => {
  const typed = typedPolicy(
    `${names}policy outward for a { egress { allow to b at tcp 80 } }\npolicy inward for b { ingress { allow from a at tcp 81 } }`,
  );
  assert.is(decided(typed, a, b, tcp(80)), 'denied by default (inward, test.policy:6)');
  assert.is(decided(typed, a, b, tcp(81)), 'denied by default (outward, test.policy:5)');
  const open = typedPolicy(`${names}policy outward for a { egress { allow to b } }`);
  assert.is(decided(open, a, b, tcp(1)), 'allowed by outward, test.policy:5');
});

test('a network is never a workload or a node, whatever addresses they have', () => {
  const typed = typedPolicy(`${names}policy p for a { ingress { allow from [office, world-ipv6] } }`);
  assert.is(decided(typed, address('203.0.113.9'), a, tcp(1)), 'allowed by p, test.policy:5');
  assert.is(decided(typed, address('2001:db9::'), a, tcp(1)), 'allowed by p, test.policy:5');
  for (const peer of [address('203.0.114.0'), b, reserved('host')]) assert.match(decided(typed, peer, a, tcp(1)), 'denied by default');
});

test('entities: `cluster` is every workload and node, `world` every other address', () => {
  const typed = typedPolicy(
    `${names}policy p for a { ingress { allow from cluster at tcp 1\n allow from world at tcp 2\n allow from kube-apiserver at tcp 3\n allow from all at tcp 4 } }`,
  );
  const peers = { b, host: reserved('host'), api: reserved('remote-node', 'kube-apiserver'), world: address('1.1.1.1') };
  const allowed = (peer: Endpoint): readonly number[] =>
    [1, 2, 3, 4].filter((port) => decided(typed, peer, a, tcp(port)).startsWith('allowed'));
  assert.equal([peers.b, peers.host, peers.api, peers.world].map(allowed), [
    [1, 4],
    [1, 4],
    [1, 3, 4],
    [2, 4],
  ]);
});

test('a named port is that of the destination', () => {
  const typed = typedPolicy(`${names}policy p for a { ingress { allow from b at tcp "api" } egress { allow to b at tcp "api" } }`);
  const api = { namedPorts: [{ protocol: 'tcp', name: 'api', port: 8080 }] } as const;
  assert.is(decided(typed, b, workload('a', api), tcp(8080)), 'allowed by p, test.policy:5');
  for (const [from, to, port] of [
    [b, workload('a', api), 8081],
    [workload('b', api), a, 8080],
    [a, b, 8080],
  ] as const) {
    assert.match(decided(typed, from, to, tcp(port)), 'denied by default');
  }
  const udp = verdictOf(typed, { kind: 'flow', source: b, destination: workload('a', api), point: transportPoint('udp', 8080) });
  assert.is(udp.action, 'denied');
  assert.is(decided(typed, a, workload('b', api), tcp(8080)), 'allowed by p, test.policy:5');
});

test('no `at` is every protocol, ICMP too; a type covers all its codes', () => {
  const typed = typedPolicy(`${names}policy p for a { ingress { allow from b\n deny from b at icmp 3 code 4 } }`);
  assert.match(decided(typed, b, a, transportPoint('icmp', 8 * 256)), 'allowed');
  assert.match(decided(typed, b, a, transportPoint('other', 47)), 'allowed');
  assert.match(decided(typed, b, a, transportPoint('icmp', 3 * 256 + 4)), 'denied by p');
  assert.match(decided(typed, b, a, transportPoint('icmp', 3 * 256 + 1)), 'allowed');
});

const web = `${names}policy p for a { ingress {
  allow from b at tcp 80 http { GET "/cart/{id}" }
  allow from b at tcp 80 http { GET "/help/**" }
  deny from b at tcp 80 http { "/cart/7" }
} }`;

test('requests are decided one by one; the connection by whether some request on it would be allowed', () => {
  const typed = typedPolicy(web);
  assert.is(decided(typed, b, a, tcp(80)), 'allowed by p, test.policy:6');
  assert.is(decided(typed, b, a, tcp(80), get('/cart/1')), 'allowed by p, test.policy:6');
  assert.is(decided(typed, b, a, tcp(80), get('/help/x/y')), 'allowed by p, test.policy:7');
  assert.is(decided(typed, b, a, tcp(80), get('/cart/7')), 'denied by p, test.policy:8');
  assert.is(decided(typed, b, a, tcp(80), get('/cart/1/2')), 'denied by default (p, test.policy:5)');
  assert.is(decided(typed, b, a, tcp(443)), 'denied by default (p, test.policy:5)');
});

test('undecidable deny rules match, undecidable allow rules do not, and the denial says so', () => {
  const typed = typedPolicy(web);
  assert.is(decided(typed, b, a, tcp(80), unread), 'denied by p, test.policy:8, because it cannot be read');
  const open = typedPolicy(`${names}policy p for a { ingress { allow from b at tcp 80 http { GET "/" } } }`);
  assert.is(decided(open, b, a, tcp(80), unread), 'denied by default (p, test.policy:5)');
  assert.is(
    decided(open, b, a, tcp(80), { request: { domain: 'dns', content: { kind: 'text', text: 'GET /' } } }),
    'denied by default (p, test.policy:5)',
  );
});

test('a connection on which no request could be allowed is denied like the one that cannot be read', () => {
  const typed = typedPolicy(
    `${names}policy p for a { ingress { allow from b at tcp 80 http { GET "/x" }\n deny from b at tcp 80 http { "/**" } } }`,
  );
  assert.is(decided(typed, b, a, tcp(80)), 'denied by p, test.policy:6, because it cannot be read');
});

test('an allow without a block allows every request, unless a deny takes it', () => {
  const typed = typedPolicy(`${names}policy p for a { ingress { allow from b\n deny from b at tcp 80 http { GET "/x" } } }`);
  assert.match(decided(typed, b, a, tcp(80), get('/y')), 'allowed by p, test.policy:5');
  assert.match(decided(typed, b, a, tcp(80), get('/x')), 'denied by p, test.policy:6');
  assert.match(decided(typed, b, a, tcp(80)), 'allowed by p, test.policy:5');
});

test('default allow with a deny of requests: the connection is allowed and attributed to none', () => {
  const typed = typedPolicy(`${names}policy p for a { ingress { default allow\n deny from b at tcp 80 http { GET "/x" } } }`);
  assert.is(decided(typed, b, a, tcp(80)), 'allowed: no policy speaks of it');
  assert.is(decided(typed, b, a, tcp(80), unread), 'denied by p, test.policy:6, because it cannot be read');
});

test('programs: default deny only by `default deny exec`', () => {
  const rules = 'allow exec "/usr/bin/node"\n deny exec under "/tmp"';
  const closed = typedPolicy(`${names}policy p for a { process { default deny exec\n ${rules} } }`);
  assert.is(program(closed, '/usr/bin/node'), 'allowed by p, test.policy:6');
  assert.is(program(closed, '/bin/sh'), 'denied by default (p, test.policy:5)');
  const open = typedPolicy(`${names}policy p for a { process { ${rules} } }`);
  assert.is(program(open, '/bin/sh'), 'allowed: no policy speaks of it');
  assert.is(program(open, '/tmp/x/y'), 'denied by p, test.policy:6');
  const unnamed = verdictOf(open, { kind: 'exec', subject: a, content: { kind: 'undecidable', reason: 'unnamedFile' } });
  assert.equal(deciderWords(deciderOf(open, unnamed)), 'denied by p, test.policy:6, because it cannot be read');
});

test('one side can be asked alone', () => {
  const typed = typedPolicy(`${names}policy outward for a { egress { } }\npolicy inward for b { ingress { allow from a } }`);
  assert.is(verdictIn(typed, 'ingress', { subject: b, peer: a, point: tcp(1) }).action, 'allowed');
  assert.is(verdictIn(typed, 'egress', { subject: a, peer: b, point: tcp(1) }).action, 'denied');
  assert.is(verdictIn(typed, 'egress', { subject: reserved('host'), peer: b, point: tcp(1) }).action, 'allowed');
});

test.run();
