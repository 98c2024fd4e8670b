// Diagnostics: holes, order, rendering, and words that two places have to agree on.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { reservedWords as grammarWords } from '../../src/compiler/1-parse/tokens.ts';
import { reservedWords } from '../../src/compiler/2-resolve/vocabulary.ts';
import { closest } from '../../src/compiler/base/closest.ts';
import { catalog, type Entry } from '../../src/compiler/diagnostics/catalog.ts';
import { collector, wholeFile } from '../../src/compiler/diagnostics/diagnostic.ts';
import { diagnosticRecord, renderDiagnostics, summary } from '../../src/compiler/diagnostics/render.ts';

const source = { path: 'shop.policy', text: 'one\n\ttwo \u202e three\nfour' };
const span = (start: number, end: number) => ({ source, start, end });

test('findings come in the order of places, each text once, and warnings do not fail', () => {
  const { report, failed, all } = collector();
  report('resolve/unused-import', span(4, 8), { name: 'two' });
  assert.is(failed(), false);
  report('check/empty-list', span(0, 3), {});
  report('check/empty-list', span(0, 3), {});
  report('source/not-found', wholeFile('a.policy'), { path: 'a.policy' });
  assert.is(failed(), true);
  assert.equal(
    all().map(({ code }) => code),
    ['source/not-found', 'check/empty-list', 'resolve/unused-import'],
  );
  assert.is(summary(all()), '2 errors, 1 warning');
});

test('a help line is left out when its hole is empty', () => {
  const { report, all } = collector();
  report('resolve/unknown-name', span(0, 3), { kind: 'name', name: 'one', suggestion: undefined });
  report('resolve/unknown-name', span(4, 8), { kind: 'name', name: 'two', suggestion: 'tow' });
  assert.equal(
    all().map(({ help }) => help),
    [undefined, 'did you mean `tow`?'],
  );
});

test('what a message names is cut where it is too long to read', () => {
  const { report, all } = collector();
  report('resolve/unknown-name', span(0, 3), { kind: 'name', name: 'x'.repeat(1_000_000), suggestion: undefined });
  assert.is(all()[0]?.message, `unknown name \`${'x'.repeat(1000)}...\``);
});

test('text has the place underlined, control characters made visible, and no colour unless asked', () => {
  const { report, all } = collector();
  report('resolve/duplicate-name', [span(5, 8), span(0, 3)], { kind: 'workload', name: 'two' });
  const expected = [
    'shop.policy:2:2: error[resolve/duplicate-name]: workload `two` is declared twice',
    '1 | one',
    '  | --- first declared here',
    '2 |   two <202E> three',
    '  |   ^^^',
    '',
    '1 error',
    '',
  ].join('\n');
  assert.is(renderDiagnostics(all(), { color: false }), expected);
  const colored = renderDiagnostics(all(), { color: true });
  assert.ok(colored.includes('\u001b[31m'));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours themselves.
  assert.is(colored.replace(/\u001b\[[0-9;]*m/g, ''), expected);
});

test('more findings than the limit are counted', () => {
  const { report, all } = collector();
  for (let i = 0; i < 5; i++) report('check/empty-list', span(i, i + 1), {});
  assert.ok(renderDiagnostics(all(), { color: false, limit: 2 }).includes('... and 3 more'));
});

test('JSON has places with 1-based lines and columns', () => {
  const { report, all } = collector();
  report('resolve/duplicate-name', [span(5, 8), span(0, 3)], { kind: 'workload', name: 'two' });
  assert.equal(all().map(diagnosticRecord), [
    {
      code: 'resolve/duplicate-name',
      severity: 'error',
      message: 'workload `two` is declared twice',
      place: { file: 'shop.policy', line: 2, column: 2, endLine: 2, endColumn: 5 },
      related: [{ place: { file: 'shop.policy', line: 1, column: 1, endLine: 1, endColumn: 4 }, message: 'first declared here' }],
    },
  ]);
});

test('codes and texts have the house form', () => {
  for (const [code, { message, help = '' }] of Object.entries<Entry>(catalog)) {
    assert.match(code, /^[a-z]+\/[a-z0-9]+(?:-[a-z0-9]+)*$/);
    assert.match(message, /^(?:[^A-Z]|HTTP|UTF|NUL)/, code);
    assert.not.match(message, /\.$/, code);
    assert.not.match(help, /\.$/, code);
  }
});

test('did you mean', () => {
  assert.is(closest('wbe', ['web', 'cart']), 'web');
  assert.is(closest('get', ['POST', 'GET']), 'GET');
  assert.is(closest('storefornt', ['storefront', 'store']), 'storefront');
  assert.is(closest('nobody', ['web', 'cart']), undefined);
  assert.is(closest('b', ['a']), undefined);
  assert.is(closest('x'.repeat(1000), ['y'.repeat(1000)]), undefined);
});

test('the words that cannot be declared are those that the grammar reserves', () => {
  assert.equal([...reservedWords].sort(), [...grammarWords].sort());
});

test.run();
