// Documents of any shape: nothing throws, and what is taken is policy text without a mistake of form. The documents are those of the
// golden imports with values, keys and items changed, taken out and put elsewhere.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CORE_SCHEMA, loadAll } from 'js-yaml';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isList, isObject } from '../../../src/compiler/interchange/documents/json.ts';
import type { Json } from '../../../src/compiler/interchange/importer.ts';
import { checkUnit, type ImportOptions, importUnit } from '../../../src/compiler/pipeline.ts';
import { type Random, random, seedOf } from '../../harness/random.ts';

const root = join(import.meta.dirname, '..', '..', 'golden', 'import');
const isJson = (value: unknown): value is Json => value !== undefined;

function documentsIn(path: string): readonly Json[] {
  try {
    const found: unknown[] = [];
    loadAll(readFileSync(join(root, path), 'utf8'), (one) => found.push(one), { schema: CORE_SCHEMA });
    return found.filter(isJson).filter(isObject);
  } catch {
    return [];
  }
}
const seeds = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.yaml'))
  .flatMap(documentsIn);

const odd: readonly Json[] = [
  ...[null, true, 0, -1, 1.5, 65536, 1e300, '', ' ', '0', '80', '*', '**', '/', '//', '"', '\\', '{', '}', '[', '\n', '\u0000', '\u202e'],
  ...[
    'a"b',
    'default',
    'tcp',
    'reserved:host',
    'k8s:',
    ':',
    '::/0',
    '0.0.0.0/0',
    '10.0.0.1/8',
    'fe80::1',
    '(',
    '[a-',
    '.*',
    'GET',
    '$x',
    'é',
  ],
  ...[[], {}, [[]], [{}], [null], { a: 'b' }, { matchLabels: { a: 'b' } }, ['a', 'a'], { '': '' }, { 'a b': 'c"d' }],
];

/** The same with one thing changed, somewhere inside. */
function changed(value: Json, pick: Random, pool: readonly Json[]): Json {
  const other = (): Json => pool[pick.int(pool.length)] ?? null;
  if (isList(value) && value.length > 0 && pick.int(6) > 0) {
    const at = pick.int(value.length);
    const how = pick.int(6);
    if (how === 0) return value.filter((_, i) => i !== at);
    if (how === 1) return [...value, value[at] ?? null];
    return value.map((one, i) => (i === at ? changed(one, pick, pool) : one));
  }
  const keys = isObject(value) ? Object.keys(value) : [];
  if (isObject(value) && keys.length > 0 && pick.int(8) > 0) {
    const key = keys[pick.int(keys.length)] ?? '';
    const how = pick.int(10);
    if (how === 0) return Object.fromEntries(Object.entries(value).filter(([one]) => one !== key));
    if (how === 1) return { ...value, [keys[pick.int(keys.length)] ?? '']: value[key] ?? null };
    if (how === 2) return { ...value, [String(other())]: other() };
    return { ...value, [key]: changed(value[key] ?? null, pick, pool) };
  }
  return other();
}

/** All values inside the documents: what may stand somewhere else. */
const inside = (value: Json): readonly Json[] => [
  value,
  ...(isList(value) ? value.flatMap(inside) : isObject(value) ? Object.values(value).flatMap(inside) : []),
];

const meanings: readonly Partial<ImportOptions>[] = [
  {},
  { schema: 'prune' },
  { schema: 'off' },
  { baseline: 'kubernetes', allowLocalhost: false },
  { nodeLabels: true, defaultLocalCluster: false, addressesMatch: { workloads: true, nodes: true }, enforcement: 'always' },
];

const runs = Number(process.env['RUNS'] ?? 3000);
const seed = seedOf('documents of any shape', 1);

test('nothing throws; what is taken has no mistake of form', () => {
  const pick = random(seed);
  const pool = [...odd, ...seeds.flatMap(inside)];
  for (let run = 0; run < runs; run++) {
    let document: Json = seeds[pick.int(seeds.length)] ?? null;
    for (let n = pick.int(4); n >= 0; n--) document = changed(document, pick, pool);
    const text = JSON.stringify(document);
    const documents = meanings[pick.int(meanings.length)] ?? {};
    const source = { path: 'a.json', text };
    const about = `seed ${seed}, run ${run}: ${text} ${JSON.stringify(documents)}`;
    try {
      if (!importUnit([source], { documents }).ok) continue;
      const { diagnostics } = checkUnit([source], { documents });
      // A value that means nothing is told at its place, as everywhere.
      const ofForm = diagnostics.filter(({ code, severity }) => severity === 'error' && /^(?:parse|resolve)\//.test(code));
      assert.equal(
        ofForm.map(({ code, message }) => `${code} ${message}`),
        [],
        about,
      );
    } catch (error) {
      throw new Error(about, { cause: error });
    }
  }
});

test.run();
