// Golden reviews: what a reviewer reads of a change. Each folder of diff/ has old.policy and new.policy; expected.txt is the whole
// text, what changes no verdict too. `UPDATE=1` rewrites; the review is the diff.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import picocolors from 'picocolors';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { diff } from '../../src/compiler/analysis/diff.ts';
import { diffReport } from '../../src/compiler/analysis/report.ts';
import { diffText } from '../../src/compiler/cli/diff-text.ts';
import { typedPolicy } from '../harness/compile.ts';

const root = join(import.meta.dirname, 'diff');
const view = { all: true, colors: picocolors.createColors(false) };

for (const name of readdirSync(root).sort()) {
  test(`diff/${name}`, () => {
    const typed = (path: string) => typedPolicy([{ path, text: readFileSync(join(root, name, path), 'utf8') }]);
    const [before, after] = [typed('old.policy'), typed('new.policy')];
    const report = diffReport([before, after], diff(before, after));
    const found = `${diffText({ old: 'old.policy', new: 'new.policy', report, failed: [] }, view)}\n`;
    const file = join(root, name, 'expected.txt');
    if (process.env['UPDATE'] === '1') writeFileSync(file, found);
    assert.fixture(found, readFileSync(file, 'utf8'));
  });
}

test.run();
