// docs/kernels.md is what its generator writes: the tables read back give the same text, and they have a row for every
// feature that is probed, a column for every kernel that the tests are run on, and no test that is not there.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { kernelVersions } from '../../scripts/kernels/debian.ts';
import { documentNow, documentText, tablesIn } from '../../scripts/kernels/table.ts';
import { probeNames } from '../../src/runtime/kernel/features.ts';
import { root } from './imports.ts';

const tables = tablesIn(documentNow());
const rowsOf = (title: string): readonly string[] => tables.find((table) => table.title === title)?.rows.map(({ name }) => name) ?? [];

test('the document has the form of its generator', () => {
  assert.is(documentNow(), documentText(tables), 'npm run test:kernels -- --table');
});

test('every kernel has a column in every table', () => {
  assert.equal(
    tables.map(({ title }) => title),
    ['Features', 'Programs', 'Tests'],
  );
  for (const { title, kernels } of tables)
    for (const version of kernelVersions)
      assert.ok(
        kernels.some((kernel) => kernel.startsWith(`${version}.`)),
        `${title}: ${version}`,
      );
});

test('every feature that is probed has a row', () => {
  assert.equal(rowsOf('Features'), probeNames, 'run the kernels again: npm run test:kernels, then with --table');
});

test('tests of the document exist', () => {
  assert.equal(
    rowsOf('Tests').filter((file) => !existsSync(join(root, file))),
    [],
  );
});

test.run();
