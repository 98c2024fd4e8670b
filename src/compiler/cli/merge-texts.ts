// Two changes of the same files put together as `git merge` would: what one of them leaves as it was comes from the other, and where
// both changed a file git merges its lines.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from './usage-error.ts';

/** Name -> text. */
export type Texts = ReadonlyMap<string, string>;
/** `conflicts`: names of files that a person has to merge. */
export type MergedTexts = { readonly texts: Texts; readonly conflicts: readonly string[] };

export function mergeTexts(base: Texts, ours: Texts, theirs: Texts): MergedTexts {
  const texts = new Map<string, string>();
  const conflicts: string[] = [];
  for (const name of [...new Set([...base.keys(), ...ours.keys(), ...theirs.keys()])].sort()) {
    const [was, one, other] = [base.get(name), ours.get(name), theirs.get(name)];
    const merged = one === other || other === was ? one : one === was ? other : both(was, one, other);
    if (merged === conflict) conflicts.push(name);
    else if (merged !== undefined) texts.set(name, merged);
  }
  return { texts, conflicts };
}

const conflict = Symbol('conflict');

/** @throws UsageError without git */
function both(was: string | undefined, one: string | undefined, other: string | undefined): string | typeof conflict {
  if (one === undefined || other === undefined) return conflict;
  const folder = mkdtempSync(join(tmpdir(), 'policyc-merge-'));
  try {
    const files = [one, was ?? '', other].map((text, i) => {
      const file = join(folder, String(i));
      writeFileSync(file, text);
      return file;
    });
    const { status, stdout, error } = spawnSync('git', ['merge-file', '-p', ...files], { encoding: 'utf8', maxBuffer: 2 ** 28 });
    if (error) throw new UsageError('git is not installed: without it two changes of one file cannot be merged');
    return status === 0 ? stdout : conflict;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
