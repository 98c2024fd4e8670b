// `policyc test` with JUnit, coverage and mutants, as users run it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { escaped } from '../../src/compiler/cli/junit.ts';
import { folder, policyc, write } from '../harness/policyc.ts';

const policy = `workload cart = { app: "cart" }
workload web = { app: "web" }
policy cart-access for cart {
  ingress { allow from web at tcp 8080
    allow from host
      at tcp 22 }
  process { default deny exec }
}
test "a <cart> & 'more'" {
  web -> cart tcp 8080 is allowed by cart-access
  cart exec "/bin/sh" is denied by default
}
`;
write('good.policy', policy);
write('failing.policy', policy.replace('8080 is allowed', '80 is allowed'));

test('junit: a suite for each block, a case for each line, the counterexample as its failure', () => {
  const good = policyc(['test', 'good.policy', '--format', 'junit']);
  assert.is(good.status, 0, good.error);
  assert.is(
    good.out,
    `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="policyc" tests="2" failures="0" errors="0" skipped="0" time="0">
  <testsuite name="a &lt;cart&gt; &amp; &apos;more&apos;" tests="2" failures="0" errors="0" skipped="0" time="0" file="good.policy">
    <testcase name="web -&gt; cart tcp 8080 is allowed by cart-access" classname="good.policy: a &lt;cart&gt; &amp; &apos;more&apos;" file="good.policy" line="10" time="0"/>
    <testcase name="cart exec &quot;/bin/sh&quot; is denied by default" classname="good.policy: a &lt;cart&gt; &amp; &apos;more&apos;" file="good.policy" line="11" time="0"/>
  </testsuite>
</testsuites>
`,
  );
  const failing = policyc(['test', 'failing.policy', '--format', 'junit']);
  assert.is(failing.status, 1);
  assert.match(failing.out, '<testsuites name="policyc" tests="2" failures="1" errors="0"');
  assert.match(
    failing.out,
    '<failure message="expected allowed by cart-access, is denied by default (cart-access, failing.policy:3)" type="test/failed">failing.policy:10: expected',
  );
  assert.match(failing.out, 'for example { app: &quot;web&quot; } -&gt; { app: &quot;cart&quot; } tcp 80: denied by default');
  assert.match(failing.error, 'error[test/failed]');
  const wrong = policyc(['test', write('wrong.policy', 'policy p for nobody { ingress { } }\n'), '--format', 'junit']);
  assert.is(wrong.status, 1);
  assert.match(wrong.out, '<testsuite name="the policy compiles" tests="1" failures="0" errors="1"');
  assert.match(wrong.out, '<error message="unknown name `nobody`" type="resolve/unknown-name">');
});

test('junit: whatever XML cannot carry is replaced', () => {
  assert.is(escaped('a\u0000b\u001bc\ud800d\ufffee\tf\n😀<&>"\''), 'a\ufffdb\ufffdc\ufffdd\ufffde&#9;f&#10;😀&lt;&amp;&gt;&quot;&apos;');
});

test('coverage: what no line decides by, as text, JSON and LCOV', () => {
  const { status, out, error } = policyc(['test', 'good.policy', '--coverage', '--coverage-lcov', 'rules.lcov']);
  assert.is(status, 0, error);
  assert.match(
    out,
    `
coverage: test lines decide by 1 of 2 rules and 1 of 2 default denies
no test line decides by:
  good.policy:3: default deny of ingress by cart-access
  good.policy:5: allow from host at tcp 22
`,
  );
  assert.is(
    readFileSync(join(folder, 'rules.lcov'), 'utf8'),
    'TN:policyc\nSF:good.policy\nBRDA:3,0,0,0\nBRDA:3,0,1,1\nBRF:2\nBRH:1\nDA:3,0\nDA:4,1\nDA:5,0\nDA:6,0\nLF:4\nLH:1\nend_of_record\n',
  );
  const { coverage } = JSON.parse(policyc(['test', 'good.policy', '--coverage', '--format', 'json']).out);
  assert.equal(
    coverage.rules.map(({ lines }: { readonly lines: number }) => lines),
    [1, 0],
  );
  const nowhere = policyc(['test', 'good.policy', '--coverage-lcov', 'no/such/folder']);
  assert.equal([nowhere.status, nowhere.error], [1, 'policyc: cannot write `no/such/folder`: ENOENT\n']);
});

test('mutate: the changes that no line notices, with an event that one could be about', () => {
  const { status, out, error } = policyc(['test', 'good.policy', '--mutate']);
  assert.is(status, 0, error);
  assert.match(out, /\nmutants: \d+ changes of rules tried, \d+ noticed, \d+ not noticed\nno test line and no invariant notices:\n/);
  assert.match(
    out,
    '  good.policy:5: allow from host at tcp 22\n    the rule dropped: host -> { app: "cart" } tcp 22 would be denied\n    and 3 other changes of it\n',
  );
  assert.match(out, '    at every tcp port: { app: "web" } -> { app: "cart" } tcp 443 would be allowed\n');
  const { mutation } = JSON.parse(policyc(['test', 'good.policy', '--mutate', '--format', 'json']).out);
  assert.is(mutation.tried, mutation.noticed + mutation.equivalent + mutation.survivors.length);
  const failing = policyc(['test', 'failing.policy', '--mutate']);
  assert.is(failing.status, 1);
  assert.match(failing.out, 'mutants: not tried, because not every line holds');
  assert.is(policyc(['test', 'good.policy', '--mutate', '--mutate-seconds', '0']).status, 2);
});

const audited = `policy p for { app: "a" } mode audit {
  ingress { allow from host at tcp 80 }
  process { default deny read }
}
policy q for { app: "a" } { ingress { } }
test "t" { 10.0.0.1 -> { app: "a" } tcp 80 is denied }
`;

test('coverage and mutants name classes, and what only audit says otherwise', () => {
  write('audited.policy', audited);
  const { out } = policyc(['test', 'audited.policy', '--coverage', '--mutate']);
  assert.match(out, 'audited.policy:1: default deny of read by p\n');
  assert.match(out, 'without the default deny of read: { app: "a" } read "/a" would be allowed and not audited\n');
  assert.match(out, 'enforced instead of in audit mode: host -> { app: "a" } tcp 80 would be allowed\n');
  assert.match(out, 'the rule dropped: host -> { app: "a" } tcp 80 would be denied, and not allowed with audit\n');
  const { coverage } = JSON.parse(policyc(['test', 'audited.policy', '--coverage', '--format', 'json']).out);
  assert.equal(
    coverage.defaults.map(({ domain = '' }: { readonly domain?: string }) => domain),
    ['', 'read', ''],
  );
});

const invariants = `workload cart = { app: "cart" }
workload postgres = { app: "postgres" }
policy p for postgres { ingress { allow from [cart, { app: "backup" }] at tcp 5432 } }
invariant "postgres is closed" {
  no workload except cart can reach postgres
  no host can reach postgres
}
`;

test('invariants: proved, or refuted with an event and the rule', () => {
  const path = write('invariants.policy', invariants);
  const { status, out, error } = policyc(['test', path]);
  assert.is(status, 1);
  assert.match(
    out,
    'invariant "postgres is closed"\n  FAIL no workload except cart can reach postgres\n  ok   no host can reach postgres\n1 invariant, 2 statements: 1 hold, 1 fails\n',
  );
  assert.match(error, 'invariants.policy:5:3: error[test/refuted]: invariant "postgres is closed" does not hold: { app: "backup" } -> ');
  assert.match(error, 'decided by this rule');
  const document = JSON.parse(policyc(['test', path, '--format', 'json']).out);
  assert.equal(
    document.invariants.map(({ ok }: { readonly ok: boolean }) => ok),
    [false, true],
  );
  assert.is(document.invariants[0].counterexample.found.rule.line, 3);
  const junit = policyc(['test', path, '--format', 'junit']).out;
  assert.match(junit, '<testsuites name="policyc" tests="2" failures="1" errors="0"');
  assert.match(junit, 'type="test/refuted">invariants.policy:5: refuted\nfor example');
  assert.is(policyc(['build', path, '-o', 'refuted.bundle']).status, 1);
});

test('a statement about no event holds, with a warning', () => {
  const path = write('vacuous.policy', invariants.replace('host can reach', 'host except host can reach'));
  const { out, error } = policyc(['test', path]);
  assert.match(out, '  ok   no host except host can reach postgres  (about no event)');
  assert.match(error, 'warning[test/vacuous-invariant]: invariant "postgres is closed": there is no event');
  const document = JSON.parse(policyc(['test', path, '--format', 'json']).out);
  assert.equal([document.invariants[1].ok, document.invariants[1].vacuous], [true, true]);
});

test.run();
