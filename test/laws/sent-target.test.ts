// Path, query and target of a request are readings of one text. Held against request.ts, which reads requests: every short target of a
// small alphabet is a joint text exactly where it gives a path, and the classes of lines that ask for all three are those that these
// targets have, none missed and none invented.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { contentClasses } from '../../src/compiler/analysis/content.ts';
import { contentReader } from '../../src/compiler/analysis/oracle-content.ts';
import type { FieldTest, FieldValues, LineMatch } from '../../src/compiler/domains/domain.ts';
import { http } from '../../src/compiler/domains/http/index.ts';
import { canonicalTarget } from '../../src/compiler/domains/http/request.ts';
import { sentTarget } from '../../src/compiler/domains/http/sent-target.ts';
import { language, textValue } from '../../src/compiler/space/automaton.ts';
import {
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
import { random, seedOf } from '../harness/random.ts';

const seed = seedOf('sent-target', 20_261_123);

/** All texts of these beginnings with up to `length` more pieces. */
function* texts(start: string, pieces: readonly string[], length: number): Generator<string> {
  yield start;
  if (length > 0) for (const piece of pieces) yield* texts(start + piece, pieces, length - 1);
}

test('joint texts are those of targets that give a path, and read back', () => {
  const possible = language(sentTarget.possible);
  const bytes = ['/', 'a', '.', ';', '%', '2', 'e', 'E', 'F', '3', '?', '#', 'c', '0', '5', '\\', '~'];
  let [given, refused] = [0, 0];
  for (const start of ['/', '/%2', '/a%C3%'])
    for (const target of texts(start, bytes, 3)) {
      const content = canonicalTarget('GET', target);
      const text = sentTarget.encode({ target: [target] });
      assert.is(textValue(possible, text) === 1, content.kind === 'fields', target);
      if (content.kind !== 'fields') refused++;
      else {
        given++;
        assert.equal(sentTarget.decode(text), content.fields, target);
      }
    }
  assert.ok(given > 4000 && refused > 4000, `${given} ${refused}`);
});

const paths: readonly Pattern[] = [
  literal('/a'),
  literal('/%20'),
  sequence(literal('/'), repeat(segmentByte, 1)),
  sequence(literal('/a/'), anyText),
  not(literal('/a')),
  both(sequence(literal('/'), anyText), not(sequence(anyText, literal('b')))),
  sequence(anyText, byteIn([0x25, 0x25]), anyText),
];
const queries: readonly Pattern[] = [literal(''), literal('a'), sequence(anyText, literal('?')), not(literal('a')), either(), anyText];
const targets: readonly Pattern[] = [
  literal('/a'),
  literal('/%61'),
  sequence(literal('/a?'), anyText),
  sequence(anyText, literal('%'), anyText),
  not(sequence(literal('/a'), anyText)),
  repeat(byteIn([0x2f, 0x2f], [0x61, 0x61]), 1),
  literal('/b//a'),
];

test('classes are those that targets have', () => {
  const pick = random(seed);
  const reader = contentReader([http]);
  const pieces = ['/', 'a', 'b', '%61', '%20', '?', '%c3'];
  const events: FieldValues[] = [];
  for (const target of texts('/', pieces, 4)) {
    const content = canonicalTarget('GET', target);
    if (content.kind === 'fields') events.push(content.fields);
  }
  const testOf = (field: string, pattern: Pattern): FieldTest => ({
    field,
    every: false,
    orAbsent: field === 'query' && pick.chance(0.4),
    values: { kind: 'text', pattern },
  });
  const lineOf = (): LineMatch => [
    ...(pick.chance(0.6) ? [testOf('path', pick.pick(paths))] : []),
    ...(pick.chance(0.5) ? [testOf('query', pick.pick(queries))] : []),
    ...(pick.chance(0.6) ? [testOf('target', pick.pick(targets))] : []),
  ];
  let [classes, neverSent] = [0, 0];
  for (let round = 0; round < 60; round++) {
    const matches = Array.from({ length: 1 + pick.int(3) }, () => ({ domain: 'http', lines: [lineOf(), lineOf()] }));
    const contents = contentClasses([http]);
    const found = contents.of('http', matches);
    const signature = (fields: FieldValues): string =>
      matches.map((match) => reader.truthOf(match, { domain: 'http', content: { kind: 'fields', fields } })).join();
    const known = new Set(found.classes.map((content) => matches.map((match) => contents.truthOf(found, content, match)).join()));
    const shown = JSON.stringify(matches);
    for (const fields of events) assert.ok(known.has(signature(fields)), `missed ${JSON.stringify(fields)} of ${shown}`);
    for (const content of found.classes) {
      const fields = content.example();
      const [target] = fields['target'] !== undefined && !('kind' in fields['target']) ? fields['target'] : [];
      const sent = canonicalTarget('GET', target ?? '');
      assert.is(sent.kind, 'fields', `invented ${JSON.stringify(fields)} of ${shown}`);
      if (sent.kind === 'fields') assert.equal([fields['path'], fields['query']], [sent.fields['path'], sent.fields['query']], shown);
      assert.is(matches.map((match) => contents.truthOf(found, content, match)).join(), signature(fields), shown);
      classes++;
    }
    neverSent += found.neverSent.length;
  }
  console.log(`sent-target: ${events.length} targets, ${classes} classes, ${neverSent} more of values that know nothing of each other`);
  assert.ok(events.length > 500 && classes > 200 && neverSent > 50);
});

test.run();
