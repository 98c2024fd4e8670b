// Golden cases of all that is said against a policy: each folder of check/ is one compiled unit; expected.txt holds its
// diagnostics as a person sees them, options.json what is asked of 3-check. `UPDATE=1` rewrites; the review is the diff. Every
// code has to be in some case.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { CheckOptions } from '../../src/compiler/3-check/index.ts';
import type { SourceText } from '../../src/compiler/base/source.ts';
import { catalog } from '../../src/compiler/diagnostics/catalog.ts';
import { renderDiagnostics } from '../../src/compiler/diagnostics/render.ts';
import { checkUnit } from '../../src/compiler/pipeline.ts';

const root = join(import.meta.dirname, 'check');
const update = process.env['UPDATE'] === '1';

function sourcesOf(folder: string): readonly SourceText[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.policy'));
  return files.sort().map((path) => ({ path: path.replaceAll('\\', '/'), text: readFileSync(join(folder, path), 'utf8') }));
}

const seen = new Set<string>();

/** Of `check`, in options.json. */
function optionsOf(folder: string): CheckOptions {
  const file = join(folder, 'options.json');
  const options: CheckOptions = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  return options;
}

function findings(folder: string): string {
  const { diagnostics } = checkUnit(sourcesOf(folder), optionsOf(folder));
  for (const { code } of diagnostics) seen.add(code);
  return renderDiagnostics(diagnostics, { color: false }) || 'nothing to say\n';
}

for (const name of readdirSync(root).sort()) {
  test(`check/${name}`, () => {
    const file = join(root, name, 'expected.txt');
    const found = findings(join(root, name));
    if (update) writeFileSync(file, found);
    assert.ok(existsSync(file), 'no expected.txt: run with UPDATE=1 and read it');
    assert.fixture(found, readFileSync(file, 'utf8'));
  });
}

test('every code of the front half is in some case', () => {
  const codes = Object.keys(catalog).filter((code) => /^(?:parse|resolve|check)\//.test(code));
  assert.equal(
    codes.filter((code) => !seen.has(code)),
    [],
  );
});

test.run();
