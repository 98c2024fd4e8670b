// The grammar of literals, operands and the lines of blocks. Its rules make the nodes of the Ast themselves. A line of a
// block ends with its line.
import { EmbeddedActionsParser, type ILookaheadStrategy, type IOrAlt, type IToken, type ParserMethod, tokenMatcher } from 'chevrotain';
import type { SourceText, Span } from '../base/source.ts';
import type { Code } from '../diagnostics/catalog.ts';
import type { Holes, Place, Report } from '../diagnostics/diagnostic.ts';
import type { Line, Operand } from '../domains/domain.ts';
import type { Name, TextLiteral } from '../ir/ast.ts';
import { maxLookahead, TabledLookahead } from './lookahead.ts';
import { syntaxMessages } from './syntax-messages.ts';
import { matchers, requirementWords } from './term-words.ts';
import * as t from './tokens.ts';

export type Rule<T> = ParserMethod<[], T>;
/** A finding that waits until it is known that the item could be read. */
export type Finding = (report: Report) => void;
type NumberNode = Extract<Operand, { kind: 'number' | 'range' }>;
type LiteralNode = { kind: 'address' | 'date' | 'quantity'; text: string; span: Span };
/** Of the rules that most of a text consists of; made once, for one made at each visit costs more than the visit. */
export type Alternatives<T> = IOrAlt<T>[];

const escapes: ReadonlySet<string> = new Set(['"', '\\', '*', '{', '}', '?', '[', ']']);
const nowhere: SourceText = { path: '', text: '' };

/** Without the room to grow that a list gets when it grows: lists are many, and most are short. */
export const exact = <T>(list: readonly T[]): T[] => list.slice();

export class OperandParser extends EmbeddedActionsParser {
  protected source: SourceText = nowhere;
  /** Findings of what was read without a mistake of form; reported when the item was read to its end. */
  protected findings: Finding[] = [];
  protected isInvariant = false;
  protected isTest = false;

  /** `lookahead`: another than the table's; with it the grammar is checked, which is done when the program is built (scripts/generate-grammar.ts). */
  constructor(lookahead?: ILookaheadStrategy) {
    super(t.vocabulary, {
      maxLookahead,
      lookaheadStrategy: lookahead ?? new TabledLookahead(),
      errorMessageProvider: syntaxMessages,
      skipValidations: lookahead === undefined,
    });
  }

  protected find<C extends Code>(code: C, place: Place, holes: Holes<C>): void {
    this.findings.push((report) => report(code, place, holes));
  }

  /** Does the next token stand on the line of the one before? */
  protected readonly onSameLine = (): boolean => this.LA(1).startLine === this.LA(0).startLine;

  protected spanOf(token: IToken): Span {
    return this.between(token, token);
  }

  /** From `first` to the last token that was read. */
  protected spanFrom(first: IToken): Span {
    return this.between(first, this.LA(0));
  }

  /** Always integers: Chevrotain's end of file stands nowhere (NaN), and one span of that kind would make every span larger. */
  private between(first: IToken, last: IToken): Span {
    return { source: this.source, start: first.startOffset | 0, end: ((last.endOffset ?? 0) | 0) + 1 };
  }

  protected nameOf(token: IToken): Name {
    return { text: token.image, span: this.spanOf(token) };
  }

  /** A text with its escapes resolved; a backslash before a sign of patterns stands for that sign. */
  protected textOf(token: IToken): TextLiteral {
    const span = this.spanOf(token);
    const raw = token.image.slice(1, token.tokenType === t.Unterminated ? undefined : -1);
    return { kind: 'string', text: raw.includes('\\') ? this.unescaped(raw, span) : raw, raw, span };
  }

  /** Is the text behind `regex`, alone or in its list? There every backslash is the expression's. */
  private isExpression(): boolean {
    if (this.LA(-1).image === 'regex') return true;
    let back = -1;
    while (tokenMatcher(this.LA(back), t.Text) || this.LA(back).tokenType === t.Comma) back--;
    return this.LA(back).tokenType === t.LSquare && this.LA(back - 1).image === 'regex';
  }

  private unescaped(raw: string, { source, start }: Span): string {
    const isExpression = this.isExpression();
    return raw.replace(/\\([\s\S])/g, (pair: string, sign: string, offset: number) => {
      const at = start + 1 + offset;
      if (!escapes.has(sign) && !isExpression)
        this.find('parse/bad-escape', { source, start: at, end: at + pair.length }, { escape: pair });
      return sign;
    });
  }

  protected wordOf(token: IToken): Operand {
    return { kind: 'word', text: token.image, span: this.spanOf(token) };
  }

  private signOf(token: IToken): Operand {
    return { kind: 'sign', text: token.image, span: this.spanOf(token) };
  }

  protected literalOf(token: IToken): LiteralNode {
    const { tokenType } = token;
    const kind = tokenType === t.DateLiteral ? 'date' : tokenType === t.Quantity ? 'quantity' : 'address';
    return { kind, text: token.image, span: this.spanOf(token) };
  }

  readonly number = this.RULE('number', (): NumberNode => {
    const first = this.LA(1);
    const isNegative = this.OPTION1(() => this.CONSUME1(t.Minus)) !== undefined;
    const low = this.CONSUME1(t.NumberLiteral).image;
    const high = this.OPTION2(() => {
      this.CONSUME2(t.Minus);
      return this.CONSUME2(t.NumberLiteral).image;
    });
    const text = isNegative ? `-${low}` : low;
    const span = this.spanFrom(first);
    return high === undefined ? { kind: 'number', text, span } : { kind: 'range', low: text, high, span };
  });

  private readonly lineOperands: Alternatives<Operand> = [
    { ALT: () => this.wordOf(this.CONSUME(t.Word)) },
    { ALT: () => this.textOf(this.CONSUME(t.Text)) },
    { ALT: () => this.SUBRULE(this.number) },
    { ALT: () => this.literalOf(this.CONSUME(t.Literal)) },
    { ALT: () => this.signOf(this.CONSUME(t.Equals)) },
    { ALT: () => this.SUBRULE(this.operandList) },
  ];

  /** As `operand`, and every reserved word too. */
  readonly lineOperand = this.RULE('lineOperand', (): Operand => this.OR(this.lineOperands));

  private readonly operands: Alternatives<Operand> = [
    { ALT: () => this.wordOf(this.CONSUME(t.Name)) },
    { ALT: () => this.wordOf(this.CONSUME(t.OperandWord)) },
    { ALT: () => this.textOf(this.CONSUME(t.Text)) },
    { ALT: () => this.SUBRULE(this.number) },
    { ALT: () => this.literalOf(this.CONSUME(t.Literal)) },
    { ALT: () => this.signOf(this.CONSUME(t.Equals)) },
    { ALT: () => this.SUBRULE(this.operandList) },
  ];

  readonly operand = this.RULE('operand', (): Operand => this.OR(this.operands));

  /** An operand of an event: as a rule's, and `to`, which has no other meaning there. */
  readonly eventOperand = this.RULE(
    'eventOperand',
    (): Operand => this.OR([{ ALT: () => this.wordOf(this.CONSUME(t.To)) }, { ALT: () => this.SUBRULE(this.operand) }]),
  );

  readonly operandList = this.RULE('operandList', (): Operand => {
    const first = this.CONSUME(t.LSquare);
    const items: Operand[] = [];
    this.OPTION(() => {
      items.push(this.SUBRULE1(this.operandItem));
      this.MANY({
        GATE: () => this.LA(2).tokenType !== t.RSquare,
        DEF: () => {
          this.CONSUME1(t.Comma);
          items.push(this.SUBRULE2(this.operandItem));
        },
      });
      this.OPTION2(() => this.CONSUME2(t.Comma));
    });
    this.CONSUME(t.RSquare);
    return { kind: 'list', items: exact(items), span: this.spanFrom(first) };
  });

  /** In a list an operator stands before its own item, and the name of a requirement before its text. */
  readonly operandItem = this.RULE('operandItem', (): Operand => {
    const operator = this.SUBRULE1(this.operand);
    let operand: Operand | undefined;
    this.OPTION({
      GATE: () => matchers.has(this.LA(0).image) || (requirementWords.has(this.LA(0).image) && tokenMatcher(this.LA(1), t.Text)),
      DEF: () => {
        operand = this.SUBRULE2(this.operand);
      },
    });
    if (!operand || operator.kind !== 'word') return operator;
    const { source, start } = operator.span;
    return { kind: 'matched', operator, operand, span: { source, start, end: operand.span.end } };
  });

  readonly line = this.RULE('line', (): Line => {
    const first = this.LA(1);
    const operands = [this.SUBRULE1(this.lineOperand)];
    this.MANY({
      GATE: this.onSameLine,
      DEF: () => {
        operands.push(this.SUBRULE2(this.lineOperand));
      },
    });
    return { operands: exact(operands), span: this.spanFrom(first) };
  });
}
