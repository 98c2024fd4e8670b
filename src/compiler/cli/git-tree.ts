// The files of a commit as a tree to read from. Contents are asked of git in few calls: all that can be a policy at once, others
// when they are read.
import { posix } from 'node:path';
import { holdsDocuments } from '../pipeline.ts';
import type { FileEntry, FileTree } from './file-tree.ts';
import { entriesOf, type GitEntry, objectsOf, prefixOf, type Revision } from './git.ts';
import { UsageError } from './usage-error.ts';

type Files = {
  /** By the path from the top of the repository. */
  readonly files: ReadonlyMap<string, GitEntry>;
  /** Folder -> the names in it; the top is `.`. */
  readonly folders: ReadonlyMap<string, ReadonlySet<string>>;
  readonly contentOf: (entry: GitEntry) => Buffer;
};

/** As many links one after another as Linux follows. */
const mostLinks = 40;

/** `scope`: the paths that will be read, relative to the working directory; links out of the commit lead nowhere. */
export function gitTree(revision: Revision, scope: readonly string[], maximumBytes: number): FileTree {
  const prefix = prefixOf();
  const fromTop = (path: string): string => posix.normalize(posix.join(prefix, path)).replace(/(.)\/$/, '$1');
  const all = filesOf(revision, scope.map(fromTop), maximumBytes);
  const resolved = (path: string): string | undefined => resolve(all, fromTop(path));
  const fileAt = (path: string): GitEntry => {
    const entry = all.files.get(resolved(path) ?? '');
    if (!entry) throw Object.assign(new Error(path), { code: 'ENOENT' });
    return entry;
  };
  return {
    entryOf: (path): FileEntry | undefined => {
      const real = resolved(path);
      if (real === undefined) return undefined;
      const file = all.files.get(real);
      return file ? { kind: 'file', size: file.size } : { kind: 'folder', size: 0 };
    },
    isLink: (path) => all.files.get(fromTop(path))?.kind === 'link',
    realPath: (path) => resolved(path) ?? fromTop(path),
    namesIn: (folder) => [...(all.folders.get(resolved(folder) ?? '') ?? [])],
    read: (path) => all.contentOf(fileAt(path)),
    start: (path, bytes) => all.contentOf(fileAt(path)).subarray(0, bytes),
  };
}

function filesOf(revision: Revision, scope: readonly string[], maximumBytes: number): Files {
  const all = entriesOf(revision);
  refuseSubmodules(all, scope);
  const entries = all.filter(({ kind }) => kind !== 'submodule');
  const folders = new Map<string, Set<string>>([['.', new Set()]]);
  for (const { path } of entries) addParents(folders, path);
  const isWithin = (path: string): boolean => scope.some((one) => isIn(path, one));
  const isPolicy = (path: string): boolean => path.endsWith('.policy') || holdsDocuments(path);
  const links = entries.filter(({ kind }) => kind === 'link');
  const wanted = entries.filter(({ path, kind, size }) => kind === 'file' && size <= maximumBytes && isWithin(path) && isPolicy(path));
  const first = [...new Set([...links, ...wanted].map(({ object }) => object))];
  const contents = new Map(objectsOf(first).map((bytes, i) => [first[i] ?? '', bytes]));
  const contentOf = ({ object }: GitEntry): Buffer => {
    const bytes = contents.get(object) ?? objectsOf([object])[0] ?? Buffer.alloc(0);
    contents.set(object, bytes);
    return bytes;
  };
  return { files: new Map(entries.map((entry) => [entry.path, entry])), folders, contentOf };
}

const isIn = (path: string, folder: string): boolean => folder === '.' || path === folder || path.startsWith(`${folder}/`);

/** Their files are in no commit of this repository: to leave them out would hide what they change. */
function refuseSubmodules(entries: readonly GitEntry[], scope: readonly string[]): void {
  const found = entries.find(({ kind, path }) => kind === 'submodule' && scope.some((one) => isIn(path, one) || isIn(one, path)));
  if (found)
    throw new UsageError(
      `\`${found.path}\` is a submodule, whose files no commit of this repository has: compare in it, or name the paths beside it behind \`--\``,
    );
}

function addParents(folders: Map<string, Set<string>>, path: string): void {
  const folder = posix.dirname(path);
  const names = folders.get(folder);
  if (names) names.add(posix.basename(path));
  else {
    folders.set(folder, new Set([posix.basename(path)]));
    addParents(folders, folder);
  }
}

/** The path of the file or folder behind all links of a path; undefined where there is none. */
function resolve({ files, folders, contentOf }: Files, path: string): string | undefined {
  let done = '.';
  let rest = path.split('/').filter((part) => part !== '' && part !== '.');
  for (let links = 0; rest.length > 0; ) {
    const [part = '', ...others] = rest;
    const next = posix.normalize(posix.join(done, part));
    const entry = files.get(next);
    if (next === '..' || next.startsWith('../') || (!entry && !folders.has(next))) return undefined;
    if (entry?.kind === 'link') {
      const target = contentOf(entry).toString('utf8');
      if (target.startsWith('/') || ++links > mostLinks) return undefined;
      rest = [...target.split('/').filter((one) => one !== '' && one !== '.'), ...others];
    } else {
      if (entry && others.length > 0) return undefined;
      done = next;
      rest = others;
    }
  }
  return done;
}
