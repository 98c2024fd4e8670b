// policyc as users run it: what each command prints and how it ends.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { folder, policyc, program, write } from '../harness/policyc.ts';

const root = join(import.meta.dirname, '..', '..');
const shop = join(root, 'policies', 'shop');

const policy = `workload cart = { app: "cart" }
workload web = { app: one of ["web", "shop"] }
policy cart-access for cart {
  ingress { allow from web at tcp 8080 http { GET "/cart/{id}" } }
  process { default deny exec
    allow exec "/usr/bin/node" }
}
test "cart" {
  web -> cart tcp 8080 GET "/cart/1" is allowed by cart-access
  web -> cart tcp 8080 PUT "/cart/1" is denied by default
  cart exec "/bin/sh" is denied
}
`;
write('old.policy', policy);

test('--version and --help, for the program and each command', () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  assert.equal(policyc(['--version']), { status: 0, out: `${version}\n`, error: '' });
  const help = policyc(['--help']);
  assert.is(help.status, 0);
  for (const text of ['check', 'build', 'test', 'diff', 'Examples:', 'Exit codes:']) assert.match(help.out, text);
  for (const command of ['check', 'build', 'test', 'diff']) {
    const { status, out } = policyc([command, '--help']);
    assert.is(status, 0);
    assert.ok(out.includes('Example') && out.includes('Exit codes:'), command);
  }
});

test('check: one line when all is well; the samples are', () => {
  assert.equal(policyc(['check', 'old.policy']), { status: 0, out: 'ok: 1 file, 1 policy, 2 rules, 3 test lines\n', error: '' });
  const { status, error } = policyc(['check', shop]);
  assert.is(status, 0, error);
  assert.is(error, '');
});

test('test: each line, over every label set it stands for', () => {
  const { status, out, error } = policyc(['test', 'old.policy']);
  assert.is(status, 0, error);
  assert.is(
    out,
    'test "cart"\n' +
      '  ok   web -> cart tcp 8080 GET "/cart/1" is allowed by cart-access\n' +
      '  ok   web -> cart tcp 8080 PUT "/cart/1" is denied by default\n' +
      '  ok   cart exec "/bin/sh" is denied\n' +
      '1 test, 3 lines: 3 hold, 0 fail\n',
  );
  assert.is(policyc(['test', shop]).status, 0);
});

const failing = `${policy}policy no-staging for cart { ingress { deny from { app: "web", env: "staging" } } }\n`;

test('test: a line that does not hold for all comes with a counterexample and the rule', () => {
  const path = write('failing.policy', failing);
  const { status, out, error } = policyc(['test', path]);
  assert.is(status, 1);
  assert.match(out, '  FAIL web -> cart tcp 8080 GET "/cart/1" is allowed by cart-access');
  assert.match(out, '1 test, 3 lines: 1 hold, 2 fail');
  assert.match(
    error,
    'failing.policy:9:3: error[test/failed]: test "cart": expected allowed by cart-access, is denied by no-staging, failing.policy:13',
  );
  assert.match(error, 'help: for example { app: "web", env: "staging" } -> { app: "cart" } tcp 8080 GET "/cart/1"');
  assert.match(error, 'decided by this rule');
  const document = JSON.parse(policyc(['test', path, '--format', 'json']).out);
  assert.equal(
    document.tests.map(({ ok }: { readonly ok: boolean }) => ok),
    [false, false, true],
  );
  assert.is(document.tests[0].counterexample.found.rule.line, 13);
});

test('test: files without a `test` block get a warning', () => {
  const { status, error } = policyc(['test', write('untested.policy', 'policy p for { app: "a" } { ingress { } }\n')]);
  assert.is(status, 0);
  assert.match(error, 'warning[test/none]');
});

write(
  'new.policy',
  policy.replace('GET "/cart/{id}"', 'GET "/cart/{id}"; DELETE "/cart/{id}"').replace('"/usr/bin/node"', '"/usr/bin/deno"'),
);

const objects = ['cgroup_skb', 'connect', 'stream', 'exec'].every((name) => existsSync(join(root, 'dist', 'objects', `${name}.o`)));

test('build: a bundle, the same bytes each time, replaced as a whole', () => {
  if (!objects) {
    console.log('SKIP build: dist/objects is not built (npm run build)');
    return;
  }
  const first = policyc(['build', 'old.policy', '-o', 'one.bundle']);
  assert.is(first.status, 0, first.error);
  assert.match(
    first.out,
    /^one\.bundle: 1 policy, 2 rules, \d+ port, \d+ network, \d+ request and \d+ program classes, \d+ KiB\nbuild [0-9a-f]{64}\nhttp: a request costs a look-up for each byte of its method and path, and 5 more; \d+ KiB of tables\n$/,
  );
  const again = policyc(['build', 'old.policy', '-o', 'two.bundle']);
  assert.is(again.out.split('\n')[1], first.out.split('\n')[1]);
  for (const name of ['manifest.json', 'program.json', 'text.json']) {
    assert.equal(readFileSync(join(folder, 'one.bundle', name)), readFileSync(join(folder, 'two.bundle', name)));
  }
  assert.is(policyc(['build', 'new.policy', '-o', 'two.bundle', '--no-tests']).status, 0);
  assert.equal(
    readdirSync(folder).filter((name) => name.startsWith('.')),
    [],
  );
});

test('build: neither a wrong policy nor a failing test leaves anything behind', () => {
  for (const path of ['failing.policy', 'bad.policy']) {
    assert.is(policyc(['build', path, '-o', 'never.bundle']).status, 1);
    assert.not(existsSync(join(folder, 'never.bundle')));
  }
});

test('build: what is no bundle is not replaced', () => {
  if (!objects) return;
  mkdirSync(join(folder, 'precious'));
  write('precious/thesis.txt', 'x');
  const { status, error } = policyc(['build', 'old.policy', '-o', 'precious']);
  assert.is(status, 1);
  assert.match(error, 'it is no bundle, it holds `thesis.txt`');
  assert.ok(existsSync(join(folder, 'precious', 'thesis.txt')));
});

test('no colours in a pipe, whatever CI sets', () => {
  const { out, error } = policyc(['test', 'failing.policy'], { CI: '1', COLORTERM: 'truecolor' });
  assert.not.match(out + error, '\u001b[');
});

test('a reader that goes away is no failure to report', () => {
  const { stderr } = spawnSync('sh', ['-c', `"${process.execPath}" "${program}" diff old.policy new.policy --format json | true`], {
    cwd: folder,
    encoding: 'utf8',
  });
  assert.is(stderr, '');
});

test('an interrupt ends it at once, without a word', async () => {
  write(
    'large.policy',
    Array.from(
      { length: 4000 },
      (_, i) => `policy p${i} for { app: "a${i}" } { ingress { allow from { app: "b${i}" } at tcp ${i + 1} } }`,
    ).join('\n'),
  );
  const child = spawn(process.execPath, [program, 'check', 'large.policy'], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  setTimeout(() => child.kill('SIGINT'), 250);
  const signal = await new Promise((resolve) => child.on('exit', (_, by) => resolve(by)));
  assert.equal([signal, said], ['SIGINT', '']);
});

test('a mistake of our own is one line that asks for a report', () => {
  const broken = { NODE_OPTIONS: `--import data:text/javascript,JSON.parse=()=>{throw%20new%20Error('boom')}` };
  const { status, error } = policyc(['--version'], broken);
  assert.is(status, 70);
  assert.is(error, 'policyc: a mistake of the program itself: boom; please report it (DEBUG=1 shows where)\n');
  assert.match(policyc(['--version'], { ...broken, DEBUG: '1' }).error, /\n\s+at /);
});

test.run();
