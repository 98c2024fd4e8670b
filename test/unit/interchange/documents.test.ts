// Documents: what is one, and that the place of a value is where it stands.
import * as fc from 'fast-check';
import { dump, load } from 'js-yaml';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { positionAt, type SourceText } from '../../../src/compiler/base/source.ts';
import { collector } from '../../../src/compiler/diagnostics/diagnostic.ts';
import { readDocuments } from '../../../src/compiler/interchange/documents/index.ts';
import type { Document, Json, Path } from '../../../src/compiler/interchange/importer.ts';

const read = (text: string) => {
  const log = collector();
  const source: SourceText = { path: 'a.yaml', text };
  return {
    documents: readDocuments(source, log.report),
    found: log.all().map(({ code, span }) => `${code} ${placeOf(source, span.start)}`),
  };
};
const placeOf = (source: SourceText, start: number): string => {
  const { line, column } = positionAt(source, start);
  return `${line}:${column}`;
};
const placesOf = ({ source, at }: Document, ...paths: readonly Path[]): readonly string[] =>
  paths.map((path) => `${placeOf(source, at(path).start)} ${source.text.slice(at(path).start, at(path).end)}`);

const head = 'apiVersion: v1\nkind: A\n';
const kindsOf = (text: string): string =>
  read(text)
    .documents.map(({ apiVersion, kind }) => `${apiVersion}/${kind}`)
    .join(' ');

test('documents of a file: markers, directives, comments, empty ones, a byte order mark', () => {
  assert.is(kindsOf(`${head}---\n${head}...\n---\n# nothing\n--- {apiVersion: v1, kind: B}\n`), 'v1/A v1/A v1/B');
  assert.is(kindsOf(`%YAML 1.2\n---\n${head}`), 'v1/A');
  assert.is(kindsOf(`\uFEFF${head}`), 'v1/A');
  assert.is(kindsOf(`${head}text: |\n  %\n  ---\n   ...\nmore: "\n  --- a"\n`), 'v1/A');
  assert.is(kindsOf(''), '');
  assert.equal(read('--- a\n---x\n').found, ['import/no-object 1:5']);
});

test('a mistake in one document leaves the others whole', () => {
  const { documents, found } = read(`${head}---\nkind: [\n---\nkind: A\nkind: A\n---\na: *b\n---\n${head}`);
  assert.is(documents.length, 2);
  assert.equal(found, ['import/yaml 4:8', 'import/yaml 7:1', 'import/yaml 9:6']);
});

test('lists are written out, items of typed lists know their kind, and every item keeps its place', () => {
  const text = `apiVersion: v1\nkind: List\nitems:\n- apiVersion: x/v1\n  kind: B\n  metadata:\n    name: b\n- kind: CList\n  apiVersion: x/v2\n  items:\n  - metadata: {name: c, namespace: other}\n- 7\n`;
  const { documents, found } = read(text);
  assert.equal(
    documents.map(({ apiVersion, kind, name, namespace }) => [apiVersion, kind, name, namespace]),
    [
      ['x/v1', 'B', 'b', undefined],
      ['x/v2', 'C', 'c', 'other'],
    ],
  );
  assert.equal(found, ['import/no-object 12:3']);
  assert.equal(
    documents.flatMap((one) => placesOf(one, ['metadata', 'name'])),
    ['7:5 name', '11:16 name'],
  );
});

test('places: keys, items, flow and block, empty values, the nearest above what is absent', () => {
  const text = `${head}a: # of a\n  - x: 1\n    "y z" : [1, {q: 2}, "t"]\n  -\n  - - n\n  # more\n  - |\n    text: a\nb:\nc: {d, "e":f}\n`;
  const [document] = read(text).documents;
  assert.ok(document);
  if (!document) return;
  assert.equal(
    placesOf(
      document,
      ['a'],
      ['a', 0],
      ['a', 0, 'x'],
      ['a', 0, 'y z'],
      ['a', 0, 'y z', 1, 'q'],
      ['a', 0, 'y z', 2],
      ['a', 2, 0],
      ['a', 3],
      ['b'],
      ['c', 'd'],
      ['c', 'e'],
    ),
    ['3:1 a', '4:5 x: 1', '4:5 x', '5:5 "y z"', '5:18 q', '5:25 "t"', '7:7 n', '9:5 |', '11:1 b', '12:1 c', '12:8 "e"'],
  );
  assert.equal(placesOf(document, ['a', 0, 'none', 'of', 3], ['a', 1], []), ['4:5 x: 1', '3:1 a', '1:1 apiVersion: v1']);
});

test('aliases and merges: the value is whole, its place is that of the alias', () => {
  const [document] = read(`${head}a: &a\n  x: 1\nb: *a\nc:\n  <<: *a\n  z: 2\n`).documents;
  assert.equal(document?.value['c'], { x: 1, z: 2 });
  if (document) assert.equal(placesOf(document, ['b', 'x'], ['c', 'z'], ['c', 'x']), ['5:1 b', '8:3 z', '6:1 c']);
});

test('a value that contains itself, or grows without measure, is a finding', () => {
  assert.equal(read('apiVersion: &a [*a]\nkind: x\n').found, ['import/yaml 1:1']);
  const bomb = [
    'a0: &a0 [x, x, x, x, x, x, x, x, x, x]',
    ...Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(10).fill(`*a${i}`)}]`),
  ];
  assert.equal(read(`${head}${bomb.join('\n')}\n`).found, ['import/yaml 1:1']);
  assert.is(read(`${head}a: ${'['.repeat(500)}${']'.repeat(500)}\n`).found.length, 1);
});

test('truth values are those of YAML 1.1, keys too; dates and other numbers of it are texts', () => {
  const [document] = read(`${head}a: [yes, No, ON, off, y, n, "yes", true, 2024-01-01, 1e3, 0x1F, ~]\non: 1\n`).documents;
  assert.equal(document?.value['a'], [true, false, true, false, true, false, 'yes', true, '2024-01-01', 1000, 31, null]);
  assert.is(document?.value['true'], 1);
});

const pathsOf = (value: Json, path: Path = []): readonly (readonly [Path, Json])[] =>
  typeof value !== 'object' || value === null
    ? [[path, value]]
    : [[path, value], ...Object.entries(value).flatMap(([key, one]) => pathsOf(one, [...path, Array.isArray(value) ? Number(key) : key]))];

const { value: values } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<Json>('a', 'two words', '80', '', '# no comment', 'a: b', '- x', '{', 'it\'s "so"', 0, 80, -1.5, true, false, null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c d', 'x:y', '#', '"q"', '-', 'long-key_1', '8'), tie('value'), {
      maxKeys: 4,
      noNullPrototype: true,
    }),
  ),
}));

test('random documents, in block, flow and JSON: the text at a place is the key or the scalar', () => {
  const run = (value: Json, textOf: (value: object) => string): void => {
    const whole = { apiVersion: 'v1', kind: 'A', value };
    const text = textOf(whole);
    const [document] = readDocuments({ path: 'a.yaml', text }, () => assert.unreachable(text));
    assert.equal(document?.value, whole);
    for (const [path, one] of pathsOf(value, ['value'])) {
      const last = path.at(-1);
      const span = document?.at(path);
      const shown = text.slice(span?.start, span?.end);
      // Of a key: itself; of an item that is a scalar: that. Collections begin with what they begin with.
      if (typeof last === 'string') assert.is(String(load(`[${shown}]`, { json: true }) ?? ''), String(last), text);
      else if (typeof one !== 'object') assert.equal(load(`- ${shown}`), [one], text);
    }
  };
  const styles = [
    (value: object) => dump(value, { noRefs: true, lineWidth: -1 }),
    (value: object) => dump(value, { noRefs: true, lineWidth: -1, flowLevel: 1 }),
    (value: object) => dump(value, { noRefs: true, lineWidth: -1, flowLevel: 3, noArrayIndent: true, forceQuotes: true }),
    (value: object) => JSON.stringify(value),
    (value: object) => JSON.stringify(value, undefined, 2),
  ];
  fc.assert(fc.property(values, fc.constantFrom(...styles), run), { numRuns: 400 });
});

test.run();
