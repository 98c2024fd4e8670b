// Laws of the set algebra: intervals, addresses and partitions do what plain membership says, on random sets whose
// borders meet often.
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  addressBytes,
  addressOfBytes,
  addressSet,
  formatAddress,
  formatPrefix,
  isIpv4,
  type Prefix,
  parseAddress,
  parsePrefix,
  prefixesOf,
} from '../../src/compiler/space/address.ts';
import { equals, type IntervalSet, includes, intersect, intervals, subtract, union } from '../../src/compiler/space/interval.ts';
import { MemberSets } from '../../src/compiler/space/member-sets.ts';
import { partitionAddresses, partitionLine } from '../../src/compiler/space/partition.ts';

const end = 24;
const line = Array.from({ length: end }, (_, point) => point);
const intervalSet: fc.Arbitrary<IntervalSet<number>> = fc
  .array(fc.tuple(fc.nat(end - 1), fc.nat(6)), { maxLength: 5 })
  .map((list) => intervals(list.map(([low, more]) => ({ low, high: Math.min(low + more, end - 1) }))));

const isCanonical = (set: IntervalSet<number>): boolean =>
  set.every(({ low, high }, i) => low <= high && (i === 0 || low > (set[i - 1]?.high ?? 0) + 1));

/** Checks one operation against what it means for each point. */
function agrees(result: IntervalSet<number>, meaning: (point: number) => boolean): void {
  assert.ok(isCanonical(result), JSON.stringify(result));
  assert.equal(
    line.filter((point) => includes(result, point)),
    line.filter(meaning),
  );
}

test('interval operations are membership, point by point', () => {
  fc.assert(
    fc.property(intervalSet, intervalSet, (a, b) => {
      agrees(union(a, b), (point) => includes(a, point) || includes(b, point));
      agrees(intersect(a, b), (point) => includes(a, point) && includes(b, point));
      agrees(subtract(a, b), (point) => includes(a, point) && !includes(b, point));
      assert.is(
        equals(a, b),
        line.every((point) => includes(a, point) === includes(b, point)),
      );
      assert.ok(equals(union(subtract(a, b), intersect(a, b)), a));
    }),
  );
});

test('a line is partitioned exactly by what sets tell apart', () => {
  fc.assert(
    fc.property(fc.array(intervalSet, { maxLength: 6 }), (sets) => {
      const { pieces, classes, classesOf } = partitionLine(sets, end);
      assert.equal(
        pieces.flatMap(({ low, high }) => line.slice(low, high + 1)),
        line,
      );
      const classAt = (point: number): number => pieces.find(({ low, high }) => low <= point && point <= high)?.class ?? -1;
      sets.forEach((set, i) => {
        for (const point of line) assert.is(classesOf[i]?.includes(classAt(point)), includes(set, point));
      });
      assert.is(new Set(line.map(classAt)).size, classes);
      assert.is(new Set(line.map((point) => sets.map((set) => includes(set, point)).join())).size, classes);
    }),
  );
});

/** Few high and few low bits, so that blocks nest and touch; both families. */
const prefix: fc.Arbitrary<Prefix> = fc
  .record({ ipv4: fc.boolean(), bits: fc.nat(63), length: fc.integer({ min: 0, max: 6 }) })
  .map(({ ipv4, bits, length }) => {
    const top = ipv4 ? 128 : 32;
    const base = ipv4 ? 0xffffn << 32n : 0n;
    const width = ipv4 ? 96 : 0;
    const shift = ipv4 ? 26n : 122n;
    const address = base | (BigInt(bits) << shift);
    const kept = width + length;
    return { address: (address >> BigInt(128 - kept)) << BigInt(128 - kept), length: Math.min(kept, top + width) };
  });
const blocks = fc.array(prefix, { maxLength: 5 });

/** One address out of each of the smallest blocks that the arbitrary can name, and a neighbour of the mapped range. */
const samples: readonly bigint[] = [
  ...Array.from({ length: 64 }, (_, bits) => (0xffffn << 32n) | (BigInt(bits) << 26n) | 5n),
  ...Array.from({ length: 64 }, (_, bits) => (BigInt(bits) << 122n) | 5n),
  (0xffffn << 32n) - 1n,
  0xffffn + (1n << 48n),
];

test('the blocks of a set cover exactly the set', () => {
  fc.assert(
    fc.property(blocks, (list) => {
      const set = addressSet(list);
      assert.ok(equals(addressSet(prefixesOf(set)), set));
      const sizes = prefixesOf(set).reduce((sum, { length }) => sum + (1n << BigInt(128 - length)), 0n);
      assert.is(
        set.reduce((sum, { low, high }) => sum + high - low + 1n, 0n),
        sizes,
      );
    }),
  );
});

/** The class of an address by the longest entry that holds it. */
function longest(entries: readonly (Prefix & { readonly class: number })[], address: bigint): number {
  const holding = entries.filter((entry) => address >> BigInt(128 - entry.length) === entry.address >> BigInt(128 - entry.length));
  return holding.sort((a, b) => b.length - a.length)[0]?.class ?? -1;
}

test('addresses are partitioned exactly, and never across families', () => {
  fc.assert(
    fc.property(fc.array(blocks.map(addressSet), { maxLength: 5 }), (sets) => {
      const { entries, classes, classesOf, ipv6 } = partitionAddresses(sets);
      assert.ok(entries.some((entry) => entry.length === 0 && entry.class === 1));
      assert.ok(entries.some((entry) => formatPrefix(entry) === '0.0.0.0/0' && entry.class === 0));
      assert.is(new Set(entries.map(({ address, length }) => `${address}/${length}`)).size, entries.length);
      for (const address of samples) {
        const found = longest(entries, address);
        assert.is(ipv6.includes(found), !isIpv4(address));
        sets.forEach((set, i) => assert.is(classesOf[i]?.includes(found), includes(set, address), `${formatAddress(address)} in set ${i}`));
      }
      const kinds = new Set(samples.map((address) => `${isIpv4(address)} ${sets.map((set) => includes(set, address))}`));
      assert.ok(classes <= kinds.size + 2, `${classes} classes for ${kinds.size} kinds of address`);
    }),
  );
});

test('member sets are sets', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 70 }), fc.array(fc.nat(1000), { maxLength: 40 }), (bound, toggles) => {
      const sets = new MemberSets(bound);
      const plain = new Set<number>();
      const set = toggles.reduce((before, value) => {
        const member = value % bound;
        if (!plain.delete(member)) plain.add(member);
        return sets.toggle(before, member);
      }, 0);
      const sorted = [...plain].sort((a, b) => a - b);
      assert.equal(sets.members(set), sorted);
      assert.is(
        [...sorted].reverse().reduce((before, member) => sets.toggle(before, member), 0),
        set,
      );
    }),
  );
});

test('addresses and blocks survive being written and read', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.bigInt(0n, (1n << 128n) - 1n),
        fc.bigInt(0n, 0xffffffffn).map((low) => (0xffffn << 32n) | low),
      ),
      (address) => {
        assert.is(parseAddress(formatAddress(address)), address);
        assert.is(addressOfBytes(addressBytes(address)), address);
      },
    ),
  );
  fc.assert(
    fc.property(prefix, ({ address, length }) => {
      const read = parsePrefix(formatPrefix({ address, length }));
      assert.equal(read, { address, length, hostBits: false });
    }),
  );
});

test.run();
