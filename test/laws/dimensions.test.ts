// Laws of the sets that rules are made of, dimension by dimension: labels with every value that nobody names, addresses of both families,
// points of every protocol. Union, intersection, difference, emptiness and equality are those of members; a smallest witness is a member.
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { anyPlace, anyWorkload, type Cell, inCell } from '../../src/compiler/analysis/cell.ts';
import { atomsOf, type Part, unionOf, withPart } from '../../src/compiler/analysis/dimensions.ts';
import {
  anyValue,
  complement,
  cubesOf,
  inCube,
  isAny,
  isNone,
  join,
  labelsIn,
  meet,
  selectorRelation,
  type ValueSet,
} from '../../src/compiler/analysis/label-cube.ts';
import { flowIn } from '../../src/compiler/analysis/witness.ts';
import { type AddressSet, ipv4Space, ipv6Space } from '../../src/compiler/space/address.ts';
import { equals, includes, intersect, intervals, isEmpty, subtract, union } from '../../src/compiler/space/interval.ts';
import { type Requirement, type Selector, selects } from '../../src/compiler/space/labels.ts';
import {
  anyTransport,
  protocolOf,
  type TransportProtocol,
  type TransportSet,
  transportPoint,
  transportPoints,
  wholeProtocol,
} from '../../src/compiler/space/transport.ts';

// --- labels -----------------------------------------------------------------------------------------------------------

const values = ['1', '2', '3'];
const valueSet: fc.Arbitrary<ValueSet> = fc.record({
  absent: fc.boolean(),
  others: fc.boolean(),
  values: fc.subarray(values),
});
const choices = [undefined, ...values, 'other'];
const isIn = (set: ValueSet, value: string | undefined): boolean =>
  value === undefined ? set.absent : set.values.includes(value) !== set.others;
const membersOf = (set: ValueSet) => choices.filter((value) => isIn(set, value));

test('values of a label: union, intersection, complement, emptiness and equality are those of members', () => {
  fc.assert(
    fc.property(valueSet, valueSet, (a, b) => {
      assert.equal(
        membersOf(meet(a, b)),
        choices.filter((value) => isIn(a, value) && isIn(b, value)),
      );
      assert.equal(
        membersOf(join(a, b)),
        choices.filter((value) => isIn(a, value) || isIn(b, value)),
      );
      assert.equal(
        membersOf(complement(a)),
        choices.filter((value) => !isIn(a, value)),
      );
      assert.is(isNone(a), membersOf(a).length === 0);
      assert.is(isAny(a), membersOf(a).length === choices.length);
      assert.is(
        JSON.stringify(meet(a, anyValue)) === JSON.stringify(meet(b, anyValue)),
        JSON.stringify(membersOf(a)) === JSON.stringify(membersOf(b)),
      );
    }),
  );
});

const requirement: fc.Arbitrary<Requirement> = fc.oneof(
  fc.record({ kind: fc.constant('one-of' as const), key: fc.constantFrom('k', 'l'), values: fc.subarray(values, { minLength: 1 }) }),
  fc.record({ kind: fc.constant('not-one-of' as const), key: fc.constantFrom('k', 'l'), values: fc.subarray(values) }),
  fc.record({ kind: fc.constantFrom('exists' as const, 'absent' as const), key: fc.constantFrom('k', 'l') }),
);
const selector: fc.Arbitrary<Selector> = fc.array(fc.array(requirement, { maxLength: 3 }), { maxLength: 3 });
const labelSets = choices.flatMap((k) => choices.map((l) => ({ ...(k !== undefined && { k }), ...(l !== undefined && { l }) })));

test('selectors: their cubes hold what they select, and each cube has a member of its own', () => {
  fc.assert(
    fc.property(selector, selector, (one, other) => {
      const cubes = cubesOf(one);
      for (const labels of labelSets)
        assert.is(
          cubes.some((cube) => inCube(cube, labels)),
          selects(one, labels),
        );
      for (const cube of cubes) {
        const witness = labelsIn(cube);
        assert.ok(inCube(cube, witness) && selects(one, witness));
        const least = Math.min(...labelSets.filter((labels) => inCube(cube, labels)).map((labels) => Object.keys(labels).length));
        assert.is(Object.keys(witness).length, least);
        const relation = selectorRelation(cube, other);
        const inside = labelSets.filter((labels) => inCube(cube, labels)).map((labels) => selects(other, labels));
        if (relation.kind === 'covered') assert.ok(inside.every(Boolean));
        if (relation.kind === 'apart') assert.not(inside.some(Boolean));
      }
    }),
  );
});

// --- addresses and points -----------------------------------------------------------------------------------------------

/** Borders close together at the ends of both families. */
const corners = [
  0n,
  (0xffffn << 32n) - 4n,
  0xffffn << 32n,
  (0xffffn << 32n) + 0xfffffff8n,
  (0xffffn << 32n) + (1n << 32n),
  (1n << 128n) - 8n,
];
const near = corners.flatMap((corner) => Array.from({ length: 8 }, (_, i) => corner + BigInt(i))).filter((one) => one < 1n << 128n);
const address = fc.constantFrom(...near);
const addresses: fc.Arbitrary<AddressSet> = fc
  .array(fc.tuple(address, address), { maxLength: 4 })
  .map((pairs) => intervals(pairs.map(([a, b]) => (a < b ? { low: a, high: b } : { low: b, high: a }))));

test('addresses: union, intersection, difference, emptiness and equality are those of members, across families', () => {
  fc.assert(
    fc.property(addresses, addresses, (a, b) => {
      for (const one of near) {
        assert.is(includes(union(a, b), one), includes(a, one) || includes(b, one));
        assert.is(includes(intersect(a, b), one), includes(a, one) && includes(b, one));
        assert.is(includes(subtract(a, b), one), includes(a, one) && !includes(b, one));
      }
      assert.is(isEmpty(subtract(a, b)) && isEmpty(subtract(b, a)), equals(a, b));
      assert.ok(equals(union(intersect(a, ipv4Space), intersect(a, ipv6Space)), a));
      assert.ok(equals(subtract(a, subtract(a, b)), intersect(a, b)));
    }),
  );
});

const protocols = ['tcp', 'udp', 'sctp', 'icmp', 'icmpv6', 'other'] as const satisfies readonly TransportProtocol[];
const point = fc.oneof(
  fc.tuple(fc.constantFrom(...protocols.slice(0, 5)), fc.constantFrom(0, 1, 80, 255, 256, 65534, 65535)),
  fc.tuple(fc.constant('other' as const), fc.constantFrom(0, 1, 47, 255)),
);
const points: fc.Arbitrary<TransportSet> = fc
  .array(
    fc.tuple(point, point).filter(([[a], [b]]) => a === b),
    { maxLength: 5 },
  )
  .map((pairs) =>
    intervals(
      pairs.map(([[protocol, a], [, b]]) => ({
        low: transportPoint(protocol, Math.min(a, b)),
        high: transportPoint(protocol, Math.max(a, b)),
      })),
    ),
  );

test('points: every protocol, port, ICMP type and code is one point, and sets of them are sets', () => {
  assert.is(
    protocols.reduce((sum, protocol) => sum + wholeProtocol(protocol).reduce((all, { low, high }) => all + high - low + 1, 0), 0),
    transportPoints,
  );
  assert.ok(equals(protocols.map(wholeProtocol).reduce(union), anyTransport));
  fc.assert(
    fc.property(points, points, point, (a, b, [protocol, value]) => {
      const one = transportPoint(protocol, value);
      assert.equal(protocolOf(one), { protocol, value });
      assert.is(includes(union(a, b), one), includes(a, one) || includes(b, one));
      assert.is(includes(subtract(a, b), one), includes(a, one) && !includes(b, one));
      for (const other of protocols) assert.is(includes(wholeProtocol(other), one), other === protocol);
      assert.ok(equals(protocols.map((other) => intersect(a, wholeProtocol(other))).reduce(union), a));
    }),
  );
});

// --- dimensions of a box ------------------------------------------------------------------------------------------------

const box: Cell = { source: anyWorkload, destination: anyWorkload, points: anyTransport, portNames: new Map() };
const labelPart = (set: ValueSet): Part => ({ name: 'l', kind: 'label', side: 'source', key: 'k', set });
const parts: fc.Arbitrary<readonly Part[]> = fc.oneof(
  fc
    .array(
      points.filter((set) => set.length > 0),
      { maxLength: 5 },
    )
    .map((sets) => sets.map((set): Part => ({ name: 'p', kind: 'points', set }))),
  fc
    .array(
      addresses.filter((set) => set.length > 0),
      { maxLength: 5 },
    )
    .map((sets) => sets.map((set): Part => ({ name: 'a', kind: 'addresses', side: 'source', set }))),
  fc
    .array(
      valueSet.filter((set) => !isNone(set)),
      { maxLength: 5 },
    )
    .map((sets) => sets.map(labelPart)),
);

/** One event for each value of the dimension that a part is of. */
function inPart(part: Part): readonly boolean[] {
  const cell = withPart(box, part);
  const source = (more: object) => ({ kind: 'workload' as const, id: 's', labels: {}, ...more });
  const destination = { kind: 'workload' as const, id: 'd', labels: {} };
  if (part.kind === 'points')
    return protocols.flatMap((protocol) =>
      [0, 1, 80, 255].map((value) => inCell(cell, { source: source({}), destination, point: transportPoint(protocol, value) })),
    );
  if (part.kind === 'addresses') return near.map((one) => inCell(cell, { source: source({ address: one }), destination, point: 80 }));
  return choices.map((k) => inCell(cell, { source: source({ labels: k === undefined ? {} : { k } }), destination, point: 80 }));
}

test('the atoms of a dimension are disjoint, make up the box, and lie inside or outside of each set', () => {
  fc.assert(
    fc.property(parts, (sets) => {
      const { parts: atoms, within } = atomsOf(box, sets);
      if (sets.length === 0) return;
      const members = atoms.map(inPart);
      const size = members[0]?.length ?? 0;
      for (let i = 0; i < size; i++) assert.is(members.filter((member) => member[i]).length, 1);
      for (const set of sets) {
        const inside = within(set).flatMap((number) => atoms[number] ?? []);
        assert.is(new Set(inside).size, inside.length);
        assert.equal(inPart(unionOf(inside)), inPart(set));
      }
    }),
  );
});

test('a witness of a cell is of the cell, and without what the cell does not ask for', () => {
  fc.assert(
    fc.property(
      points.filter((set) => set.length > 0),
      addresses,
      valueSet.filter((set) => !isNone(set)),
      (at, placed, labels) => {
        const known = intersect(placed, anyPlace);
        const cell = withPart(
          { ...box, points: at, source: { kind: 'workload', labels: new Map(), addresses: isEmpty(known) ? anyPlace : known } },
          labelPart(labels),
        );
        const flow = flowIn(cell);
        // Each ICMP is of one family of addresses.
        if (!flow) return assert.ok(at.every(({ low }) => ['icmp', 'icmpv6'].includes(protocolOf(low).protocol)) && !isEmpty(known));
        assert.ok(inCell(cell, flow));
        assert.is(flow.source.kind === 'workload' && Object.keys(flow.source.labels).length, labels.absent ? 0 : 1);
      },
    ),
  );
});

test.run();
