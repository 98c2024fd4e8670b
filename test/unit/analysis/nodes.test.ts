// Ends of concrete connections: the classes of addresses that sets tell apart, ranges in words, and ports by their names.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addressClasses } from '../../../src/compiler/analysis/address-classes.ts';
import { rangesText } from '../../../src/compiler/analysis/nodes.ts';
import { pointsAt } from '../../../src/compiler/analysis/reachability.ts';
import { type AddressSet, addressSet, ipv4Space, ipv6Space, parsePrefix } from '../../../src/compiler/space/address.ts';
import { equals, intersect, isEmpty, subtract, union } from '../../../src/compiler/space/interval.ts';
import { transportRange } from '../../../src/compiler/space/transport.ts';
import { random, seedOf } from '../../harness/random.ts';

const seed = seedOf('nodes', 20_261_121);
const setOf = (...texts: readonly string[]): AddressSet => addressSet(texts.flatMap((text) => parsePrefix(text) ?? []));
const prefixes = [
  '10.0.0.0/8',
  '10.1.0.0/16',
  '10.1.2.3',
  '0.0.0.0/0',
  '192.0.2.0/24',
  '::/0',
  '2001:db8::/32',
  '2001:db8::1',
  'fe80::/10',
];

test('classes are disjoint, hold every address, tell every set apart, and are as few as can be', () => {
  for (let round = 0; round < 200; round++) {
    const pick = random(seed + round);
    const sets = Array.from({ length: pick.int(5) }, () => setOf(...pick.some(prefixes, 0.3)));
    const classes = addressClasses(sets);
    assert.ok(equals(classes.reduce(union, []), union(ipv4Space, ipv6Space)));
    for (const [i, one] of classes.entries()) {
      for (const other of classes.slice(i + 1)) assert.ok(isEmpty(intersect(one, other)));
      for (const set of [...sets, ipv4Space]) assert.ok(isEmpty(intersect(one, set)) || isEmpty(subtract(one, set)));
    }
    const members = classes.map((one) => [...sets, ipv4Space].map((set) => !isEmpty(intersect(one, set))).join());
    assert.is(new Set(members).size, classes.length);
  }
});

test('ranges in words are of one family each', () => {
  assert.is(rangesText(union(ipv4Space, ipv6Space)), '0.0.0.0/0, ::/0');
  assert.is(rangesText(setOf('10.0.0.0/8', '192.0.2.7')), '10.0.0.0-10.255.255.255, 192.0.2.7');
  assert.is(rangesText(subtract(ipv6Space, setOf('::/96'))), '::1:0:0-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff');
});

test('a port by its name is the port of the destination, and those behind it as far as said', () => {
  const namedPorts = [
    { protocol: 'tcp', name: 'http', port: 8080 },
    { protocol: 'udp', name: 'http', port: 53 },
  ] as const;
  const at = (name: string, points = transportRange('tcp', 1, 2)) =>
    pointsAt({ points, named: [{ protocol: 'tcp', name }] }, { namedPorts });
  assert.equal(at('http'), [...transportRange('tcp', 1, 2), ...transportRange('tcp', 8080, 8080)]);
  assert.equal(at('http..8090', []), transportRange('tcp', 8080, 8090));
  assert.equal(at('http..80', []), transportRange('tcp', 8080, 8080));
  assert.equal(at('https', []), []);
});

test.run();
