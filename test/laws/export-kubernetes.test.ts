// What is written for Kubernetes and read again means the same: random policies that it can say, whatever else can be said all the
// same, and the recipes that stand beside the project. With `--lossy` what is written can always be read.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type CheckedUnit, checkUnit, documentsText, exportUnit, type Options } from '../../src/compiler/pipeline.ts';
import { randomPolicy } from '../harness/arbitrary-policy.ts';
import { type Random, random, seedOf } from '../harness/random.ts';
import { errorsOf, readAgain } from '../harness/read-again.ts';
import { differencesOf } from '../harness/same-meaning.ts';

const labels = [
  'app: "web"',
  'app: one of ["web", "cart"]',
  'app: not "db"',
  'app: exists, env: not one of ["dev", ""]',
  'app: absent',
  'env: "prod"',
];
const namespaces = ['"shop"', 'one of ["shop", "data"]', 'one of ["data", "shop", "x"] in namespace not "x"'];
const places = [
  'in namespace "shop"',
  'in namespace { team: "a" }',
  'in namespace not "shop"',
  'in namespace { team: exists, env: not "x" }',
  '',
];
const refusing = [
  'in namespace { team: not "a" }',
  'in namespace not one of ["shop", "data"]',
  'in namespace { team: absent } in namespace not "x"',
];
const networks = [
  '10.0.0.0/8 except [10.1.0.0/16, 10.2.3.0/24]',
  '2001:db8::/32',
  '192.0.2.7',
  'world',
  'world-ipv6',
  'world except 10.0.0.0/8',
];
const outside = 'world, host, remote-node, kube-apiserver, ingress, health, init, unmanaged';
const ports = ['tcp', 'tcp 80', 'tcp 8000-8100', 'udp [53, 5353]', 'sctp 3868', 'udp', 'tcp 1-65535'];
const names = ['"api.example.com"', '"**.example.org"'];

const listed = (items: readonly string[]): string => (items.length === 1 ? (items[0] ?? '') : `[${items.join(', ')}]`);
const some = (maker: Random, items: readonly string[]): string => listed([...new Set([maker.pick(items), ...maker.some(items, 0.2)])]);

/** `inCluster`: behind every selector of pods. */
type Kind = { readonly options: NonNullable<Options['documents']>; readonly inCluster: string };
const kinds: readonly Kind[] = [
  { options: {}, inCluster: ' in cluster "default"' },
  { options: { clusterName: 'east' }, inCluster: ' in cluster "east"' },
  { options: { defaultLocalCluster: false, allowLocalhost: false, nodeLabels: true }, inCluster: '' },
  { options: { addressesMatch: { workloads: true, nodes: true } }, inCluster: ' in cluster "default"' },
  { options: { enforcement: 'always' }, inCluster: ' in cluster "default"' },
  { options: { baseline: 'kubernetes' }, inCluster: ' in cluster "default"' },
];

const at = (maker: Random, named: string): string => (maker.chance(0.4) ? '' : ` at ${some(maker, [...ports, named])}`);

function allowed(maker: Random, section: string, { inCluster, options }: Kind): string {
  const network = maker.pick(networks);
  const address = options.addressesMatch?.workloads
    ? `${network.startsWith('world') ? '198.51.100.0/24' : network} including workloads`
    : network;
  const pods = [0, 1].map(() => `{ ${maker.pick(labels)} } ${maker.pick(places)}${inCluster}`);
  const who = maker.chance(0.15)
    ? ''
    : ` ${section === 'ingress' ? 'from' : 'to'} ${some(maker, [...pods, address, `{} in namespace "data"${inCluster}`])}`;
  return `allow${who}${at(maker, 'tcp "api"')}`;
}

function normal(maker: Random, name: string, kind: Kind): string {
  const sections = maker.pick([['ingress'], ['egress'], ['ingress', 'egress']]).map((section) => {
    const rules = Array.from({ length: maker.int(4) }, () => allowed(maker, section, kind));
    const isolation = section === 'ingress' ? 'deny from all except host priority 1000000' : 'deny priority 1000000';
    return `  ${section} { ${[...rules, ...(kind.options.baseline === 'kubernetes' ? [isolation] : [])].join('\n    ')} }`;
  });
  return `policy ${name} for { ${maker.pick(labels)} } in namespace ${maker.pick(namespaces)} {\n${sections.join('\n')}\n}`;
}

function ordered(maker: Random, section: string, { options }: Kind): string {
  const pods = [
    `{ ${maker.pick(labels)} } ${maker.pick([...places, ...refusing])}`,
    `{} ${maker.pick(refusing)}`,
    '{} in namespace not ""',
  ];
  const open = options.baseline === 'kubernetes' ? [] : [`{} ${maker.pick(refusing)}, ${outside}`];
  const action = maker.pick(['allow', 'deny', 'pass']);
  const local = options.defaultLocalCluster === false ? [] : [`{ ${maker.pick(labels)} } in cluster "${options.clusterName ?? 'default'}"`];
  const network = maker.pick(networks);
  const address = options.addressesMatch?.workloads ? '10.0.0.0/9 including workloads' : network;
  const others =
    section === 'egress'
      ? [
          address,
          ...(action === 'allow' ? names : []),
          ...(options.nodeLabels ? ['remote-node', '{ zone: "a" } in entity "remote-node"'] : []),
        ]
      : [];
  const peers = maker.chance(0.1) && open.length > 0 ? `[${open.join()}]` : some(maker, [...pods, ...local, ...others]);
  return `${action} ${section === 'ingress' ? 'from' : 'to'} ${peers}${at(maker, 'any "api"')}${maker.chance(0.5) ? ` priority ${maker.int(4) - 1}` : ''}`;
}

function tiered(maker: Random, name: string, kind: Kind): string {
  const sections = maker.pick([['ingress'], ['egress'], ['ingress', 'egress']]).map((section) => {
    const rules = Array.from({ length: maker.int(5) }, () => ordered(maker, section, kind));
    return `  ${section} { ${rules.join('\n    ')} }`;
  });
  const subject = maker.pick([
    'all',
    `{ ${maker.pick(labels)} } ${maker.pick([...places, ...refusing])}`,
    `[{ ${maker.pick(labels)} }, {} ${maker.pick(refusing)}]`,
  ]);
  const priority = maker.pick(['', '', ' priority 3', ' priority -2', ' priority 2000']);
  return `policy ${name} for ${subject} tier ${maker.pick(['admin', 'admin', 'baseline'])}${priority} {\n${sections.join('\n')}\n}`;
}

function unitOf(maker: Random, kind: Kind): string {
  const made = ['a', 'b', 'c', 'd']
    .slice(maker.int(3))
    .map((name) => (maker.chance(0.5) ? normal(maker, name, kind) : tiered(maker, name, kind)));
  const localhost =
    kind.options.allowLocalhost === false ? [] : ['policy allow-localhost for all tier fallback { ingress { allow from host } }'];
  const isolation = kind.options.enforcement === 'always' ? ['policy always-enforced for all { ingress {} egress {} }'] : [];
  return [...made, ...localhost, ...isolation].join('\n');
}

/** Is it said, and the same when it is read again? */
function isSame(unit: CheckedUnit, documents: Kind['options'], limit?: number): 'said' | 'not said' | 'too large' {
  const exported = exportUnit(unit, 'kubernetes', { documents });
  if (!exported.ok) return 'not said';
  // Without a document there is no agent of them either.
  if (exported.value.length === 0) return 'not said';
  const text = documentsText(exported.value);
  const differences = differencesOf(unit, readAgain(text, { documents }), limit);
  assert.equal(differences ?? [], [], text);
  return differences ? 'said' : 'too large';
}

test('what can be said is said, and means the same', () => {
  const maker = random(seedOf('export-kubernetes', 41));
  const found = { said: 0, 'not said': 0, 'too large': 0 };
  for (let i = 0; i < 90; i++) {
    const kind = kinds[i % kinds.length] ?? { options: {}, inCluster: '' };
    const text = unitOf(maker, kind);
    const unit = checkUnit([{ path: 'unit.policy', text }]);
    assert.ok(unit.ok, `${errorsOf(unit.diagnostics)}\n${text}`);
    if (!unit.ok) continue;
    const exported = exportUnit(unit.value, 'kubernetes', { documents: kind.options });
    assert.ok(exported.ok, `${errorsOf(exported.diagnostics)}\n${text}`);
    found[isSame(unit.value, kind.options, 100_000)]++;
  }
  console.log(found);
  assert.ok(found.said > 80, 'most are compared');
});

test('of random policies what is said means the same, and what is left out leaves what can be read', () => {
  const maker = random(seedOf('export-kubernetes, any', 42));
  const documents = { allowLocalhost: false, defaultLocalCluster: false };
  for (let i = 0; i < 30; i++) {
    const unit = checkUnit([{ path: 'unit.policy', text: randomPolicy(maker) }]);
    if (!unit.ok) continue;
    isSame(unit.value, documents);
    const lossy = exportUnit(unit.value, 'kubernetes', { documents, isLossy: true });
    assert.ok(lossy.ok);
    if (lossy.ok && lossy.value.length > 0) readAgain(documentsText(lossy.value), { documents });
  }
});

function isSameAgain(name: string, documents: string, options: Kind['options'] = {}): void {
  const unit = checkUnit([{ path: `${name}.yaml`, text: documents }], { documents: options });
  assert.ok(unit.ok, `${name} ${errorsOf(unit.diagnostics)}`);
  if (unit.ok) assert.is(isSame(unit.value, options), 'said', name);
}

const golden = join(import.meta.dirname, '..', 'golden', 'import');
const goldens = [
  'agent-addresses',
  'agent-always',
  'agent-nodes',
  'baseline',
  'baseline-kubernetes',
  'cluster-network-policy',
  'network-policy',
];

test('documents, read, written, read again', () => {
  for (const folder of goldens.map((name) => join(golden, `k8s-${name}`))) {
    const options = join(folder, 'options.json');
    const text = readFileSync(join(folder, 'policies.yaml'), 'utf8');
    isSameAgain(folder, text, existsSync(options) ? JSON.parse(readFileSync(options, 'utf8')) : {});
  }
});

const shared = join(import.meta.dirname, '..', '..', '..', 'shared');
const recipes = join(shared, 'corpora', 'k8s-netpol-recipes');
const tiers = join(shared, 'conformance', 'generated-tiers.json');
const missing = [recipes, tiers].filter((path) => !existsSync(path));

if (missing.length > 0) {
  console.log(`SKIP public policies: there is no ${missing.join(', ')}`);
  test.skip('public policies', () => undefined);
} else
  test('public policies, read, written, read again', () => {
    const cases: readonly { readonly name: string; readonly policies: string }[] = JSON.parse(readFileSync(tiers, 'utf8'));
    const ours = cases.filter(({ policies }) => !policies.includes('kind: Cilium'));
    for (const { name, policies } of ours) isSameAgain(name, policies);
    const files = readdirSync(recipes).filter((name) => name.endsWith('.yaml'));
    for (const name of files) isSameAgain(name, readFileSync(join(recipes, name), 'utf8'));
    console.log(`${ours.length} cases, ${files.length} recipes`);
  });

test.run();
