// Writes a bundle to disk: the only step of the compiler that touches one. A bundle appears as a whole or not at all, and
// a folder that is anything but a bundle is never replaced.
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { widthBytes } from '../base/bytes.ts';
import { layouts } from '../ir/abi.ts';
import { type BundleSignatures, signatureFile } from '../ir/bundle.ts';
import type { Emitted } from '../ir/emitted.ts';
import { layoutDifferences } from './btf.ts';
import { type BundleFiles, bundleFiles, objectFile, type TemplateObject } from './files.ts';

/** Where the bundle goes, and where the compiled kernel programs stand. */
export type BuildOptions = {
  /** The bundle's folder; made, or replaced if it is a bundle. */
  readonly out: string;
  /** Folder of the compiled templates (`<name>.o`). */
  readonly objectsDirectory: string;
  /** Signs the build. */
  readonly signatures?: (build: string) => BundleSignatures;
};
/** `build` names the bundle. `message` is one line for people. */
export type BuildResult = { readonly ok: true; readonly build: string } | { readonly ok: false; readonly message: string };

/** What is wrong with the machine's files, not with us: it becomes a message. */
class BuildError extends Error {}

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

function readObjects({ templates }: Emitted, directory: string): readonly TemplateObject[] {
  return templates.map((template) => {
    const file = join(directory, objectFile(template));
    if (!existsSync(file)) throw new BuildError(`the compiled template \`${file}\` is missing: run \`npm run build\``);
    const bytes = readFileSync(file);
    const [difference] = layoutDifferences(bytes, Object.values(layouts), widthBytes);
    if (difference !== undefined) throw new BuildError(`the compiled template \`${file}\` is of another version: ${difference}`);
    return { template, bytes };
  });
}

/** Names that a bundle's folder can hold; `sources.json`: of an earlier version. */
const bundleNames: readonly string[] = [
  'manifest.json',
  'program.json',
  'sources.json',
  'metrics.json',
  'text.json',
  'boundary.json',
  'lines.bin',
  signatureFile,
  'parts',
  'images',
  'objects',
];

function refuseOther(out: string): void {
  const stat = lstatSync(out, { throwIfNoEntry: false });
  if (!stat) return;
  if (!stat.isDirectory()) throw new BuildError(`\`${out}\` exists and is not a folder`);
  const names = readdirSync(out);
  const foreign = names.find((name) => !bundleNames.includes(name));
  if (foreign !== undefined) throw new BuildError(`\`${out}\` is not replaced: it is no bundle, it holds \`${foreign}\``);
  if (names.length > 0 && !names.includes('manifest.json')) {
    throw new BuildError(`\`${out}\` is not replaced: it is no bundle, it has no \`manifest.json\``);
  }
}

function writeAll(directory: string, files: BundleFiles): void {
  for (const [file, bytes] of files) {
    mkdirSync(dirname(join(directory, file)), { recursive: true });
    writeFileSync(join(directory, file), bytes);
  }
}

/** Writes beside `out`, then renames: whoever looks sees the old bundle, for an instant none, or the new one. */
function replace(out: string, files: BundleFiles): void {
  const beside = (word: string): string => join(dirname(out), `.${basename(out)}.${word}-${process.pid}`);
  const [fresh, old] = [beside('new'), beside('old')];
  try {
    mkdirSync(dirname(out), { recursive: true });
    writeAll(fresh, files);
    if (existsSync(out)) renameSync(out, old);
    renameSync(fresh, out);
  } catch (error) {
    if (!existsSync(out) && existsSync(old)) renameSync(old, out);
    throw error;
  } finally {
    for (const leftover of [fresh, old]) rmSync(leftover, { recursive: true, force: true });
  }
}

const signatureBytes = (signatures: BundleSignatures): Uint8Array =>
  new TextEncoder().encode(`${JSON.stringify(signatures, undefined, 2)}\n`);

/** Writes the bundle of an emitted policy. Never throws for what is on disk. */
export function build(emitted: Emitted, { out, objectsDirectory, signatures }: BuildOptions): BuildResult {
  const wanted = resolve(out);
  try {
    const target = existsSync(wanted) ? realpathSync(wanted) : wanted;
    refuseOther(target);
    const { files, build: hash } = bundleFiles(emitted, readObjects(emitted, objectsDirectory));
    replace(target, signatures ? new Map([...files, [signatureFile, signatureBytes(signatures(hash))]]) : files);
    return { ok: true, build: hash };
  } catch (error) {
    if (error instanceof BuildError) return { ok: false, message: error.message };
    const code = codeOf(error);
    if (code === undefined) throw error;
    return { ok: false, message: `the bundle \`${out}\` cannot be written: ${code}` };
  }
}
