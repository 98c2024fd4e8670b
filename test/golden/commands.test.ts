// Golden cases of whole commands: what a person sees of findings that no single phase makes: about files, tests, events, targets
// and limits. Each folder of commands/ has its arguments in command.json; expected.txt is the exit code and what is printed.
// `UPDATE=1` rewrites; the review is the diff.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { program } from '../harness/policyc.ts';

const root = join(import.meta.dirname, 'commands');

function printed(folder: string): string {
  const args: readonly string[] = JSON.parse(readFileSync(join(folder, 'command.json'), 'utf8'));
  const env = { PATH: process.env['PATH'] ?? '' };
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { cwd: folder, env, encoding: 'utf8', timeout: 60_000 });
  return `exit code ${status}\n${stdout === '' ? '' : `--- output\n${stdout}`}${stderr === '' ? '' : `--- findings\n${stderr}`}`;
}

for (const name of readdirSync(root).sort()) {
  test(`commands/${name}`, () => {
    const file = join(root, name, 'expected.txt');
    const found = printed(join(root, name));
    if (process.env['UPDATE'] === '1') writeFileSync(file, found);
    assert.fixture(found, readFileSync(file, 'utf8'));
  });
}

test.run();
