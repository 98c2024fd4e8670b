// Content as one text: on random lines and random contents, the patterns over the text say what the oracle says of the
// fields, a text reads back as the content that it is of, and every class of content has an event that is of it.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { contentClasses } from '../../src/compiler/analysis/content.ts';
import { encodingOf } from '../../src/compiler/analysis/content-encoding.ts';
import { contentReader } from '../../src/compiler/analysis/oracle-content.ts';
import type { FieldSpec, FieldTest, FieldValues, LineMatch, ValueSet } from '../../src/compiler/domains/domain.ts';
import { language, textValue } from '../../src/compiler/space/automaton.ts';
import { anyText, both, either, literal, not, type Pattern, repeat, segmentByte, sequence } from '../../src/compiler/space/pattern.ts';
import { type Random, random, seedOf } from '../harness/random.ts';
import { smallDomains } from '../harness/small-domains.ts';

const seed = seedOf('content-encoding', 20_261_122);
const reader = contentReader(smallDomains);

const patterns: readonly Pattern[] = [
  literal('/a'),
  literal(''),
  either(literal('/a'), literal('/b'), literal('GET')),
  sequence(literal('/'), repeat(segmentByte, 0)),
  not(literal('/a')),
  both(sequence(literal('/'), anyText), not(sequence(anyText, literal('b')))),
  both(),
  either(),
  anyText,
  sequence(literal('é'), anyText),
];
const texts = ['/a', '/b', '/a/b', 'GET', 'é', 'x', '/é/b'];
const ranges = [
  [{ low: 0, high: 0 }],
  [{ low: 1, high: 999 }],
  [
    { low: 5, high: 17 },
    { low: 120, high: 4_000_000_000 },
  ],
  [],
];
const numbers = ['0', '5', '17', '18', '99', '100', '119', '120', '999', '1000', '4000000000'];

const namesOf = ({ name }: FieldSpec): readonly string[] => (name === 'header' ? ['header a', 'header b'] : [name]);

function randomTest(pick: Random, spec: FieldSpec): FieldTest {
  const values: ValueSet =
    spec.type.kind === 'text' ? { kind: 'text', pattern: pick.pick(patterns) } : { kind: 'number', ranges: pick.pick(ranges) };
  return { field: pick.pick(namesOf(spec)), every: spec.quantity === 'every', orAbsent: pick.chance(0.3), values };
}

function randomLine(pick: Random, fields: readonly FieldSpec[]): LineMatch {
  const chosen = pick.some(fields, 0.35);
  return chosen.flatMap((spec) => (pick.chance(0.15) ? [randomTest(pick, spec), randomTest(pick, spec)] : [randomTest(pick, spec)]));
}

function randomContent(pick: Random, fields: readonly FieldSpec[]): FieldValues {
  const values: Record<string, FieldValues[string]> = {};
  for (const spec of fields)
    for (const name of namesOf(spec)) {
      const one = () => pick.pick(spec.type.kind === 'text' ? texts : numbers);
      const count = spec.quantity === 'one' ? 1 : pick.int(4);
      if (spec.mayBeUndecidable && pick.chance(0.3)) values[name] = { kind: 'undecidable', reason: 'too long' };
      else if ((spec.always || pick.chance(0.7)) && count > 0) values[name] = Array.from({ length: count }, one);
    }
  return values;
}

test('the patterns over the text are the truth of the line', () => {
  const pick = random(seed);
  const seen = new Map<unknown, number>();
  for (let round = 0; round < 400; round++) {
    const spec = pick.pick(smallDomains);
    const lines = Array.from({ length: 1 + pick.int(3) }, () => randomLine(pick, spec.fields));
    const encoding = encodingOf(spec, lines);
    const automata = lines.map((line) => [language(encoding.where(line)), language(encoding.whereMaybe(line))] as const);
    for (let i = 0; i < 30; i++) {
      const fields = randomContent(pick, spec.fields);
      const text = encoding.encode(fields);
      for (const [place, line] of lines.entries()) {
        const truth = reader.truthOf({ domain: spec.name, lines: [line] }, { domain: spec.name, content: { kind: 'fields', fields } });
        const [where, maybe] = automata[place] ?? [];
        if (!where || !maybe) continue;
        assert.is(textValue(where, text) === 1, truth === true, show([line, fields]));
        assert.is(textValue(maybe, text) === 1, truth !== false, show([line, fields]));
        seen.set(truth, (seen.get(truth) ?? 0) + 1);
      }
    }
  }
  console.log(`content-encoding: ${show([...seen])}`);
  for (const truth of [true, false, 'undecidable']) assert.ok((seen.get(truth) ?? 0) > 200, String(truth));
});

test('a text reads back as the content that it is of', () => {
  const pick = random(seed + 1);
  for (let round = 0; round < 500; round++) {
    const spec = pick.pick(smallDomains);
    const line = randomLine(pick, spec.fields);
    const { encode, decode } = encodingOf(spec, [line]);
    const fields = randomContent(pick, spec.fields);
    const back = decode(encode(fields));
    for (const { field } of line) {
      const [was, is] = [fields[field] ?? [], back[field] ?? []];
      assert.equal('kind' in is ? is.kind : is, 'kind' in was ? was.kind : was, show([line, fields]));
    }
    for (const name of spec.positional) assert.ok(Object.hasOwn(back, name), name);
  }
});

test('the event of a class of content is of exactly its parts', () => {
  const pick = random(seed + 2);
  let count = 0;
  for (let round = 0; round < 150; round++) {
    const spec = pick.pick(smallDomains);
    const matches = Array.from({ length: 1 + pick.int(3) }, () => ({
      domain: spec.name,
      lines: Array.from({ length: 1 + pick.int(2) }, () => randomLine(pick, spec.fields)),
    }));
    const contents = contentClasses(smallDomains);
    const classes = contents.of(spec.name, matches);
    for (const content of classes.classes)
      for (const match of matches) {
        const asked = { domain: spec.name, content: { kind: 'fields', fields: content.example() } } as const;
        assert.is(contents.truthOf(classes, content, match), reader.truthOf(match, asked), show([match, content.example()]));
        count++;
      }
  }
  assert.ok(count > 1000, `${count}`);
});

const show = (value: unknown): string => JSON.stringify(value);

test.run();
