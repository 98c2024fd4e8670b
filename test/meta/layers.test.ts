// Holds every import of src/ against layer-table.ts, refuses cycles of value imports, and keeps the table printed in
// ARCHITECTURE.md current (`UPDATE=1` rewrites it).
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Import, importsOf, root, sourceFiles } from './imports.ts';
import { type Layer, layers, shared } from './layer-table.ts';

const all = sourceFiles().flatMap(importsOf);
const layerOf = (file: string): Layer | undefined => layers.find(({ path }) => file.startsWith(path));
const under = (paths: readonly string[], file: string) => paths.some((path) => file.startsWith(path));
const packageOf = (specifier: string) =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

function isAllowed({ from, to, typeOnly, relative }: Import): boolean {
  const layer = layerOf(from);
  if (layer === undefined) return false;
  if (to.startsWith('node:')) return layer.node === true;
  if (!relative) return layer.packages?.includes(packageOf(to)) === true;
  return under([layer.path, ...layer.may], to) || (typeOnly && under(layer.types ?? [], to));
}

test('every file of src/ is in a layer', () => {
  assert.equal(
    sourceFiles().filter((file) => layerOf(file) === undefined),
    [],
  );
});

test('every import is in the table', () => {
  assert.equal(
    all.filter((edge) => !isAllowed(edge)).map(({ from, to, typeOnly }) => `${from} -> ${to}${typeOnly ? ' (type)' : ''}`),
    [],
  );
});

/** The first cycle that a depth-first walk meets from `file`, or undefined. */
function cycleFrom(
  file: string,
  edges: ReadonlyMap<string, readonly string[]>,
  done: Set<string>,
  path: readonly string[],
): string | undefined {
  if (path.includes(file)) return [...path.slice(path.indexOf(file)), file].join(' -> ');
  if (done.has(file)) return undefined;
  for (const to of edges.get(file) ?? []) {
    const cycle = cycleFrom(to, edges, done, [...path, file]);
    if (cycle) return cycle;
  }
  done.add(file);
  return undefined;
}

test('value imports have no cycle', () => {
  const edges = new Map<string, string[]>(sourceFiles().map((file) => [file, []]));
  for (const { from, to, typeOnly, relative } of all) if (relative && !typeOnly) edges.get(from)?.push(to);
  const done = new Set<string>();
  const cycles = sourceFiles().flatMap((file) => cycleFrom(file, edges, done, []) ?? []);
  assert.equal(cycles, []);
});

const code = (path: string) => `\`${path.replace(/^compiler\//, '')}\``;
/** The list that all of the runtime has in common is printed once, below the table. */
const short = (paths: readonly string[]) =>
  shared.every((path) => paths.includes(path))
    ? ['the shared part', ...paths.filter((path) => !shared.includes(path)).map(code)]
    : paths.map(code);
const list = (paths: readonly string[] | undefined) => (paths && paths.length > 0 ? short(paths).join(', ') : '–');
const row = ({ path, may, types, packages, node }: Layer) =>
  `| ${code(path)} | ${list([...may, ...(types ?? []).map((type) => `type ${type.replace(/^compiler\//, '')}`)])} | ${list(packages)} | ${node ? 'yes' : '–'} |`;
const table = [
  '| path under `src/` | may import, beside itself | packages | `node:*` |',
  '|---|---|---|---|',
  ...layers.map(row),
  '',
  `The shared part, which is all that the two programs have in common: ${shared.map(code).join(', ')}.`,
].join('\n');

test('the table in ARCHITECTURE.md is the one that is enforced', () => {
  const file = join(root, 'ARCHITECTURE.md');
  const text = readFileSync(file, 'utf8');
  const wanted = text.replace(/(<!-- layers -->\n)[\s\S]*?(<!-- end of layers -->)/, (_, before, after) => `${before}${table}\n${after}`);
  if (process.env['UPDATE'] === '1') writeFileSync(file, wanted);
  else assert.is(text, wanted, 'run UPDATE=1 npx tsx test/meta/layers.test.ts');
  assert.ok(wanted.includes(table), 'ARCHITECTURE.md has no place for the table');
});

test.run();
