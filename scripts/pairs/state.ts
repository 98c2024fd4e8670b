// The programs that make cases and ask them, as they are now, and the folder for what they make: another state of the compiler, of the
// tables or of the templates has a folder of its own, and is asked anew.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { templateNames, templateObject } from '../../test/harness/kernel.ts';
import { packetRunsLibrary } from '../../test/harness/packet-runs.ts';
import { bundle } from '../test/bundle.ts';
import { root } from '../test/suites.ts';

/** `make` and `ask`: programs; `folder`: of the files. */
export type Programs = { readonly make: string; readonly ask: string; readonly folder: string };

const sources = { make: 'scripts/pairs/make.ts', ask: 'scripts/pairs/ask.ts' } as const;

/** Bundles them, and compiles what they load: a machine that emulates its instructions finds it done. */
export async function statePrograms(seed: number): Promise<Programs> {
  const objects = templateNames().map((template) => templateObject(template).bytes);
  packetRunsLibrary();
  const place = join(root, 'build', 'pairs', 'programs');
  const bundles = await bundle(Object.values(sources), place);
  const hash = createHash('sha256');
  for (const object of objects) hash.update(object);
  for (const program of bundles.values()) hash.update(readFileSync(program));
  // Chunks are named after their contents, and the programs name them.
  const folder = join(root, 'build', 'pairs', `${seed}-${hash.digest('hex').slice(0, 12)}`);
  mkdirSync(folder, { recursive: true });
  const programOf = (source: string): string => bundles.get(source) ?? '';
  return { make: programOf(sources.make), ask: programOf(sources.ask), folder };
}

/** Numbers of the files of cases in a folder. */
export const madeFiles = (folder: string): ReadonlySet<number> =>
  new Set(readdirSync(folder).flatMap((name) => (name.endsWith('.cases') ? [Number.parseInt(name, 10)] : [])));
