// Headers that say where a request ends, or that its connection becomes another: the classes of lines that ask for them are those of heads
// that request.ts can read, none missed and none invented; a test line with such headers says what a head with them says.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { contentClasses } from '../../src/compiler/analysis/content.ts';
import { contentReader } from '../../src/compiler/analysis/oracle-content.ts';
import type { FieldTest, FieldValues, LineMatch } from '../../src/compiler/domains/domain.ts';
import { http } from '../../src/compiler/domains/http/index.ts';
import { readRequestHead } from '../../src/compiler/domains/http/request.ts';
import { anyText, either, literal, not, type Pattern } from '../../src/compiler/space/pattern.ts';

const headers = [
  'upgrade: a',
  'upgrade: WebSocket',
  'x-method-override: PUT',
  'content-length: 5',
  'content-length: 17',
  'content-length: x',
  'transfer-encoding: chunked',
  'transfer-encoding: gzip',
  'x-a: 5',
];

const contentOf = (lines: readonly string[], method = 'GET') => {
  const head = readRequestHead(new TextEncoder().encode(`${method} / HTTP/1.1\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`));
  return head.kind === 'incomplete' ? undefined : head.content;
};

function* heads(length: number, start: readonly string[] = []): Generator<readonly string[]> {
  yield start;
  if (length > 0) for (const line of headers) yield* heads(length - 1, [...start, line]);
}

const testOf = (name: string, pattern: Pattern, orAbsent: boolean): FieldTest => ({
  field: `header ${name}`,
  every: true,
  orAbsent,
  values: { kind: 'text', pattern },
});
const tests = ['upgrade', 'content-length', 'transfer-encoding', 'x-method-override', 'x-a'].flatMap((name) => [
  testOf(name, anyText, false),
  testOf(name, either(), true),
  testOf(name, literal('5'), false),
  testOf(name, not(literal('5')), true),
]);

test('classes are those of heads that can be read', () => {
  const reader = contentReader([http]);
  const events = [...heads(3)].flatMap((lines): readonly FieldValues[] =>
    ['GET', 'POST'].flatMap((method) => {
      const content = contentOf(lines, method);
      return content?.kind === 'fields' ? [content.fields] : [];
    }),
  );
  const post: FieldTest = { ...testOf('', literal('POST'), false), field: 'method', every: false };
  const lines: readonly LineMatch[] = tests.flatMap((one) => [[one], [post, one], ...tests.map((other) => [one, other])]);
  let count = 0;
  for (let at = 0; at + 2 < lines.length; at += 2) {
    const matches = lines.slice(at, at + 3).map((line) => ({ domain: 'http', lines: [line] }));
    const contents = contentClasses([http]);
    const found = contents.of('http', matches);
    const signature = (fields: FieldValues): string =>
      matches.map((match) => reader.truthOf(match, { domain: 'http', content: { kind: 'fields', fields } })).join();
    const known = new Set(found.classes.map((content) => matches.map((match) => contents.truthOf(found, content, match)).join()));
    for (const fields of events) assert.ok(known.has(signature(fields)), `missed ${JSON.stringify([fields, matches])}`);
    for (const content of found.classes) {
      const fields = content.example();
      const sent = Object.entries(fields).flatMap(([name, values]) =>
        name.startsWith('header ') && !('kind' in values) ? values.map((value) => `${name.slice(7)}: ${value}`) : [],
      );
      const [method] = fields['method'] && !('kind' in fields['method']) ? fields['method'] : [];
      const read = contentOf(sent, method);
      assert.is(read?.kind, 'fields', `invented ${JSON.stringify([fields, matches])}`);
      if (read?.kind === 'fields') assert.is(signature(read.fields), signature(fields));
      count++;
    }
  }
  assert.ok(count > 200, `${count}`);
});

test('a test line says what a head says', () => {
  const span = { source: { path: '', text: '' }, start: 0, end: 0 };
  for (const lines of heads(2)) {
    const values: Record<string, readonly string[]> = { method: ['GET'], path: ['/'] };
    for (const line of lines) {
      const [name = '', value = ''] = line.split(': ');
      values[`header ${name}`] = [...(values[`header ${name}`] ?? []), value];
    }
    const derived = http.derive?.({ kind: 'fields', fields: values, open: [] }, { operands: [], span });
    const expected = contentOf(lines);
    assert.ok(derived?.ok && expected);
    if (!derived?.ok || !expected) continue;
    assert.is(derived.value.kind, expected.kind, lines.join(', '));
    if (derived.value.kind === 'fields') assert.equal(derived.value.fields, expected.kind === 'fields' ? expected.fields : {});
    else if (expected.kind === 'undecidable') assert.is(derived.value.reason, expected.reason);
  }
});

test.run();
