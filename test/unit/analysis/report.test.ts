// A diff in words: each kind of set as a reviewer reads it, merged to as few lines as say it exactly.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { diff } from '../../../src/compiler/analysis/diff.ts';
import { type ChangeRecord, diffReport } from '../../../src/compiler/analysis/report.ts';
import { addressWords, transportWords } from '../../../src/compiler/analysis/words.ts';
import { addressSet, ipv4Space, parsePrefix } from '../../../src/compiler/space/address.ts';
import { subtract, union } from '../../../src/compiler/space/interval.ts';
import { anyTransport, transportRange, wholeProtocol } from '../../../src/compiler/space/transport.ts';
import { typedPolicy } from '../../harness/compile.ts';

const names = 'workload a = { app: "a" }\nworkload b = { app: "b" } in namespace "n"\nnetwork office = [203.0.113.0/24, 2001:db8::/32]\n';
const changesOf = (before: string, after: string): readonly ChangeRecord[] => {
  const [old, now] = [typedPolicy(names + before), typedPolicy(names + after)];
  return diffReport([old, now], diff(old, now)).changes;
};
const line = ({ effect, section, subject, peer, at, content }: ChangeRecord): string =>
  [effect, section, subject, peer, at, content].filter((part) => part !== undefined).join(' | ');
const lines = (before: string, after: string): readonly string[] =>
  changesOf(before, after)
    .filter(({ effect }) => effect === 'newly-allowed' || effect === 'newly-denied')
    .map(line)
    .sort();
const ingress = (rules: string): string => `policy p for a { ingress { ${rules} } }`;

test('peers of each kind', () => {
  assert.equal(lines(ingress(''), ingress('allow from [b, office, host, world-ipv6] at tcp 80')), [
    'newly-allowed | ingress | { app: "a" } | [203.0.113.0/24, world-ipv6] | tcp 80',
    'newly-allowed | ingress | { app: "a" } | host | tcp 80',
    'newly-allowed | ingress | { app: "a" } | { app: "b" } in namespace "n" | tcp 80',
  ]);
  assert.equal(lines(ingress(''), ingress('allow from all')), ['newly-allowed | ingress | { app: "a" } | all but init | every protocol']);
  assert.equal(lines(ingress('allow from cluster'), ingress('allow from cluster\n deny from [b, host]')), [
    'newly-denied | ingress | { app: "a" } | host | every protocol',
    'newly-denied | ingress | { app: "a" } | { app: "b" } in namespace "n" | every protocol',
  ]);
});

test('what is left of a set once a part is taken', () => {
  assert.equal(lines(ingress('allow from office'), ingress('allow from world')), [
    'newly-allowed | ingress | { app: "a" } | [world-ipv4 except [203.0.113.0/24], world-ipv6 except [2001:db8::/32]] | every protocol',
  ]);
  assert.equal(lines(ingress('allow from { app: one of ["a", "b", "c"] } at tcp 1-100'), ingress('allow from { app: "b" } at tcp 1-100')), [
    'newly-denied | ingress | { app: "a" } | { app: one of ["a", "c"] } | tcp 1-100',
  ]);
  assert.equal(lines(ingress('allow from { app: exists } at tcp 1-100'), ingress('allow from { app: exists } at tcp [1-9, 20-100]')), [
    'newly-denied | ingress | { app: "a" } | { app: exists } | tcp 10-19',
  ]);
});

test('how large a class is', () => {
  const sizeOf = (rule: string): readonly string[] => changesOf(ingress(''), ingress(rule)).map(({ size }) => size.words);
  assert.equal(sizeOf('allow from office at tcp 80'), ['1 identity from about 2^96.0 addresses, 1 port']);
  assert.equal(sizeOf('allow from 203.0.0.0/16 at [tcp 80-89, icmp 8]'), ['1 identity from 2^16 addresses, 10 ports, 256 ICMP codes']);
  assert.equal(sizeOf('allow from { app: one of ["a", "b"], env: exists } at protocol 47'), [
    '1 identity from any number of identities, 1 protocol',
  ]);
  assert.equal(sizeOf('allow from { app: one of ["x", "y"] } at tcp 80 http { GET "/a"; POST "/b" }'), [
    '1 identity from 2 identities, 1 port, 2 classes of content',
  ]);
  const [first] = changesOf(ingress(''), ingress('allow from 203.0.0.0/30 at tcp 80'));
  assert.equal(first?.size.dimensions[1], { of: 'peer', unit: 'address', count: '4' });
});

test('ports by name, ICMP by type and code', () => {
  assert.equal(lines(ingress(''), ingress('allow from b at [tcp "api", icmp 8, icmp 3 code 4]')), [
    'newly-allowed | ingress | { app: "a" } | { app: "b" } in namespace "n" | icmp 3 code 4, icmp 8',
    'newly-allowed | ingress | { app: "a" } | { app: "b" } in namespace "n" | tcp (a port that the destination names "api")',
  ]);
  const [named] = changesOf(ingress(''), ingress('allow from b at tcp "api"'));
  assert.is(named?.example.event, '{ app: "b" } in namespace "n" -> { app: "a" } (where tcp 443 is "api") tcp 443');
});

test('the subject, where a policy comes or selects more', () => {
  assert.equal(lines('', 'policy q for { app: exists } in namespace "n" { egress { } }'), [
    'newly-denied | egress | { app: exists } in namespace "n" | all but init | every protocol',
  ]);
});

test('requests and programs', () => {
  const http = (block: string): string => ingress(`allow from b at tcp 80 http { ${block} }`);
  const peer = 'ingress | { app: "a" } | { app: "b" } in namespace "n" | tcp 80';
  assert.equal(lines(http('GET "/a"'), http('GET "/a"; [GET, HEAD] "/b/{id}/**"')), [`newly-allowed | ${peer} | http (GET|HEAD) /b/*/**`]);
  assert.equal(lines(http('GET "/**"'), http('GET "/a/**"')), [`newly-denied | ${peer} | http GET /** except GET /a/**`]);
  assert.equal(lines(http('"/**"'), ingress('allow from b at tcp 80')), [`newly-allowed | ${peer} | http requests that cannot be read`]);
  const exec = (rules: string): string => `policy p for a { process { default deny exec\n ${rules} } }`;
  assert.equal(lines(exec('allow exec "/bin/sh"'), exec('allow exec glob "/bin/*"\n deny exec "/bin/bash"')), [
    'newly-allowed | process | { app: "a" } | exec /bin/* except /bin/sh, /bin/bash',
  ]);
});

test('fields, and what may be such', () => {
  const http = (block: string): string => ingress(`allow from b at tcp 80 http { ${block} }`);
  const peer = 'ingress | { app: "a" } | { app: "b" } in namespace "n" | tcp 80';
  assert.equal(lines(http('GET "/a"'), http('GET "/a" header "x-v" = "1"\n POST "/b" host "shop.example"')), [
    `newly-allowed | ${peer} | http POST /b host shop.example`,
    `newly-denied | ${peer} | http GET /a except GET /a header x-v 1`,
  ]);
  const exec = (rules: string): string => `policy p for a { process { default deny exec\n ${rules} } }`;
  assert.equal(lines(exec('allow exec under "/usr"'), exec('allow exec under "/usr"\n kill exec "/usr/bin/nc" argument "-e"')), [
    'newly-denied | process | { app: "a" } | exec /usr/bin/nc argument -e',
    'newly-denied | process | { app: "a" } | exec what may be /usr/bin/nc argument -e',
  ]);
  assert.equal(
    lines('policy p for a { process { deny syscall [ptrace, mount, bpf] } }', 'policy p for a { process { deny syscall [ptrace, bpf] } }'),
    ['newly-allowed | process | { app: "a" } | syscall mount'],
  );
});

test('addresses by their names, and those of managed endpoints', () => {
  const egress = (rules: string): string => `policy p for a { egress { ${rules} } }`;
  assert.equal(lines(egress('allow to "**.test" at tcp 443'), egress('allow to "api.test" at tcp 443')), [
    'newly-denied | egress | { app: "a" } | world known by **.test not known by api.test | tcp 443',
  ]);
  assert.equal(lines(ingress(''), ingress('allow from 10.0.0.0/8 including workloads at tcp 22')), [
    'newly-allowed | ingress | { app: "a" } | 10.0.0.0/8 | tcp 22',
    'newly-allowed | ingress | { app: "a" } | every reserved endpoint but init at 10.0.0.0/8 | tcp 22',
    'newly-allowed | ingress | { app: "a" } | every workload at 10.0.0.0/8 | tcp 22',
  ]);
});

test('what is only audited, and the host', () => {
  const audited = changesOf(ingress('allow from b at tcp 80'), ingress('allow from b at tcp 80\n audit from b at tcp 80'));
  assert.equal(audited.map(line), ['newly-audited | ingress | { app: "a" } | { app: "b" } in namespace "n" | tcp 80']);
  assert.is(audited[0]?.after.verdict, 'allowed');
  assert.is(audited[0]?.after.audit?.verdict, 'denied');
  assert.equal(lines('policy h for host { ingress { } }', 'policy h for host { ingress { allow from b at tcp 22 } }'), [
    'newly-allowed | ingress | host | { app: "b" } in namespace "n" | tcp 22',
  ]);
});

test('an order that changes only who decides', () => {
  const swapped = changesOf(ingress('allow from b\n allow from all at tcp 80'), ingress('allow from all at tcp 80\n allow from b'));
  assert.equal(swapped.map(line), ['another-rule | ingress | { app: "a" } | { app: "b" } in namespace "n" | tcp 80']);
});

const prefixes = (...texts: readonly string[]) => addressSet(texts.flatMap((text) => parsePrefix(text) ?? []));

test('addresses in the fewest words', () => {
  assert.is(addressWords(prefixes('10.0.0.0/8')), '10.0.0.0/8');
  assert.is(addressWords(subtract(prefixes('10.0.0.0/8'), prefixes('10.1.2.3/32'))), '10.0.0.0/8 except [10.1.2.3]');
  assert.is(addressWords(prefixes('10.0.0.0/9', '10.128.0.0/9', '192.0.2.1/32')), '[10.0.0.0/8, 192.0.2.1]');
  assert.is(addressWords(union(ipv4Space, prefixes('2001:db8::/32'))), '[world-ipv4, 2001:db8::/32]');
  assert.is(addressWords(subtract(ipv4Space, prefixes('10.0.0.0/8', '172.16.0.0/12'))), 'world-ipv4 except [10.0.0.0/8, 172.16.0.0/12]');
});

test('points in the fewest words', () => {
  const none = new Map<string, boolean>();
  assert.is(transportWords(anyTransport, none), 'every protocol');
  assert.is(transportWords(union(wholeProtocol('udp'), transportRange('tcp', 80, 90)), none), 'tcp 80-90, udp');
  assert.is(transportWords(subtract(wholeProtocol('tcp'), transportRange('tcp', 22, 22)), none), 'tcp except 22');
  assert.is(transportWords(transportRange('icmp', 8 * 256, 9 * 256 + 1), none), 'icmp 8, icmp 9 code 0-1');
  assert.is(transportWords(transportRange('other', 47, 47), none), 'protocol 47');
});

test.run();
