// The corpus of the grammar: each case of grammar/corpus/*.txt is a title, a policy text and the tree it has to give.
// `UPDATE=1` rewrites the trees; the review is the diff.
//
//   ==== title
//   policy text
//   ---- tree
//   (file ...)
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from '../../src/compiler/1-parse/index.ts';
import { collector } from '../../src/compiler/diagnostics/diagnostic.ts';

const root = join(import.meta.dirname, '..', '..', 'grammar', 'corpus');
const update = process.env['UPDATE'] === '1';
const divider = '---- tree\n';

/** Fields that say where something stands, or that say it again. */
const silent = new Set(['kind', 'span', 'source', 'raw', 'isWhole']);
const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);
const isEmpty = (value: unknown): boolean => value === false || (isList(value) && value.length === 0);

/** A node as `(kind field: value ...)`, lists last and one item a line; a name is its text. */
function tree(value: unknown, indent = ''): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const all = Object.entries(value).map(([name, field]): [string, unknown] => [name, field instanceof Set ? [...field] : field]);
  const kind = 'kind' in value ? String(value.kind) : '';
  const fields = all.filter(([name, field]) => !silent.has(name) && !isEmpty(field));
  const [first, second] = fields;
  if (first?.[0] === 'text' && !second) return kind === '' || kind === 'word' ? String(first[1]) : `(${kind} ${JSON.stringify(first[1])})`;
  const plain = fields.filter(([, field]) => !isList(field)).map(([name, field]) => ` ${name}: ${tree(field, indent)}`);
  const lists = fields.flatMap(([name, field]) => (isList(field) ? [listed(name, field, `${indent}  `)] : []));
  return `(${`${kind}${plain.join('')}`.trimStart()}${lists.join('')})`;
}

const listed = (name: string, items: readonly unknown[], indent: string): string =>
  `\n${indent}${name}:${items.map((item) => `\n${indent}  ${tree(item, `${indent}  `)}`).join('')}`;

function parsed(text: string): string {
  const log = collector();
  const [file] = parse([{ path: 'case', text }], log.report).files;
  const findings = log.all().map(({ code, span, message }) => `${code} at ${span.start}: ${message}\n`);
  return `${tree(file)}\n${findings.join('')}`;
}

for (const name of readdirSync(root).sort()) {
  const file = join(root, name);
  const cases = readFileSync(file, 'utf8')
    .split(/^==== /m)
    .slice(1)
    .map((part) => ({ title: part.slice(0, part.indexOf('\n')), body: part.slice(part.indexOf('\n') + 1) }))
    .map(({ title, body }) => ({ title, text: body.split(divider)[0] ?? '', wanted: (body.split(divider)[1] ?? '').trimEnd() }));
  for (const { title, text, wanted } of cases) {
    if (!update) test(`${name}: ${title}`, () => assert.fixture(parsed(text).trimEnd(), wanted));
  }
  if (update) writeFileSync(file, cases.map(({ title, text }) => `==== ${title}\n${text}${divider}${parsed(text).trimEnd()}\n\n`).join(''));
}

test.run();
