// docs/local-truth.md: every fact has a test, and every test that it names is there.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { measures } from '../harness/local-truth-faults.ts';

const root = join(import.meta.dirname, '..', '..');
const rows = readFileSync(join(root, 'docs', 'local-truth.md'), 'utf8')
  .split('\n')
  .filter((line) => /^\| \d+\. /.test(line));

/** Facts that are known: the numbers of the rows. */
const facts = 17;

test('every fact has its row, in their order', () => {
  assert.equal(
    rows.map((row) => Number(/^\| (\d+)\./.exec(row)?.[1])),
    Array.from({ length: facts }, (_, at) => at + 1),
  );
});

test('every fact has a test, which is there', () => {
  const missing = rows.flatMap((row) => {
    const named = [...row.matchAll(/`(test\/[^`]+\.test\.ts)` "([^"]+)"/g)].map(([, file = '', name = '']) => ({ file, name }));
    if (named.length === 0) return [`no test: ${row.slice(0, 60)}`];
    return named
      .filter(({ file, name }) => !existsSync(join(root, file)) || !hasTest(readFileSync(join(root, file), 'utf8'), name))
      .map(({ file, name }) => `${file}: ${name}`);
  });
  assert.equal(missing, []);
});

test('every measure can be taken away, and the test that fails then is there', () => {
  assert.equal(
    [...new Set(measures.map(({ row }) => row))],
    Array.from({ length: facts }, (_, at) => at + 1),
  );
  const text = (file: string): string => readFileSync(join(root, file), 'utf8');
  for (const { fault } of measures) assert.is(text(fault.file).split(fault.from).length, 2, `${fault.file}: ${fault.from}`);
  const gone = measures.filter(({ row, test: { file } }) => !existsSync(join(root, file)) || !rows[row - 1]?.includes(file));
  assert.equal(
    gone.map(({ row, test: { file } }) => `${row}: ${file}`),
    [],
  );
});

/** In the name of a test, or in one of a list of cases that become tests. */
const hasTest = (text: string, name: string): boolean => text.replaceAll("\\'", "'").includes(name) && /[tT]est\(/.test(text);

test.run();
