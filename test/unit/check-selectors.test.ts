// The algebra of selectors agrees with the plain reading of `selects`, on random selectors and label sets.
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { complement, conjunction, intersection, isWithin, unionOf } from '../../src/compiler/3-check/selectors.ts';
import { type Labels, type Requirement, type Selector, selects } from '../../src/compiler/space/labels.ts';

const key = fc.constantFrom('a', 'b', '@namespace');
const values = fc.uniqueArray(fc.constantFrom('x', 'y', 'z'), { minLength: 1 });
const requirement: fc.Arbitrary<Requirement> = fc.oneof(
  fc.record({ kind: fc.constantFrom('one-of' as const, 'not-one-of' as const), key, values }),
  fc.record({ kind: fc.constantFrom('exists' as const, 'absent' as const), key }),
);
const selector: fc.Arbitrary<Selector> = fc.array(fc.array(requirement, { maxLength: 4 }), { maxLength: 4 });
const labels: fc.Arbitrary<Labels> = fc.dictionary(key, fc.constantFrom('x', 'y', 'z', 'other'));

const agree = (property: fc.IProperty<[Selector, Selector, Labels]>): void => fc.assert(property, { numRuns: 2000 });

test('union, intersection and complement', () => {
  agree(
    fc.property(selector, selector, labels, (a, b, set) => {
      const [inA, inB] = [selects(a, set), selects(b, set)];
      assert.is(selects(unionOf([a, b]), set), inA || inB);
      assert.is(selects(intersection(a, b) ?? [], set), inA && inB);
      assert.is(selects(complement(a) ?? [], set), !inA);
    }),
  );
});

test('a conjunction in normal form selects the same, and equal sets of equalities have one text', () => {
  agree(
    fc.property(selector, selector, labels, (a, _, set) => {
      for (const one of a) {
        const normal = conjunction(one);
        assert.is(normal ? selects([normal], set) : false, selects([one], set));
        assert.equal(conjunction([...one].reverse()), normal);
      }
    }),
  );
});

test('what is within another selects nothing that the other does not', () => {
  agree(
    fc.property(selector, selector, labels, (a, b, set) => {
      if (isWithin(a, b) && selects(a, set)) assert.is(selects(b, set), true);
      const both = intersection(a, b) ?? [];
      assert.is(isWithin(both, a), true);
    }),
  );
});

test('too many alternatives end in undefined', () => {
  const wide: Selector = Array.from({ length: 200 }, (_, i) => [{ kind: 'exists', key: `k${i}` }]);
  const other: Selector = Array.from({ length: 200 }, (_, i) => [{ kind: 'exists', key: `l${i}` }]);
  assert.is(intersection(wide, other), undefined);
});

test.run();
