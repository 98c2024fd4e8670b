// What a build costs a kernel, and what it may cost.
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { folder, policyc, write } from '../harness/policyc.ts';

const file = 'budget/shop.policy';
const out = 'budget/shop.bundle';
write(
  file,
  `policy p for { app: "web" } {
  ingress {
    allow from { app: "cart" } at tcp 80
    allow from [10.0.0.0/8, 192.0.2.0/24, 198.51.100.0/24] at tcp [1000-1010, 2000, 3000-3002]
  }
}
`,
);

test('--explain says how verdicts are looked up, and which rules ask for most', () => {
  const { status, out: stdout } = policyc(['build', file, '-o', out, '--explain']);
  assert.is(status, 0);
  assert.match(stdout, /shape: port class -> row of a subject/);
  assert.match(stdout, /\d+ port classes, \d+ network classes/);
  assert.match(stdout, /programs +\d+ instructions/);
  assert.match(stdout, /most is asked for by .*shop\.policy:4 \(\d+ classes\)/);
});

test('over budget is refused with the rules that ask for most, and nothing is written', () => {
  rmSync(join(folder, out), { recursive: true, force: true });
  const { status, error: stderr } = policyc(['build', file, '-o', out, '--budget', 'entries=2', '--budget', 'bytes=100m']);
  assert.is(status, 1);
  assert.match(stderr, /over budget: \d+ entries, 2 are allowed; most is asked for by .*shop\.policy:4/);
  assert.not.match(stderr, /bytes, /);
  assert.not.ok(existsSync(join(folder, out)));
});

test('within its budgets it is built', () => {
  assert.is(policyc(['build', file, '-o', out, '--budget', 'instructions=1m']).status, 0);
});

test('of single programs the one that has most is named', () => {
  const { status, error: stderr } = policyc([
    'build',
    file,
    '-o',
    out,
    '--budget',
    'program-stack=64',
    '--budget',
    'program-instructions=1m',
  ]);
  assert.is(status, 1);
  assert.match(
    stderr,
    /over budget: \d+ bytes of stack in (pol_\w+) \(\1 \d+( \+ pol_\w+ \d+)+\), 64 are allowed; most is asked for by .*shop\.policy:4/,
  );
  assert.not.match(stderr, /instructions/);
});

test('budgets of the configuration file hold, unless the command line says another', () => {
  const config = write('budget/strict.yaml', 'budgets: { entries: 2, program-stack: 512 }\n');
  const build = (...more: readonly string[]) => policyc(['build', file, '-o', out, '--config', config, ...more]);
  assert.is(build().status, 1);
  assert.match(build().error, /over budget: \d+ entries, 2 are allowed/);
  assert.is(build('--budget', 'entries=10m').status, 0);
  const here = write('policyc.yaml', 'budgets:\n  bytes: 1\n');
  assert.match(policyc(['build', file, '-o', out]).error, /over budget: \d+ bytes/);
  rmSync(join(folder, here));
});

test('a wrong configuration is a usage error that names what is wrong', () => {
  for (const [text, message] of [
    ['budget: {}', /unknown key `budget`; known keys: budgets/],
    ['budgets: { stack: 1 }', /found `stack: 1`/],
    ['budgets: [', /not YAML/],
    ['- 1', /expected a mapping/],
  ] as const) {
    const { status, error } = policyc(['build', file, '-o', out, '--config', write('budget/wrong.yaml', text)]);
    assert.is(status, 2, text);
    assert.match(error, message);
  }
  assert.is(policyc(['build', file, '-o', out, '--config', 'budget/none.yaml']).status, 2);
});

test('what is no budget is a usage error', () => {
  for (const wrong of ['entries', 'entries=0', 'depth=1', 'bytes=1g'])
    assert.is(policyc(['build', file, '-o', out, '--budget', wrong]).status, 2, wrong);
});

test.run();
