// Golden imports: the documents of each folder of import/ as one unit. expected.policy is what `policyc import` prints of them,
// expected.txt what `policyc check` finds; options.json says how they are meant. `UPDATE=1` rewrites; the review is the diff.
// The text is in canonical form, and means what the documents mean. Every code of the importers has to be in some case.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { SourceText } from '../../src/compiler/base/source.ts';
import { catalog } from '../../src/compiler/diagnostics/catalog.ts';
import { renderDiagnostics } from '../../src/compiler/diagnostics/render.ts';
import { format } from '../../src/compiler/format/index.ts';
import type { TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { checkUnit, holdsDocuments, importUnit, type Options } from '../../src/compiler/pipeline.ts';

const root = join(import.meta.dirname, 'import');
const update = process.env['UPDATE'] === '1';
const seen = new Set<string>();

const documentsOf = (folder: string): readonly SourceText[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => holdsDocuments(path) && path !== 'options.json')
    .sort()
    .map((path) => ({ path: path.replaceAll('\\', '/'), text: readFileSync(join(folder, path), 'utf8') }));

function optionsOf(folder: string): Options {
  const file = join(folder, 'options.json');
  return existsSync(file) ? { documents: JSON.parse(readFileSync(file, 'utf8')) } : {};
}

/** Each file as it is printed; files that have no policies are none. */
function textOf(documents: readonly SourceText[], options: Options): readonly SourceText[] {
  const imported = importUnit(documents, options);
  if (!imported.ok) return [];
  return imported.value.sources.map((source) => {
    const formatted = format(source);
    assert.ok(formatted.ok, formatted.ok ? '' : renderDiagnostics(formatted.diagnostics, { color: false }));
    return { path: `${source.path}.policy`, text: formatted.ok ? formatted.text : '' };
  });
}

/** Everything but the places. */
const meaningOf = ({ policies, rules }: TypedPolicy): string =>
  JSON.stringify({ policies, rules }, (key, value: unknown) =>
    key === 'span' || key === 'text' ? undefined : typeof value === 'bigint' ? String(value) : value,
  );

function held(file: string, found: string): void {
  if (update) writeFileSync(file, found);
  assert.ok(existsSync(file), 'not there: run with UPDATE=1 and read it');
  assert.fixture(found, readFileSync(file, 'utf8'));
}

for (const name of readdirSync(root).sort()) {
  test(`import/${name}`, () => {
    const folder = join(root, name);
    const [documents, options] = [documentsOf(folder), optionsOf(folder)];
    const checked = checkUnit(documents, options);
    for (const { code } of checked.diagnostics) seen.add(code);
    const texts = textOf(documents, options);
    held(join(folder, 'expected.txt'), renderDiagnostics(checked.diagnostics, { color: false }) || 'nothing to say\n');
    held(join(folder, 'expected.policy'), texts.map(({ text }) => text).join('\n'));
    for (const source of texts) {
      const again = format(source);
      assert.is(again.ok && again.text, source.text, 'canonical form');
    }
    if (!checked.ok) return;
    const again = checkUnit(texts);
    assert.ok(again.ok, renderDiagnostics(again.diagnostics, { color: false }));
    if (again.ok) assert.is(meaningOf(again.value.typed), meaningOf(checked.value.typed), 'the text means what the documents mean');
  });
}

test('every code of the importers is in some case', () => {
  const codes = Object.keys(catalog).filter((code) => code.startsWith('import/'));
  assert.equal(
    codes.filter((code) => !seen.has(code)),
    [],
  );
});

test.run();
