// Symbolic label sets: a cube splits into halves that are disjoint and cover it, and membership agrees with `selects`.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  complement,
  cubesOf,
  everyLabelSet,
  inCube,
  isNone,
  join,
  type LabelCube,
  labelsIn,
  meet,
  selectorRelation,
  type ValueSet,
} from '../../../src/compiler/analysis/label-cube.ts';
import { type Labels, type Requirement, type Selector, selects } from '../../../src/compiler/space/labels.ts';
import { type Random, random, seedOf } from '../../harness/random.ts';

const seed = seedOf('label-cube', 99);
const keys = ['k', 'l', 'm'];
const values = ['1', '2', '3'];

function requirement(pick: Random): Requirement {
  const key = pick.pick(keys);
  const some = pick.some(values, 0.5);
  return pick.pick<Requirement>([
    { kind: 'one-of', key, values: some.length > 0 ? some : ['1'] },
    { kind: 'not-one-of', key, values: some },
    { kind: 'exists', key },
    { kind: 'absent', key },
  ]);
}
const selector = (pick: Random): Selector =>
  Array.from({ length: pick.int(3) }, () => Array.from({ length: pick.int(4) }, () => requirement(pick)));

const choices = [undefined, ...values, '4'];
const everything: readonly Labels[] = choices.flatMap((k) =>
  choices.flatMap((l) => choices.map((m) => ({ ...(k && { k }), ...(l && { l }), ...(m && { m }) }))),
);

/** Splits until the selector covers or misses each part; checks every label set on the way. */
function partsOf(cube: LabelCube, by: Selector): readonly (readonly [LabelCube, boolean])[] {
  const relation = selectorRelation(cube, by);
  if (relation.kind !== 'split') return [[cube, relation.kind === 'covered']];
  const [left, right] = relation.halves;
  for (const labels of everything) {
    const [inLeft, inRight] = [inCube(left, labels), inCube(right, labels)];
    assert.is(inLeft || inRight, inCube(cube, labels));
    assert.not(inLeft && inRight);
  }
  return [...partsOf(left, by), ...partsOf(right, by)];
}

test('the parts of a cube along a selector agree with the selector on every label set', () => {
  const pick = random(seed);
  for (let round = 0; round < 200; round++) {
    const by = selector(pick);
    const parts = partsOf(everyLabelSet, by);
    for (const labels of everything) {
      const inside = parts.filter(([cube]) => inCube(cube, labels));
      assert.is(inside.length, 1);
      assert.is(inside[0]?.[1], selects(by, labels), `${JSON.stringify(by)} ${JSON.stringify(labels)}`);
    }
  }
});

test('the example of a cube is in it', () => {
  const pick = random(seed + 1);
  for (let round = 0; round < 200; round++) {
    for (const [cube] of partsOf(everyLabelSet, selector(pick))) assert.ok(inCube(cube, labelsIn(cube)));
  }
});

test('the cubes of a selector are what it selects', () => {
  const pick = random(seed + 2);
  for (let round = 0; round < 200; round++) {
    const by = selector(pick);
    const cubes = cubesOf(by);
    for (const labels of everything)
      assert.is(
        cubes.some((cube) => inCube(cube, labels)),
        selects(by, labels),
      );
  }
});

test('sets of values: De Morgan, and a set meets its complement nowhere', () => {
  const pick = random(seed + 3);
  const set = (): ValueSet => ({ absent: pick.chance(0.5), others: pick.chance(0.5), values: pick.some(values, 0.5) });
  for (let round = 0; round < 200; round++) {
    const [a, b] = [set(), set()];
    assert.ok(isNone(meet(a, complement(a))));
    assert.equal(complement(meet(a, b)), join(complement(a), complement(b)));
    assert.equal(meet(a, b), meet(b, a));
  }
});

test.run();
