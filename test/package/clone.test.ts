// A clone of the last commit in an empty folder: `npm ci && npm run build` is enough, and the package that npm would publish works when
// it is installed somewhere else: the programs, and the library in a project of its own.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const root = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'policyc-clone-'));
const clone = join(folder, 'clone');
/** A project that has nothing but the package. */
const elsewhere = join(folder, 'elsewhere');
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

function outcome(cwd: string, command: string, ...args: readonly string[]) {
  const env = { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1' };
  return spawnSync(command, args, { cwd, encoding: 'utf8', env });
}

function run(cwd: string, command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = outcome(cwd, command, ...args);
  assert.is(status, 0, `${command} ${args.join(' ')}\n${stdout}${stderr}`);
  return stdout;
}
const policyc = (...args: readonly string[]): string => run(elsewhere, 'npx', 'policyc', ...args);

const isClone = existsSync(join(root, '.git'));
if (!isClone) console.log('SKIP package: this folder is not a clone itself');
const testClone: (name: string, body: () => void) => void = isClone ? test : test.skip;

testClone('a fresh clone builds and packs, and the package installs elsewhere', () => {
  run(folder, 'git', 'clone', '--quiet', '--no-local', root, clone);
  run(clone, 'npm', 'ci', '--no-audit', '--no-fund');
  run(clone, 'npm', 'run', 'build');
  const packed = run(clone, 'npm', 'pack', '--silent', '--pack-destination', folder).trim().split('\n').at(-1) ?? '';
  const files = run(folder, 'tar', 'tzf', packed).split('\n');
  assert.equal(
    files.filter((file) => /\.inputs\.json|^package\/(?:src|test|scripts|node_modules)\//.test(file)),
    [],
    'nothing but what a user needs',
  );
  mkdirSync(elsewhere);
  writeFileSync(join(elsewhere, 'package.json'), '{"name":"elsewhere","private":true,"type":"module"}\n');
  run(elsewhere, 'npm', 'install', '--no-audit', '--no-fund', join(folder, packed));
  cpSync(join(clone, 'policies', 'shop'), join(elsewhere, 'shop'), { recursive: true });
});

testClone('the installed programs: every command', () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  assert.is(policyc('--version'), `${version}\n`);
  assert.match(policyc('check', 'shop'), /^ok: /);
  assert.match(policyc('test', 'shop'), /\b0 fail/);
  assert.is(policyc('fmt', '--check', 'shop'), '');
  assert.match(policyc('diff', 'shop', 'shop'), 'no change of meaning');
  assert.match(policyc('explain', 'shop', '--event', 'storefront -> cart tcp 8080'), /^(?:allowed|denied)/);
  assert.match(policyc('help', 'check/host-bits'), /^check\/host-bits \(error\)/);
  assert.match(policyc('completion', 'bash'), 'complete -o default');
  policyc('build', 'shop', '-o', 'bundle');
  assert.ok(existsSync(join(elsewhere, 'bundle', 'manifest.json')));
  assert.match(run(elsewhere, 'npx', 'policyd', '--help'), 'Usage: policyd');
});

testClone('the library: the example of the README, in strict projects of two kinds', () => {
  const [, example = '', output = ''] =
    /^```ts\n([\s\S]*?)^```\n\n```text\n([\s\S]*?)^```$/m.exec(readFileSync(join(clone, 'README.md'), 'utf8')) ?? [];
  writeFileSync(join(elsewhere, 'example.ts'), example);
  // The project of a user has neither our compiler options nor the types of Node: `console` is declared.
  writeFileSync(join(elsewhere, 'console.d.ts'), 'declare const console: { log(...values: readonly unknown[]): void };\n');
  const tsc = (...options: readonly string[]): string =>
    run(elsewhere, process.execPath, join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '--strict', '--target', 'es2022', ...options);
  const strictest = [
    '--exactOptionalPropertyTypes',
    '--noUncheckedIndexedAccess',
    '--noPropertyAccessFromIndexSignature',
    '--lib',
    'es2022',
  ];
  const files = ['example.ts', 'console.d.ts'];
  tsc('--module', 'esnext', '--moduleResolution', 'bundler', '--noEmit', ...strictest, ...files);
  tsc('--module', 'node16', '--moduleResolution', 'node16', ...strictest, ...files);
  assert.is(run(elsewhere, process.execPath, 'example.js'), output);
});

testClone('the library: a mistake in its use is found by its types', () => {
  writeFileSync(join(elsewhere, 'wrong.ts'), "import { compile } from 'policyc';\ncompile([{ path: 1, text: '' }]);\n");
  const { status, stdout } = outcome(
    elsewhere,
    process.execPath,
    join(root, 'node_modules', 'typescript', 'bin', 'tsc'),
    ...['--strict', '--module', 'node16', '--noEmit', 'wrong.ts'],
  );
  assert.is(status, 2);
  assert.match(stdout, "Type 'number' is not assignable to type 'string'");
});

test.run();
