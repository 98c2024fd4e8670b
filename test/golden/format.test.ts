// The canonical form by example: each X.policy of format/ gives X.expected, and that stays as it is. `UPDATE=1` rewrites;
// the review is the diff.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from '../../src/compiler/1-parse/index.ts';
import { collector } from '../../src/compiler/diagnostics/diagnostic.ts';
import { format, formOf, treeText } from '../../src/compiler/format/index.ts';

const root = join(import.meta.dirname, 'format');
const update = process.env['UPDATE'] === '1';

/** The form of a text, without the check that would keep a text whose tree changes. */
function formed(text: string): { readonly text: string; readonly tree: string } {
  const log = collector();
  const [file] = parse([{ path: 'case.policy', text }], log.report).files;
  assert.equal([...log.all()].map(({ message }) => message), []);
  if (!file) throw new Error('nothing was parsed');
  return { text: formOf(file), tree: treeText(file) };
}

for (const name of readdirSync(root).filter((file) => file.endsWith('.policy')).sort()) {
  test(`format/${name}`, () => {
    const before = formed(readFileSync(join(root, name), 'utf8'));
    const expected = join(root, name.replace(/policy$/, 'expected'));
    if (update) writeFileSync(expected, before.text);
    assert.fixture(before.text, readFileSync(expected, 'utf8'));
    const after = formed(before.text);
    assert.fixture(after.text, before.text, 'formatting again changes nothing');
    assert.is(after.tree, before.tree);
  });
}

for (const document of ['README.md', 'grammar/README.md']) {
  test(`the samples of ${document} are in canonical form`, () => {
    const text = readFileSync(join(root, '..', '..', '..', document), 'utf8');
    for (const [, sample = ''] of text.matchAll(/^```policy\n([\s\S]*?)^```$/gm)) assert.fixture(formed(sample).text, sample);
  });
}

test('a text with mistakes has no form', () => {
  const found = format({ path: 'x.policy', text: 'policy p for { ingress { } }\n' });
  assert.is(found.ok, false);
});

test('a text whose meaning would hang on a line end stays as it is', () => {
  const text = 'policy p for all { ingress { allow at tcp 80 http { GET "/"; test "/x"\nGET "/y" } } }\n';
  assert.equal(format({ path: 'x.policy', text }), { ok: true, text });
});

test.run();
