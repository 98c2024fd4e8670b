// A clone of the last commit in an empty folder: `npm ci && npm run build` is enough, and the package that npm would publish works when
// it is installed somewhere else.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const root = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'policyc-clone-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

function run(cwd: string, command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } });
  assert.is(status, 0, `${command} ${args.join(' ')}\n${stdout}${stderr}`);
  return stdout;
}

test('a fresh clone builds, and its package works elsewhere', () => {
  if (!existsSync(join(root, '.git'))) {
    console.log('SKIP fresh clone: this folder is not a clone itself');
    return;
  }
  const clone = join(folder, 'clone');
  run(folder, 'git', 'clone', '--quiet', '--no-local', root, clone);
  run(clone, 'npm', 'ci', '--no-audit', '--no-fund');
  run(clone, 'npm', 'run', 'build');
  const packed = run(clone, 'npm', 'pack', '--silent', '--pack-destination', folder).trim().split('\n').at(-1) ?? '';
  const elsewhere = join(folder, 'elsewhere');
  run(folder, 'mkdir', elsewhere);
  writeFileSync(join(elsewhere, 'package.json'), '{"name":"elsewhere","private":true,"type":"module"}\n');
  run(elsewhere, 'npm', 'install', '--no-audit', '--no-fund', join(folder, packed));
  const policies = join(clone, 'policies', 'shop');
  run(elsewhere, 'npx', 'policyc', 'check', policies);
  run(elsewhere, 'npx', 'policyc', 'build', policies, '-o', 'bundle');
  run(elsewhere, 'npx', 'policyd', '--help');
  writeFileSync(
    join(elsewhere, 'use.ts'),
    "import { compile } from 'policyc';\nif (!compile([]).ok) throw new Error('nothing compiles');\n",
  );
  const typescript = [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '--module', 'nodenext', '--target', 'es2023', '--strict'];
  run(elsewhere, process.execPath, ...typescript, 'use.ts');
  run(elsewhere, process.execPath, 'use.js');
});

test.run();
