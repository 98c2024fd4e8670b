// Bundles policyc as two parts. `policyc.js` knows the commands and their options, and starts at once. `commands-HASH.cjs` has the code of
// all commands: a script, since scripts can have a code cache beside them, and modules cannot (src/compiler/cli/compiled-script.ts).
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';

const source = join('src', 'compiler', 'cli');

/** `import('./check.ts')` gives `check` of `script`; `found` is told the names. */
const commandsApart = (folder: string, script: string, found: (name: string) => void): Plugin => ({
  name: 'commands-apart',
  setup: (bundler) => {
    bundler.onResolve({ filter: /^\.\/[a-z-]+\.ts$/ }, ({ kind, path }) => {
      if (kind !== 'dynamic-import') return undefined;
      found(basename(path, '.ts'));
      return { path: basename(path, '.ts'), namespace: 'command' };
    });
    bundler.onLoad({ filter: /.*/, namespace: 'command' }, ({ path }) => ({
      contents: `module.exports = require('./compiled-script.ts').moduleIn('${script}', '${path}');`,
      resolveDir: folder,
    }));
  },
});

/** Modules of Node that take milliseconds to load, and of which most commands need nothing. */
const slowModules = ['node:child_process', 'node:crypto', 'node:worker_threads', 'node:zlib'];

/** They are loaded when something of them is first used. */
const slowModulesLater: Plugin = {
  name: 'slow-modules-later',
  setup: (bundler) => {
    const filter = new RegExp(`^(?:${slowModules.join('|')})$`);
    const namesIn = (path: string): readonly string[] => Object.keys(createRequire(import.meta.url)(path));
    bundler.onResolve({ filter }, ({ path, namespace }) =>
      namespace === 'later' ? { path, external: true } : { path, namespace: 'later' },
    );
    bundler.onLoad({ filter: /.*/, namespace: 'later' }, ({ path }) => ({
      contents: namesIn(path)
        .map((name) => `Object.defineProperty(exports, '${name}', { enumerable: true, get: () => require('${path}')['${name}'] });`)
        .join('\n'),
    }));
  },
};

/** How every program is bundled. */
export const bundling = (root: string): BuildOptions => ({
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  // koffi finds its native part beside itself; everything else is faster to start from one file than from hundreds.
  external: ['koffi'],
  sourcemap: 'linked',
  sourcesContent: false,
  logLevel: 'silent',
  // The packages that are still CommonJS ask for Node's own modules with `require`.
  banner: { js: "import { createRequire as policycRequire } from 'node:module';\nconst require = policycRequire(import.meta.url);" },
  legalComments: 'none',
});

/** Gives the script of the commands, a path without its ending. */
export async function bundlePolicyc(root: string, outdir: string): Promise<string> {
  const folder = join(root, source);
  const names = new Set<string>(['program']);
  const main = (script: string, write: boolean) =>
    build({
      ...bundling(root),
      entryPoints: { policyc: 'src/compiler/cli.ts' },
      outdir,
      write,
      plugins: [commandsApart(folder, script, (name) => names.add(name))],
    });
  await main('', false);
  const modules = [...names].sort().map((name) => `'${name}': () => require('./${name}.ts')`);
  const script = await writeCommands(root, outdir, `module.exports = { ${modules.join(', ')} };`);
  await main(script, true);
  return join(outdir, script);
}

async function writeCommands(root: string, outdir: string, contents: string): Promise<string> {
  const { outputFiles } = await build({
    ...bundling(root),
    stdin: { contents, resolveDir: join(root, source) },
    outdir,
    write: false,
    format: 'cjs',
    banner: {},
    sourcemap: false,
    define: { 'import.meta.dirname': '__dirname' },
    plugins: [slowModulesLater],
  });
  const [output] = outputFiles;
  if (!output) throw new Error('the commands were not bundled');
  const name = `commands-${createHash('sha256').update(output.contents).digest('hex').slice(0, 8).toUpperCase()}`;
  mkdirSync(outdir, { recursive: true });
  writeFileSync(join(outdir, `${name}.cjs`), output.contents);
  return name;
}

/** `script`: as `bundlePolicyc` gave it. */
export function makeCodeCache(root: string, script: string): void {
  const { status, stderr } = spawnSync(process.execPath, ['--import', 'tsx', 'scripts/code-cache.ts', script], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`there is no code cache: ${stderr}`);
}
