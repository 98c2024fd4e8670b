// Literals, operands and lines of blocks without the machinery of the grammar: what operands.ts says of them, for tokens that are right.
// At the first one that is not, or that only the grammar tells apart, reading ends (`Unread`), and the grammar reads all of it again.
import { type IToken, type TokenType, tokenMatcher } from 'chevrotain';
import type { SourceText, Span } from '../base/source.ts';
import type { Line, Operand, WordOperand } from '../domains/domain.ts';
import type { Name, TextLiteral } from '../ir/ast.ts';
import { tokenOf } from './lexer.ts';
import { exact } from './operands.ts';
import { matchers, requirementWords } from './term-words.ts';
import * as t from './tokens.ts';

/** Thrown where the grammar has to look; one object, for nobody asks where it was made. */
export class Unread extends Error {}
const unread = new Unread();

const behind: IToken = tokenOf(t.Unterminated, '', 0, 0);
type NumberNode = Extract<Operand, { kind: 'number' | 'range' }>;
type LiteralNode = { kind: 'address' | 'date' | 'quantity'; text: string; span: Span };

/** By the number of a token's type: is it of the category? */
export function tableOf(...types: readonly TokenType[]): readonly boolean[] {
  const found: boolean[] = [];
  for (const type of t.vocabulary) found[type.tokenTypeIdx ?? 0] = types.some((one) => tokenMatcher(tokenOf(type, '', 0, 0), one));
  return found;
}
export const isName = tableOf(t.Name);
export const isWord = tableOf(t.Word);
const isLiteral = tableOf(t.Literal);
const isNumber = tableOf(t.NumberLiteral, t.Minus);
const beginsPlain = tableOf(t.Quoted, t.NumberLiteral, t.Minus, t.Literal);
const beginsOperand = tableOf(t.Name, t.OperandWord, t.Quoted, t.NumberLiteral, t.Minus, t.Literal, t.Equals, t.LSquare);
const beginsLineOperand = tableOf(t.Word, t.Quoted, t.NumberLiteral, t.Minus, t.Literal, t.Equals, t.LSquare);

export const is = (table: readonly boolean[], { tokenTypeIdx }: IToken): boolean => table[tokenTypeIdx] === true;

/** What stands behind the backslashes of a right text. */
const escapedSign = /\\([\s\S])/g;
const wrongEscape = /\\[^"\\*{}?[\]]/;

export class QuickOperands {
  protected readonly source: SourceText;
  private readonly tokens: readonly IToken[];
  private at = 0;

  constructor(source: SourceText, tokens: readonly IToken[]) {
    this.source = source;
    this.tokens = tokens;
  }

  protected refuse(): never {
    throw unread;
  }

  /** The next token, or one behind it; at the end one that begins nothing. */
  protected peek(more = 0): IToken {
    const { at, tokens } = this;
    return at + more < tokens.length ? (tokens[at + more] ?? behind) : behind;
  }

  protected last(): IToken {
    return this.tokens[this.at - 1] ?? behind;
  }

  protected get isAtEnd(): boolean {
    return this.at === this.tokens.length;
  }

  protected nextIs(type: TokenType): boolean {
    return this.peek().tokenType === type;
  }

  protected onSameLine(): boolean {
    return this.peek().startLine === this.last().startLine;
  }

  protected take(): IToken {
    const token = this.peek();
    this.at++;
    return token;
  }

  protected takeIf(type: TokenType): boolean {
    if (!this.nextIs(type)) return false;
    this.at++;
    return true;
  }

  protected expect(type: TokenType): IToken {
    return this.nextIs(type) ? this.take() : this.refuse();
  }

  protected expectOf(table: readonly boolean[]): IToken {
    return is(table, this.peek()) ? this.take() : this.refuse();
  }

  protected spanOf(token: IToken): Span {
    return { source: this.source, start: token.startOffset, end: (token.endOffset ?? 0) + 1 };
  }

  /** From `first` to the last token that was read. */
  protected spanFrom(first: IToken): Span {
    return { source: this.source, start: first.startOffset, end: (this.last().endOffset ?? 0) + 1 };
  }

  protected nameOf(token: IToken): Name {
    return { text: token.image, span: this.spanOf(token) };
  }

  protected word(): WordOperand {
    const token = this.take();
    return { kind: 'word', text: token.image, span: this.spanOf(token) };
  }

  /** Every backslash behind `regex` is the expression's; elsewhere one that escapes nothing is a mistake, and in a list the grammar looks. */
  protected text(): TextLiteral {
    const isExpression = this.last().image === 'regex';
    const token = this.expect(t.Quoted);
    const raw = token.image.slice(1, -1);
    const span = this.spanOf(token);
    if (!raw.includes('\\')) return { kind: 'string', text: raw, raw, span };
    if (!isExpression && wrongEscape.test(raw.replace(/\\\\/g, ''))) this.refuse();
    return { kind: 'string', text: raw.replace(escapedSign, '$1'), raw, span };
  }

  protected literal(): LiteralNode {
    const token = this.expectOf(isLiteral);
    const { tokenType } = token;
    const kind = tokenType === t.DateLiteral ? 'date' : tokenType === t.Quantity ? 'quantity' : 'address';
    return { kind, text: token.image, span: this.spanOf(token) };
  }

  protected number(): NumberNode {
    const first = this.peek();
    const isNegative = this.takeIf(t.Minus);
    const { image } = this.expect(t.NumberLiteral);
    const high = this.takeIf(t.Minus) ? this.expect(t.NumberLiteral).image : undefined;
    const text = isNegative ? `-${image}` : image;
    const span = this.spanFrom(first);
    return high === undefined ? { kind: 'number', text, span } : { kind: 'range', low: text, high, span };
  }

  /** What an expression and an operand can be alike: a text, a number or another literal. */
  protected plain(): TextLiteral | NumberNode | LiteralNode {
    const next = this.peek();
    if (next.tokenType === t.Quoted) return this.text();
    return is(isNumber, next) ? this.number() : this.literal();
  }

  /** `[A, B]`; the last may have a comma behind it. */
  protected listOf<T>(item: () => T): T[] {
    this.expect(t.LSquare);
    const items: T[] = [];
    while (!this.takeIf(t.RSquare)) {
      items.push(item());
      if (!this.takeIf(t.Comma) && !this.nextIs(t.RSquare)) this.refuse();
    }
    return exact(items);
  }

  /** Does a text, a number or another literal follow? */
  protected get plainFollows(): boolean {
    return is(beginsPlain, this.peek());
  }

  protected get operandFollows(): boolean {
    return is(beginsOperand, this.peek());
  }

  protected operand(): Operand {
    return this.operandFollows ? this.anyOperand() : this.refuse();
  }

  private anyOperand(): Operand {
    const next = this.peek();
    if (is(isWord, next)) return this.word();
    if (next.tokenType === t.LSquare) {
      const items = this.listOf(this.operandItem);
      return { kind: 'list', items, span: this.spanFrom(next) };
    }
    if (!this.takeIf(t.Equals)) return this.plain();
    return { kind: 'sign', text: next.image, span: this.spanOf(next) };
  }

  private readonly operandItem = (): Operand => {
    const operator = this.operand();
    const { image } = this.last();
    const isBefore = matchers.has(image) ? this.operandFollows : requirementWords.has(image) && this.nextIs(t.Quoted);
    if (!isBefore) return operator;
    const operand = this.operand();
    if (operator.kind !== 'word') this.refuse();
    const { source, start } = operator.span;
    return { kind: 'matched', operator, operand, span: { source, start, end: operand.span.end } };
  };

  protected line(): Line {
    const first = this.peek();
    if (!is(beginsLineOperand, first)) this.refuse();
    const operands = [this.anyOperand()];
    while (this.onSameLine() && is(beginsLineOperand, this.peek())) operands.push(this.anyOperand());
    return { operands: exact(operands), span: this.spanFrom(first) };
  }
}
