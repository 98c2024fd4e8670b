// Parses one item, and goes on after a mistake: the statement that holds the mistake is left out and the item is
// parsed again, so that each mistake is reported once and all other statements are kept.
//   1. The enclosing block is the innermost `{` that opens statements (not the labels of a selector); the parser knows it.
//   2. The statement is what stands on the mistake's line in that block, with every bracket that opens there.
//   3. Outside every block the whole item is left out.
import { EOF, type IRecognitionException, type IToken, NoViableAltException, type TokenType, tokenMatcher } from 'chevrotain';
import { closest } from '../base/closest.ts';
import type { SourceText, Span } from '../base/source.ts';
import type { Report } from '../diagnostics/diagnostic.ts';
import { type Items, PolicyParser } from './grammar.ts';
import { behindAnnotations, spanOf } from './items.ts';
import type { OpenBlock } from './sections.ts';
import { anItem } from './syntax-messages.ts';
import * as t from './tokens.ts';

/** Mistakes shown in one item. */
const mostMistakes = 20;

/** Made for the first item that needs it. */
let known: PolicyParser | undefined;

type Range = { readonly from: number; readonly to: number };

const isCloser = (token: IToken | undefined): boolean => token !== undefined && [t.RCurly, t.RSquare, t.RParen].includes(token.tokenType);

/** Index of the first token of each statement of the block at `block`, and of its `}` last. Annotations belong to what follows. */
function statementStarts(tokens: readonly IToken[], block: number, holdsTests: boolean): readonly number[] {
  const starts: number[] = [];
  let depth = 0;
  for (let i = block + 1, head = i; i < tokens.length; i++) {
    const token = tokens[i];
    if (!token) break;
    if (depth === 0 && isCloser(token)) return [...starts, i];
    const continues = [t.From, t.To, t.At].includes(token.tokenType) || (!holdsTests && t.closers.has(token.tokenType));
    if (depth === 0 && (starts.length === 0 || (i > head && token.startLine !== tokens[i - 1]?.startLine && !continues))) {
      starts.push(i);
      head = behindAnnotations(tokens, i);
    }
    if (t.closers.has(token.tokenType)) depth++;
    else if (isCloser(token)) depth--;
  }
  return [...starts, tokens.length];
}

/** The statement to leave out for a mistake that was found at token `at`, in the innermost of `blocks`. */
function statementAt(tokens: readonly IToken[], at: number, blocks: readonly OpenBlock[]): Range | undefined {
  const inner = blocks.at(-1);
  if (!inner) return undefined;
  const block = tokens.indexOf(inner.token);
  const starts = statementStarts(tokens, block, inner.holdsTests);
  const close = starts.at(-1) ?? tokens.length;
  // What ends a statement too early is found at the first token of the next one.
  const isNext = starts.includes(at) && at > block + 1 && (at === close || mayBegin(tokens[at] ?? endToken, inner));
  const place = isNext ? at - 1 : at;
  const first = starts.findLastIndex((start) => start <= place);
  const from = starts[first] ?? block + 1;
  return from >= close ? undefined : { from, to: starts[first + 1] ?? close };
}

const mayBegin = (token: IToken, { holdsTests }: OpenBlock): boolean =>
  [t.Name, t.Default, t.Annotation, ...(holdsTests ? [t.LCurly, t.Text, t.Literal] : [])].some((type) => tokenMatcher(token, type));

const endToken: IToken = { image: '', startOffset: 0, tokenType: EOF, tokenTypeIdx: EOF.tokenTypeIdx ?? 1 };

const describe = (token: IToken): string => {
  if (token.tokenType === EOF || token.image === '') return 'the end of the declaration';
  return tokenMatcher(token, t.Text) ? 'a text' : `\`${token.image}\``;
};

/** Is something missing at the end of a line? `from`, `to` and `at` have what they need on their own. */
function isBehindLine(error: IRecognitionException): error is NoViableAltException {
  const rule = error.context.ruleStack.at(-1);
  const isOperand = rule === 'peerPart' || rule === 'atPart';
  return isOperand && error instanceof NoViableAltException && error.previousToken.startLine !== error.token.startLine;
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

const inSection = 'a rule (`use` stands in a policy, beside its sections)';
const inRules = 'a section (`use` stands in policies; a `rules` block uses no other)';
const behindStatement = 'the end of the line (`;` parts only lines of requests)';
const behindRule = 'the end of the rule (several peers or ports stand in `[` and `]`)';
/** Blocks whose statements have lines of their own. */
const ofLines: ReadonlySet<string> = new Set(['policy', 'rulesItem', 'section', 'test', 'invariant', 'serviceItem']);

/** The token that is really wrong, and what was expected there: a `use` where none can be, a `;` between statements. */
function meant({ context, token }: IRecognitionException, tokens: readonly IToken[]): readonly [IToken, string] | undefined {
  const at = tokens.indexOf(token);
  const [use, name] = [tokens[at - 2], tokens[at - 1]];
  if (use?.tokenType === t.Use && token.tokenType === t.LParen) return [use, inSection];
  const inside = context.ruleStack.at(-1) ?? '';
  if (name?.tokenType === t.Use && inside === 'section') return [name, inRules];
  if (token.tokenType === t.Comma && inside === 'section') return [token, behindRule];
  return token.tokenType === t.Semicolon && ofLines.has(inside) ? [token, behindStatement] : undefined;
}

function reportMistake(error: IRecognitionException, tokens: readonly IToken[], [source, report]: readonly [SourceText, Report]): void {
  const other = meant(error, tokens);
  if (other) {
    const [token, expected] = other;
    report('parse/unexpected-token', spanOf(source, token), { expected, found: `\`${token.image}\``, suggestion: undefined });
    return;
  }
  const named = [...error.message.matchAll(/`([a-z]+)`/g)].map(([, word = '']) => word);
  const possible = error.message === anItem ? t.itemStarts : named;
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
    const before = tokens[i - 1]?.tokenType;
    return before && (t.declarationWords.has(before) || namedItems.has(before)) ? [token.image] : [];
  });
}
const namedItems: ReadonlySet<TokenType> = new Set([t.Policy, t.Rules, t.AnnotationWord]);

export type ParsedItem = { readonly items: Items | undefined; readonly unread: readonly string[] };
/** Where an item stands. `isFirst`: nothing stands before it. `silent`: mistakes are not reported, for they may follow from one that was. */
export type ItemContext = { readonly source: SourceText; readonly report: Report; readonly isFirst: boolean; readonly silent: boolean };

/** Parses the tokens of an item. */
export function parseItem(tokens: IToken[], context: ItemContext): ParsedItem {
  const { source, report, isFirst, silent } = context;
  known ??= new PolicyParser();
  const parser = known;
  let rest = tokens;
  for (let mistakes = 0; mistakes < mostMistakes; mistakes++) {
    const { items, findings, blocks } = parser.attempt(source, rest, isFirst);
    const [error] = parser.errors;
    if (!error) {
      for (const finding of findings) finding(report);
      return { items, unread: [] };
    }
    if (!silent) reportMistake(error, rest, [source, report]);
    const at = rest.indexOf(error.token);
    const statement = silent ? undefined : statementAt(rest, at < 0 ? rest.length : at, blocks);
    if (!statement) return { items: undefined, unread: declaredNames(tokens) };
    rest = [...rest.slice(0, statement.from), ...rest.slice(statement.to)];
  }
  const first = tokens[0] ?? endToken;
  report('parse/too-many-errors', spanOf(source, first), { limit: mostMistakes });
  return { items: undefined, unread: declaredNames(tokens) };
}
