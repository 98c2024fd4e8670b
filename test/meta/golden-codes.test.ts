// Every code of the catalogue stands in a golden case, with what it underlines. A code that is about a file as a whole underlines
// nothing; it stands there all the same.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Code, catalog } from '../../src/compiler/diagnostics/catalog.ts';
import { root } from './imports.ts';

const isCode = (text: string): text is Code => Object.hasOwn(catalog, text);
/** Those of the importers are held by test/golden/import.test.ts. */
const codes = Object.keys(catalog)
  .filter(isCode)
  .filter((code) => !code.startsWith('import/'));

/** Their place is a file, not a part of its text. */
const aboutFiles: ReadonlySet<Code> = new Set<Code>([
  'source/not-found',
  'source/unreadable',
  'source/too-large',
  'source/binary',
  'source/not-utf8',
  'source/empty',
  'source/no-policy-files',
  'test/none',
  'analysis/limit',
]);
/** Only texts of many megabytes give these: test/unit/plan-limits.test.ts. */
const unbearable: ReadonlySet<Code> = new Set<Code>(['plan/too-many-classes']);

const folder = join(root, 'test', 'golden');
const expectations = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('expected.txt'))
  .map((path) => readFileSync(join(folder, path), 'utf8'));

/** Findings as people see them, one after the other. */
const shown = expectations.flatMap((text) => text.split(/\n(?=\S.*?(?:error|warning)\[)/));
const underlined = (code: Code): boolean =>
  shown.some((finding) => finding.split('\n', 1)[0]?.includes(`[${code}]`) && /^ *\| +\^+$/m.test(finding)) ||
  expectations.some((text) => new RegExp(`(?:error|warning) ${code} at \\d+:\\d+ \`[^\`]+`).test(text));
const named = (code: Code): boolean => shown.some((finding) => finding.split('\n').some((line) => line.includes(`[${code}]`)));

test('every code is underlined in some golden case', () => {
  assert.equal(
    codes.filter((code) => !aboutFiles.has(code) && !unbearable.has(code) && !underlined(code)),
    [],
  );
});

test('every code about a file is in some golden case', () => {
  assert.equal(
    [...aboutFiles].filter((code) => !named(code)),
    [],
  );
});

test('what is excepted is in no golden case', () => {
  assert.equal(
    [...unbearable].filter((code) => named(code) || underlined(code)),
    [],
  );
});

test.run();
