// Pieces of what is written for Kubernetes: blocks of addresses, names, clusters, priorities, and what is left out.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { blocksWithout, plainBlocks } from '../../../src/compiler/interchange/address-blocks.ts';
import { type CheckedUnit, checkUnit, documentsText, type ExportOptions, exportUnit } from '../../../src/compiler/pipeline.ts';
import { type AddressSet, addressSet, ipv4Space, ipv6Space, parsePrefix } from '../../../src/compiler/space/address.ts';
import { equals, intersect, subtract, union } from '../../../src/compiler/space/interval.ts';
import { random } from '../../harness/random.ts';

const setOf = (...texts: readonly string[]): AddressSet =>
  texts.reduce<AddressSet>(
    (set, text) =>
      union(set, intersect(addressSet([parsePrefix(text) ?? { address: 0n, length: 128 }]), text.includes(':') ? ipv6Space : ipv4Space)),
    [],
  );
const meantBy = (set: AddressSet): AddressSet =>
  blocksWithout(set).reduce<AddressSet>((all, { cidr, except }) => union(all, subtract(setOf(cidr), setOf(...except))), []);

test('blocks are the set, with as few texts as there can be', () => {
  const ten = setOf('10.0.0.0/8');
  assert.equal(blocksWithout(subtract(ten, setOf('10.1.0.0/16', '10.2.3.4/32'))), [
    { cidr: '10.0.0.0/8', except: ['10.1.0.0/16', '10.2.3.4/32'] },
  ]);
  assert.equal(blocksWithout(setOf('::/0')), [{ cidr: '::/0', except: [] }]);
  assert.equal(plainBlocks(setOf('0.0.0.0/0', '2001:db8::1')), ['0.0.0.0/0', '2001:db8::1/128']);
  const maker = random(7);
  const block = (): string =>
    maker.chance(0.7)
      ? `${maker.pick([10, 10, 11])}.${maker.int(4)}.${maker.int(256)}.0/${8 + maker.int(20)}`
      : `${maker.pick(['', '2001:db8', 'fd00'])}::${maker.int(2)}:0/${maker.int(128)}`;
  for (let i = 0; i < 300; i++) {
    const blocks = Array.from({ length: 6 }, block);
    const set = subtract(setOf(...blocks.slice(0, 3)), setOf(...blocks.slice(3)));
    assert.ok(equals(meantBy(set), set), blocks.join(' '));
    assert.ok(equals(setOf(...plainBlocks(set)), set), blocks.join(' '));
  }
});

const localhost = 'policy allow-localhost for all tier fallback { ingress { allow from host } }';

function unitOf(text: string): CheckedUnit {
  const unit = checkUnit([{ path: 'unit.policy', text: `${text}\n${localhost}` }]);
  assert.ok(unit.ok, JSON.stringify(unit.diagnostics.map(({ message }) => message)));
  if (!unit.ok) throw new Error('not checked');
  return unit.value;
}

function written(text: string, options: ExportOptions = {}): string {
  const exported = exportUnit(unitOf(text), 'kubernetes', options);
  assert.ok(exported.ok, JSON.stringify(exported.diagnostics.map(({ message }) => message)));
  return exported.ok ? documentsText(exported.value) : '';
}
const valuesOf = (text: string, key: string): readonly string[] =>
  [...text.matchAll(new RegExp(`^  ${key}: (.*)$`, 'gm'))].map(([, value = '']) => value);

test('a subject in the cluster of the documents is a subject', () => {
  const text = (cluster: string): string => `policy web for { app: "web" } in namespace "shop"${cluster} { ingress {} }`;
  assert.is(written(text(' in cluster "default"')), written(text('')));
});

test('names are names of objects, and of no other', () => {
  const text = ['A_b', 'a-b', 'a-b-2'].map((name) => `policy ${name} for { app: "${name}" } in namespace "shop" { ingress {} }`).join('\n');
  assert.equal(new Set(valuesOf(written(text), 'name')).size, 3);
  const origin =
    '@origin("networking.k8s.io/NetworkPolicy shop/web")\npolicy shop-web for { app: "web" } in namespace "shop" { ingress {} }';
  assert.equal(valuesOf(written(origin), 'name'), ['web']);
});

test('priorities keep their order in those that there are', () => {
  const text = (...priorities: readonly number[]): string =>
    priorities.map((one, i) => `policy p${i} for all tier admin priority ${one} { ingress { deny from { a: "${i}" } } }`).join('\n');
  assert.equal(valuesOf(written(text(-5, 7, 999, 1000, 5000)), 'priority'), ['0', '7', '998', '999', '1000']);
  assert.equal(valuesOf(written(text(-9, -8, 0, 1)), 'priority'), ['0', '1', '2', '3']);
  const many = text(...Array.from({ length: 1002 }, (_, i) => i));
  assert.not.ok(exportUnit(unitOf(many), 'kubernetes').ok);
});

test('more rules than a document has', () => {
  const rules = Array.from({ length: 101 }, (_, i) => `deny from { a: "${i}" } priority ${i}`);
  assert.not.ok(exportUnit(unitOf(`policy p for all tier admin { ingress { ${rules.join('\n')} } }`), 'kubernetes').ok);
});

test('of what is left out nothing wider is left', () => {
  const rules = [
    'allow from host at tcp 80',
    'allow at icmp',
    'allow from [host, {} in namespace "shop" in cluster "default"] at [icmp, tcp 81]',
  ];
  const text = written(`policy p for {} in namespace "shop" { ingress { ${rules.join('\n')} } }`, { isLossy: true });
  assert.equal([text.match(/- from:/g)?.length, text.match(/- ports:/g), text.match(/port: \d+/g)], [1, null, ['port: 81']]);
});

test.run();
