// Every code has a page under docs/codes, and every page a code. What a page shows holds: the wrong example gives the
// code, the right one does not and compiles, the allowed one is silent about it.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Code, catalog } from '../../src/compiler/diagnostics/catalog.ts';
import { examplesOf, findingsOf } from '../harness/code-pages.ts';
import { root } from './imports.ts';

const folder = join(root, 'docs', 'codes');
const isCode = (text: string): text is Code => Object.hasOwn(catalog, text);
const codes = Object.keys(catalog).filter(isCode).sort();
const pages = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.md'))
  .map((path) => path.replaceAll('\\', '/').replace(/\.md$/, ''))
  .sort();

/** No text of a policy, or none of a bearable size, gives these. */
const withoutWrong: readonly RegExp[] = [
  /^source\/(?!empty)/,
  /^event\//,
  /^export\//,
  /^analysis\//,
  /^plan\/(?:too-|automaton-)/,
  /^(?:parse|resolve)\/too-/,
  /^check\/set-too-large$/,
  /^lint\/undecided$/,
];

/** There is nowhere that an `@allow` of it could stand. */
const withoutAllow: readonly RegExp[] = [/^check\/unused-allow$/, /^parse\/only-comments$/, /^import\//];

test('every code has a page, every page a code', () => assert.equal(pages, codes));

for (const code of codes) {
  if (!existsSync(join(folder, `${code}.md`))) continue;
  const text = readFileSync(join(folder, `${code}.md`), 'utf8');
  const { wrong, right, allow } = examplesOf(text);

  test(`${code}: the page has the form of all pages`, () => {
    assert.match(text, new RegExp(`^# \`${code}\`\n\n[A-Z\`][^\n]*\n\n[A-Z\`][^\n]*\n\n## `));
    assert.is(
      allow.length > 0,
      catalog[code].severity === 'warning' && !withoutAllow.some((one) => one.test(code)),
      'a section `Allow`, for warnings alone',
    );
    assert.ok(wrong.length > 0 || withoutWrong.some((one) => one.test(code)), 'it needs a wrong example');
  });

  test(`${code}: its examples do what the page says`, () => {
    if (wrong.length > 0)
      assert.ok(findingsOf(wrong, code).includes(code), `the wrong example gives ${findingsOf(wrong, code).join(', ')}`);
    if (right.length > 0) assert.equal(findingsOf(right, code), [], 'the right example is right');
    if (allow.length > 0) assert.equal(findingsOf(allow, code), [], 'the allowed example is silent');
  });
}

test.run();
