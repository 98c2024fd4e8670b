// Expressions without the machinery of the grammar: what expressions.ts says of them, for tokens that are right.
import type { IToken } from 'chevrotain';
import type { Expr, LabelTest, Name, PlaceTest, SelectorExpr } from '../ir/ast.ts';
import { exact } from './operands.ts';
import { is, isName, isWord, QuickOperands, tableOf } from './quick-operands.ts';
import { attributes, beginsOperand, matchers, operatorOf, protocols } from './term-words.ts';
import * as t from './tokens.ts';

const beginsValue = tableOf(t.Quoted, t.NumberLiteral, t.Minus, t.LSquare);

export class QuickExpressions extends QuickOperands {
  protected readonly expression = (): Expr => {
    const first = this.peek();
    const operand = this.combination();
    if (!this.takeIf(t.Including)) return operand;
    const what = this.nameOf(this.expectOf(isWord));
    return { kind: 'including', operand, what, span: this.spanFrom(first) };
  };

  private combination(): Expr {
    const first = this.peek();
    const operand = this.unary();
    if (!this.operatorFollows) return operand;
    const operator = this.peek();
    const operands = [operand];
    while (this.operatorFollows) {
      if (this.take().tokenType !== operator.tokenType) this.refuse();
      operands.push(this.unary());
    }
    return { kind: 'combine', operator: operatorOf(operator), operands, span: this.spanFrom(first) };
  }

  private get operatorFollows(): boolean {
    const { tokenType } = this.peek();
    return tokenType === t.And || tokenType === t.Or || tokenType === t.Except;
  }

  private unary(): Expr {
    const first = this.peek();
    let isNegated = false;
    while (this.takeIf(t.Not)) isNegated = !isNegated;
    const operand = this.primary();
    return isNegated ? { kind: 'not', operand, span: this.spanFrom(first) } : operand;
  }

  private primary(): Expr {
    const next = this.peek();
    if (is(isName, next)) return this.term();
    if (next.tokenType === t.LCurly) return this.selector();
    if (next.tokenType === t.LSquare) return this.list();
    if (!this.takeIf(t.LParen)) return this.plain();
    const inside = this.expression();
    this.expect(t.RParen);
    return inside;
  }

  private list(): Expr {
    const first = this.peek();
    const items = this.listOf(this.expression);
    return { kind: 'list', items, span: this.spanFrom(first) };
  }

  /** A name, or a protocol with its ports; what else may follow a name is rare, and the grammar's. */
  private term(): Expr {
    const name = this.take();
    const member = this.takeIf(t.Dot) ? this.expectOf(isWord) : undefined;
    const { image } = this.last();
    const isProtocol = protocols.has(image);
    const isValued = is(beginsValue, this.peek());
    if (matchers.has(name.image) || (member && isProtocol) || (isProtocol && this.nameMayFollow())) this.refuse();
    if (!isValued) return this.reference(name, member);
    if (!isProtocol) this.refuse();
    const value = this.nextIs(t.LSquare) ? this.list() : this.plain();
    if (this.nextIs(t.Code)) this.refuse();
    return { kind: 'term', protocol: this.nameOf(name), value, span: this.spanFrom(name) };
  }

  private reference(name: IToken, member: IToken | undefined): Expr {
    if (!member) return { kind: 'name', text: name.image, span: this.spanOf(name) };
    return { kind: 'name', text: name.image, member: this.nameOf(member), span: this.spanFrom(name) };
  }

  /** Is a name behind a protocol perhaps its port? It is none before a block, and no attribute with its value. */
  private nameMayFollow(): boolean {
    const [next, behind] = [this.peek(), this.peek(1)];
    if (!is(isName, next) || !this.onSameLine() || behind.tokenType === t.LCurly) return false;
    return !attributes.has(next.image) || behind.startLine !== next.startLine || !beginsOperand(behind);
  }

  private selector(): SelectorExpr {
    const first = this.peek();
    const labels = this.labels();
    const places: PlaceTest[] = [];
    while (this.takeIf(t.In)) places.push(this.place());
    return { kind: 'selector', labels, places: exact(places), span: this.spanFrom(first) };
  }

  private labels(): LabelTest[] {
    this.expect(t.LCurly);
    const labels: LabelTest[] = [];
    while (!this.takeIf(t.RCurly)) {
      labels.push(this.labelTest());
      if (!this.takeIf(t.Comma) && !this.nextIs(t.RCurly)) this.refuse();
    }
    return exact(labels);
  }

  private labelTest(): LabelTest {
    const first = this.peek();
    const key = this.labelKey();
    this.expect(t.Colon);
    return this.tested(key, first);
  }

  private labelKey(): Name {
    if (!this.nextIs(t.Quoted)) return this.nameOf(this.expectOf(isWord));
    const { text, span } = this.text();
    return { text, span };
  }

  private place(): PlaceTest {
    const first = this.expectOf(isWord);
    const key = this.nameOf(first);
    return this.nextIs(t.LCurly) ? { key, words: [], labels: this.labels(), span: this.spanFrom(first) } : this.tested(key, first);
  }

  /** The words and the operand behind a key. */
  private tested(key: Name, first: IToken): LabelTest {
    const words: Name[] = [];
    while (this.onSameLine() && (is(isName, this.peek()) || this.nextIs(t.Not))) words.push(this.nameOf(this.take()));
    const operand = this.labelOperand();
    const span = this.spanFrom(first);
    return operand ? { key, words: exact(words), operand, span } : { key, words: exact(words), span };
  }

  private labelOperand(): Expr | undefined {
    if (this.nextIs(t.LSquare)) return this.list();
    return this.plainFollows ? this.plain() : undefined;
  }
}
