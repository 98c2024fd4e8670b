// The code cache beside the program: taken by the Node that built it, and never needed.
import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { scriptOf } from '../../src/compiler/cli/compiled-script.ts';
import { folder, write } from '../harness/policyc.ts';

const root = join(import.meta.dirname, '..', '..');
const dist = join(root, 'dist');
const nameIn = (directory: string, ending: string): string =>
  readdirSync(directory).find((file) => file.startsWith('commands-') && file.endsWith(ending)) ?? '';

test('the build has one script of the commands, with a cache that is accepted', () => {
  const scripts = readdirSync(dist).filter((file) => /^commands-.*\.(?:cjs|cache)$/.test(file));
  assert.is(scripts.length, 2, scripts.join());
  assert.is(scriptOf(join(dist, nameIn(dist, '.cjs').replace(/\.cjs$/, ''))).cachedDataRejected, false);
});

/** A copy of the program whose cache is what `spoil` makes of it. */
function checkedBy(name: string, spoil: (cache: string) => void): { readonly status: number | null; readonly text: string } {
  const copy = join(folder, name);
  for (const file of ['policyc.js', nameIn(dist, '.cjs'), nameIn(dist, '.cache')]) cpSync(join(dist, file), join(copy, 'dist', file));
  cpSync(join(root, 'package.json'), join(copy, 'package.json'));
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  spoil(join(copy, 'dist', nameIn(dist, '.cache')));
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(copy, 'dist', 'policyc.js'), 'check', 'one.policy'], {
    cwd: folder,
    encoding: 'utf8',
  });
  return { status, text: stdout + stderr };
}

test('without its cache, or with one that is none, policyc does the same', () => {
  write('one.policy', 'policy p for { app: "a" } { ingress { allow from 10.0.0.0/8 at tcp 80 } }\n');
  const expected = { status: 0, text: 'ok: 1 file, 1 policy, 1 rule, 0 test lines\n' };
  assert.equal(
    checkedBy('whole', () => undefined),
    expected,
  );
  assert.equal(checkedBy('missing', rmSync), expected);
  assert.equal(
    checkedBy('cut', (cache) => writeFileSync(cache, readFileSync(cache).subarray(0, 100_000))),
    expected,
  );
  assert.equal(
    checkedBy('other', (cache) => writeFileSync(cache, 'no cache')),
    expected,
  );
  assert.equal(
    checkedBy('empty', (cache) => writeFileSync(cache, '')),
    expected,
  );
});

test.run();
