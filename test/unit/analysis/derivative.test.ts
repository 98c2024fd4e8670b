// The oracle's own pattern matcher against the automata that the compiler uses: two readings of a pattern that share no
// code say the same about every text, and find the same classes of texts.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { textMatcher } from '../../../src/compiler/analysis/derivative.ts';
import { AnalysisLimit } from '../../../src/compiler/analysis/limit.ts';
import { classify, language, textValue } from '../../../src/compiler/space/automaton.ts';
import {
  anyByte,
  anyText,
  both,
  byteIn,
  either,
  literal,
  not,
  type Pattern,
  repeat,
  segmentByte,
  sequence,
} from '../../../src/compiler/space/pattern.ts';
import { type Random, random, seedOf } from '../../harness/random.ts';

const seed = seedOf('derivative', 4711);
const letters = ['a', 'b', '/', 'é'];

function randomPattern(pick: Random, depth: number): Pattern {
  if (depth === 0 || pick.chance(0.3))
    return pick.pick([literal(''), literal('a'), literal('ab'), literal('é/'), segmentByte, anyByte, byteIn([0x61, 0x61], [0x2f, 0x2f])]);
  const parts = Array.from({ length: pick.int(4) }, () => randomPattern(pick, depth - 1));
  const [first = literal('b')] = parts;
  return pick.pick([sequence(...parts), either(...parts), both(...parts), not(first), repeat(first, 0), repeat(first, 1)]);
}

const texts = [
  '',
  ...letters,
  ...letters.flatMap((a) => letters.map((b) => a + b)),
  'aba',
  'a/b',
  'abab',
  '//',
  'é/é/',
  'aaaaaaaa',
  'ab/ab/ab',
];

test('both matchers say the same about every text', () => {
  const pick = random(seed);
  const matcher = textMatcher();
  for (let round = 0; round < 400; round++) {
    const pattern = randomPattern(pick, 4);
    const automaton = language(pattern);
    for (const text of texts)
      assert.is(matcher.matches(pattern, text), textValue(automaton, text) === 1, `${JSON.stringify(pattern)} ${text}`);
  }
});

test('both find the same classes of texts', () => {
  const pick = random(seed + 1);
  const matcher = textMatcher();
  for (let round = 0; round < 150; round++) {
    const patterns = Array.from({ length: 1 + pick.int(4) }, () => randomPattern(pick, 3));
    const found = classify(patterns, 10_000);
    assert.ok(found);
    const classes = Array.from({ length: found.classes - 1 }, (_, i) =>
      patterns.map((_, pattern) => found.classesOf[pattern]?.includes(i + 1) ?? false).join(),
    );
    const combinations = matcher.combinations(patterns).map((vector) => vector.join());
    assert.equal([...combinations].sort(), [...classes].sort(), JSON.stringify(patterns));
  }
});

test('classes of possible texts come with a text of each', () => {
  const pick = random(seed + 2);
  const matcher = textMatcher();
  const possible = repeat(either(...letters.map(literal)), 0);
  for (let round = 0; round < 100; round++) {
    const patterns = Array.from({ length: 1 + pick.int(3) }, () => randomPattern(pick, 3));
    const found = matcher.classes(possible, patterns);
    const vectorOf = (text: string): string => patterns.map((pattern) => matcher.matches(pattern, text)).join();
    for (const { matched, example } of found) {
      assert.ok(matcher.matches(possible, example));
      assert.is(vectorOf(example), matched.join());
    }
    const vectors = new Set(found.map(({ matched }) => matched.join()));
    assert.is(vectors.size, found.length);
    for (const text of texts) assert.ok(vectors.has(vectorOf(text)), text);
  }
});

test('a text that is asked for is UTF-8', () => {
  const byte = byteIn([0x80, 0xff]);
  assert.equal(
    textMatcher()
      .classes(anyText, [byte])
      .map(({ matched }) => matched),
    [[false]],
  );
  const [found] = textMatcher().classes(sequence(byte, byte), []);
  assert.is(new TextEncoder().encode(found?.example).length, 2);
});

test('a pattern that nothing matches, and one that everything does', () => {
  const matcher = textMatcher();
  assert.equal(matcher.combinations([either(), anyText]), [[false, true]]);
  assert.not(matcher.matches(either(), ''));
  assert.ok(matcher.matches(repeat(anyText, 1), 'anything at all, é too'));
});

test('patterns past all measure end with a named limit', () => {
  const far = (letter: string): Pattern => sequence(anyText, literal(letter), ...Array.from({ length: 18 }, () => anyByte));
  assert.throws(
    () => textMatcher().combinations([far('a')]),
    (error: unknown) => error instanceof AnalysisLimit && error.limit === 'pattern states',
  );
});

test.run();
