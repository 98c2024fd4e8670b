// `policyc lint` as users run it: findings, forms of output, exit codes, allowances.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { policyc, write } from '../harness/policyc.ts';

const rules = (more = ''): string => `policy p for { app: "web" } {
  ingress {
    allow from { app: "cart" } at tcp 80
    allow from { app: "cart", env: "prod" } at tcp 80${more}
  }
}
`;

test('lint: findings are warnings unless it is said that they are errors', () => {
  write('lint.policy', rules());
  const { status, out, error } = policyc(['lint', 'lint.policy']);
  assert.equal([status, out], [0, '1 finding in 2 lines\n']);
  assert.match(
    error,
    'lint.policy:4:5: warning[lint/never-decides]: this rule never decides: all that it matches is decided before it by lint.policy:3',
  );
  // What check says of the same rule is not said again.
  assert.not.match(error, 'check/unreachable-rule');
  assert.is(policyc(['lint', 'lint.policy', '--fail-on', 'lint/never-decides']).status, 1);
  assert.is(policyc(['lint', 'lint.policy', '--fail-on', 'lint/no-effect']).status, 0);
});

test('lint: what is meant is silenced where it stands, and check does not call that superfluous', () => {
  write('allowed.policy', rules(' @allow("lint/never-decides", "soon") @allow("check/unreachable-rule", "soon")'));
  assert.equal(policyc(['lint', 'allowed.policy']).out, '0 findings in 2 lines\n');
  assert.is(policyc(['check', 'allowed.policy']).error, '');
});

test('lint: JSON and SARIF', () => {
  const json = JSON.parse(policyc(['lint', 'lint.policy', '--format', 'json']).out);
  assert.equal([json.ok, json.rules, json.diagnostics[0].code], [true, { done: 2, total: 2 }, 'lint/never-decides']);
  const sarif = JSON.parse(policyc(['lint', 'lint.policy', '--format', 'sarif']).out);
  assert.is(sarif.runs[0].results[0].ruleId, 'lint/never-decides');
});

test('lint: changes that nothing notices, of policies whose tests hold', () => {
  write('mutants.policy', `${rules()}test "t" { { app: "cart" } -> { app: "web" } tcp 80 is allowed }\n`);
  const { status, out, error } = policyc(['lint', 'mutants.policy', '--mutants']);
  assert.is(status, 0);
  assert.match(out, /\d+ findings in 2 lines, \d+ changes/);
  assert.match(error, 'warning[lint/unnoticed-change]: no test line and no invariant notices this change:');
  write('wrong.policy', `${rules()}test "t" { { app: "cart" } -> { app: "web" } tcp 81 is allowed }\n`);
  assert.match(
    policyc(['lint', 'wrong.policy', '--mutants']).out,
    'changes of rules were not tried, because not every test line and invariant holds',
  );
});

test('lint: a policy that is wrong is reported as by check', () => {
  write('broken.policy', 'policy');
  const { status, error } = policyc(['lint', 'broken.policy']);
  assert.is(status, 1);
  assert.match(error, 'broken.policy:1');
});

test.run();
