// Golden cases of what lint finds: each folder of lint/ is one compiled unit; expected.txt holds its findings as a person sees them,
// options.json what is asked.
// `UPDATE=1` rewrites; the review is the diff.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { foundIn } from '../../src/compiler/cli/lint.ts';
import { renderDiagnostics } from '../../src/compiler/diagnostics/render.ts';
import { checkedUnit } from '../harness/compile.ts';

const root = join(import.meta.dirname, 'lint');

for (const name of readdirSync(root).sort()) {
  test(`lint/${name}`, () => {
    const folder = join(root, name);
    const files = readdirSync(folder).filter((file) => file.endsWith('.policy'));
    const unit = checkedUnit(files.sort().map((path) => ({ path, text: readFileSync(join(folder, path), 'utf8') })));
    const options = join(folder, 'options.json');
    const asked: Parameters<typeof foundIn>[1] = existsSync(options) ? JSON.parse(readFileSync(options, 'utf8')) : { seconds: 60 };
    const { diagnostics, rules } = foundIn(unit, asked);
    assert.is(rules.done, rules.total);
    const found = renderDiagnostics(diagnostics, { color: false }) || 'nothing to say\n';
    const file = join(folder, 'expected.txt');
    if (process.env['UPDATE'] === '1') writeFileSync(file, found);
    assert.ok(existsSync(file), 'no expected.txt: run with UPDATE=1 and read it');
    assert.fixture(found, readFileSync(file, 'utf8'));
  });
}

test.run();
