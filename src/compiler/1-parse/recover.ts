// Parses one item, and goes on after a mistake: the statement that holds the mistake is left out and the item is
// parsed again, so that each mistake is reported once and all other statements are kept.
//   1. The enclosing block is the innermost `{` that opens statements (not the labels of a selector).
//   2. The statement is what stands on the mistake's line in that block, with every bracket that opens there.
//   3. Outside every block the whole item is left out.
import { type CstNode, EOF, type IRecognitionException, type IToken, NoViableAltException, tokenMatcher } from 'chevrotain';
import { closest } from '../base/closest.ts';
import type { SourceText, Span } from '../base/source.ts';
import type { Report } from '../diagnostics/diagnostic.ts';
import { PolicyParser } from './grammar.ts';
import { spanOf } from './items.ts';
import * as t from './tokens.ts';

/** Mistakes shown in one item. */
const mostMistakes = 20;

const parser = new PolicyParser();

type Range = { readonly from: number; readonly to: number };

/** Before a selector's `{` stands one of these; before a block's, its name. */
const beforeSelector = new Set([t.Equals, t.From, t.To, t.For, t.And, t.Or, t.Not, t.Except, t.LSquare, t.LParen, t.Comma, t.Arrow]);

const opensBlock = (tokens: readonly IToken[], index: number): boolean => {
  const before = tokens[index - 1];
  return tokens[index]?.tokenType === t.LCurly && before !== undefined && !beforeSelector.has(before.tokenType);
};

/** Index of the innermost block that is open at `at`, or -1. */
function enclosingBlock(tokens: readonly IToken[], at: number): number {
  const open: number[] = [];
  for (let i = 0; i < at; i++) {
    const type = tokens[i]?.tokenType;
    if (type && t.closers.has(type)) open.push(i);
    else if (type === t.RCurly || type === t.RSquare || type === t.RParen) open.pop();
  }
  return open.findLast((index) => opensBlock(tokens, index)) ?? -1;
}

const isCloser = (token: IToken | undefined): boolean => token !== undefined && [t.RCurly, t.RSquare, t.RParen].includes(token.tokenType);

/** Index of the first token of each statement of the block at `block`, and of its `}` last. */
function statementStarts(tokens: readonly IToken[], block: number): readonly number[] {
  const starts: number[] = [];
  let depth = 0;
  for (let i = block + 1; i < tokens.length; i++) {
    const token = tokens[i];
    if (!token) break;
    if (depth === 0 && isCloser(token)) return [...starts, i];
    const continues = [t.From, t.To, t.At].includes(token.tokenType) || t.closers.has(token.tokenType);
    if (depth === 0 && (starts.length === 0 || (token.startLine !== tokens[i - 1]?.endLine && !continues))) starts.push(i);
    if (t.closers.has(token.tokenType)) depth++;
    else if (isCloser(token)) depth--;
  }
  return [...starts, tokens.length];
}

/** The statement to leave out for a mistake that was found at token `at`. */
function statementAt(tokens: readonly IToken[], at: number): Range | undefined {
  const block = enclosingBlock(tokens, at);
  if (block < 0) return undefined;
  const starts = statementStarts(tokens, block);
  const close = starts.at(-1) ?? tokens.length;
  // What ends a statement too early is found at the first token of the next one.
  const isNext = starts.includes(at) && at > block + 1 && (at === close || tokenMatcher(tokens[at] ?? endToken, t.Name));
  const place = isNext ? at - 1 : at;
  const first = starts.findLastIndex((start) => start <= place);
  const from = starts[first] ?? block + 1;
  return from >= close ? undefined : { from, to: starts[first + 1] ?? close };
}

const endToken: IToken = { image: '', startOffset: 0, tokenType: EOF, tokenTypeIdx: EOF.tokenTypeIdx ?? 1 };

const describe = (token: IToken): string => {
  if (token.tokenType === EOF || token.image === '') return 'the end of the declaration';
  return tokenMatcher(token, t.Text) ? 'a text' : `\`${token.image}\``;
};

const isDeclaration = (image: string | undefined): boolean => image === 'workload' || image === 'network' || image === 'port';

/** Is something missing at the end of a line? `from`, `to` and `at` have what they need on their own. */
function isBehindLine(error: IRecognitionException): error is NoViableAltException {
  const rule = error.context.ruleStack.at(-1);
  const isOperand = rule === 'peerPart' || rule === 'atPart';
  return isOperand && error instanceof NoViableAltException && error.previousToken.endLine !== error.token.startLine;
}

/** The place of a mistake: its token, or just behind the last one. */
function placeOf(source: SourceText, error: IRecognitionException, tokens: readonly IToken[]): Span {
  if (!isBehindLine(error) && error.token.tokenType !== EOF && error.token.image !== '') return spanOf(source, error.token);
  if (isBehindLine(error)) {
    const { end } = spanOf(source, error.previousToken);
    return { source, start: end, end };
  }
  const last = tokens.findLast(({ image }) => image !== '');
  const end = last ? spanOf(source, last).end : 0;
  return { source, start: end, end };
}

function reportMistake(error: IRecognitionException, tokens: readonly IToken[], [source, report]: readonly [SourceText, Report]): void {
  const possible = [...error.message.matchAll(/`([a-z]+)`/g)].map(([, word = '']) => word);
  const place = placeOf(source, error, tokens);
  report('parse/unexpected-token', place, {
    expected: error.message,
    found: isBehindLine(error) ? 'the end of the line' : describe(error.token),
    suggestion: closest(error.token.image, possible),
  });
}

/** Names of declarations among tokens that could not be read, so that nobody calls them unknown. */
export function declaredNames(tokens: readonly IToken[]): readonly string[] {
  return tokens.flatMap((token, i) => {
    const before = tokens[i - 1]?.image;
    return isDeclaration(before) || before === 'policy' ? [token.image] : [];
  });
}

export type ParsedItem = { readonly tree: CstNode | undefined; readonly unread: readonly string[] };

/** Parses the tokens of an item. With `silent`, mistakes are not reported: they may follow from one that was. */
export function parseItem(tokens: IToken[], context: readonly [SourceText, Report], silent: boolean): ParsedItem {
  let rest = tokens;
  for (let mistakes = 0; mistakes < mostMistakes; mistakes++) {
    parser.input = rest;
    const tree = parser.file();
    const [error] = parser.errors;
    if (!error) return { tree, unread: [] };
    if (!silent) reportMistake(error, rest, context);
    const at = rest.indexOf(error.token);
    const statement = silent ? undefined : statementAt(rest, at < 0 ? rest.length : at);
    if (!statement) return { tree: undefined, unread: declaredNames(tokens) };
    rest = [...rest.slice(0, statement.from), ...rest.slice(statement.to)];
  }
  const first = tokens[0] ?? endToken;
  context[1]('parse/too-many-errors', spanOf(context[0], first), { limit: mostMistakes });
  return { tree: undefined, unread: declaredNames(tokens) };
}
