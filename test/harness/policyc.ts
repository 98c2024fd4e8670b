// Runs policyc as users do, as a program of its own: bundled once per test file from the present sources, so that a run
// costs a tenth of a second.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { bundlePolicyc } from '../../scripts/bundle-policyc.ts';

const root = join(import.meta.dirname, '..', '..');
const programs = join(root, 'build', `policyc-test-${process.pid}`);
/** A folder of the test's own; it is gone when the test file ends. */
export const folder = mkdtempSync(join(tmpdir(), 'policyc-cli-'));
process.on('exit', () => {
  for (const made of [programs, folder]) rmSync(made, { recursive: true, force: true });
});

await bundlePolicyc(root, programs);
export const program = join(programs, 'policyc.js');

export type Run = { readonly status: number | null; readonly out: string; readonly error: string };

/** `environment` on top of a plain one; the working directory is `folder`. */
export function policyc(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Run {
  const env = { PATH: process.env['PATH'] ?? '', HOME: folder, ...environment };
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    cwd: folder,
    env,
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, out: stdout, error: stderr };
}

/** Writes a file below `folder`; gives its path relative to it. */
export function write(path: string, content: string | Uint8Array): string {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
  return path;
}
