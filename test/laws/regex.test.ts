// Laws of regular expressions: what JavaScript's own matches, and what is refused. Numbers as texts: by counting.
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Automaton, classify, language, textValue } from '../../src/compiler/space/automaton.ts';
import { decimalRange } from '../../src/compiler/space/decimal.ts';
import type { Pattern } from '../../src/compiler/space/pattern.ts';
import { readRegex, regexLimits } from '../../src/compiler/space/regex.ts';

const atom = fc.constantFrom(
  ...['a', 'b', 'B', '1', ' ', '\u00e9', '\u20ac', '\u{1f600}', '.', '\\d', '\\W', '\\S', '\\w', '\\.', '\\n', '\\x62', '\\u00e9'],
  ...['[ab]', '[^a]', '[a-c1]', '[^\\d\\u00e9]', '[\\w-]', '[\u00e0-\u20ac]', '[\u00e0-\u{1f600}]', '[^a\\]]', '[.*]'],
);
/** Expressions that JavaScript reads as we do, of these atoms. */
const expressionOf = (atoms: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.letrec<{ readonly any: string }>((tie) => ({
    any: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      atoms,
      fc.array(tie('any'), { maxLength: 4 }).map((parts) => parts.join('')),
      fc.array(tie('any'), { minLength: 1, maxLength: 3 }).map((parts) => `(${parts.join('|')})`),
      fc
        .tuple(tie('any'), fc.constantFrom('*', '+', '?', '{2}', '{1,}', '{0,2}', '{2,3}', '*?', '+?', '??'))
        .map(([part, times]) => `(?:${part})${times}`),
    ),
  })).any;
const expression = expressionOf(atom);
/** What asks for its neighbours, and for the ends of the text. */
const bordered = expressionOf(
  fc.constantFrom(...['a', '1', '-', '\\w', '\\W', '.', '[a-]', '\\b', '\\B', '(^|a)', '(-|$)', '(^a|b$)', '(?:^$)']),
);
const letters = fc.constantFrom('a', 'b', 'B', 'A', 'c', '1', '9', ' ', '.', '-', ']', '\n', '\u00e9', '\u00c9', '\u20ac', '\u{1f600}');
const text = fc.array(letters, { maxLength: 6 }).map((parts) => parts.join(''));

function patternOf(of: string, search = false) {
  const found = readRegex(of, { search });
  assert.ok(found.ok, `${of}: ${JSON.stringify(found)}`);
  return language(found.pattern);
}

test('an expression matches what it matches in JavaScript', () => {
  fc.assert(
    fc.property(expression, fc.boolean(), fc.array(text, { maxLength: 30 }), (of, ignoreCase, texts) => {
      const automaton = patternOf(ignoreCase ? `(?i)${of}` : of);
      const judge = new RegExp(`^(?:${of})$`, ignoreCase ? 'iu' : 'u');
      for (const one of ['', ...texts]) assert.is(textValue(automaton, one) === 1, judge.test(one), `${of} on ${JSON.stringify(one)}`);
    }),
    { numRuns: 400 },
  );
});

test('a search finds what it finds in JavaScript', () => {
  const anchored = fc
    .tuple(fc.constantFrom('', '^'), expression, fc.constantFrom('', '$'))
    .map(([start, of, end]) => `${start}(?:${of})${end}`);
  const alternatives = fc.array(anchored, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('|'));
  fc.assert(
    fc.property(alternatives, fc.array(text, { maxLength: 30 }), (of, texts) => {
      const automaton = patternOf(of, true);
      const judge = new RegExp(of, 'u');
      for (const one of ['', ...texts]) assert.is(textValue(automaton, one) === 1, judge.test(one), `${of} on ${JSON.stringify(one)}`);
    }),
    { numRuns: 200 },
  );
});

function languageOf(pattern: Pattern): Automaton | undefined {
  try {
    return language(pattern);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

test('borders of words, and ends of the text inside of groups', () => {
  const near = fc.array(fc.constantFrom('a', 'b', '1', '_', '-', ' ', '\u00e9'), { maxLength: 5 }).map((parts) => parts.join(''));
  let read = 0;
  fc.assert(
    fc.property(bordered, fc.array(near, { maxLength: 40 }), (of, texts) => {
      const found = readRegex(of);
      if (!found.ok) assert.match(found.mistake.reason, /grows/);
      const inLanguage = found.ok ? languageOf(found.pattern) : undefined;
      // Repetitions inside of repetitions can be past the limits.
      if (!inLanguage) return;
      read++;
      const judge = new RegExp(`^(?:${of})$`, 'u');
      for (const one of ['', 'a', '-', 'a-a', '-a-', ...texts])
        assert.is(textValue(inLanguage, one) === 1, judge.test(one), `${of} on ${JSON.stringify(one)}`);
    }),
    { numRuns: 300 },
  );
  assert.ok(read > 250, String(read));
});

type Case = readonly [of: string, matching: readonly string[], others: readonly string[]];
const cases: readonly Case[] = [
  ['', [''], ['a']],
  ['^a|b$', ['a', 'b'], ['ab', 'xb']],
  ['\\Aab\\z', ['ab'], ['abc']],
  ['[[:alpha:]_]+[^[:space:]]', ['ab', '_1'], ['a ', '1a']],
  ['[]a]+', [']a'], ['b']],
  ['[a-]', ['a', '-'], ['b']],
  ['a{,2}', ['a{,2}'], ['aa']],
  ['a{x', ['a{x'], ['a']],
  ['(?i)straSSe\u212a', ['STRASSEk', 'strasseK'], ['stra\u00dfek']],
  ['(?i)\u0436', ['\u0416', '\u0436'], ['x']],
  ['(?i:a)b', ['Ab', 'ab'], ['AB']],
  ['a(?i)b|c', ['aB', 'C'], ['Ab']],
  ['(a(?i)b)c', ['aBc'], ['aBC']],
  ['(?s).', ['\n', 'a'], ['ab']],
  ['.', ['a', '\u{1f600}', '\ud7ff'], ['\n', '']],
  ['(?P<name>a)(?<other>b)', ['ab'], ['a']],
  ['\\x{1F600}\\t', ['\u{1f600}\t'], ['\u{1f600}']],
  ['\\s', ['\t', '\n', '\f', '\r', ' '], ['\v', '\u00a0']],
  ['[^\u0000-\u{10ffff}]', [], ['', 'a']],
  ['/(^|v)api\\b.*', ['/vapi', '/vapi/x', '/vapi-1'], ['/api', '/vapis', '/vapi_1']],
  ['(^a)b', ['ab'], ['b', 'aab']],
  ['a\\b\\b', ['a'], ['', 'aa']],
  ['\\B', [''], ['a']],
  ['a\\Q.|(\\\\E+b', ['a.|(\\b', 'a.|(\\\\b'], ['a', 'ax|(\\b', 'a.|(b']],
  ['(?i)\\Qa.\\E{2}', ['A..'], ['a.a.', 'axx']],
  ['\\Q\\Ea', ['a'], ['', 'Qa']],
  ['[\\0-\\057]\\1012', ['/A2', '\0A2'], ['0A2', '/\u0041\u0001']],
  ['\\08\\377', ['\0' + '8\u00ff'], ['8\u00ff']],
  ['(?U)a+?b*', ['aab', 'a'], ['b']],
  ['(?m)a(?-m)b$', ['ab'], ['ab\n']],
  ['(?m)a\\z', ['a'], ['a\n']],
];
for (const [of, matching, others] of cases) {
  test(`${JSON.stringify(of)}`, () => {
    const automaton = patternOf(of);
    for (const one of matching) assert.is(textValue(automaton, one), 1, one);
    for (const one of others) assert.is(textValue(automaton, one), 0, one);
  });
}

test('bytes that are no character match no expression', () => {
  for (const bytes of [[0x80], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80]])
    assert.is(textValue(patternOf('(?s)[^x]|.'), Uint8Array.from(bytes)), 0);
});

const mistakes: readonly (readonly [of: string, at: number, reason: RegExp])[] = [
  ['(a)\\1', 3, /back reference/],
  ['a(?=b)', 1, /look-around/],
  ['a(?<!b)', 1, /look-around/],
  ['a(b', 1, /not closed/],
  ['ab)c', 2, /closes nothing/],
  ['a[b', 1, /not closed/],
  ['[b-a]', 1, /wrong way round/],
  ['[\\d-z]', 1, /single characters/],
  ['[[:alpa:]]', 1, /no class/],
  ['[[:constructor:]]', 1, /no class/],
  ['a**', 2, /repetition of a repetition/],
  ['a{2}{3}', 4, /repetition of a repetition/],
  ['*a', 0, /nothing stands before/],
  ['a|+b', 2, /nothing stands before/],
  ['a^b', 1, /in the middle/],
  ['(a^b)c', 2, /in the middle/],
  ['(a$b)', 3, /behind the end/],
  ['a$b', 2, /behind the end/],
  ['\\yfoo', 0, /no meaning/],
  ['\\pL', 0, /no meaning/],
  ['(?m)^a', 4, /in the middle/],
  ['(?m)a|^b', 6, /every line/],
  ['(?m)a|(b$)', 8, /every line/],
  ['(?x)a', 0, /flag `x`/],
  ['a\\Qb', 1, /without/],
  ['a\\Q\\E*', 5, /nothing stands before/],
  ['[\\Qa\\E]', 1, /no meaning/],
  ['a\\E', 1, /no meaning/],
  ['\\18', 0, /back reference/],
  ['(?#x)a', 0, /unknown kind/],
  ['a\\', 1, /at the end/],
  ['\\x{110000}', 0, /no character/],
  ['a{3,2}', 1, /wrong way round/],
  ['a{1001}', 1, /more than 1000 times/],
  ['(a{1000}){1000}', 0, /more than 20000 parts/],
  ['((((a{100}){100}){100}){100}){100}', 2, /more than 20000 parts/],
  ['('.repeat(65), regexLimits.depth, /inside each other/],
  ['a'.repeat(4097), 4096, /more than 4096 characters/],
];
for (const [of, at, reason] of mistakes) {
  test(`${of.slice(0, 40)} is refused`, () => {
    const found = readRegex(of);
    assert.not.ok(found.ok);
    if (found.ok) return;
    assert.is(found.mistake.at, at);
    assert.match(found.mistake.reason, reason);
  });
}

test('any text is read or refused, never more', () => {
  const signs = fc.constantFrom(...'ab(|)[]{}*+?^$\\.-:<=!12,di\u00e9'.split(''));
  fc.assert(
    fc.property(fc.array(signs, { maxLength: 14 }), (parts) => {
      const found = readRegex(parts.join(''));
      if (!found.ok) assert.ok(found.mistake.at >= 0 && found.mistake.at <= parts.length);
    }),
    { numRuns: 3000 },
  );
});

test('an expression that takes too many states is refused by the limit, soon', () => {
  const start = performance.now();
  for (const of of ['(?s).*a.{20}', '.*a.{16}b.{16}', '.*[ab].{30}c']) {
    const found = readRegex(of, { search: true });
    assert.ok(found.ok);
    if (found.ok) assert.is(classify([found.pattern], 4096), undefined, of);
  }
  assert.ok(performance.now() - start < 10_000, `${performance.now() - start} ms`);
});

test('a range of numbers is their decimal texts', () => {
  const bound = fc.oneof(fc.nat(30), fc.nat(2000), fc.nat(0xffff_ffff));
  fc.assert(
    fc.property(bound, bound, fc.array(bound, { maxLength: 20 }), (a, b, others) => {
      const [low, high] = [Math.min(a, b), Math.max(a, b)];
      const automaton = language(decimalRange(low, high));
      for (const number of [low - 1, low, low + 1, high - 1, high, high + 1, ...others]) {
        if (number >= 0)
          assert.is(textValue(automaton, String(number)) === 1, low <= number && number <= high, `${number} in ${low}-${high}`);
      }
      for (const odd of ['', `0${low}`, '-1', `${low} `, '1e3']) assert.is(textValue(automaton, odd), 0, odd);
    }),
    { numRuns: 300 },
  );
});

test.run();
