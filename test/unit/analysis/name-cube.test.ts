// Sets of sets of names: a cube splits into halves that are disjoint, cover it and have a set of names each, and
// membership agrees with the patterns on every set of names.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { textMatcher } from '../../../src/compiler/analysis/derivative.ts';
import { anyNames, inNameCube, type NameCube, nameClasses, nameRelation, namesIn } from '../../../src/compiler/analysis/name-cube.ts';
import { anyText, byteIn, either, literal, not, type Pattern, repeat, sequence } from '../../../src/compiler/space/pattern.ts';
import { random, seedOf } from '../../harness/random.ts';

const seed = seedOf('name-cube', 20_261_123);
const { matches } = textMatcher();
const label = repeat(byteIn([0x61, 0x63]), 1);
const possible = sequence(label, repeat(sequence(literal('.'), label), 0));
const patterns: readonly Pattern[] = [
  literal('a.b'),
  sequence(label, literal('.b')),
  sequence(anyText, literal('.b')),
  either(literal('a.b'), literal('c')),
  not(sequence(anyText, literal('b'))),
  anyText,
  literal('A'),
  either(),
];
const names = ['a', 'b', 'c', 'a.b', 'c.b', 'a.c.b', 'a.c'];
const sets = names.flatMap((one, i) => names.slice(i).map((other) => (one === other ? [one] : [one, other])));
const everything: readonly (readonly string[])[] = [[], ...sets, names];
const isKnownBy = (pattern: Pattern, known: readonly string[]): boolean => known.some((name) => matches(pattern, name));

/** Asks the patterns one after the other; checks every set of names on the way. */
function partsOf(cube: NameCube, asked: readonly Pattern[]): readonly NameCube[] {
  const [pattern, ...rest] = asked;
  if (!pattern) return [cube];
  const relation = nameRelation(cube, pattern);
  if (relation.kind !== 'split') {
    for (const known of everything)
      if (inNameCube(cube, known)) assert.is(isKnownBy(pattern, known), relation.kind === 'covered', JSON.stringify([pattern, known]));
    return partsOf(cube, rest);
  }
  const [met, unmet] = relation.halves;
  for (const known of everything) {
    assert.is(inNameCube(met, known), inNameCube(cube, known) && isKnownBy(pattern, known));
    assert.is(inNameCube(unmet, known), inNameCube(cube, known) && !isKnownBy(pattern, known));
  }
  return [...partsOf(met, rest), ...partsOf(unmet, rest)];
}

test('the parts of a cube agree with the patterns, and each has a set of names', () => {
  const pick = random(seed);
  for (let round = 0; round < 60; round++) {
    const asked = pick.some(patterns, 0.5);
    const parts = partsOf(
      anyNames(nameClasses(patterns, possible)),
      [...asked].sort(() => (pick.chance(0.5) ? 1 : -1)),
    );
    for (const known of everything) assert.is(parts.filter((cube) => inNameCube(cube, known)).length, 1, JSON.stringify(known));
    for (const cube of parts) {
      const known = namesIn(cube);
      assert.ok(inNameCube(cube, known), JSON.stringify([...cube.flags, known]));
      for (const name of known) assert.ok(matches(possible, name), name);
    }
  }
});

test('a pattern that another holds needs no question; one that no name matches is apart', () => {
  const cube = anyNames(nameClasses(patterns, possible));
  const [one, labels] = [literal('a.b'), sequence(label, literal('.b'))];
  const relation = nameRelation(cube, one);
  assert.is(relation.kind, 'split');
  if (relation.kind === 'split') assert.is(nameRelation(relation.halves[0], labels).kind, 'covered');
  assert.is(nameRelation(cube, literal('A')).kind, 'apart');
  assert.equal(namesIn(cube), []);
});

test.run();
