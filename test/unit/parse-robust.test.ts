// Parsing never throws and never hangs: whatever the text, the front half ends with findings.
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from '../../src/compiler/1-parse/index.ts';
import { resolve } from '../../src/compiler/2-resolve/index.ts';
import { check } from '../../src/compiler/3-check/index.ts';
import { collector, type Diagnostic, isError } from '../../src/compiler/diagnostics/diagnostic.ts';
import { diagnosticRecord, renderDiagnostics } from '../../src/compiler/diagnostics/render.ts';
import { domains } from '../../src/compiler/domains/registry.ts';

function findings(...texts: readonly string[]): readonly Diagnostic[] {
  const log = collector();
  const sources = texts.map((text, i) => ({ path: `${i}.policy`, text }));
  check(resolve(parse(sources, log.report), domains, log.report), domains, log.report);
  return log.all();
}

const whole = `module shop
namespace "shop"
import x, y from "./1.policy"
workload cart = { app: "cart", env: one of ["a", "b"], t: not "x", u: exists } in namespace "data"
network office = [203.0.113.0/24, 2001:db8:1::/48] except [203.0.113.13/32]
port pg = [tcp 5432, udp 1-1024, icmp echo-request code 0, tcp "metrics"]
policy p for cart and not { app: "z" } {
  ingress { default allow
    allow from [cart, office, world, 10.0.0.1] at tcp 8080 http {
      GET "/cart/{id}"
      [GET, HEAD] "/static/**"; POST
    }
    deny from cart at pg }
  egress { allow to x }
  process { default deny exec
    allow exec under ["/usr/bin", "/bin"]
    deny exec glob "/tmp/*" }
}
test "t" { cart -> cart tcp 8080 GET "/x" is allowed by p
  cart exec "/bin/sh" is denied by default }
`;
/** Words and signs of the language, and some that are not. */
const pieces = [
  ...new Set([
    ...(whole.match(/"[^"\n]*"|[\w./:-]+|[^\s\w]/g) ?? []),
    '@',
    '@until(2026)',
    '"',
    '\\',
    '(',
    ')',
    '->',
    '\n',
    '{',
    '}',
    'é',
    '\u202e',
    '//',
    'invariant "x" {',
  ]),
];

const soup = fc.array(fc.constantFrom(...pieces), { maxLength: 60 }).map((words) => words.join(' '));
/** The whole text with a piece cut out, doubled, or replaced. */
const damaged = fc
  .tuple(fc.nat(whole.length), fc.nat(30), fc.constantFrom('', ...pieces))
  .map(([at, length, piece]) => whole.slice(0, at) + piece + whole.slice(at + length));

const shown = (all: readonly Diagnostic[]): string => renderDiagnostics(all, { color: true }) + JSON.stringify(all.map(diagnosticRecord));

test('random words of the language end with findings', () => {
  fc.assert(
    fc.property(soup, (text) => {
      shown(findings(text));
    }),
    { numRuns: 300 },
  );
});

test('a damaged file ends with findings', () => {
  fc.assert(
    fc.property(damaged, (text) => {
      shown(findings(text, 'workload x = { app: "x" }\nworkload y = { app: "y" }\n'));
    }),
    { numRuns: 300 },
  );
});

test('random bytes end with findings', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      shown(findings(text));
    }),
    { numRuns: 300 },
  );
});

test('the undamaged file has warnings only: an import without use, a rule that opens to anybody', () => {
  const all = findings(whole, 'workload x = { app: "x" }\nworkload y = { app: "y" }\n');
  assert.equal(
    all.map(({ code }) => code),
    ['resolve/unused-import', 'check/opens-to-world'],
  );
});

const bombs: Readonly<Record<string, () => string>> = {
  'open brackets': () => '('.repeat(200_000),
  'closing brackets': () => '}'.repeat(50_000),
  'nested lists': () => `network n = ${'['.repeat(50_000)}`,
  'nested blocks': () => `policy p for all { ingress ${'{ x '.repeat(50_000)}`,
  'unknown blocks': () => `invariant "x" ${'{'.repeat(50_000)}${'}'.repeat(50_000)}`,
  'mistakes in many items': () => 'polcy p for a { }\nworkload = 1\n'.repeat(5_000),
  'broken brackets in many items': () => 'workload a = { x: [\n'.repeat(5_000),
  annotations: () => `${'@a("b") '.repeat(30_000)}policy p for all { }`,
  'annotation lines': () => '@a("b")\n'.repeat(30_000),
  'nested places': () => `workload a = { x: "y" }${' in namespace { x: "y" }'.repeat(30_000)}`,
  'statements of an invariant': () => `invariant "x" { ${'no a can reach a\n'.repeat(30_000)} }`,
  not: () => `workload a = ${'not '.repeat(100_000)} { app: "x" }`,
  and: () => `workload b = { app: "x" }\nworkload a = b${' and b'.repeat(50_000)}`,
  'long chain of names': () =>
    `workload a0 = { app: "x" }\n${Array.from({ length: 30_000 }, (_, i) => `workload a${i + 1} = a${i}`).join('\n')}`,
  'long circle of names': () =>
    `workload a0 = a30000\n${Array.from({ length: 30_000 }, (_, i) => `workload a${i + 1} = a${i}`).join('\n')}`,
  'growing unions': () =>
    `network a0 = 10.0.0.0\n${Array.from({ length: 8_000 }, (_, i) => `network a${i + 1} = a${i} or 10.${i >> 8}.${i & 255}.9`).join('\n')}`,
  'growing conjunctions': () =>
    `workload a0 = { a: "x" }\n${Array.from({ length: 3_000 }, (_, i) => `workload a${i + 1} = a${i} and ({ k${i}: "x" } or { l${i}: "y" })`).join('\n')}`,
  'unknown names': () =>
    `policy p for all { ingress {\n${Array.from({ length: 8_000 }, (_, i) => `allow from unknown-${i}`).join('\n')}\n} }`,
  'a long line': () => `workload a = { app: "${'x'.repeat(1_000_000)}" }`,
  'a long word': () => 'a'.repeat(1_000_000),
  'a long number': () => `port p = tcp ${'9'.repeat(1_000_000)}`,
  'hexadecimal digits': () => 'abcdef'.repeat(100_000),
  colons: () => ':'.repeat(100_000),
  'quotation marks': () => '"\n'.repeat(50_000),
  backslashes: () => `workload a = { app: "${'\\'.repeat(100_001)} }`,
  'wrong signs': () => '$'.repeat(100_000),
  'spaced wrong signs': () => '$ a '.repeat(50_000),
  stars: () => `policy p for all { process { allow exec glob "/${'**/'.repeat(1000)}x" } }`,
};

for (const [name, text] of Object.entries(bombs)) {
  test(`ends in time: ${name}`, () => {
    const start = performance.now();
    shown(findings(text()));
    const seconds = (performance.now() - start) / 1000;
    assert.ok(seconds < 30, `took ${seconds} s`);
  });
}

test('values of an annotation may stand on a line of their own', () => {
  assert.equal(findings('@owner\n("x")\nworkload b = { app: "b" }\n@owner\n(\n"y")\nworkload d = b\n').filter(isError), []);
});

test.run();
