// Golden exports: each folder of export/ is a unit; its name begins with the target. expected.yaml is what `policyc export` prints,
// expected.txt what it cannot say. Read again, the documents mean the same: proved by the comparison of the two. `UPDATE=1` rewrites.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { renderDiagnostics } from '../../src/compiler/diagnostics/render.ts';
import { type CheckedUnit, checkUnit, documentsText, exportTargets, exportUnit, type Options } from '../../src/compiler/pipeline.ts';
import { differencesOf } from '../harness/same-meaning.ts';

const root = join(import.meta.dirname, 'export');
const update = process.env['UPDATE'] === '1';

function held(file: string, found: string): void {
  if (update) writeFileSync(file, found);
  assert.ok(existsSync(file), 'not there: run with UPDATE=1 and read it');
  assert.fixture(found, readFileSync(file, 'utf8'));
}

function sameMeaning(before: CheckedUnit, documents: string, options: Options): void {
  const again = checkUnit([{ path: 'expected.yaml', text: documents }], options);
  assert.ok(again.ok, renderDiagnostics(again.diagnostics, { color: false }));
  if (!again.ok) return;
  assert.equal(differencesOf(before, again.value), []);
}

/** How the documents are meant when they are read again. */
function optionsOf(folder: string): Options {
  const file = join(folder, 'options.json');
  return existsSync(file) ? { documents: JSON.parse(readFileSync(file, 'utf8')) } : {};
}

for (const name of readdirSync(root).sort()) {
  test(`export/${name}`, () => {
    const folder = join(root, name);
    const target = exportTargets.find((one) => name.startsWith(`${one}-`));
    const checked = checkUnit([{ path: 'input.policy', text: readFileSync(join(folder, 'input.policy'), 'utf8') }]);
    assert.ok(checked.ok && target, renderDiagnostics(checked.diagnostics, { color: false }));
    if (!checked.ok || !target) return;
    const exported = exportUnit(checked.value, target, optionsOf(folder));
    held(join(folder, 'expected.txt'), renderDiagnostics(exported.diagnostics, { color: false }) || 'nothing to say\n');
    if (!exported.ok) return;
    const text = documentsText(exported.value);
    held(join(folder, 'expected.yaml'), text);
    sameMeaning(checked.value, text, optionsOf(folder));
  });
}

test.run();
