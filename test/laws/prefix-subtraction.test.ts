// Prefix subtractions of another project: each of its results, and no other blocks than those.
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addressSet, formatPrefix, parsePrefix, prefixesOf } from '../../src/compiler/space/address.ts';
import { subtract } from '../../src/compiler/space/interval.ts';

const file = new URL('../../../shared/corpora/aerleon/address_exclude_test_cases.txt', import.meta.url);
const read = (text: string) => text.split(',').flatMap((block) => parsePrefix(block) ?? []);
const written = (text: string): readonly string[] => read(text).map(formatPrefix).sort();

if (!existsSync(file)) console.log('SKIP prefix-subtraction: ../shared/corpora/aerleon is not there');
else {
  const cases = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .flatMap((line) => {
      const [from = '', less = '', results = ''] = line.split(' ');
      const expected = results.split(';');
      return less.split(',').map((block, i) => ({ from, block, expected: expected[i] ?? '' }));
    });
  test(`${cases.length} prefix subtractions are exact`, () => {
    assert.ok(cases.length >= 143);
    for (const { from, block, expected } of cases) {
      const left = subtract(addressSet(read(from)), addressSet(read(block)));
      assert.equal(prefixesOf(left).map(formatPrefix).sort(), written(expected), `${from} without ${block}`);
    }
  });
}

test.run();
