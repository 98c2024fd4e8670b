// What the front half makes of texts: sets, ids and defaults of the typed policy.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from '../../src/compiler/1-parse/index.ts';
import { resolve } from '../../src/compiler/2-resolve/index.ts';
import { check } from '../../src/compiler/3-check/index.ts';
import { collector } from '../../src/compiler/diagnostics/diagnostic.ts';
import { renderDiagnostics } from '../../src/compiler/diagnostics/render.ts';
import { domains } from '../../src/compiler/domains/registry.ts';
import type { NetworkRule, TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { type AddressSet, ipv4Space, ipv6Space, parseAddress } from '../../src/compiler/space/address.ts';
import { language, textValue } from '../../src/compiler/space/automaton.ts';
import { includes } from '../../src/compiler/space/interval.ts';
import type { Pattern } from '../../src/compiler/space/pattern.ts';
import { anyTransport, transportPoint, wholeProtocol } from '../../src/compiler/space/transport.ts';

function typed(...texts: readonly string[]): TypedPolicy {
  const log = collector();
  const sources = texts.map((text, i) => ({ path: `${i}.policy`, text }));
  const policy = check(resolve(parse(sources, log.report), domains, log.report), domains, log.report);
  assert.is(log.failed(), false, renderDiagnostics(log.all(), { color: false }));
  return policy;
}

/** The only rule of an ingress section with this text. */
function rule(text: string, declarations = ''): NetworkRule {
  const [only] = typed(`${declarations}\npolicy p for all { ingress {\n${text}\n} }`).rules;
  assert.ok(only && only.section !== 'process');
  return only;
}
const networks = (text: string): AddressSet => rule(`allow from ${text}`).peers.networks;
const points = (text: string) => rule(`allow at ${text}`).transport.points;
const holds = (set: AddressSet, address: string): boolean => includes(set, parseAddress(address) ?? -1n);

test('an IPv6 block has no IPv4 address, unless it is one of mapped addresses', () => {
  assert.equal(networks('::/0'), ipv6Space);
  assert.equal(networks('0.0.0.0/0'), ipv4Space);
  assert.equal(networks('::ffff:0:0/96'), ipv4Space);
  assert.is(holds(networks('::ffff:10.0.0.0/104'), '10.1.2.3'), true);
  assert.is(holds(networks('not 10.0.0.0/8'), '10.1.2.3'), false);
  assert.is(holds(networks('not 10.0.0.0/8'), '2001:db8::1'), true);
  assert.is(holds(networks('10.0.0.0/8 except [10.1.0.0/16, 10.2.0.0/16]'), '10.2.0.1'), false);
});

test('protocols that have a slot are on it, by number too', () => {
  assert.equal(points('protocol 6'), wholeProtocol('tcp'));
  assert.equal(points('protocol [1, 58]'), points('[icmp, icmpv6]'));
  assert.equal(points('gre'), [{ low: transportPoint('other', 47), high: transportPoint('other', 47) }]);
  assert.equal(rule('allow').transport.points, anyTransport);
});

test('ports, ranges, ICMP types and codes', () => {
  const at = (value: number) => ({ low: value, high: value });
  assert.equal(points('any 53'), [at(53), at(65536 + 53), at(2 * 65536 + 53)]);
  assert.equal(points('tcp [80, 81-90, 90-100]'), [{ low: 80, high: 100 }]);
  assert.equal(points('icmp destination-unreachable code 4'), [at(transportPoint('icmp', 3 * 256 + 4))]);
  assert.equal(points('icmpv6 echo-request'), [
    { low: transportPoint('icmpv6', 128 * 256), high: transportPoint('icmpv6', 128 * 256 + 255) },
  ]);
  const named = rule('allow at any "web"').transport.named.map(({ protocol, name }) => `${protocol} ${name}`);
  assert.equal(named.sort(), ['sctp web', 'tcp web', 'udp web']);
});

test('peers: anybody, mixed lists, entities in one order', () => {
  assert.equal(rule('allow').peers, { selectors: [], networks: [], anyNetworks: [], domains: [], entities: ['all'] });
  const { selectors, networks: found, entities } = rule('allow from [world, a, host, 192.0.2.1, a]', 'workload a = { app: "a" }').peers;
  assert.equal(selectors, [[[{ kind: 'one-of', key: 'app', values: ['a'] }]]]);
  assert.is(found.length, 1);
  assert.equal(entities, ['host', 'world']);
});

test('entities without some of their endpoints', () => {
  const peers = (text: string) => rule(`allow from ${text}`, 'workload a = { app: "a" }\nnetwork n = 10.0.0.0/8').peers;
  const others = peers('all except [a, n, host]');
  assert.equal(others.selectors, [[[{ kind: 'not-one-of', key: 'app', values: ['a'] }]]]);
  assert.equal(
    ['10.1.2.3', '192.0.2.1', '2001:db8::1'].map((address) => holds(others.networks, address)),
    [false, true, true],
  );
  assert.equal([others.entities, others.reserved], [[], [{ except: ['host'] }]]);
  assert.equal(peers('kube-apiserver except [host, remote-node]').reserved, [{ name: 'kube-apiserver', except: ['host', 'remote-node'] }]);
  assert.equal([peers('host except host').reserved, peers('host except all').reserved], [undefined, undefined]);
  assert.equal(peers('world except world-ipv6').networks, ipv4Space);
  assert.equal(peers('cluster except { x: exists }').networks, []);
  assert.equal(peers('world except n').selectors, []);
});

test('the default namespace is that of the file in which the selector stands', () => {
  const policy = typed(
    'namespace "a"\nimport other from "./1.policy"\nworkload x = { app: "x" }\npolicy p for x { ingress {\nallow from other\nallow from { app: "y" }\nallow from { app: "z" } in namespace "c"\n} }',
    'namespace "b"\nworkload other = { app: "o" }',
  );
  const spaces = [
    policy.policies[0]?.subject.workloads,
    ...policy.rules.map((one) => (one.section === 'process' ? undefined : one.peers.selectors[0])),
  ].map((selector) => selector?.[0]?.find(({ key }) => key === '@namespace'));
  assert.equal(
    spaces.map((one) => (one && 'values' in one ? one.values : undefined)),
    [['a'], ['b'], ['a'], ['c']],
  );
});

test('ids are dense in the order of names and places, whatever the order of files', () => {
  const text = (name: string) =>
    `policy ${name} for all {\n process {\n allow exec "/${name}/1"\n }\n ingress {\n allow at tcp 2\n deny at tcp 3\n }\n}`;
  const policy = typed(text('b'), text('a'), text('Z'));
  assert.equal(
    policy.policies.map(({ name, id }) => [name, id]),
    [
      ['Z', 0],
      ['a', 1],
      ['b', 2],
    ],
  );
  assert.equal(policy.rules.map(({ id, policy: owner, text: shown }) => `${id} ${owner} ${shown}`).slice(0, 4), [
    '0 0 allow exec "/Z/1"',
    '1 0 allow at tcp 2',
    '2 0 deny at tcp 3',
    '3 1 allow exec "/a/1"',
  ]);
});

test("a rule's text is what was written, on one line and without comments", () => {
  const { text } = rule('allow  from world // why\n      at tcp 80 http {\n  GET "/a  b" // note\n "/c" }');
  assert.is(text, 'allow from world at tcp 80 http { GET "/a  b" "/c" }');
});

test('sections bring default deny, empty ones too, and say so', () => {
  const defaults = (body: string) => typed(`policy p for all { ${body} }`).policies[0]?.defaultDeny;
  assert.equal(defaults('ingress { }'), { ingress: true, egress: false, process: [] });
  assert.equal(defaults('ingress { default allow\n } egress { allow to world\n }'), { ingress: false, egress: true, process: [] });
  assert.equal(defaults('process { default deny exec\n }'), { ingress: false, egress: false, process: ['exec'] });
  assert.equal(defaults('process { allow exec "/x"\n }'), { ingress: false, egress: false, process: [] });
});

test('tests become events', () => {
  const policy = typed(
    'workload a = { app: "a" }\nport pg = tcp 5432\npolicy p for a { ingress { } }\n' +
      'test "t" {\n a -> "10.0.0.1" pg is denied\n host -> a icmp 3 is denied by default\n a -> a tcp 80 GET "/x/../y" is allowed\n a exec "/bin/sh" is allowed by p\n}',
  );
  assert.equal(
    policy.tests.map(({ event, expected }) => [event.kind === 'flow' ? event.points[0]?.low : event.domain, expected]),
    [
      [5432, { verdict: 'denied' }],
      [transportPoint('icmp', 3 * 256), { verdict: 'denied', byDefault: true }],
      [80, { verdict: 'allowed' }],
      ['exec', { verdict: 'allowed', by: 'p' }],
    ],
  );
  const request = policy.tests[2]?.event;
  assert.equal(request?.kind === 'flow' && request.request?.content.kind, 'undecidable');
});

const process = (text: string, declarations = '') => {
  const [only] = typed(`${declarations}\npolicy p for all mode audit priority 3 { process {\n${text}\n} }`).rules;
  assert.ok(only?.section === 'process');
  return only;
};

test('subjects: workloads, the host, both', () => {
  const subject = (text: string) => typed(`workload a = { app: "a" }\npolicy p for ${text} { ingress { } }`).policies[0]?.subject;
  const a = [[{ kind: 'one-of', key: 'app', values: ['a'] }]];
  assert.equal(subject('host'), { workloads: [], host: true });
  assert.equal(subject('all'), { workloads: [[]], host: false });
  assert.equal(subject('[a, host]'), { workloads: a, host: true });
  assert.equal(subject('a or host'), { workloads: a, host: true });
});

test('namespaces by label, clusters, and their defaults', () => {
  const subject = (text: string) => {
    const policy = typed(`namespace "n"\ncluster "c"\npolicy p for ${text} { ingress { } }`).policies[0];
    return policy?.subject.workloads[0]?.map((one) => [one.key, 'values' in one ? one.values.join() : one.kind]);
  };
  assert.equal(subject('{ app: "a" }'), [
    ['@cluster', 'c'],
    ['@namespace', 'n'],
    ['app', 'a'],
  ]);
  assert.equal(subject('{ app: "a" } in namespace { team: "x", tier: exists } in cluster one of ["e", "w"]'), [
    ['@cluster', 'e,w'],
    ['@namespace/team', 'x'],
    ['@namespace/tier', 'exists'],
    ['app', 'a'],
  ]);
});

test('networks including workloads stand beside those outside', () => {
  const { networks: outside, anyNetworks } = rule('allow from [pods, 192.0.2.1]', 'network pods = 10.0.0.0/8 including workloads').peers;
  assert.is(holds(outside, '10.1.2.3'), false);
  assert.is(holds(outside, '192.0.2.1'), true);
  assert.is(holds(anyNetworks, '10.1.2.3'), true);
});

const decides = (pattern: Pattern, text: string): boolean => textValue(language(pattern), text) === 1;

test('domains, paths and programs are languages over possible values', () => {
  const policy = typed(
    'domain d = ["**.shop.example", "x.example"] except "old.shop.example"\nbinary b = not under "/usr"\n' +
      'policy p for all { egress {\nallow to [d, "y.example"] at tcp 443\n}\nprocess {\nallow exec b\n} }',
  );
  const [flow, program] = policy.rules;
  assert.ok(flow?.section === 'egress' && program?.section === 'process');
  const named = (name: string) => flow.peers.domains.some((one) => decides(one, name));
  assert.equal(['a.shop.example', 'old.shop.example', 'x.example', 'y.example', 'shop.example'].map(named), [
    true,
    false,
    true,
    true,
    false,
  ]);
  const values = program.match.lines[0]?.[0]?.values;
  assert.ok(values?.kind === 'text');
  assert.equal(
    ['/opt/x', '/usr/x', 'relative'].map((path) => decides(values.pattern, path)),
    [true, false, false],
  );
});

test('equal lines share one match, unless their names mean different things', () => {
  const text = (file: string, list: string) =>
    `list who = ${list}\npolicy ${file} for all { process {\ndeny exec "/x" user who\ndeny exec "/x" user who priority 1\n} }`;
  const matches = typed(text('a', '[1]'), text('b', '[2]')).rules.map((one) => (one.section === 'process' ? one.match : undefined));
  assert.is(matches[0], matches[1]);
  assert.not.equal(matches[0], matches[2]);
});

test('attributes, with those of the policy', () => {
  const plain = process('deny read "/x"');
  assert.equal([plain.audit, plain.priority, plain.require, plain.log], [true, 0, [], undefined]);
  const said = process('deny read "/x" mode enforce priority -5 log "seen" rate 120/m errno ENOENT');
  assert.equal([said.audit, said.priority, said.log, said.errno], [false, -5, { text: 'seen', rate: 2 }, 'ENOENT']);
  assert.is(process('kill exec "/x" signal SIGTERM').signal, 'SIGTERM');
  assert.is(rule('audit from host').audit, true);
  assert.equal(rule('allow from host require [authentication, encryption]').require, [{ name: 'encryption' }, { name: 'authentication' }]);
  assert.equal(rule('allow from host require listener "a/b" log "x"').require, [{ name: 'listener', text: 'a/b' }]);
  assert.equal(rule('allow from host require [groups "b", groups "a", authentication "required"]').require, [
    { name: 'authentication', text: 'required' },
    { name: 'groups', text: 'b' },
    { name: 'groups', text: 'a' },
  ]);
});

test('annotations in canonical form; a name is the name of the rule', () => {
  const declarations = 'annotation grace = duration\nannotation budget = size\nannotation pace = rate\n';
  const { annotations, name } = rule('allow from host @name("n") @grace(5m) @budget(4KiB) @pace(90/m) @until(2028-02-29)', declarations);
  assert.is(name, 'n');
  assert.equal(
    annotations.map((one) => [one.name, ...one.values.map(({ type, text }) => `${type} ${text}`)]),
    [
      ['grace', 'duration 300000'],
      ['budget', 'size 4096'],
      ['pace', 'rate 1.5'],
      ['until', 'date 2028-02-29'],
    ],
  );
});

test('rules of a block say where it is used', () => {
  const policy = typed('rules r(port-of: port) { ingress {\nallow at port-of\n} }\npolicy p for all { use r(tcp 1) use r(tcp 2) }');
  assert.equal(
    policy.rules.map((one) => [
      one.usedAt?.source.text.slice(one.usedAt.start, one.usedAt.end),
      one.section !== 'process' && one.transport.points[0]?.low,
    ]),
    [
      ['use r(tcp 1)', 1],
      ['use r(tcp 2)', 2],
    ],
  );
});

test('statements of invariants are about peers and subjects', () => {
  const policy = typed(
    'workload a = { app: "a" }\npolicy p for a { ingress { } }\ninvariant "i" {\n no workload except a can reach a at tcp 80 http { GET "/x" }\n only [a, host] can exec under "/tmp"\n}',
  );
  const [flow, program] = policy.invariants;
  assert.ok(flow?.kind === 'flow' && program?.kind === 'process');
  assert.equal(
    [flow.quantifier, flow.source.of.selectors, flow.source.except?.selectors, flow.request?.domain],
    ['no', [[[]]], [[[{ kind: 'one-of', key: 'app', values: ['a'] }]]], 'http'],
  );
  assert.equal([program.quantifier, program.subject.host, program.match.domain], ['only', true, 'exec']);
});

test('`all` in a statement about processes is the host, too', () => {
  const hostIn = (subject: string) => {
    const [only] = typed(
      `workload a = { app: "a" }\npolicy p for a { ingress { } }\ninvariant "i" { no ${subject} can exec "/x" }`,
    ).invariants;
    return only?.kind === 'process' && [only.subject.host, only.subject.workloads.length];
  };
  assert.equal(['all', 'workload', '[workload, host]', 'all except a', 'all except host', 'all and a', 'a'].map(hostIn), [
    [true, 1],
    [false, 1],
    [true, 1],
    [true, 1],
    [false, 1],
    [false, 1],
    [false, 1],
  ]);
});

test('the ends of statements are without peers of any kind', () => {
  const invariant = (statement: string) => `workload a = { app: "a" }
domain d = "**.example"
network pods = 10.0.0.0/8 including workloads
policy p for a { egress { } }
invariant "i" { ${statement} }`;
  const [flow] = typed(invariant('no [a, host] except host can reach all except [a, d] except pods')).invariants;
  assert.ok(flow?.kind === 'flow');
  const { source, destination } = flow;
  assert.equal([source.of.entities, source.except?.entities, destination.of.entities], [['host'], ['host'], ['all']]);
  assert.equal(
    [destination.except?.selectors.length, destination.except?.domains.length, destination.except?.anyNetworks.length],
    [1, 1, 1],
  );
  const log = collector();
  const text = invariant('no a except d can reach world');
  check(resolve(parse([{ path: '0.policy', text }], log.report), domains, log.report), domains, log.report);
  assert.equal(
    log.all().map(({ code }) => code),
    ['check/domain-as-source'],
  );
});

test.run();
