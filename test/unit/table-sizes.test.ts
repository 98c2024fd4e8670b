// What the tables of a policy will take is what they take when they are written.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { normalize } from '../../src/compiler/4-normalize/index.ts';
import { imagesOf, tableSizesOf } from '../../src/compiler/6-emit/images.ts';
import { collector } from '../../src/compiler/diagnostics/diagnostic.ts';
import { randomPolicy } from '../harness/arbitrary.ts';
import { typedPolicy } from '../harness/compile.ts';
import { random, seedOf } from '../harness/random.ts';

/** So many paths that their cells need pages. */
const manyPaths = (count: number): string => {
  const lines = Array.from({ length: count }, (_, i) => `      GET "/service-${i}/items/${(i * 7919) % 1000}/{id}"`);
  return `policy p for { app: "a" } {\n  ingress {\n    allow from { app: "b" } at tcp 80 http {\n${lines.join('\n')}\n    }\n  }\n}\n`;
};

const source = random(seedOf('table-sizes', 3));
const texts = [...Array.from({ length: 60 }, () => randomPolicy(source, { native: true })), manyPaths(400)];

test('sizes are known before tables are written', () => {
  let pages = 0;
  for (const text of texts) {
    const space = normalize(typedPolicy(text), collector().report);
    const written = imagesOf(space).map(({ table, entries, bytes }) => ({ table, entries, bytes: bytes.length }));
    assert.equal(tableSizesOf(space), written);
    pages += written.find(({ table }) => table === 'http')?.entries ?? 0;
  }
  assert.ok(pages > 0);
});

test.run();
