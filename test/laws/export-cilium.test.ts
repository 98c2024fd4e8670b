// What is written for Cilium and read again means the same: random policies of one tier and of several, with requests, of which those
// that Cilium cannot say are refused as a whole. With `--lossy` what is written can always be read.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type CheckedUnit, checkUnit, documentsText, exportUnit, type Options } from '../../src/compiler/pipeline.ts';
import { randomPolicy } from '../harness/arbitrary-policy.ts';
import { type Random, random, seedOf } from '../harness/random.ts';
import { errorsOf, readAgain } from '../harness/read-again.ts';
import { differencesOf } from '../harness/same-meaning.ts';

const workloads = [
  '{ app: "web" }',
  '{ app: "web" } in namespace "shop"',
  '{ app: not "db" }',
  '{ app: exists, env: not "dev" } in namespace { team: "a" }',
  '{ env: one of ["prod", "test"] } in cluster "east"',
  '{} in namespace "data"',
  '{ app: absent } in namespace "shop"',
];
const subjects = [
  ...workloads,
  'all',
  '[all, health, ingress]',
  '{ app: "web" } or { app: "cart" }',
  '[{ app: "web" }, health]',
  'all except init',
];
const networks = [
  '10.0.0.0/8 except 10.1.0.0/16',
  '2001:db8::/32',
  '192.0.2.7',
  'world',
  'world-ipv6',
  'world-ipv4',
  'world except 10.0.0.0/8',
];
const entities = [
  ...['all', 'cluster', 'host', 'remote-node', 'kube-apiserver', 'health', 'ingress', 'init', 'unmanaged'],
  ...[
    'all except host',
    'cluster except [remote-node, { app: "web" }]',
    'kube-apiserver except host',
    '{ zone: "a" } in entity "remote-node"',
  ],
];
const ports = [
  ...['tcp', 'tcp 80', 'tcp 8000-8100', 'udp [53, 5353]', 'sctp 3868', 'any 53', 'tcp "api"', 'icmp 8', 'icmpv6 128', 'gre', 'icmp'],
  'tcp 1-65535',
];
const domains = ['"api.example.com"', '"**.example.org"', '"*.example.net"'];
const names = ['"**"', '"*.a.example"', '"a.example"'];
const blocks = [
  {
    name: 'http',
    at: ['tcp 80', 'tcp 8080', 'tcp [80, 8080]', 'tcp "api"', 'tcp'],
    lines: [
      'GET',
      'GET target "/x/*"',
      'target regex "/v[0-9]+"',
      'host "a.example"',
      'header "x-a" = "1"',
      'method [GET, POST] header "x-b" exists',
    ],
  },
  { name: 'dns', at: ['udp 53', 'any 53', 'udp 53-54'], lines: names },
  { name: 'tls', at: ['tcp 443', 'tcp 80'], lines: names },
];

const listed = (items: readonly string[]): string => (items.length === 1 ? (items[0] ?? '') : `[${items.join(', ')}]`);
const some = (maker: Random, items: readonly string[]): string => listed([...new Set([maker.pick(items), ...maker.some(items, 0.12)])]);

/** `isTiered`: rules have priorities, and pass. */
function ruleOf(maker: Random, section: string, isTiered: boolean): string {
  const action = maker.pick(isTiered ? ['allow', 'allow', 'deny', 'deny', 'pass'] : ['allow', 'allow', 'allow', 'deny']);
  const peers = [...workloads, ...networks, ...entities, ...(section === 'egress' && action === 'allow' ? domains : [])];
  const who = maker.chance(0.2) ? '' : ` ${section === 'ingress' ? 'from' : 'to'} ${some(maker, peers)}`;
  const block = action === 'allow' && maker.chance(0.35) ? maker.pick(blocks) : undefined;
  const priority = isTiered && maker.chance(0.3) ? ` priority ${maker.int(4) - 1}` : '';
  if (block)
    return `${action}${who} at ${maker.pick(block.at)} ${block.name} { ${[maker.pick(block.lines), ...maker.some(block.lines, 0.2)].join('; ')} }`;
  return `${action}${who}${maker.chance(0.35) ? '' : ` at ${some(maker, ports)}`}${priority}`;
}

function policyOf(maker: Random, name: string, isTiered: boolean): string {
  const tier = isTiered && maker.chance(0.5) ? ` tier ${maker.pick(['admin', 'baseline'])}` : '';
  const sections = maker.pick([['ingress'], ['egress'], ['ingress', 'egress']]).map((section) => {
    const rules = Array.from({ length: maker.int(4) }, () => ruleOf(maker, section, isTiered));
    const ends = rules.flatMap((rule) =>
      / http /.test(rule) && maker.chance(0.3) ? [`deny${rule.slice(5).replace(/ http .*/, '')} priority 9`] : [],
    );
    return `  ${section} {\n    ${[...(tier === '' && maker.chance(0.3) ? ['default allow'] : []), ...rules, ...ends].join('\n    ')}\n  }`;
  });
  const subject = maker.chance(0.1) ? '[host, { app: "web" }]' : maker.pick(subjects);
  return `policy ${name} for ${subject}${tier}${isTiered && maker.chance(0.2) ? ` priority ${maker.int(5)}` : ''} {\n${sections.join('\n')}\n}`;
}

function unitOf(maker: Random, isTiered: boolean, documents: Documents): string {
  const policies = ['a', 'b', 'c'].slice(maker.int(3)).map((name) => policyOf(maker, name, isTiered));
  const everybody = '[all, health, ingress]';
  const ofAgent = [
    ...(documents.allowLocalhost === false
      ? []
      : [`policy allow-localhost for ${everybody} tier fallback { ingress { allow from host } }`]),
    ...(documents.enforcement === 'always' ? ['policy always-enforced for all { ingress {} egress {} }'] : []),
  ];
  return [...policies, ...ofAgent].join('\n');
}

type Documents = NonNullable<Options['documents']>;
const settings: readonly Documents[] = [
  { nodeLabels: true },
  {},
  { allowLocalhost: false, nodeLabels: true },
  { enforcement: 'always', nodeLabels: true },
];

function compiled(text: string): CheckedUnit {
  const unit = checkUnit([{ path: 'unit.policy', text }]);
  assert.ok(unit.ok, `${errorsOf(unit.diagnostics)}\n${text}`);
  if (!unit.ok) throw new Error('not compiled');
  return unit.value;
}

/** Is it said? Then it means the same. */
function isSaid(unit: CheckedUnit, documents: Documents, shown: string): boolean {
  const exported = exportUnit(unit, 'cilium', { documents });
  if (!exported.ok || exported.value.length === 0) return false;
  const text = documentsText(exported.value);
  assert.equal(differencesOf(unit, readAgain(text, { documents }), 100_000) ?? [], [], `${shown}\n${text}`);
  return true;
}

function isReadable(unit: CheckedUnit, documents: Documents): void {
  const lossy = exportUnit(unit, 'cilium', { documents, isLossy: true });
  assert.ok(lossy.ok);
  if (lossy.ok && lossy.value.length > 0) readAgain(documentsText(lossy.value), { documents });
}

for (const isTiered of [false, true])
  test(`random policies of ${isTiered ? 'several tiers' : 'one tier'}, written for Cilium and read again`, () => {
    const maker = random(seedOf(`export-cilium ${isTiered ? 'tiers' : ''}`, isTiered ? 52 : 51));
    let said = 0;
    for (let i = 0; i < 40; i++) {
      const documents = settings[i % settings.length] ?? {};
      const text = unitOf(maker, isTiered, documents);
      const unit = compiled(text);
      if (isSaid(unit, documents, text)) said++;
      isReadable(unit, documents);
    }
    console.log(`${said} of 40 can be said`);
    assert.ok(said >= (isTiered ? 12 : 18), String(said));
  });

test('of policies of any kind what is said means the same, and what is left out leaves what can be read', () => {
  const maker = random(seedOf('export-cilium, any', 53));
  for (let i = 0; i < 40; i++) {
    // Its denials are silent, all of them.
    const unit = checkUnit([{ path: 'unit.policy', text: randomPolicy(maker).replace(/^( +)drop /gm, '$1deny ') }]);
    if (!unit.ok) continue;
    isSaid(unit.value, { allowLocalhost: false }, '');
    isReadable(unit.value, { allowLocalhost: false });
  }
});

test.run();
