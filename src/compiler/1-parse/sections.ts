// The grammar of sections: rules, their parts, their blocks, and annotations.
import type { IToken } from 'chevrotain';
import type { Line, Operand } from '../domains/domain.ts';
import type { AnnotationAst, Entry, Expr, RulePart, SectionAst } from '../ir/ast.ts';
import { ExpressionParser } from './expressions.ts';
import { type Alternatives, exact } from './operands.ts';
import * as t from './tokens.ts';

export type Block = Extract<RulePart, { kind: 'block' }>;
/** `{` of a block that is open. In a block of tests a `{` first on its line is a selector's. */
export type OpenBlock = { readonly token: IToken; readonly holdsTests: boolean };

export class SectionParser extends ExpressionParser {
  protected blocks: OpenBlock[] = [];
  protected isProcess = false;
  private lastOfDefault: IToken | undefined;

  protected open(holdsTests = false): void {
    this.blocks.push({ token: this.CONSUME(t.LCurly), holdsTests });
  }

  protected close(): void {
    this.CONSUME(t.RCurly);
    this.blocks.pop();
  }

  /** `found` stands where it must not, and could be read all the same. */
  protected expected(expected: string, found: IToken): void {
    this.find('parse/unexpected-token', this.spanOf(found), { expected, found: `\`${found.image}\``, suggestion: undefined });
  }

  readonly annotation = this.RULE('annotation', (): AnnotationAst => {
    const first = this.CONSUME(t.Annotation);
    const name = this.nameOf(this.CONSUME(t.Word));
    const values: Operand[] = [];
    this.OPTION(() => {
      this.CONSUME(t.LParen);
      this.MANY_SEP({ SEP: t.Comma, DEF: () => void values.push(this.SUBRULE(this.operand)) });
      this.CONSUME(t.RParen);
    });
    return { name, values, span: this.spanFrom(first) };
  });

  /** Annotations stand before an entry or behind a rule; behind `default` there is no place for them. */
  private readonly annotationBegins = (): boolean => this.LA(0) !== this.lastOfDefault || !this.onSameLine();

  readonly section = this.RULE('section', (): SectionAst => {
    const name = this.CONSUME(t.Name);
    this.isProcess = name.image === 'process';
    this.open();
    const entries: Entry[] = [];
    this.MANY1(() => {
      this.MANY2({
        GATE: this.annotationBegins,
        DEF: () => void entries.push({ kind: 'annotation', ...this.SUBRULE(this.annotation) }),
      });
      entries.push(this.SUBRULE(this.entry));
    });
    this.close();
    return { name: this.nameOf(name), entries: exact(entries), span: this.spanFrom(name) };
  });

  private readonly entries: Alternatives<Entry> = [{ ALT: () => this.SUBRULE(this.defaultEntry) }, { ALT: () => this.SUBRULE(this.rule) }];

  readonly entry = this.RULE('entry', (): Entry => this.OR(this.entries));

  readonly defaultEntry = this.RULE('defaultEntry', (): Entry => {
    const first = this.CONSUME(t.Default);
    const operands: Operand[] = [];
    this.MANY({ GATE: this.onSameLine, DEF: () => void operands.push(this.SUBRULE(this.operand)) });
    this.lastOfDefault = this.LA(0);
    return { kind: 'default', operands, span: this.spanFrom(first) };
  });

  private readonly partFollows = (): boolean => {
    const next = this.LA(1).tokenType;
    return next === t.From || next === t.To || next === t.At || this.LA(2).tokenType === t.LCurly || this.onSameLine();
  };

  readonly rule = this.RULE('rule', (): Entry => {
    const first = this.CONSUME(t.Name);
    const parts: RulePart[] = [];
    this.MANY({ GATE: this.partFollows, DEF: () => void parts.push(this.SUBRULE(this.rulePart)) });
    return { kind: 'rule', action: this.nameOf(first), parts: exact(parts), span: this.spanFrom(first) };
  });

  private readonly ruleParts: Alternatives<RulePart> = [
    { ALT: () => this.SUBRULE(this.peerPart) },
    { ALT: () => this.SUBRULE(this.atPart) },
    { ALT: () => this.SUBRULE(this.block) },
    { ALT: () => this.operandPart(this.SUBRULE(this.operand)) },
    { ALT: () => ({ kind: 'annotation', ...this.SUBRULE(this.annotation) }) },
  ];

  readonly rulePart = this.RULE('rulePart', (): RulePart => this.OR(this.ruleParts));

  private operandPart(operand: Operand): RulePart {
    return { kind: 'operand', operand, span: operand.span };
  }

  private readonly peerWords: Alternatives<IToken> = [{ ALT: () => this.CONSUME(t.From) }, { ALT: () => this.CONSUME(t.To) }];

  /** What `from`, `to` and `at` need stands on their line. */
  private readonly onThisLine: Alternatives<Expr> = [{ GATE: this.onSameLine, ALT: () => this.SUBRULE(this.expression) }];

  /** In `process`, `to` is the word before a field's value. */
  readonly peerPart = this.RULE('peerPart', (): RulePart => {
    const first = this.OR1(this.peerWords);
    const isTo = first.tokenType === t.To;
    if (isTo && this.isProcess) return this.operandPart(this.wordOf(first));
    const peers = this.OR2(this.onThisLine);
    return { kind: 'peer', direction: isTo ? 'to' : 'from', peers, span: this.spanFrom(first) };
  });

  readonly atPart = this.RULE('atPart', (): Extract<RulePart, { kind: 'at' }> => {
    const first = this.CONSUME(t.At);
    const transport = this.OR(this.onThisLine);
    return { kind: 'at', transport, span: this.spanFrom(first) };
  });

  readonly block = this.RULE('block', (): Block => {
    const name = this.CONSUME(t.Name);
    this.open();
    const lines: Line[] = [];
    this.MANY(() =>
      this.OR<unknown>([
        { ALT: () => lines.push(this.SUBRULE(this.line)) },
        { ALT: () => this.CONSUME(t.Semicolon) },
        { ALT: () => this.CONSUME(t.Comma) },
      ]),
    );
    this.close();
    return { kind: 'block', name: this.nameOf(name), lines: exact(lines), span: this.spanFrom(name) };
  });
}
