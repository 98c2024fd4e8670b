// The meaning, case by case (grammar/README.md, "Meaning"): each sentence of it as one small policy and its verdicts.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { deciderOf, deciderWords } from '../../../src/compiler/analysis/event-words.ts';
import { speakingRules, verdictIn, verdictOf } from '../../../src/compiler/analysis/oracle.ts';
import type { Content } from '../../../src/compiler/domains/domain.ts';
import type { Endpoint, FlowEvent, ReservedName } from '../../../src/compiler/ir/event.ts';
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
const get = (path: string) => request({ kind: 'fields', fields: { method: ['GET'], path: [path], target: [path] } });
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
const does = (typed: TypedPolicy, domain: string, content: Content, subject = a): string =>
  deciderWords(deciderOf(typed, verdictOf(typed, { kind: 'process', domain, subject, content })));
const program = (typed: TypedPolicy, path: string): string => does(typed, 'exec', { kind: 'fields', fields: { path: [path] } });

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
    decided(open, b, a, tcp(80), { request: { domain: 'dns', content: { kind: 'fields', fields: { name: ['x.test'] } } } }),
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
  const unnamed = does(open, 'exec', { kind: 'undecidable', reason: 'unnamedFile' });
  assert.is(unnamed, 'denied by p, test.policy:6, because it cannot be read');
});

test('one side can be asked alone', () => {
  const typed = typedPolicy(`${names}policy outward for a { egress { } }\npolicy inward for b { ingress { allow from a } }`);
  assert.is(verdictIn(typed, 'ingress', { subject: b, peer: a, point: tcp(1) }).action, 'allowed');
  assert.is(verdictIn(typed, 'egress', { subject: a, peer: b, point: tcp(1) }).action, 'denied');
  assert.is(verdictIn(typed, 'egress', { subject: reserved('host'), peer: b, point: tcp(1) }).action, 'allowed');
});

// --- order ----------------------------------------------------------------------------------------------------------

test('tiers are asked in order, whatever the action, the priority and the name', () => {
  const tiers = ['fallback', 'baseline', 'normal', 'admin'];
  for (let first = 0; first < tiers.length; first++) {
    const policies = tiers
      .slice(first)
      .map(
        (tier, i, all) =>
          `policy p${i} for a tier ${tier} priority ${-i} { ingress { ${i === all.length - 1 ? 'allow' : 'deny'} from b } }`,
      );
    const typed = typedPolicy(`${names}${policies.join('\n')}`);
    assert.match(decided(typed, b, a, tcp(80)), `allowed by p${tiers.length - 1 - first}`);
  }
});

test("inside a tier the policy's priority comes first, then the rule's, both 0 unless said, lower first", () => {
  const typed = typedPolicy(`${names}
policy p for a { ingress { deny from b at tcp 1\n deny from b at tcp 2\n allow from b at tcp 3 priority -5 } }
policy q for a priority -1 { ingress { allow from b at tcp 1 priority 7 } }
policy r for a { ingress { allow from b at tcp 2 priority -1\n deny from b at tcp 3 priority -4 } }`);
  assert.match(decided(typed, b, a, tcp(1)), 'allowed by q');
  assert.match(decided(typed, b, a, tcp(2)), 'allowed by r');
  assert.match(decided(typed, b, a, tcp(3)), 'allowed by p');
});

test('inside one pair: drop, deny, allow, pass; kill, deny, allow, pass', () => {
  const flow = typedPolicy(`${names}
policy p for a { ingress { pass from b\n allow from b\n deny from b at tcp 1-2\n drop from b at tcp 1 } }`);
  assert.match(decided(flow, b, a, tcp(1)), 'dropped by p');
  assert.match(decided(flow, b, a, tcp(2)), 'denied by p');
  assert.match(decided(flow, b, a, tcp(3)), 'allowed by p');
  const process = typedPolicy(`${names}
policy p for a { process { pass exec under "/"\n allow exec under "/"\n deny exec under "/tmp"\n kill exec under "/tmp/x" } }`);
  assert.match(program(process, '/tmp/x/y'), 'killed by p');
  assert.match(program(process, '/tmp/y'), 'denied by p');
  assert.match(program(process, '/bin/sh'), 'allowed by p');
});

test('pass skips the rest of its tier, and no other; default is asked after all tiers', () => {
  for (const tier of ['admin', 'normal', 'baseline', 'fallback']) {
    const rest = ['admin', 'normal', 'baseline', 'fallback'].filter((one) => one !== tier);
    const text = (others: string): string => `${names}
policy passing for a tier ${tier} { ingress { pass from b priority -1\n deny from b } }
${rest.map((one) => `policy in-${one} for a tier ${one} { ingress { ${others} } }`).join('\n')}`;
    const decider = tier === 'admin' ? 'normal' : 'admin';
    assert.match(decided(typedPolicy(text('allow from b')), b, a, tcp(80)), `allowed by in-${decider}`);
    const brings = tier === 'normal' ? 'passing' : 'in-normal';
    assert.match(decided(typedPolicy(text('allow from b at tcp 81')), b, a, tcp(80)), `denied by default (${brings}`);
    assert.match(decided(typedPolicy(text('allow from b at tcp 81')), a, a, tcp(80)), 'the same endpoint');
  }
});

test('an undecidable pass does not match', () => {
  const typed = typedPolicy(`${names}policy p for a { process { pass exec under "/tmp" priority -1\n deny exec under "/" } }`);
  assert.is(program(typed, '/tmp/x'), 'allowed: no policy speaks of it');
  assert.match(does(typed, 'exec', { kind: 'undecidable', reason: 'unnamedFile' }), 'denied by p');
});

// --- default --------------------------------------------------------------------------------------------------------

test('default deny: only of tier normal, in process per class', () => {
  for (const tier of ['admin', 'baseline', 'fallback']) {
    const typed = typedPolicy(
      `${names}policy p for a tier ${tier} { ingress { allow from a } egress { } process { deny write under "/etc" } }`,
    );
    assert.is(decided(typed, b, a, tcp(80)), 'allowed: no policy speaks of it');
  }
  const typed = typedPolicy(`${names}policy p for a { process { default deny read\n allow exec "/bin/sh" } }`);
  assert.is(program(typed, '/bin/ls'), 'allowed: no policy speaks of it');
  assert.match(does(typed, 'read', { kind: 'fields', fields: { path: ['/x'], binary: ['/bin/sh'] } }), 'denied by default (p, ');
});

// --- subjects -------------------------------------------------------------------------------------------------------

const host = reserved('host');

test('host: governed by policies for it; `all` is every workload and not the host; it is one endpoint', () => {
  const typed = typedPolicy(`${names}
policy machine for host { ingress { allow from a at tcp 22 } egress { allow to b } process { default deny exec } }
policy everybody for all { ingress { deny from a at tcp 22 } }`);
  assert.match(decided(typed, a, host, tcp(22)), 'allowed by machine');
  assert.match(decided(typed, b, host, tcp(22)), 'denied by default (machine');
  assert.match(decided(typed, host, a, tcp(22)), 'denied by default (machine');
  assert.is(decided(typed, host, reserved('host', 'kube-apiserver'), tcp(6443)), 'allowed: it is the same endpoint');
  assert.match(does(typed, 'exec', { kind: 'fields', fields: { path: ['/bin/sh'] } }, host), 'denied by default (machine');
  assert.is(program(typed, '/bin/sh'), 'allowed: no policy speaks of it');
  const both = typedPolicy(`${names}policy p for [a, host] { ingress { } }`);
  for (const end of [a, host]) assert.match(decided(both, b, end, tcp(1)), 'denied by default (p');
});

test('init: always in default deny, governed by what selects the empty label set', () => {
  const init = reserved('init');
  const typed = typedPolicy(`${names}
policy everybody for all tier admin { ingress { allow from b at tcp 1 } }
policy unlabelled for { app: absent } { ingress { allow from b at tcp 2 } }
policy labelled for { app: exists } { ingress { allow from b at tcp 3 } }`);
  assert.match(decided(typed, b, init, tcp(1)), 'allowed by everybody');
  assert.match(decided(typed, b, init, tcp(2)), 'allowed by unlabelled');
  assert.match(decided(typed, b, init, tcp(3)), 'denied by default (unlabelled');
  assert.is(decided(typed, init, b, tcp(3)), 'denied by default (it has no labels yet)');
});

test('nobody governs other nodes, the API server and addresses', () => {
  const typed = typedPolicy(`${names}policy p for [all, host] { ingress { } egress { } }`);
  for (const end of [reserved('remote-node'), reserved('kube-apiserver'), address('203.0.113.1')])
    assert.is(decided(typed, end, reserved('health'), tcp(1)), 'allowed: no policy speaks of it');
});

// --- content --------------------------------------------------------------------------------------------------------

const post = (fields: Readonly<Record<string, readonly string[]>>) =>
  request({ kind: 'fields', fields: { method: ['POST'], path: ['/x'], target: ['/x'], ...fields } });

test('all tests of a line hold, one line of a block holds; a field may have no value', () => {
  const typed = typedPolicy(`${names}policy p for a { ingress { allow from b at tcp 80 http {
  POST "/x" header "kind" = "json"
  POST "/y" query absent
  POST "/z" header "kind" = not "json"
} } }`);
  const is = (fields: Readonly<Record<string, readonly string[]>>): string =>
    decided(typed, b, a, tcp(80), post(fields)).split(' ')[0] ?? '';
  assert.is(is({ 'header kind': ['json'] }), 'allowed');
  assert.is(is({ 'header kind': ['text'] }), 'denied');
  assert.is(is({}), 'denied');
  assert.is(is({ path: ['/y'] }), 'allowed');
  assert.is(is({ path: ['/y'], query: ['a=1'] }), 'denied');
  assert.is(is({ path: ['/z'] }), 'allowed');
  assert.is(is({ path: ['/z'], 'header kind': ['json'] }), 'denied');
});

test('of a repeated header all values must pass; a mixture is undecidable', () => {
  const rule = (action: string): TypedPolicy =>
    typedPolicy(`${names}policy p for a { ingress { default allow\n ${action} from b at tcp 80 http { POST header "kind" = "json" } } }`);
  const mixture = post({ 'header kind': ['json', 'text'] });
  assert.match(decided(rule('deny'), b, a, tcp(80), mixture), 'denied by p, test.policy:6, because it cannot be read');
  assert.is(decided(rule('allow'), b, a, tcp(80), mixture), 'allowed: no policy speaks of it');
  assert.is(decided(rule('deny'), b, a, tcp(80), post({ 'header kind': ['text', 'html'] })), 'allowed: no policy speaks of it');
  // A test that is false decides the line, whatever the others are.
  const put = request({
    kind: 'fields',
    fields: { method: ['PUT'], path: ['/'], 'header kind': { kind: 'undecidable', reason: 'too long' } },
  });
  assert.is(decided(rule('deny'), b, a, tcp(80), put), 'allowed: no policy speaks of it');
});

test('some argument: undecidable by itself, for the rules that test it', () => {
  const typed = typedPolicy(`${names}policy p for a { process { deny exec "/bin/sh" argument "-c"\n deny exec "/bin/ls" } }`);
  const run = (path: string, argument: readonly string[]): string =>
    does(typed, 'exec', { kind: 'fields', fields: { path: [path], argument } });
  assert.match(run('/bin/sh', ['-x', '-c']), 'denied by p');
  assert.match(run('/bin/sh', ['-x']), 'allowed');
  const long = { kind: 'undecidable', reason: 'too long' } as const;
  assert.match(does(typed, 'exec', { kind: 'fields', fields: { path: ['/bin/sh'], argument: long } }), 'because it cannot be read');
  assert.is(does(typed, 'exec', { kind: 'fields', fields: { path: ['/bin/ls'], argument: long } }), 'denied by p, test.policy:6');
});

test('a connection: some request is a combination of values of all fields', () => {
  const web = (lines: string): TypedPolicy => typedPolicy(`${names}policy p for a { ingress { ${lines} } }`);
  const admitted = (lines: string): string => decided(web(lines), b, a, tcp(80)).split(' ')[0] ?? '';
  const allow = 'allow from b at tcp 80 http { GET "/x" header "kind" = "json" }';
  assert.is(admitted(`${allow}\n deny from b at tcp 80 http { GET "/x" }`), 'denied');
  assert.is(admitted(`${allow}\n deny from b at tcp 80 http { GET "/x" query exists }`), 'allowed');
  assert.is(admitted(`${allow}\n deny from b at tcp 80 http { query exists; query absent }`), 'denied');
  assert.is(admitted(`${allow}\n deny from b at tcp 80 http { header "kind" = "json"; POST }`), 'denied');
  assert.is(admitted(`${allow}\n deny from b at tcp 80 http { header "kind" = "text"; POST; "/y" }`), 'allowed');
  // A path begins with a slash: no request is left.
  assert.is(admitted('allow from b at tcp 80\n deny from b at tcp 80 http { "/**" }'), 'denied');
  // To a rule of another protocol every request is undecidable.
  assert.is(admitted('allow from b at tcp 80 http { GET }\n deny from b at tcp 80 tls { sni "x.test" }'), 'denied');
  assert.is(admitted('allow from b at tcp 80 http { GET }\n allow from b at tcp 80 tls { sni "x.test" }'), 'allowed');
});

test('a connection is attributed to the first rule in order that could allow a request', () => {
  const typed = typedPolicy(`${names}policy p for a { ingress {
  allow from b at tcp 80 http { GET "/x" }
  allow from b at tcp 80 http { GET "/y" }
  deny from b at tcp 80 http { "/x" }
} }`);
  assert.is(decided(typed, b, a, tcp(80)), 'allowed by p, test.policy:7');
  const passed = typedPolicy(`${names}
policy guard for a tier admin { ingress { pass from b priority -1\n deny from b at tcp 80 http { "/x" } } }
policy p for a { ingress { allow from b at tcp 80 http { GET "/x" } } }`);
  assert.is(decided(passed, b, a, tcp(80)), 'allowed by p, test.policy:8');
});

test.run();
