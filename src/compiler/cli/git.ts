// What policyc asks of git: revisions, and the files of one as they were committed. Plumbing alone, which neither reads nor
// changes the index and the work tree.
import { spawnSync } from 'node:child_process';
import { UsageError } from './usage-error.ts';

/** A commit, and the name that it was asked for by. */
export type Revision = { readonly name: string; readonly commit: string };

/** One entry of a tree; `path` from the top of the repository. */
export type GitEntry = {
  readonly path: string;
  readonly kind: 'file' | 'link' | 'submodule';
  readonly object: string;
  readonly size: number;
};

const maximumOutput = 2 ** 30;

function git(args: readonly string[], input?: string): { readonly status: number | null; readonly out: Buffer; readonly error: string } {
  const { status, stdout, stderr, error } = spawnSync('git', args, {
    maxBuffer: maximumOutput,
    env: { ...process.env, GIT_OPTIONAL_LOCKS: '0', LC_ALL: 'C' },
    ...(input !== undefined && { input }),
  });
  if (error && 'code' in error && error.code === 'ENOENT')
    throw new UsageError('git is not installed: without it no revision can be compared');
  if (error) throw new UsageError(`git ${args[0]} failed: ${error.message}`);
  return { status, out: stdout, error: stderr.toString('utf8').trim() };
}

function said(args: readonly string[], input?: string): Buffer {
  const { status, out, error } = git(args, input);
  if (status !== 0) throw new UsageError(`git ${args[0]} failed: ${error.split('\n')[0]}`);
  return out;
}

/** Is the working directory in a repository? */
export const isInRepository = (): boolean => git(['rev-parse', '--git-dir']).status === 0;

/** Was only a part of the history cloned? */
const isShallow = (): boolean => git(['rev-parse', '--is-shallow-repository']).out.toString('utf8').trim() === 'true';
/** What helps where a revision is not there. */
export const shallowHint = (): string => (isShallow() ? '; the clone is shallow: `git fetch --unshallow` brings the rest of it' : '');

/** The working directory from the top of the repository: `` or `deploy/policies/`. */
export const prefixOf = (): string => said(['rev-parse', '--show-prefix']).toString('utf8').replace(/\n$/, '');

/** The commit of that name; undefined where there is none. */
export function revisionOf(name: string): Revision | undefined {
  const { status, out } = git(['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`]);
  return status === 0 ? { name, commit: out.toString('utf8').trim() } : undefined;
}

/** Where two commits parted. @throws UsageError where they have no ancestor in common */
export function mergeBase(a: Revision, b: Revision): Revision {
  const { status, out } = git(['merge-base', a.commit, b.commit]);
  if (status !== 0) throw new UsageError(`\`${a.name}\` and \`${b.name}\` have no commit in common${shallowHint()}`);
  return { name: `merge base of ${a.name} and ${b.name}`, commit: out.toString('utf8').trim() };
}

/** Names of branches and tags. */
export const knownRevisions = (): readonly string[] =>
  said(['for-each-ref', '--format=%(refname:short)'])
    .toString('utf8')
    .split('\n')
    .filter((name) => name !== '');

/** All files, links and submodules of a commit. */
export function entriesOf({ commit }: Revision): readonly GitEntry[] {
  const records = said(['ls-tree', '-r', '-z', '-l', '--full-tree', commit]).toString('utf8').split('\0');
  return records.flatMap((record) => {
    const match = /^(\d{6}) (?:blob|commit) ([0-9a-f]+) +(\d+|-)\t([\s\S]+)$/.exec(record);
    if (!match) return [];
    const [, mode = '', object = '', size = '', path = ''] = match;
    const kind = mode === '120000' ? 'link' : mode === '160000' ? 'submodule' : 'file';
    return [{ path, kind, object, size: Number(size) || 0 } as const];
  });
}

/** The bytes of objects, in their order. */
export function objectsOf(objects: readonly string[]): readonly Buffer[] {
  const out = said(['cat-file', '--batch'], objects.map((object) => `${object}\n`).join(''));
  let at = 0;
  return objects.map((object) => {
    const end = out.indexOf(10, at);
    const size = Number(/^[0-9a-f]+ blob (\d+)$/.exec(out.toString('utf8', at, end))?.[1] ?? Number.NaN);
    if (Number.isNaN(size)) throw new UsageError(`git has no object ${object}: the clone is not complete`);
    at = end + 1 + size + 1;
    return out.subarray(end + 1, end + 1 + size);
  });
}
