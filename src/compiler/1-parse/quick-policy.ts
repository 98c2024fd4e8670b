// Policies without the machinery of the grammar. Nearly all texts are right, and a policy's grammar needs no search: its tokens are read
// one after the other into the tree that grammar.ts and sections.ts would make of them. What is wrong, or needs more than a look, is
// left to them: they alone say what a policy is, and what is expected where it is not. A test holds the trees equal.
import type { IToken } from 'chevrotain';
import type { SourceText } from '../base/source.ts';
import type { Line, Operand } from '../domains/domain.ts';
import type { AnnotationAst, Entry, PolicyAst, RulePart, SectionAst } from '../ir/ast.ts';
import { exact } from './operands.ts';
import { QuickExpressions } from './quick-expressions.ts';
import { is, isName, isWord, Unread } from './quick-operands.ts';
import * as t from './tokens.ts';

/** The policy that the tokens of one item are; undefined where the grammar has to be asked. */
export function quickPolicy(tokens: readonly IToken[], source: SourceText): PolicyAst | undefined {
  try {
    return new QuickPolicy(source, tokens).policy();
  } catch (error) {
    if (error instanceof Unread) return undefined;
    throw error;
  }
}

class QuickPolicy extends QuickExpressions {
  private isProcess = false;

  policy(): PolicyAst {
    const annotations: AnnotationAst[] = [];
    this.annotations(annotations);
    const first = this.expect(t.Policy);
    const name = this.nameOf(this.expectOf(isWord));
    this.expect(t.For);
    const subject = this.expression();
    const attributes: Operand[] = [];
    for (; !this.nextIs(t.LCurly); this.annotations(annotations)) if (!this.nextIs(t.Annotation)) attributes.push(this.operand());
    this.expect(t.LCurly);
    const sections: SectionAst[] = [];
    for (; !this.takeIf(t.RCurly); this.annotations(annotations)) if (!this.nextIs(t.Annotation)) sections.push(this.section());
    if (!this.isAtEnd) this.refuse();
    return { name, subject, attributes, uses: [], sections: exact(sections), annotations: exact(annotations), span: this.spanFrom(first) };
  }

  private annotations(into: AnnotationAst[]): void {
    while (this.nextIs(t.Annotation)) into.push(this.annotation());
  }

  private annotation(): AnnotationAst {
    const first = this.take();
    const name = this.nameOf(this.expectOf(isWord));
    const values: Operand[] = [];
    if (this.takeIf(t.LParen) && !this.takeIf(t.RParen)) {
      do values.push(this.operand());
      while (this.takeIf(t.Comma));
      this.expect(t.RParen);
    }
    return { name, values: exact(values), span: this.spanFrom(first) };
  }

  private section(): SectionAst {
    const name = this.expectOf(isName);
    this.isProcess = name.image === 'process';
    this.expect(t.LCurly);
    const entries: Entry[] = [];
    while (!this.takeIf(t.RCurly)) {
      while (this.nextIs(t.Annotation)) entries.push({ kind: 'annotation', ...this.annotation() });
      entries.push(this.nextIs(t.Default) ? this.defaultEntry() : this.rule());
    }
    return { name: this.nameOf(name), entries: exact(entries), span: this.spanFrom(name) };
  }

  private defaultEntry(): Entry {
    const first = this.take();
    const operands: Operand[] = [];
    while (this.onSameLine() && this.operandFollows) operands.push(this.operand());
    if (this.onSameLine() && this.nextIs(t.Annotation)) this.refuse();
    return { kind: 'default', operands: exact(operands), span: this.spanFrom(first) };
  }

  private rule(): Entry {
    const first = this.expectOf(isName);
    const parts: RulePart[] = [];
    for (let part = this.part(); part; part = this.part()) parts.push(part);
    return { kind: 'rule', action: this.nameOf(first), parts: exact(parts), span: this.spanFrom(first) };
  }

  private part(): RulePart | undefined {
    const next = this.peek();
    const { tokenType } = next;
    if (tokenType === t.From || tokenType === t.To) return this.peerPart();
    if (tokenType === t.At) return this.atPart();
    if (this.peek(1).tokenType === t.LCurly && is(isName, next)) return this.block();
    if (!this.onSameLine()) return this.noPart();
    if (tokenType === t.Annotation) return { kind: 'annotation', ...this.annotation() };
    return this.operandFollows ? this.operandPart(this.operand()) : undefined;
  }

  /** What is no name and stands before a `{` is for the grammar to tell. */
  private noPart(): undefined {
    if (this.peek(1).tokenType === t.LCurly && !this.nextIs(t.RCurly)) this.refuse();
    return undefined;
  }

  private operandPart(operand: Operand): RulePart {
    return { kind: 'operand', operand, span: operand.span };
  }

  private peerPart(): RulePart {
    const first = this.peek();
    const isTo = first.tokenType === t.To;
    const word = this.word();
    if (isTo && this.isProcess) return this.operandPart(word);
    if (!this.onSameLine()) this.refuse();
    const peers = this.expression();
    return { kind: 'peer', direction: isTo ? 'to' : 'from', peers, span: this.spanFrom(first) };
  }

  private atPart(): RulePart {
    const first = this.take();
    if (!this.onSameLine()) this.refuse();
    const transport = this.expression();
    return { kind: 'at', transport, span: this.spanFrom(first) };
  }

  private block(): RulePart {
    const name = this.take();
    this.expect(t.LCurly);
    const lines: Line[] = [];
    while (!this.takeIf(t.RCurly)) if (!this.takeIf(t.Semicolon) && !this.takeIf(t.Comma)) lines.push(this.line());
    return { kind: 'block', name: this.nameOf(name), lines: exact(lines), span: this.spanFrom(name) };
  }
}
