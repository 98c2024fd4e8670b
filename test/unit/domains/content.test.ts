// The events that test lines write: values in canonical form, and what they leave open.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { domainNamed, lineOf, succeeded } from './lines.ts';

type Case = readonly [domain: string, line: string, fields: Readonly<Record<string, readonly string[]>>, open: readonly string[]];
const anyone = ['binary', 'parent', 'user', 'group', 'scope', 'lineage'];
const cases: readonly Case[] = [
  ['http', 'GET "/a%2d?b=c"', { method: ['GET'], path: ['/a-'], target: ['/a%2d?b=c'], query: ['b=c'] }, ['host']],
  ['http', '"/a"', { path: ['/a'], target: ['/a'] }, ['method', 'host']],
  ['http', 'GET "/a" query "b"', { method: ['GET'], path: ['/a'], target: ['/a?b'], query: ['b'] }, ['host']],
  ['http', 'GET target "/a?b"', { method: ['GET'], path: ['/a'], target: ['/a?b'], query: ['b'] }, ['host']],
  ['http', 'GET host "A.example."', { method: ['GET'], host: ['a.example'] }, ['path', 'target']],
  ['http', 'GET host absent', { method: ['GET'] }, ['path', 'target']],
  ['http', 'GET header "X" = "1" header "x" "2"', { method: ['GET'], 'header x': ['1', '2'] }, ['path', 'host', 'target']],
  ['http', 'GET header "x" absent', { method: ['GET'] }, ['path', 'host', 'target']],
  ['dns', '"A.example." type 28', { name: ['a.example'], type: ['AAAA'] }, []],
  ['dns', '"a" type 4711', { name: ['a'], type: ['TYPE4711'] }, []],
  ['dns', '"a"', { name: ['a'] }, ['type']],
  ['tls', 'alpn ["h2", "h3"]', { alpn: ['h2', 'h3'] }, []],
  ['tls', '"a.example"', { sni: ['a.example'] }, ['alpn']],
  ['grpc', '"a.B"', { service: ['a.B'] }, ['method']],
  ['kafka', 'produce', { key: ['produce'] }, ['topic', 'client']],
  ['exec', '"/bin/sh" user 0', { path: ['/bin/sh'], user: ['0'] }, ['caller', 'owner', 'parent', 'group', 'scope', 'lineage']],
  ['exec', '"/bin/sh" argument ["-c", "x"]', { path: ['/bin/sh'], argument: ['-c', 'x'] }, ['caller', 'owner', ...anyone.slice(1)]],
  ['read', '"/etc/shadow" binary "/bin/cat"', { path: ['/etc/shadow'], binary: ['/bin/cat'] }, ['owner', ...anyone.slice(1)]],
  ['rename', '"/a"', { path: ['/a'] }, ['to', 'owner', ...anyone]],
  [
    'connect',
    '"2001:db8::1" protocol tcp',
    { address: ['2001:0db8:0000:0000:0000:0000:0000:0001'], protocol: ['tcp'] },
    ['remote-port', ...anyone],
  ],
  ['connect', '"10.0.0.1" remote-port 80', { address: ['10.0.0.1'], 'remote-port': ['80'] }, ['protocol', ...anyone]],
  ['ptrace', '', {}, ['target', ...anyone]],
  ['module', '"nf-nat"', { name: ['nf_nat'] }, anyone],
];
for (const [domain, line, fields, open] of cases) {
  test(`${domain} ${line}`, () =>
    assert.equal(succeeded(domainNamed(domain).content(lineOf(line)), line), { kind: 'fields', fields, open }));
}

test('a request whose target servers read differently is undecidable', () => {
  for (const target of ['/a//b', '/%2F', 'x', '/..;/'])
    assert.equal(succeeded(domainNamed('http').content(lineOf(`GET "${target}"`)), target), {
      kind: 'undecidable',
      reason: 'ambiguousTarget',
    });
});

test.run();
