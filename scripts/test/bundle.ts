// Test files as single programs: the loading of hundreds of modules, each through a compiler, takes longer than many tests, and
// under emulation than most. Paths that a module asks of itself (import.meta.dirname, import.meta.url) stay those of its source.
import { existsSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { root } from './suites.ts';

/** What a module asks of itself, and the name that is declared for it at the head of each module. */
const names = { 'import.meta.dirname': 'policycFolder', 'import.meta.url': 'policycAddress' } as const;
const ownPlace = (path: string): string =>
  `const ${names['import.meta.dirname']} = ${JSON.stringify(dirname(path))}, ${names['import.meta.url']} = ${JSON.stringify(pathToFileURL(path).href)};`;

const ownPaths: Plugin = {
  name: 'own paths',
  setup: ({ onLoad }) => {
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      // On the first line, so that lines keep their numbers.
      return { contents: text.includes('import.meta.') ? ownPlace(path) + text : text, loader: 'ts' };
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
    // Beside the programs, which know nothing of them: reading them at each start would cost more than it tells.
    sourcemap: 'external',
    splitting: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    // Native code, and programs that find their own by their place.
    external: ['koffi', 'esbuild', 'playwright-core', 'typescript'],
    define: names,
    plugins: [...plugins, ownPaths],
    logLevel: 'error',
    banner: { js: "import { createRequire as policycRequire } from 'node:module';\nconst require = policycRequire(import.meta.url);" },
  });
  return new Map([...programs].map(([source, name]) => [source, join(folder, `${name}.mjs`)]));
}

/** Text that programs of `folder` printed, with the places in them as places in their sources (paths from the root). */
export function placesInSources(text: string, folder: string): string {
  const maps = new Map<string, SourceMap>();
  const mapOf = (file: string): SourceMap => {
    const map = maps.get(file) ?? new SourceMap(JSON.parse(readFileSync(`${file}.map`, 'utf8')));
    maps.set(file, map);
    return map;
  };
  return text.replace(/(?:file:\/\/)?(\/[^\s():]+\.mjs):(\d+):(\d+)/g, (place, file: string, line: string, column: string) => {
    if (!file.startsWith(join(folder, '/')) || !existsSync(`${file}.map`)) return place;
    const found = mapOf(file).findEntry(Number(line) - 1, Number(column) - 1);
    if (!('originalSource' in found)) return place;
    return `${relative(root, join(folder, found.originalSource))}:${found.originalLine + 1}:${found.originalColumn + 1}`;
  });
}
