// Test files as single programs: under emulation the loading of hundreds of modules, each through a compiler, takes longer
// than most tests. Paths that a module asks of itself (import.meta.dirname) stay those of its source.
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { root } from '../test/suites.ts';

const ownPaths: Plugin = {
  name: 'own paths',
  setup: ({ onLoad }) => {
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8').replaceAll('import.meta.dirname', JSON.stringify(dirname(path)));
      return { contents: text, loader: 'ts', resolveDir: dirname(path) };
    });
  },
};

/** Bundles source files (paths from the root) into `folder`, with what `plugins` change; returns source -> program. */
export async function bundle(
  sources: readonly string[],
  folder: string,
  plugins: readonly Plugin[] = [],
): Promise<ReadonlyMap<string, string>> {
  const programs = new Map(sources.map((source) => [source, source.replaceAll('/', '-').replace(/\.ts$/, '')]));
  await build({
    absWorkingDir: root,
    entryPoints: Object.fromEntries([...programs].map(([source, name]) => [name, source])),
    outdir: relative(root, folder),
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    // Native code, and a program that finds its own by its place.
    external: ['koffi', 'esbuild'],
    plugins: [...plugins, ownPaths],
    logLevel: 'error',
    banner: { js: "import { createRequire as policycRequire } from 'node:module';\nconst require = policycRequire(import.meta.url);" },
  });
  return new Map([...programs].map(([source, name]) => [source, join(folder, `${name}.mjs`)]));
}
