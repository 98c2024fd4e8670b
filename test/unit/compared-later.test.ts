// Rules that are compared after the answer: both together say what is said at once.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { SourceText } from '../../src/compiler/base/source.ts';
import type { Diagnostic } from '../../src/compiler/diagnostics/diagnostic.ts';
import { checkUnit, compareUnit } from '../../src/compiler/pipeline.ts';

const sourceOf = (before: string, rules: string): readonly SourceText[] => [
  { path: 'a.policy', text: `${before}policy a for { app: "a" } { ingress { ${rules} } }\n` },
];
const hidden = 'deny from 10.0.0.0/8\nallow from 10.0.0.1 at tcp 80';
const allowed = '@allow("check/unreachable-rule", "kept for later")\n';
const textOf = ({ code, severity, span }: Diagnostic): string => `${code} ${severity} ${span.start}`;

/** What is said at once, what is said first, and what is said then. */
function said(sources: readonly SourceText[], escalated = new Set<string>()): readonly (readonly string[])[] {
  const once = checkUnit(sources, { escalated }).diagnostics;
  const first = checkUnit(sources, { escalated, comparedAtOnce: 1 });
  const then = first.ok ? compareUnit(first.value, first.diagnostics, escalated) : [];
  assert.equal([...first.diagnostics, ...then].map(textOf).sort(), once.map(textOf).sort());
  return [once, first.diagnostics, then].map((found) => found.map(({ code, severity }) => `${code} ${severity}`));
}

test('a rule that never decides is found then', () => {
  assert.equal(said(sourceOf('', hidden)), [['check/unreachable-rule warning'], [], ['check/unreachable-rule warning']]);
});

test('as an error, where such warnings count as errors', () => {
  const [once, first, then] = said(sourceOf('', hidden), new Set(['check/unreachable-rule']));
  assert.equal([once, first, then], [['check/unreachable-rule error'], [], ['check/unreachable-rule error']]);
});

test('allowances are judged when everything was looked for', () => {
  assert.equal(said(sourceOf(allowed, hidden)), [[], [], []]);
  const unused = ['check/unused-allow warning'];
  assert.equal(said(sourceOf(allowed, 'deny from 10.0.0.0/8\nallow from 11.0.0.1 at tcp 80')), [unused, [], unused]);
});

test('what was compared at once is not compared again', () => {
  const checked = checkUnit(sourceOf('', hidden), { comparedAtOnce: 2 });
  assert.ok(checked.ok);
  if (checked.ok) assert.equal(compareUnit(checked.value, checked.diagnostics), []);
});

test.run();
