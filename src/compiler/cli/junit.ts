// Test outcomes as JUnit XML, in the form that CI systems agree on: one suite for each `test` block, one case for each
// line. A policy that does not compile is a suite with an error.
import { positionAt } from '../base/source.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';

export type JunitCase = {
  readonly test: string;
  readonly file: string;
  readonly line: number;
  readonly text: string;
  readonly failure?: { readonly type: string; readonly message: string; readonly detail: string };
};
type Report = { readonly outcomes: readonly JunitCase[]; readonly diagnostics: readonly Diagnostic[] };

/** XML 1.0 cannot carry these, not even as references. */
function isUnspeakable(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  const isControl = code < 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0d;
  return isControl || (code >= 0xd800 && code <= 0xdfff) || code === 0xfffe || code === 0xffff;
}
const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };

/** Text for content and attributes; what XML cannot carry is U+FFFD, line ends and tabs are references. */
export const escaped = (text: string): string =>
  Array.from(text, (one) => (isUnspeakable(one) ? '\ufffd' : one))
    .join('')
    .replace(/[&<>"']/g, (one) => entities[one] ?? one)
    .replace(/[\t\n\r]/g, (one) => `&#${one.charCodeAt(0)};`);

const attributes = (values: Readonly<Record<string, string | number>>): string =>
  Object.entries(values)
    .map(([name, value]) => ` ${name}="${escaped(String(value))}"`)
    .join('');

/** The whole document. */
export function junitOf({ outcomes, diagnostics }: Report): string {
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  const suites = [...(errors.length > 0 ? [errorSuite(errors)] : []), ...suitesOf(outcomes).map(testSuite)];
  const counts = { tests: outcomes.length + errors.length, failures: failuresIn(outcomes), errors: errors.length, skipped: 0, time: '0' };
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name: 'policyc', ...counts })}>`,
    ...suites,
    '</testsuites>',
    '',
  ].join('\n');
}

const failuresIn = (cases: readonly JunitCase[]): number => cases.filter(({ failure }) => failure).length;

function suitesOf(outcomes: readonly JunitCase[]): readonly (readonly JunitCase[])[] {
  const suites = new Map<string, JunitCase[]>();
  for (const one of outcomes) {
    const key = JSON.stringify([one.file, one.test]);
    suites.set(key, [...(suites.get(key) ?? []), one]);
  }
  return [...suites.values()];
}

function testSuite(cases: readonly JunitCase[]): string {
  const [first] = cases;
  const counts = { tests: cases.length, failures: failuresIn(cases), errors: 0, skipped: 0, time: '0' };
  return [
    `  <testsuite${attributes({ name: first?.test ?? '', ...counts, file: first?.file ?? '' })}>`,
    ...cases.map(testCase),
    '  </testsuite>',
  ].join('\n');
}

function testCase({ test, file, line, text, failure }: JunitCase): string {
  const open = `    <testcase${attributes({ name: text, classname: `${file}: ${test}`, file, line, time: '0' })}`;
  if (!failure) return `${open}/>`;
  const body = escaped(`${file}:${line}: ${failure.message}\n${failure.detail}`).replaceAll('&#10;', '\n');
  return `${open}>\n      <failure${attributes({ message: failure.message, type: failure.type })}>${body}</failure>\n    </testcase>`;
}

function errorSuite(errors: readonly Diagnostic[]): string {
  const cases = errors.map(({ code, message, span }) => {
    const file = span.source.path;
    const { line } = positionAt(span.source, span.start);
    const open = `    <testcase${attributes({ name: `${file}:${line}`, classname: file, file, line, time: '0' })}>`;
    return `${open}\n      <error${attributes({ message, type: code })}>${escaped(`${file}:${line}: ${message}`)}</error>\n    </testcase>`;
  });
  const counts = { tests: errors.length, failures: 0, errors: errors.length, skipped: 0, time: '0' };
  return [`  <testsuite${attributes({ name: 'the policy compiles', ...counts })}>`, ...cases, '  </testsuite>'].join('\n');
}
