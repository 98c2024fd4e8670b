// Compiles every program under bpf/templates into dist/objects/<name>.o and holds its structs against ir/abi.ts. Only
// developers of templates need it: the objects are part of the package. Paths given to clang are relative, so that the
// bytes do not tell where they were made.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { layoutDifferences } from '../src/compiler/7-build/btf.ts';
import { objectFile } from '../src/compiler/7-build/files.ts';
import { widthBytes } from '../src/compiler/base/bytes.ts';
import { layouts } from '../src/compiler/ir/abi.ts';

const root = join(import.meta.dirname, '..');
const templates = 'bpf/templates';
const objects = join(root, 'dist', 'objects');
const suffix = '.bpf.c';
/** Debian keeps asm/types.h in the folder of the host's architecture. */
const hostInclude = `/usr/include/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`;
const flags = [
  '-O2',
  '-g',
  '-target',
  'bpf',
  '-mcpu=v3',
  '-Wall',
  '-Werror',
  '-I',
  `${templates}/include`,
  '-I',
  templates,
  '-I',
  hostInclude,
];

function run(command: string, args: readonly string[]): void {
  const { status, error, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  if (error) throw new Error(`${command}: ${error.message}`);
  if (status !== 0) throw new Error(stderr.trim());
  if (stderr.trim() !== '') console.error(stderr.trim());
}

/** Compiles one template; the debug information goes, its BTF stays. */
function compile(template: string): readonly string[] {
  const object = join(objects, objectFile(template));
  const draft = `${object}.${process.pid}`;
  try {
    run('clang', [...flags, '-fdebug-compilation-dir=.', '-c', `${templates}/${template}${suffix}`, '-o', draft]);
    run('llvm-strip', ['-g', draft]);
    const differences = layoutDifferences(readFileSync(draft), Object.values(layouts), widthBytes);
    if (differences.length === 0) renameSync(draft, object);
    return differences.map((difference) => `${template}: ${difference}`);
  } catch (error) {
    return [`${template}: ${error instanceof Error ? error.message : String(error)}`];
  } finally {
    rmSync(draft, { force: true });
  }
}

const found = readdirSync(join(root, templates), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith(suffix))
  .map((name) => name.slice(0, -suffix.length))
  .sort();
mkdirSync(objects, { recursive: true });
for (const stale of readdirSync(objects).filter((name) => !found.some((template) => objectFile(template) === name))) {
  rmSync(join(objects, stale), { force: true });
}
const faults = found.flatMap(compile);
for (const fault of faults) console.error(fault);
process.exitCode = faults.length > 0 ? 1 : 0;
