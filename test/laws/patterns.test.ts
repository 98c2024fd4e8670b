// Laws of text patterns: automata say what a naive matcher says, the algebra holds, witnesses are shortest, and classes
// are exactly the ways in which patterns match together.
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type Automaton,
  classify,
  complement,
  equals,
  intersect,
  isEmpty,
  language,
  type Overshadowed,
  shortestText,
  shortestTexts,
  subtract,
  textValue,
  unite,
} from '../../src/compiler/space/automaton.ts';
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
} from '../../src/compiler/space/pattern.ts';

const alphabet = ['a', 'b', '/'];
const leaf: fc.Arbitrary<Pattern> = fc.oneof(
  fc.constantFrom('', 'a', 'ab', '/', 'a/b', 'ba').map(literal),
  fc.constantFrom(anyByte, segmentByte, byteIn([0x61, 0x62]), byteIn(), anyText),
);
const pattern = fc.letrec<{ readonly any: Pattern }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    fc.array(tie('any'), { maxLength: 3 }).map((parts) => sequence(...parts)),
    fc.array(tie('any'), { maxLength: 3 }).map((parts) => either(...parts)),
    fc.array(tie('any'), { maxLength: 2 }).map((parts) => both(...parts)),
    tie('any').map(not),
    fc.tuple(tie('any'), fc.constantFrom<0 | 1>(0, 1)).map(([part, minimum]) => repeat(part, minimum)),
  ),
})).any;

/** Every text over the alphabet up to four letters, shortest first. */
const texts: readonly string[] = [0, 1, 2, 3].reduce<readonly string[]>(
  (all) => [...new Set([...all, ...all.flatMap((text) => alphabet.map((letter) => text + letter))])],
  [''],
);

/** The places in `text` where a match that began at one of `starts` can end: the plainest reading of a pattern. */
function ends(of: Pattern, text: string, starts: ReadonlySet<number>): ReadonlySet<number> {
  switch (of.kind) {
    case 'literal':
      return new Set([...starts].filter((at) => text.startsWith(of.text, at)).map((at) => at + of.text.length));
    case 'byte':
      return new Set(
        [...starts]
          .filter((at) => of.ranges.some(([low, high]) => low <= text.charCodeAt(at) && text.charCodeAt(at) <= high))
          .map((at) => at + 1),
      );
    case 'sequence':
      return of.parts.reduce((at, part) => ends(part, text, at), starts);
    case 'either':
      return new Set(of.parts.flatMap((part) => [...ends(part, text, starts)]));
    case 'repeat': {
      let reached = new Set(of.minimum === 0 ? starts : ends(of.part, text, starts));
      for (let size = -1; size !== reached.size; ) {
        size = reached.size;
        reached = new Set([...reached, ...ends(of.part, text, reached)]);
      }
      return reached;
    }
    case 'both':
      return fromEach(text, starts, (from, end) => of.parts.every((part) => ends(part, text, from).has(end)));
    case 'not':
      return fromEach(text, starts, (from, end) => !ends(of.part, text, from).has(end));
  }
}

/** The ends that `isEnd` finds behind each start by itself. */
function fromEach(
  text: string,
  starts: ReadonlySet<number>,
  isEnd: (from: ReadonlySet<number>, end: number) => boolean,
): ReadonlySet<number> {
  const found = new Set<number>();
  for (const start of starts) {
    for (let end = start; end <= text.length; end++) if (isEnd(new Set([start]), end)) found.add(end);
  }
  return found;
}
const matches = (of: Pattern, text: string): boolean => ends(of, text, new Set([0])).has(text.length);
const decode = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);

test('an automaton matches what a naive matcher matches', () => {
  fc.assert(
    fc.property(pattern, (of) => {
      const automaton = language(of);
      for (const text of texts) assert.is(textValue(automaton, text) === 1, matches(of, text), JSON.stringify(text));
    }),
  );
});

const automaton = pattern.map(language);
const everything = language(anyText);

test('the algebra of sets holds', () => {
  fc.assert(
    fc.property(automaton, automaton, automaton, (a, b, c) => {
      const same = (left: Automaton, right: Automaton): void => assert.ok(equals(left, right));
      same(unite(a, b), unite(b, a));
      same(intersect(a, unite(b, c)), unite(intersect(a, b), intersect(a, c)));
      same(complement(unite(a, b)), intersect(complement(a), complement(b)));
      same(complement(complement(a)), a);
      same(subtract(a, b), intersect(a, complement(b)));
      same(unite(subtract(a, b), intersect(a, b)), a);
      same(unite(a, complement(a)), everything);
      assert.ok(isEmpty(intersect(a, complement(a))));
      assert.ok(isEmpty(intersect(subtract(a, b), b)));
    }),
    { numRuns: 60 },
  );
});

test('complements and intersections of patterns are those of their languages', () => {
  fc.assert(
    fc.property(pattern, pattern, (a, b) => {
      const same = (left: Pattern, right: Pattern): void => assert.ok(equals(language(left), language(right)));
      same(not(not(a)), a);
      same(not(either(a, b)), both(not(a), not(b)));
      same(not(both(a, b)), either(not(a), not(b)));
      same(sequence(both(a, a), b), sequence(a, b));
      assert.ok(equals(language(not(a)), complement(language(a))));
      assert.ok(equals(language(both(a, b)), intersect(language(a), language(b))));
    }),
  );
});

test('equal languages are equal automata, others are not', () => {
  fc.assert(
    fc.property(pattern, pattern, (a, b) => {
      const differ = !isEmpty(subtract(language(a), language(b))) || !isEmpty(subtract(language(b), language(a)));
      assert.is(equals(language(a), language(b)), !differ);
      assert.ok(equals(language(either(a, b)), unite(language(a), language(b))));
    }),
  );
});

test('a witness is in the language, and nothing shorter is', () => {
  fc.assert(
    fc.property(pattern, (of) => {
      const witness = shortestText(language(of), 1);
      const known = texts.find((text) => matches(of, text));
      if (witness === undefined) assert.is(known, undefined);
      else {
        assert.ok(matches(of, decode(witness)), decode(witness));
        if (known !== undefined) assert.ok(witness.length <= known.length, `${decode(witness)} is longer than ${known}`);
      }
    }),
  );
});

test('classes are the ways in which patterns match together', () => {
  fc.assert(
    fc.property(fc.array(pattern, { maxLength: 5 }), (patterns) => {
      const found = classify(patterns, 10_000);
      assert.ok(found);
      if (!found) return;
      const { automaton: combined, classes, classesOf, witnesses } = found;
      for (const text of texts) {
        const value = textValue(combined, text);
        assert.ok(value >= 1 && value < classes);
        patterns.forEach((of, i) => assert.is(classesOf[i]?.includes(value), matches(of, text), JSON.stringify(text)));
      }
      const kinds = new Set<string>();
      for (let value = 1; value < classes; value++) {
        assert.is(textValue(combined, witnesses[value] ?? ''), value);
        kinds.add(patterns.map((_, i) => classesOf[i]?.includes(value)).join());
      }
      assert.is(kinds.size, classes - 1, 'two classes are matched by the same patterns');
      const isUnmatched = (value: number): boolean => classesOf.every((list) => !list.includes(value));
      assert.ok(!Array.from({ length: classes }, (_, value) => value).some((value) => value > 1 && isUnmatched(value)));
      assert.is([...shortestTexts(combined).keys()].length, classes - 1);
      assert.is(combined.accept[0], 1, 'what matches nothing any more has the first class');
    }),
  );
});

/** Each pattern hides all that come after it. */
const inOrder: Overshadowed = { isBy: (pattern, by) => by < pattern, mayBeBy: () => true };

test('of patterns that overshadow those after them only the first that matches counts', () => {
  fc.assert(
    fc.property(fc.array(pattern, { maxLength: 5 }), (patterns) => {
      const found = classify(patterns, 10_000, { overshadowed: inOrder });
      assert.ok(found);
      for (const text of texts) {
        const first = patterns.findIndex((of) => matches(of, text));
        const value = found ? textValue(found.automaton, text) : 0;
        patterns.forEach((_, i) => assert.is(found?.classesOf[i]?.includes(value), i === first, JSON.stringify(text)));
      }
    }),
  );
});

test('many globs are few classes when the first of them decides', () => {
  const globs = Array.from({ length: 40 }, (_, i) => sequence(anyText, literal(`/name${i}/`), anyText));
  const found = classify(globs, 8192, { overshadowed: inOrder });
  assert.is(found?.classes, 42);
});

test('patterns that are too many together are refused, soon', () => {
  const globs = Array.from({ length: 40 }, (_, i) => sequence(anyText, literal(`/name${i}/`), anyText));
  const start = performance.now();
  assert.is(classify(globs, 4096), undefined);
  assert.ok(performance.now() - start < 10_000);
});

test('a complement that takes too many states is refused, soon', () => {
  const late = (letters: number): Pattern => sequence(anyText, literal('a'), ...Array.from({ length: letters }, () => anyByte));
  const start = performance.now();
  for (const of of [not(late(20)), sequence(not(late(20)), literal('b')), both(late(20), late(19))])
    assert.is(classify([of], 4096), undefined);
  assert.ok(classify([not(late(8))], 4096));
  assert.ok(performance.now() - start < 10_000);
});

test('hundreds of path patterns are classified soon', () => {
  const segment = repeat(segmentByte, 1);
  const paths = Array.from({ length: 300 }, (_, i) =>
    sequence(
      literal(i % 2 ? 'GET ' : 'POST '),
      literal(`/api/service${i}/`),
      segment,
      literal(`/items${i % 7}/`),
      i % 3 ? anyText : segment,
    ),
  );
  const start = performance.now();
  const found = classify(paths, 16_384);
  const spent = performance.now() - start;
  assert.is(found?.classes, 302);
  assert.ok(spent < 2000, `${spent} ms`);
});

test.run();
