// Reading the states that are compared: files and folders, bundles by the policy text that they carry, and revisions by what was
// committed in them.
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readPolicyText } from '../7-build/read-text.ts';
import type { DocumentOptions } from './document-options.ts';
import { gitTree } from './git-tree.ts';
import type { CommonOptions } from './options.ts';
import type { State, States } from './revisions.ts';
import { readSources, type Sources, shownPath } from './sources.ts';
import { checkedSources, Memory, type ReadUnit } from './unit.ts';
import { UsageError } from './usage-error.ts';

/** One side of a comparison, read and checked. `name`: what a report calls it. */
export type Side = ReadUnit & { readonly name: string };
export type SideOptions = Pick<CommonOptions, 'maxFileBytes'> & Partial<DocumentOptions>;

/** @throws UsageError when no state has a policy */
export function readSides({ states, sameFiles }: States, options: SideOptions): readonly Side[] {
  const isEmpty: boolean[] = [];
  // Files that are the same in both revisions are read once.
  const memory = new Memory();
  const sides = states.map((state) => {
    const [path = ''] = state.paths;
    if (!state.revision && state.paths.length === 1 && isBundle(path)) return bundleSide(path);
    const read = sourcesOf(state, options, sameFiles);
    isEmpty.push(read.sources.length === 0 && !read.failed());
    return {
      name: nameOf(state, sameFiles),
      ...checkedSources(read, { ...options, comparedAtOnce: 0 }, sameFiles ? memory : new Memory()),
    };
  });
  const shown = states[0]?.paths.map((path) => `\`${shownPath(path)}\``).join(', ');
  if (isEmpty.length === states.length && !isEmpty.includes(false))
    throw new UsageError(`there is no policy at ${shown}, neither in ${sides.map(({ name }) => name).join(' nor in ')}`);
  return sides;
}

const sourcesOf = ({ revision, paths }: State, { maxFileBytes }: SideOptions, mayBeEmpty: boolean): Sources =>
  readSources(paths, maxFileBytes, { mayBeEmpty, ...(revision && { tree: gitTree(revision, paths, maxFileBytes) }) });

function nameOf({ revision, paths }: State, sameFiles: boolean): string {
  const shown = paths.map(shownPath).join(' ');
  if (!revision) return sameFiles ? 'the work tree' : shown;
  const commit = revision.commit.slice(0, 10);
  const name = revision.commit.startsWith(revision.name) ? commit : `${revision.name} (${commit})`;
  return sameFiles ? name : `${shown} in ${name}`;
}

const isBundle = (path: string): boolean => existsSync(join(path, 'manifest.json')) && statSync(path).isDirectory();

function bundleSide(path: string): Side {
  const read = readPolicyText(path);
  if (!read.ok) throw new UsageError(`\`${path}\` cannot be compared: ${read.message}`);
  const { files, documents } = read.text;
  const sources: Sources = {
    sources: files,
    load: () => undefined,
    diagnostics: () => [],
    failed: () => false,
    read: () => files,
    folders: () => [],
  };
  return {
    name: `${shownPath(path)} (build ${read.build.slice(0, 10)})`,
    ...checkedSources(sources, { agent: documents, comparedAtOnce: 0 }, new Memory()),
  };
}
