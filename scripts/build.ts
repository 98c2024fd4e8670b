// Builds dist/: the two programs and the library (esbuild), and the objects of the kernel templates (clang). Each part
// is skipped when the hash of its inputs is the one it was last built from.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { build } from 'esbuild';
import { bundlePolicyc, bundling, makeCodeCache } from './bundle-policyc.ts';

const root = join(import.meta.dirname, '..');
const stampFile = join(root, 'dist', '.inputs.json');
const outputs = { policyd: 'src/runtime/cli.ts', index: 'src/compiler/index.ts' } as const;
const entryFiles: ReadonlySet<string> = new Set(['policyc', ...Object.keys(outputs)].map((name) => `${name}.js`));

function filesUnder(path: string): readonly string[] {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesUnder(join(path, name)));
}

function hashOf(paths: readonly string[], more = ''): string {
  const hash = createHash('sha256').update(process.version).update(more);
  for (const file of paths.flatMap((path) => filesUnder(join(root, path)))) {
    hash.update(`\0${relative(root, file)}\0`).update(readFileSync(file));
  }
  return hash.digest('hex');
}

/** Builds beside dist/ and moves the files over at the end, entries last: whoever runs a program meanwhile finds a whole one. */
async function bundlePrograms(): Promise<void> {
  const fresh = join(root, 'dist', `.new-${process.pid}`);
  try {
    await bundleInto(fresh);
    for (const program of ['policyc', 'policyd']) makeExecutable(join(fresh, `${program}.js`));
    const names = readdirSync(fresh).sort((a, b) => Number(entryFiles.has(a)) - Number(entryFiles.has(b)));
    for (const name of names) renameSync(join(fresh, name), join(root, 'dist', name));
    const stale = readdirSync(join(root, 'dist')).filter((name) => /\.(?:c?js(?:\.map)?|cache)$/.test(name) && !names.includes(name));
    for (const name of stale) rmSync(join(root, 'dist', name));
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

async function bundleInto(outdir: string): Promise<void> {
  await build({ ...bundling(root), entryPoints: outputs, outdir, splitting: true });
  makeCodeCache(root, await bundlePolicyc(root, outdir));
}

function makeExecutable(file: string): void {
  const text = readFileSync(file, 'utf8');
  if (!text.startsWith('#!')) writeFileSync(file, `#!/usr/bin/env node\n${text}`);
  chmodSync(file, 0o755);
}

function compileTemplates(): void {
  if (clangVersion() === '') {
    throw new Error(
      'clang is missing, which compiles the kernel programs: `node scripts/setup.mjs` installs it (or: apt-get install clang llvm libbpf-dev linux-libc-dev)',
    );
  }
  const { status } = spawnSync(process.execPath, ['--import', 'tsx', 'scripts/build-templates.ts'], { cwd: root, stdio: 'inherit' });
  if (status !== 0) throw new Error('the kernel templates did not compile');
}

const clangVersion = (): string => spawnSync('clang', ['--version'], { encoding: 'utf8' }).stdout ?? '';

type Stamps = { readonly [part: string]: string };
const stamps = (): Stamps => (existsSync(stampFile) ? JSON.parse(readFileSync(stampFile, 'utf8')) : {});

/** Runs `make` unless `hash` is what `part` was last built from; says what it did. */
async function part(name: string, hash: string, present: boolean, make: () => Promise<void> | void): Promise<void> {
  if (present && stamps()[name] === hash) return;
  const start = performance.now();
  await make();
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(stampFile, `${JSON.stringify({ ...stamps(), [name]: hash }, undefined, 2)}\n`);
  console.log(`build: ${name} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
}

try {
  const programs = hashOf([
    'src',
    'package.json',
    'package-lock.json',
    ...['build', 'bundle-policyc', 'code-cache'].map((name) => `scripts/${name}.ts`),
  ]);
  await part('programs', programs, existsSync(join(root, 'dist', 'policyd.js')), bundlePrograms);
  const templates = hashOf(
    ['bpf/templates', 'scripts/build-templates.ts', 'src/compiler/base', 'src/compiler/ir', 'src/compiler/space', 'src/compiler/7-build'],
    clangVersion(),
  );
  await part('templates', templates, existsSync(join(root, 'dist', 'objects')), compileTemplates);
} catch (error) {
  console.error(`build: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
