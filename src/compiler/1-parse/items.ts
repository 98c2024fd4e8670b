// Cuts the tokens of a file into top-level items and balances their brackets, so that a mistake in one item never
// reaches another and the parser proper always sees balanced text of bounded depth.
//   1. A word that begins an item, first on its line, ends whatever was open before.
//   2. A bracket left open is reported where it opens, and closed; a closing one that closes nothing is reported and left out.
//   3. An item with more than `deepest` brackets inside each other is reported and left out: the parser is recursive.
import { type IToken, type TokenType, tokenMatcher } from 'chevrotain';
import type { SourceText, Span } from '../base/source.ts';
import type { Report } from '../diagnostics/diagnostic.ts';
import { type Reader, tokenOf } from './lexer.ts';
import * as t from './tokens.ts';

/** Tokens of one or more items. `damaged`: brackets were repaired, or the item was left out. */
export type Item = { readonly tokens: IToken[]; readonly damaged: boolean };

/** More brackets inside each other than any policy has, and few enough for a recursive parser. */
export const deepest = 64;

export const spanOf = (source: SourceText, first: IToken, last: IToken = first): Span => ({
  source,
  start: first.startOffset,
  end: last.startOffset + last.image.length,
});

const openers: ReadonlyMap<TokenType, TokenType> = new Map([...t.closers].map(([open, close]) => [close, open]));
const imageOf = (type: TokenType | undefined): string => (typeof type?.PATTERN === 'string' ? type.PATTERN : '');

/** Index of the first token behind the annotations that begin at `start`. */
export function behindAnnotations(tokens: readonly IToken[], start: number): number {
  let at = start;
  while (tokens[at]?.tokenType === t.Annotation) {
    at += 2;
    if (tokens[at]?.tokenType !== t.LParen) continue;
    while (at < tokens.length && tokens[at]?.tokenType !== t.RParen) at++;
    at++;
  }
  return at;
}

/** One item as it is being collected. */
class Collecting {
  readonly tokens: IToken[] = [];
  readonly open: IToken[] = [];
  damaged = false;
  tooDeep = false;
  readonly source: SourceText;
  private readonly report: Report;

  constructor(source: SourceText, report: Report) {
    this.source = source;
    this.report = report;
  }

  private headAt = 0;

  /** Is there nothing yet but annotations? */
  get isOnlyAnnotations(): boolean {
    const at = behindAnnotations(this.tokens, this.headAt);
    // Values may still follow the last name.
    if (at <= this.tokens.length) this.headAt = this.tokens[at - 1]?.tokenType === t.RParen ? at : Math.max(this.headAt, at - 2);
    return at >= this.tokens.length;
  }

  take(token: IToken): void {
    if (t.closers.has(token.tokenType)) this.opening(token);
    else if (openers.has(token.tokenType)) this.closing(token);
    else this.tokens.push(token);
    // The rest of its line is inside it: what seems to be missing may stand there.
    if (token.tokenType === t.Unterminated) this.damaged = true;
  }

  private opening(token: IToken): void {
    this.open.push(token);
    this.tokens.push(token);
    if (this.open.length <= deepest || this.tooDeep) return;
    this.tooDeep = true;
    this.report('parse/too-deep', spanOf(this.source, token), { limit: deepest });
  }

  private closing(token: IToken): void {
    const wanted = openers.get(token.tokenType);
    const depth = this.open.findLastIndex(({ tokenType }) => tokenType === wanted);
    if (depth < 0) {
      const top = this.open.at(-1);
      const here = spanOf(this.source, token);
      const holes = { close: token.image, open: top?.image ?? '' };
      this.damaged = true;
      this.report('parse/unmatched', top ? [here, spanOf(this.source, top)] : here, holes);
      return;
    }
    this.closeDownTo(depth + 1, token);
    this.open.pop();
    this.tokens.push(token);
  }

  /** Closes what is open above `depth`, each reported: it should have been closed before `before`. */
  closeDownTo(depth: number, before: IToken): void {
    while (this.open.length > depth) {
      const open = this.open.pop();
      const type = open && t.closers.get(open.tokenType);
      if (!open || !type) return;
      if (!this.damaged) {
        const close = imageOf(type);
        this.report('parse/unclosed', [spanOf(this.source, open), spanOf(this.source, before)], { open: open.image, close });
      }
      this.damaged = true;
      this.tokens.push(tokenOf(type, '', before.startOffset, before.startLine ?? 0));
    }
  }

  finish(before: IToken): Item | undefined {
    this.closeDownTo(0, before);
    if (this.tooDeep) return { tokens: [], damaged: true };
    return this.tokens.length > 0 ? { tokens: this.tokens, damaged: this.damaged } : undefined;
  }
}

/** How the words that are no reserved ones go on where they begin an item. */
const contextualItems: ReadonlyMap<TokenType, readonly TokenType[]> = new Map<TokenType, readonly TokenType[]>([
  ...[t.Domain, t.Path, t.Binary, t.List, t.AnnotationWord].map((type) => [type, [t.Word, t.Equals]] as const),
  [t.Rules, [t.Word, t.LParen]],
  [t.Cluster, [t.Text]],
  [t.Invariant, [t.Text, t.LCurly]],
  [t.Service, [t.Word, t.For]],
]);

/** Index -1 is never asked for: one such look makes all others slow. */
const isFirstOnLine = (tokens: readonly IToken[], index: number): boolean =>
  index === 0 || tokens[index]?.startLine !== tokens[index - 1]?.startLine;

/** Does a reserved word, or a contextual one with what has to follow it, begin an item here? Inside brackets its name has to follow. */
function itemWordAt(tokens: readonly IToken[], index: number, depth: number): boolean {
  const token = tokens[index];
  if (!token) return false;
  const following = contextualItems.get(token.tokenType);
  if (following) return following.every((type, i) => tokenMatcher(tokens[index + 1 + i] ?? token, type));
  if (!t.itemWords.has(token.tokenType)) return false;
  if (depth === 0) return true;
  const next = tokens[index + 1];
  return next !== undefined && next.startLine === token.startLine && (tokenMatcher(next, t.Word) || tokenMatcher(next, t.Text));
}

/** Behind one of these an item goes on. */
const unfinished: ReadonlySet<TokenType> = new Set([
  ...[t.And, t.Or, t.Not, t.Except, t.Equals, t.Comma, t.For, t.From, t.In, t.At, t.Colon, t.Dot, t.Minus, t.Including],
]);
/** Items that end with their block. */
const withBlock: ReadonlySet<TokenType> = new Set([t.Policy, t.Test, t.Rules, t.Invariant, t.Service]);

/** Can what was read end here, so that a word at the beginning of a line that begins no item is one that someone mistyped? */
function mayEnd(item: readonly IToken[]): boolean {
  const last = item.at(-1);
  const first = item[behindAnnotations(item, 0)];
  if (!last || !first || last === first || unfinished.has(last.tokenType)) return false;
  return !withBlock.has(first.tokenType) || (last.tokenType === t.RCurly && !endsWithSelector(item));
}

/** Before a selector's `{` stands one of these, or `in` and a word; before a block's, its name. */
const beforeSelector: ReadonlySet<TokenType> = new Set([t.For, t.And, t.Or, t.Not, t.Except]);

function endsWithSelector(item: readonly IToken[]): boolean {
  let at = item.length - 1;
  for (let depth = 1; depth > 0 && at > 0; ) {
    at--;
    const type = item[at]?.tokenType;
    if (type && openers.has(type)) depth++;
    else if (type && t.closers.has(type)) depth--;
  }
  const before = item[at - 1]?.tokenType;
  return (before !== undefined && beforeSelector.has(before)) || item[at - 2]?.tokenType === t.In;
}

/** Does an item begin at `index`, given what was read of the one before? Annotations belong to the item that follows. */
function beginsItem(tokens: readonly IToken[], index: number, current: Collecting): boolean {
  const { open, tokens: item, source } = current;
  const token = tokens[index];
  if (!token || !isFirstOnLine(tokens, index) || item.length === 0) return false;
  if (open.length > 0) return itemWordAt(tokens, index, open.length);
  if (current.isOnlyAnnotations) return false;
  if (itemWordAt(tokens, index, 0)) return true;
  return (
    (token.tokenType === t.Annotation || (token.tokenType === t.Identifier && source.text[token.startOffset - 1] === '\n')) && mayEnd(item)
  );
}

/** Tokens behind one that say whether it begins an item. */
const lookedAhead = 2;

/** The items of a file in order; its tokens are read as items are asked for, and forgotten with them. `end` stands for the end of the text. */
export function* items(reader: Reader, end: IToken, [source, report]: readonly [SourceText, Report]): Iterable<Item> {
  const { tokens } = reader;
  let current = new Collecting(source, report);
  for (let index = 0; ; index++) {
    reader.readTo(index + 1 + lookedAhead);
    const token = tokens[index];
    if (!token) break;
    if (beginsItem(tokens, index, current)) {
      const item = current.finish(token);
      if (item) yield item;
      current = new Collecting(source, report);
      // Of those before it an item asks for the last.
      tokens.splice(0, index - 1);
      index = 1;
    }
    current.take(token);
  }
  const last = current.finish(end);
  if (last) yield last;
}
