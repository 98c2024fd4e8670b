// The tokens of a whole file with the comments that belong to them. A comment behind a token on its line belongs to that
// token; one on a line of its own to the token after it. Commas and semicolons carry none: theirs go to their neighbours.
import { tokenize } from '../1-parse/lexer.ts';

/** `text` without the blanks at its end. */
export type Comment = { readonly text: string; readonly blankBefore: boolean };

/** A token as it is printed; `start` and `end` are offsets in the source, `line` its line there. */
export type Leaf = {
  readonly kind: 'leaf';
  readonly image: string;
  readonly start: number;
  readonly end: number;
  readonly line: number;
  /** Comments on lines of their own before it. */
  readonly leading: readonly Comment[];
  /** A comment behind it on its line. */
  readonly trailing: string | undefined;
  /** Is there an empty line before it (behind its comments)? */
  readonly blankBefore: boolean;
  /** Inside an item or statement, and on a line of its own all the same: what stands behind annotations. */
  readonly ownLine?: true;
};

type Gap = { readonly trailing: string | undefined; readonly leading: readonly Comment[]; readonly blankBefore: boolean };

const isBlank = (between: string): boolean => between.split('\n').length > 2;

/** What stands between two tokens: blanks and comments. */
function gapOf(text: string, isFirst: boolean): Gap {
  const leading: Comment[] = [];
  let trailing: string | undefined;
  let at = 0;
  for (const { 0: comment, index } of text.matchAll(/\/\/[^\n]*/g)) {
    const before = text.slice(at, index);
    if (at === 0 && !isFirst && !before.includes('\n')) trailing = comment.trimEnd();
    else leading.push({ text: comment.trimEnd(), blankBefore: isBlank(before) });
    at = index + comment.length;
  }
  return { trailing, leading, blankBefore: isBlank(text.slice(at)) };
}

const isSeparator = (image: string): boolean => image === ',' || image === ';';

type Growing = { -readonly [Key in keyof Leaf]: Leaf[Key] };

/** The leaves of a file in order, and one with an empty image for its end. */
export function leavesOf(text: string): readonly Leaf[] {
  const leaves: Growing[] = [];
  const end = { image: '', startOffset: text.length, startLine: 0 };
  let last: Growing | undefined;
  let carried: Comment[] = [];
  let at = 0;
  for (const { image, startOffset: start, startLine: line = 0 } of [...tokenize(text).tokens, end]) {
    const { trailing, leading, blankBefore } = gapOf(text.slice(at, start), leaves.length === 0);
    at = start + image.length;
    if (trailing !== undefined && last && last.trailing === undefined && carried.length === 0) last.trailing = trailing;
    else if (trailing !== undefined) carried.push({ text: trailing, blankBefore: false });
    carried = [...carried, ...leading];
    const leaf: Growing = { kind: 'leaf', image, start, end: at, line, leading: [], trailing: undefined, blankBefore };
    leaves.push(leaf);
    if (isSeparator(image)) continue;
    leaf.leading = carried;
    carried = [];
    last = leaf;
  }
  return leaves;
}
