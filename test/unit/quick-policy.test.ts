// What reads policies without the grammar gives the trees that the grammar gives, or leaves them to it: on every policy text of the
// project, on those that documents become, and on both after something in them was changed.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EOF } from 'chevrotain';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { noItems, PolicyParser } from '../../src/compiler/1-parse/grammar.ts';
import { items } from '../../src/compiler/1-parse/items.ts';
import { Reader, tokenOf } from '../../src/compiler/1-parse/lexer.ts';
import { quickPolicy } from '../../src/compiler/1-parse/quick-policy.ts';
import { edited } from '../fuzz/mutations.ts';
import { files } from '../fuzz/seeds.ts';
import { random, seedOf } from '../harness/random.ts';

const grammar = new PolicyParser();
const golden = join(import.meta.dirname, '..', 'golden', 'import');
/** What documents become. */
const imported = readdirSync(golden, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.policy'))
  .map((name) => readFileSync(join(golden, name), 'utf8'));
const source = random(seedOf('quick-policy', 11));

/** Of the items of a text: how many are policies that the grammar reads without a word, and how many of these are read without it. */
function compare(text: string): { readonly right: number; readonly quick: number } {
  const sourceText = { path: 'one', text };
  let [right, quick] = [0, 0];
  for (const { tokens, damaged } of items(new Reader(text), tokenOf(EOF, '', text.length, 0), [sourceText, () => undefined])) {
    if (damaged) continue;
    const found = quickPolicy(tokens, sourceText);
    const read = grammar.attempt(sourceText, tokens, true);
    const isRight = grammar.errors.length + read.findings.length === 0 && read.items.policies.length === 1;
    if (isRight) right++;
    if (!found) continue;
    quick++;
    assert.is(grammar.errors[0]?.message, undefined, text);
    assert.is(read.findings.length, 0, text);
    assert.equal({ ...noItems(), policies: [found] }, read.items, text);
  }
  return { right, quick };
}

const compareAll = (texts: readonly string[]): { readonly right: number; readonly quick: number } =>
  texts.map(compare).reduce((sum, one) => ({ right: sum.right + one.right, quick: sum.quick + one.quick }), { right: 0, quick: 0 });

test('all policies that documents become are read without the grammar', () => {
  const { right, quick } = compareAll(imported);
  assert.ok(right > 50, `${right}`);
  assert.is(quick, right);
});

test('most policies of the project are read without the grammar, and alike', () => {
  const { right, quick } = compareAll(files);
  assert.ok(right > 500, `${right}`);
  assert.ok(quick > 0.7 * right, `${quick} of ${right}`);
});

test('changed policies are read alike, or refused', () => {
  const texts = [...files, ...imported].filter(({ length }) => length < 3000);
  const changed = Array.from({ length: 3000 }, () => edited(source, source.pick(texts), 3));
  const { quick } = compareAll(changed);
  assert.ok(quick > 300, `${quick}`);
});

test.run();
