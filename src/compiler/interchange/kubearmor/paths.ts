// Paths, folders and patterns of KubeArmor as operands. Patterns are AppArmor's globs, which stand in paths, too, because its
// profiles are made of them: `*` and `?` stop at `/`, `**` does not, `[a-c]` `[^a]` is a byte, `{a,b}` a choice, `\` takes a sign as it is.
import { literalText, quoted, regexText } from '../texts.ts';

/** Why no file has a path of this form, or the operand. */
export type PathText = { readonly text: string } | { readonly reason: string };

type Token = { readonly kind: 'literal' | 'sign'; readonly text: string };

const tokensOf = (glob: string): readonly Token[] =>
  [...glob.matchAll(/\\([\s\S])|\*{2,}|\[\^?[^\]]+\]|[*?{},]|[\s\S]/g)].map(([text, escaped]) => {
    if (escaped !== undefined) return { kind: 'literal', text: escaped };
    return { kind: /^(?:[*?{},]|\*{2,}|\[[\s\S]+\])$/.test(text) ? 'sign' : 'literal', text };
  });

/** Signs that our own globs do not have. */
const needsRegex = (tokens: readonly Token[]): boolean =>
  tokens.some(({ kind, text }) => kind === 'sign' && !/^[*?]/.test(text) && text !== ',');

const escapedRegex = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
const regexSigns: Readonly<Record<string, string>> = { '*': '[^/]*', '?': '[^/]', '{': '(?:', '}': ')' };

function regexOf(tokens: readonly Token[]): string {
  let depth = 0;
  const parts = tokens.map(({ kind, text }) => {
    if (kind === 'literal') return escapedRegex(text);
    if (text === '{') depth++;
    if (text === '}') depth--;
    if (text === ',') return depth > 0 ? '|' : ',';
    if (text.startsWith('[')) return text;
    return regexSigns[text] ?? '(?s:.*)';
  });
  return parts.join('');
}

const globSigns = (tokens: readonly Token[]): string =>
  tokens
    .map(({ kind, text }) => (kind === 'sign' && text !== ',' ? (text.length > 2 ? '**' : text) : text.replace(/["\\*{}?[\]]/g, '\\$&')))
    .join('');

/** The files that an AppArmor glob matches. */
export function patternText(written: string): PathText {
  if (!written.startsWith('/')) return { reason: 'it is no absolute path, and no file has another' };
  // A `/` at the end says that a folder is meant.
  const glob = written.length > 1 ? written.replace(/\/$/, '') : written;
  if (/\/\/|\/\.\.?(?:\/|$)/.test(glob)) return { reason: 'no resolved path has an empty segment, `.` or `..`' };
  const tokens = tokensOf(glob);
  if (tokens.every(({ kind, text }) => kind === 'literal' || text === ','))
    return { text: literalText(tokens.map(({ text }) => text).join('')) };
  return { text: needsRegex(tokens) ? regexText(regexOf(tokens)) : `glob "${globSigns(tokens)}"` };
}

/** A folder: itself, and what stands in it, or anywhere below it. */
export function folderTexts(folder: string, recursive: boolean): readonly PathText[] {
  const bare = folder.replace(/\/+$/, '');
  if (bare === '') return [{ text: '"/"' }, recursive ? { text: 'under "/"' } : { text: 'glob "/*"' }];
  const inside = /[*?[{]/.test(bare) || !recursive ? patternText(`${bare}/${recursive ? '**' : '*'}`) : { text: `under ${quoted(bare)}` };
  return [patternText(bare), inside];
}

/** Every program of this name. */
export const programTexts = (name: string): readonly PathText[] => [patternText(`/${name}`), patternText(`/**/${name}`)];
