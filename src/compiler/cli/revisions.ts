// What the arguments of `diff` name: two files, folders or bundles, or revisions of the repository and the paths to compare in them.
import { existsSync } from 'node:fs';
import { posix } from 'node:path';
import { closest } from '../base/closest.ts';
import { isInRepository, knownRevisions, mergeBase, prefixOf, type Revision, revisionOf, shallowHint } from './git.ts';
import { UsageError } from './usage-error.ts';

/** One state of a policy. `revision`: of the repository; absent: as the files are now. */
export type State = { readonly revision?: Revision; readonly paths: readonly string[] };
/** `sameFiles`: one place in two revisions, so that what stands there in one of them alone is a change, and no mistake. */
export type States = { readonly states: readonly State[]; readonly sameFiles: boolean };

/** `words`: the arguments before `--`. `paths`: those behind it; undefined without `--`. @throws UsageError */
export function statesOf(words: readonly string[], paths: readonly string[] | undefined): States {
  const [first = '', ...rest] = words;
  if (paths) return atRevisions(words, paths);
  if (words.length === 2 && words.every((word) => existsSync(word) || isPlaceInRevision(word)))
    return { states: words.map(stateOf), sameFiles: false };
  if (existsSync(first) && !isRange(first)) return refusePaths(first, rest);
  const second = rest[0];
  const isPair = !isRange(first) && second !== undefined && !existsSync(second);
  return atRevisions(words.slice(0, isPair ? 2 : 1), words.slice(isPair ? 2 : 1));
}

/** The base and both changes of `merge-check`. `base`: where both began; of revisions, without it, the commit where they parted. */
export function mergeStatesOf(
  { words, paths }: { readonly words: readonly string[]; readonly paths: readonly string[] | undefined },
  base?: string,
): States {
  const [ours = '', theirs = '', ...rest] = words;
  if (words.length < 2) throw new UsageError('expected two changes: files, folders or revisions');
  if (!paths && rest.length === 0 && [ours, theirs].every((word) => existsSync(word) || isPlaceInRevision(word))) {
    if (base === undefined) throw new UsageError('where did both changes begin? `--base` says it, unless both are revisions');
    return { states: [base, ours, theirs].map(stateOf), sameFiles: false };
  }
  const [one, other] = [found(ours), found(theirs)];
  const start = base === undefined ? mergeBase(one, other) : found(base);
  const places = [...(paths ?? []), ...rest];
  const state = (revision: Revision): State => ({ revision, paths: places.length > 0 ? places : ['.'] });
  return { states: [start, one, other].map(state), sameFiles: true };
}

function refusePaths(first: string, [second, ...more]: readonly string[]): never {
  if (second === undefined) throw new UsageError(`\`${first}\` is compared with what? Give a second path, or a revision before it`);
  if (more.length > 0) throw new UsageError('expected two paths, or revisions and then paths');
  throw new UsageError(
    `there is no file or folder \`${second}\`${existsSync(first) ? '' : ` and no \`${first}\``}; revisions stand before paths`,
  );
}

const isRange = (word: string): boolean => /^[^/.].*\.\.|^\.\.\.?[^./]/.test(word) && !existsSync(word);

/** `main:deploy/policies`: a file or folder of a revision, as git names it. */
function isPlaceInRevision(word: string): boolean {
  const colon = word.indexOf(':');
  return colon > 0 && !existsSync(word) && isInRepository() && revisionOf(word.slice(0, colon)) !== undefined;
}

function stateOf(word: string): State {
  if (existsSync(word)) return { paths: [word] };
  const colon = word.indexOf(':');
  const path = word.slice(colon + 1) || '.';
  const fromHere = /^\.\.?(?:\/|$)/.test(path) && path !== '.' ? path : posix.relative(`/${prefixOf()}`, `/${path}`) || '.';
  return { revision: found(word.slice(0, colon)), paths: [fromHere] };
}

function atRevisions(words: readonly string[], given: readonly string[]): States {
  const paths = given.length > 0 ? given : ['.'];
  const [first = '', second] = words;
  if (words.length > 2 || (second !== undefined && isRange(first)))
    throw new UsageError('expected one or two revisions, or a range, before the paths');
  const state = (revision: Revision): State => ({ revision, paths });
  const sameFiles = true;
  const [, from = '', dots = '', to = ''] = /^(.*?)(\.{2,3})(.*)$/.exec(isRange(first) ? first : '') ?? [];
  if (dots !== '') {
    const [old, now] = [found(from || 'HEAD'), found(to || 'HEAD')];
    return { states: [state(dots === '...' ? mergeBase(old, now) : old), state(now)], sameFiles };
  }
  return { states: [state(found(first)), second === undefined ? { paths } : state(found(second))], sameFiles };
}

function found(name: string): Revision {
  if (!isInRepository()) throw new UsageError(`\`${name}\` is no file or folder, and this folder is in no git repository`);
  const revision = revisionOf(name);
  if (revision) return revision;
  const suggestion = closest(name, knownRevisions());
  throw new UsageError(
    `\`${name}\` is neither a file or folder nor a revision of this repository${suggestion === undefined ? '' : `; did you mean \`${suggestion}\`?`}${shallowHint()}`,
  );
}
