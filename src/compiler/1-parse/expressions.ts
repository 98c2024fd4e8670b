// The grammar of sets: selectors, transports, lists, and what combines them. A bare name behind a protocol is its value only
// on the same line.
import { type IToken, type TokenType, tokenMatcher } from 'chevrotain';
import type { Span } from '../base/source.ts';
import type { Expr, LabelTest, Name, PlaceTest, SelectorExpr } from '../ir/ast.ts';
import { type Alternatives, exact, OperandParser } from './operands.ts';
import { attributes, beginsOperand, matchers, operatorOf, protocols, typed } from './term-words.ts';
import * as t from './tokens.ts';

/** What goes on with no expression. */
const expressionEnds: ReadonlySet<TokenType> = new Set([t.Identifier, t.At, t.Comma, t.RSquare, t.RParen, t.RCurly, t.Annotation]);

export class ExpressionParser extends OperandParser {
  /** A value follows a protocol; by its name only where that is no attribute. */
  private readonly valueFollows = (): boolean => {
    const next = this.LA(1);
    if (!tokenMatcher(next, t.Name)) return true;
    const protocol = this.LA(0).image;
    if (!protocols.has(protocol) || !this.onSameLine() || next.tokenType === t.Including) return false;
    const behind = this.LA(2);
    if (behind.tokenType === t.LCurly || behind.tokenType === t.Arrow || (this.isTest && !typed.has(protocol))) return false;
    return !attributes.has(next.image) || behind.startLine !== next.startLine || !beginsOperand(behind);
  };
  /** `10.0.0.0/8 including workloads` binds looser than every operator. */
  readonly expression = this.RULE('expression', (): Expr => {
    const short = this.shortExpression();
    if (short) return short;
    const first = this.LA(1);
    const operand = this.SUBRULE(this.combination);
    const what = this.OPTION(() => {
      this.CONSUME(t.Including);
      return this.CONSUME(t.Word);
    });
    return what ? { kind: 'including', operand, what: this.nameOf(what), span: this.spanFrom(first) } : operand;
  });

  /**
   * Nearly all expressions are a name, or a protocol and a number, and nothing more: these are read at once, as all the rules below
   * would read them. While Chevrotain records the grammar there are no tokens, so that it does not see this.
   */
  private shortExpression(): Expr | undefined {
    const first = this.LA(1);
    if (first.tokenType !== t.Identifier) return undefined;
    const next = this.LA(2);
    const isTerm = next.tokenType === t.NumberLiteral;
    const { tokenType } = isTerm ? this.LA(3) : next;
    const isPart = tokenType === t.Identifier && !isTerm && protocols.has(first.image);
    if (!expressionEnds.has(tokenType) || isPart || (isTerm && matchers.has(first.image))) return undefined;
    this.CONSUME8(t.Name);
    if (!isTerm) return { kind: 'name', text: first.image, span: this.spanOf(first) };
    const number = this.CONSUME9(t.NumberLiteral);
    const value: Expr = { kind: 'number', text: number.image, span: this.spanOf(number) };
    return { kind: 'term', protocol: this.nameOf(first), value, span: this.spanFrom(first) };
  }

  private readonly operators: Alternatives<IToken> = [
    { ALT: () => this.CONSUME(t.And) },
    { ALT: () => this.CONSUME(t.Or) },
    { ALT: () => this.CONSUME(t.Except) },
  ];

  readonly combination = this.RULE('combination', (): Expr => {
    const first = this.LA(1);
    const operand = this.SUBRULE1(this.unary);
    let operands: Expr[] | undefined;
    let operator: IToken | undefined;
    let other: IToken | undefined;
    this.MANY(() => {
      const here = this.OR(this.operators);
      operator ??= here;
      if (here.image !== operator.image) other ??= here;
      operands ??= [operand];
      operands.push(this.SUBRULE2(this.unary));
    });
    if (!operator || !operands) return operand;
    return this.combined(operands, [operator, other], this.spanFrom(first));
  });

  /** `a and b and c`; two different operators side by side are a mistake, so that none has to bind tighter. */
  private combined(operands: readonly Expr[], [first, other]: readonly [IToken, IToken | undefined], span: Span): Expr {
    if (!other) return { kind: 'combine', operator: operatorOf(first), operands, span };
    const places = [this.spanOf(other), this.spanOf(first)] as const;
    this.find('parse/mixed-operators', places, { first: first.image, second: other.image });
    return { kind: 'missing', span };
  }

  /** An even number of `not` is none. */
  readonly unary = this.RULE('unary', (): Expr => {
    const first = this.LA(1);
    let isNegated = false;
    this.MANY(() => {
      this.CONSUME(t.Not);
      isNegated = !isNegated;
    });
    const operand = this.SUBRULE(this.primary);
    return isNegated ? { kind: 'not', operand, span: this.spanFrom(first) } : operand;
  });

  private readonly primaries: Alternatives<Expr> = [
    { ALT: () => this.SUBRULE(this.term) },
    { ALT: () => this.SUBRULE(this.list) },
    { ALT: () => this.literalOf(this.CONSUME(t.Literal)) },
    { ALT: () => this.textOf(this.CONSUME(t.Text)) },
    { ALT: () => this.SUBRULE(this.selector) },
    { ALT: () => this.SUBRULE(this.number) },
    { ALT: () => this.SUBRULE(this.parentheses) },
    { ALT: () => this.everyWorkload(this.CONSUME(t.Workload)) },
  ];

  readonly primary = this.RULE('primary', (): Expr => this.OR(this.primaries));

  readonly parentheses = this.RULE('parentheses', (): Expr => {
    this.CONSUME(t.LParen);
    const inside = this.SUBRULE(this.expression);
    this.CONSUME(t.RParen);
    return inside;
  });

  /** `workload` is a set only in invariants. */
  private everyWorkload(token: IToken): Expr {
    const span = this.spanOf(token);
    if (this.isInvariant) return { kind: 'name', text: token.image, span };
    const expected = 'a name, a selector `{...}`, a list `[...]` or an address';
    this.find('parse/unexpected-token', span, { expected, found: '`workload`', suggestion: undefined });
    return { kind: 'missing', span };
  }

  readonly list = this.RULE('list', (): Expr => {
    const first = this.CONSUME(t.LSquare);
    const items: Expr[] = [];
    this.OPTION(() => {
      items.push(this.SUBRULE1(this.expression));
      this.MANY({
        GATE: () => this.LA(2).tokenType !== t.RSquare,
        DEF: () => {
          this.CONSUME1(t.Comma);
          items.push(this.SUBRULE2(this.expression));
        },
      });
      this.OPTION2(() => this.CONSUME2(t.Comma));
    });
    this.CONSUME(t.RSquare);
    return { kind: 'list', items: exact(items), span: this.spanFrom(first) };
  });

  /** A name; of a protocol, with what follows a protocol. */
  readonly term = this.RULE('term', (): Expr => {
    const first = this.LA(1);
    const name = this.SUBRULE(this.reference);
    let code: IToken | undefined;
    const value = this.OPTION1({
      GATE: this.valueFollows,
      DEF: () => {
        const operand = this.SUBRULE(this.value);
        code = this.OPTION2(() => {
          this.CONSUME(t.Code);
          return this.CONSUME(t.NumberLiteral);
        });
        return operand;
      },
    });
    return value ? this.termOf(first, value, code) : name;
  });

  /** `web`, `web.service`. */
  readonly reference = this.RULE('reference', (): Expr => {
    const name = this.CONSUME(t.Name);
    const member = this.OPTION(() => {
      this.CONSUME(t.Dot);
      return this.CONSUME(t.Word);
    });
    if (!member) return { kind: 'name', text: name.image, span: this.spanOf(name) };
    return { kind: 'name', text: name.image, member: this.nameOf(member), span: this.spanFrom(name) };
  });

  private termOf(first: IToken, value: Expr, code: IToken | undefined): Expr {
    const span = this.spanFrom(first);
    const word = this.nameOf(first);
    if (matchers.has(word.text) && !code) return { kind: 'matched', operator: word, operand: value, span };
    return code ? { kind: 'term', protocol: word, value, code: this.nameOf(code), span } : { kind: 'term', protocol: word, value, span };
  }

  private readonly values: Alternatives<Expr> = [
    { ALT: () => this.SUBRULE(this.number) },
    { ALT: () => this.textOf(this.CONSUME(t.Text)) },
    { ALT: () => this.SUBRULE(this.list) },
    { ALT: () => ({ kind: 'name', text: this.LA(1).image, span: this.spanOf(this.CONSUME(t.Name)) }) },
  ];

  readonly value = this.RULE('value', (): Expr => this.OR(this.values));

  readonly selector = this.RULE('selector', (): SelectorExpr => {
    const first = this.LA(1);
    const labels = this.SUBRULE(this.labels);
    const places: PlaceTest[] = [];
    this.MANY(() => {
      places.push(this.SUBRULE(this.place));
    });
    return { kind: 'selector', labels, places, span: this.spanFrom(first) };
  });

  readonly labels = this.RULE('labels', (): LabelTest[] => {
    this.CONSUME(t.LCurly);
    const labels: LabelTest[] = [];
    this.OPTION1(() => {
      labels.push(this.SUBRULE1(this.labelTest));
      this.MANY({
        GATE: () => this.LA(2).tokenType !== t.RCurly,
        DEF: () => {
          this.CONSUME1(t.Comma);
          labels.push(this.SUBRULE2(this.labelTest));
        },
      });
      this.OPTION2(() => this.CONSUME2(t.Comma));
    });
    this.CONSUME(t.RCurly);
    return exact(labels);
  });

  private readonly labelKeys: Alternatives<Name> = [
    { ALT: () => this.nameOf(this.CONSUME(t.Word)) },
    {
      ALT: () => {
        const { text, span } = this.textOf(this.CONSUME(t.Text));
        return { text, span };
      },
    },
  ];

  readonly labelTest = this.RULE('labelTest', (): LabelTest => {
    const first = this.LA(1);
    const key = this.OR(this.labelKeys);
    this.CONSUME(t.Colon);
    const words = this.SUBRULE(this.labelWords);
    const operand = this.OPTION(() => this.SUBRULE(this.labelOperand));
    const span = this.spanFrom(first);
    return operand ? { key, words, operand, span } : { key, words, span };
  });

  /** `in namespace "n"`, `in namespace { team: "x" }`. */
  readonly place = this.RULE('place', (): PlaceTest => {
    this.CONSUME(t.In);
    const first = this.LA(1);
    const key = this.nameOf(this.CONSUME(t.Word));
    return this.OR<PlaceTest>([
      { ALT: () => ({ key, words: [], labels: this.SUBRULE(this.labels), span: this.spanFrom(first) }) },
      {
        ALT: () => {
          const words = this.SUBRULE(this.labelWords);
          const operand = this.OPTION(() => this.SUBRULE(this.labelOperand));
          return { key, words, ...(operand ? { operand } : {}), span: this.spanFrom(first) };
        },
      },
    ]);
  });

  readonly labelWords = this.RULE('labelWords', (): Name[] => {
    const words: Name[] = [];
    this.MANY({
      GATE: this.onSameLine,
      DEF: () => {
        words.push(this.nameOf(this.OR([{ ALT: () => this.CONSUME(t.Name) }, { ALT: () => this.CONSUME(t.Not) }])));
      },
    });
    return words;
  });

  private readonly labelOperands: Alternatives<Expr> = [
    { ALT: () => this.textOf(this.CONSUME(t.Text)) },
    { ALT: () => this.literalOf(this.CONSUME(t.Literal)) },
    { ALT: () => this.SUBRULE(this.number) },
    { ALT: () => this.SUBRULE(this.list) },
  ];

  readonly labelOperand = this.RULE('labelOperand', (): Expr => this.OR(this.labelOperands));
}
