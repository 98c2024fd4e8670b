// Reading policies: files, and folders with all `*.policy` below them and all YAML that says of what kind it is, in a fixed order. What cannot be a policy file
// (binary, not UTF-8, too large, unreadable) is a finding about that file and never an exception.
import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, normalize, relative, sep } from 'node:path';
import type { SourceText } from '../base/source.ts';
import { type Collector, collector, type Diagnostic, wholeFile } from '../diagnostics/diagnostic.ts';
import { holdsDocuments } from '../pipeline.ts';
import { FileCache } from './file-cache.ts';
import { disk, type FileTree } from './file-tree.ts';

export const defaultMaximumBytes = 4 * 1024 * 1024;

export type Sources = {
  readonly sources: readonly SourceText[];
  /** Reads a file that an import names; what is wrong with it is among `diagnostics` afterwards. */
  readonly load: (path: string) => SourceText | undefined;
  readonly diagnostics: () => readonly Diagnostic[];
  readonly failed: () => boolean;
  /** Every file that was read, those behind imports too. */
  readonly read: () => readonly SourceText[];
  /** Every folder in which a change could be one of these files. */
  readonly folders: () => readonly string[];
};

/** `tree`: the disk unless said otherwise. `mayBeEmpty`: a path where there is nothing, or no policy, is no finding. */
export type Place = { readonly cache?: FileCache; readonly tree?: FileTree; readonly mayBeEmpty?: boolean };
type Reading = { readonly log: Collector; readonly maximumBytes: number; readonly cache: FileCache; readonly tree: FileTree };

/** Reads what the arguments name. A file that is reached twice is read once, under its first name. */
export function readSources(
  paths: readonly string[],
  maximumBytes: number,
  { cache = new FileCache(), tree = disk, mayBeEmpty = false }: Place = {},
): Sources {
  const log = collector();
  const seen = new Set<string>();
  const folders = new Set<string>();
  const reading: Reading = { log, maximumBytes, cache, tree };
  const sources = paths.flatMap((path) => {
    if (path === '-' && tree === disk) {
      if (seen.has(path)) return [];
      seen.add(path);
      return inputSource(reading) ?? [];
    }
    const files = filesOf(shownPath(path), { log, seen, folders, tree, mayBeEmpty });
    for (const file of files) folders.add(dirname(file));
    return files.flatMap((file) => readSource(file, reading) ?? []);
  });
  const read = [...sources];
  const load = (path: string): SourceText | undefined => {
    folders.add(dirname(path));
    const source = tree.entryOf(path)?.kind === 'file' ? readSource(path, reading) : undefined;
    if (source) read.push(source);
    return source;
  };
  return { sources, load, diagnostics: log.all, failed: log.failed, read: () => read, folders: () => [...folders] };
}

/** Relative to the working directory where it is inside, `/`-separated: the same sources give the same bundle anywhere. */
export function shownPath(path: string): string {
  const inside = isAbsolute(path) ? relative(process.cwd(), path) : normalize(path);
  const shown = isAbsolute(path) && (inside.startsWith('..') || isAbsolute(inside)) ? normalize(path) : inside;
  const slashed = shown.split(sep).join('/');
  return slashed.length > 1 ? slashed.replace(/\/$/, '') : slashed || '.';
}

const inFolder = (folder: string, name: string): string => (folder === '.' ? name : join(folder, name));

type Walk = {
  readonly log: Collector;
  readonly seen: Set<string>;
  readonly folders: Set<string>;
  readonly tree: FileTree;
  readonly mayBeEmpty: boolean;
};

function filesOf(path: string, walk: Walk): readonly string[] {
  const { log, seen, folders, tree, mayBeEmpty } = walk;
  try {
    const entry = tree.entryOf(path);
    if (!entry) {
      folders.add(dirname(path));
      if (!mayBeEmpty) log.report('source/not-found', wholeFile(path), { path });
      return [];
    }
    if (entry.kind !== 'folder') return isFirst(path, walk) ? [path] : [];
    const before = seen.size;
    const files = policyFilesIn(path, walk);
    if (files.length === 0 && seen.size === before + 1 && !mayBeEmpty) log.report('source/no-policy-files', wholeFile(path), { path });
    return files;
  } catch (error) {
    unreadable(path, error, log);
    return [];
  }
}

/** Symbolic links are followed; a folder or file is entered once, so that circles of them end. */
function isFirst(path: string, { seen, tree }: Walk): boolean {
  const real = tree.realPath(path);
  if (seen.has(real)) return false;
  seen.add(real);
  return true;
}

function policyFilesIn(folder: string, walk: Walk): readonly string[] {
  const { log, folders, tree } = walk;
  if (!isFirst(folder, walk)) return [];
  folders.add(folder);
  const names = [...tree.namesIn(folder)].sort((a, b) => (a < b ? -1 : 1));
  return names.flatMap((name) => {
    if (name.startsWith('.') || name === 'node_modules') return [];
    const path = inFolder(folder, name);
    try {
      const entry = tree.entryOf(path);
      if (entry?.kind === 'folder') return policyFilesIn(path, walk);
      if (!name.endsWith('.policy') && !(entry && saysItsKind(path, tree))) return [];
      if (!entry && tree.isLink(path)) log.report('source/not-found', wholeFile(path), { path });
      return entry && isFirst(path, walk) ? [path] : [];
    } catch (error) {
      if (name.endsWith('.policy') || !isMissing(error)) unreadable(path, error, log);
      return [];
    }
  });
}

/** What came on standard input: it can be read once. */
let input: Buffer | undefined;

/** YAML if it says of what kind it is, else policy text. */
function inputSource({ log, maximumBytes }: Reading): SourceText | undefined {
  const path = 'standard-input';
  try {
    input ??= readFileSync(0);
    const source = sourceOf(path, input, log);
    if (source && input.length > maximumBytes) {
      log.report('source/too-large', wholeFile(path), { bytes: input.length, limit: maximumBytes });
      return undefined;
    }
    return source && { path: `${path}${isOfKind(source.text) ? '.yaml' : '.policy'}`, text: source.text };
  } catch (error) {
    unreadable(path, error, log);
    return undefined;
  }
}

const sniffedBytes = 64 * 1024;

/** Other YAML that stands in a folder (inventories, values of charts) is none of ours. */
function saysItsKind(path: string, tree: FileTree): boolean {
  if (!holdsDocuments(path)) return false;
  return isOfKind(tree.start(path, sniffedBytes).toString('utf8'));
}

const isOfKind = (text: string): boolean =>
  /(?:^|[{,])\s*["']?apiVersion["']?\s*:/m.test(text) && /(?:^|[{,])\s*["']?kind["']?\s*:/m.test(text);

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '');
const isMissing = (error: unknown): boolean => codeOf(error) === 'ENOENT';

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ELOOP: 'too many symbolic links',
  EISDIR: 'it is a folder',
  ENAMETOOLONG: 'the name is too long',
  ENOENT: 'it is no longer there',
};

function unreadable(path: string, error: unknown, log: Collector): void {
  const code = codeOf(error);
  if (code === '') throw error;
  log.report('source/unreadable', wholeFile(path), { path, reason: reasons[code] ?? code });
}

function readSource(path: string, { log, maximumBytes, cache, tree }: Reading): SourceText | undefined {
  try {
    const entry = tree.entryOf(path);
    const known = entry?.stat && cache.get(path, entry.stat);
    if (known) return known;
    if (entry?.kind !== 'file') {
      log.report('source/unreadable', wholeFile(path), { path, reason: entry ? 'it is no regular file' : 'it is no longer there' });
      return undefined;
    }
    if (entry.size > maximumBytes) {
      log.report('source/too-large', wholeFile(path), { bytes: entry.size, limit: maximumBytes });
      return undefined;
    }
    const source = sourceOf(path, tree.read(path), log);
    if (source && entry.stat) cache.set(source, entry.stat);
    return source;
  } catch (error) {
    unreadable(path, error, log);
    return undefined;
  }
}

/** Bytes as the text of a policy file; what is no text is reported. `path` is the name that findings show. */
export function sourceOf(path: string, bytes: Buffer, log: Collector): SourceText | undefined {
  const nul = bytes.indexOf(0);
  if (nul >= 0) {
    log.report('source/binary', wholeFile(path), { offset: nul });
    return undefined;
  }
  const text = bytes.toString('utf8');
  const wrong = firstWrongByte(bytes, text);
  if (wrong !== undefined) {
    log.report('source/not-utf8', wholeFile(path), { offset: wrong });
    return undefined;
  }
  return { path, text };
}

/** Where decoding and encoding again first differ: a byte that is no UTF-8 became U+FFFD. */
function firstWrongByte(bytes: Buffer, text: string): number | undefined {
  const again = Buffer.from(text, 'utf8');
  if (again.equals(bytes)) return undefined;
  const at = bytes.findIndex((byte, i) => byte !== again[i]);
  return at < 0 ? bytes.length : at;
}
