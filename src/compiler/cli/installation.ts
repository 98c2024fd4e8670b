// Where this program is installed, and what stands beside it: the same from a source checkout and from a package.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder of policyc's package.json. */
export function packageRoot(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (folder === dirname(folder)) throw new Error('the package.json of policyc is missing');
  }
}

export function versionOf(root: string): string {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return String(version);
}

/** The compiled kernel templates. */
export const objectsDirectory = (root: string): string => join(root, 'dist', 'objects');
