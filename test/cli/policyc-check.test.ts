// What `policyc check` and its relatives say when asked for more: SARIF, dates, codes that fail, an inventory, a target.
import { Ajv } from 'ajv';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { policyc, write } from '../harness/policyc.ts';
import { sarifSchema } from '../harness/sarif-schema.ts';

const validate = new Ajv({ allErrors: true, formats: { uri: true, 'uri-reference': /^[^\s\\]*$/ } }).compile(sarifSchema);

write(
  'with space/wrong.policy',
  'workload web = { app: "web" }\nworkload web = { app: "www" }\npolicy p for web { ingress { allow from world at tcp 80 } }\n',
);
write('expired.policy', 'policy p for { app: "web" } { ingress { allow from host at tcp 22 @until(2026-06-30) } }\n');
write('world.policy', 'policy p for { app: "web" } { ingress { allow from world at tcp 80 } }\n');

test('SARIF: a document of the standard, with rules, regions and related places', () => {
  const { status, out, error } = policyc(['check', 'with space', '--format', 'sarif']);
  assert.equal([status, error], [1, '']);
  const document = JSON.parse(out);
  assert.ok(validate(document), JSON.stringify(validate.errors));
  const [{ tool, results }] = document.runs;
  const [found] = results.filter(({ ruleId }: { readonly ruleId: string }) => ruleId === 'resolve/duplicate-name');
  assert.is(found.level, 'error');
  const place = (line: number) => ({
    artifactLocation: { uri: 'with%20space/wrong.policy' },
    region: { startLine: line, startColumn: 10, endLine: line, endColumn: 13 },
  });
  assert.equal(found.locations, [{ physicalLocation: place(2) }]);
  assert.equal(found.relatedLocations, [{ id: 0, physicalLocation: place(1), message: { text: 'first declared here' } }]);
  const rule = tool.driver.rules[found.ruleIndex];
  assert.equal([rule.id, rule.name], ['resolve/duplicate-name', 'ResolveDuplicateName']);
  assert.match(rule.help.markdown, '# `resolve/duplicate-name`');
});

test('SARIF: nothing found is a document too; a file that is not there has no region', () => {
  const good = policyc(['check', 'expired.policy', '--as-of', '2026-06-30', '--format', 'sarif']);
  assert.is(good.status, 0);
  assert.equal(JSON.parse(good.out).runs[0].results, []);
  const missing = JSON.parse(policyc(['check', 'nowhere.policy', '--format', 'sarif']).out);
  assert.ok(validate(missing), JSON.stringify(validate.errors));
  assert.equal(missing.runs[0].results[0].locations, [{ physicalLocation: { artifactLocation: { uri: 'nowhere.policy' } } }]);
});

test('--as-of and --expired: through the day itself, a warning of check, an error of build', () => {
  const run = (command: string, ...more: readonly string[]) => policyc([command, 'expired.policy', ...more]);
  assert.is(run('check', '--as-of', '2026-06-30').error, '');
  const after = run('check', '--as-of', '2026-07-01');
  assert.is(after.status, 0);
  assert.match(after.error, 'warning[check/expired]: this rule should hold until 2026-06-30, which is before 2026-07-01');
  assert.is(run('check', '--as-of', '2026-07-01', '--expired', 'fail').status, 1);
  const refused = run('build', '--as-of', '2026-07-01', '-o', 'expired.bundle');
  assert.is(refused.status, 1);
  assert.match(refused.error, 'error[check/expired]');
  assert.not.match(run('build', '--as-of', '2026-07-01', '--expired', 'warn', '-o', 'expired.bundle').error, 'error[check/expired]');
  const wrong = run('check', '--as-of', '2026-02-30');
  assert.is(wrong.status, 2);
  assert.match(wrong.error, 'expected a date, for example 2026-12-31');
});

test('--fail-on: warnings that count as errors', () => {
  const run = (...more: readonly string[]) => policyc(['check', 'world.policy', ...more]);
  assert.equal([run().status, run('--fail-on', 'check/opens-to-world').status, run('--fail-on', 'all').status], [0, 1, 1]);
  assert.is(run('--fail-on', 'check/expired,resolve/unused-import').status, 0);
  assert.match(run('--fail-on', 'check/opens-to-world').error, 'error[check/opens-to-world]');
  const unknown = run('--fail-on', 'check/opens-to-word');
  assert.is(unknown.status, 2);
  assert.match(unknown.error, 'did you mean `check/opens-to-world`?');
  assert.match(run('--fail-on', 'check/host-bits').error, '`check/host-bits` is an error already');
  assert.equal([policyc(['test', 'world.policy']).status, policyc(['test', 'world.policy', '--fail-on', 'test/none']).status], [0, 1]);
});

test('--inventory: selectors that select nobody', () => {
  write('inventory.yaml', 'workloads:\n  - { name: a, namespace: shop, labels: { app: cart } }\n');
  write('inventory.json', '{"workloads": [{"name": "a", "labels": {"app": "web"}}]}');
  const run = (inventory: string) => policyc(['check', 'expired.policy', '--as-of', '2026-01-01', '--inventory', inventory]);
  assert.match(run('inventory.yaml').error, 'warning[check/unknown-label]');
  assert.is(run('inventory.json').error, '');
  const missing = run('nowhere.yaml');
  assert.equal([missing.status, missing.error], [2, 'policyc: cannot read `nowhere.yaml`: ENOENT\n']);
  assert.match(run(write('no.yaml', 'a: [')).error, '`no.yaml` is not YAML');
});

test('what only the target lacks is no finding of check, test, explain and diff', () => {
  const policy = write(
    'whole.policy',
    'policy p for { app: "web" } { process { default deny read\n allow read "/etc/hosts" } }\ntest "t" { { app: "web" } read "/etc/shadow" is denied }\n',
  );
  for (const args of [
    ['check', policy],
    ['test', policy],
    ['diff', policy, policy],
    ['explain', policy, '-e', '{ app: "web" } read "/etc/shadow"'],
  ]) {
    const { status, error } = policyc(args);
    assert.equal([status, error], [0, ''], args.join(' '));
  }
  for (const args of [
    ['check', policy, '--target', 'native'],
    ['build', policy, '-o', 'whole.bundle'],
  ]) {
    const { status, error } = policyc(args);
    assert.is(status, 1, args.join(' '));
    assert.match(error, 'error[plan/unsupported-on-target]');
  }
});

test.run();
