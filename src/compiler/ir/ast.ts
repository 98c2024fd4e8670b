// Ast: what was written. Names are plain text, words of the vocabulary are not looked up yet, and what could not be
// read is a `missing` node or is left out, after it was reported.
import type { SourceText, Span } from '../base/source.ts';
import type { Line, Operand } from '../domains/domain.ts';

export type Name = { readonly text: string; readonly span: Span };
/** `text` with escapes resolved; `raw` as it stands between the quotation marks. */
export type TextLiteral = { readonly kind: 'string'; readonly text: string; readonly raw: string; readonly span: Span };
export type Missing = { readonly kind: 'missing'; readonly span: Span };

/** `key: WORDS OPERAND`: the words are the operator. The key of `in namespace ...` is `namespace`. */
export type LabelTest = { readonly key: Name; readonly words: readonly Name[]; readonly operand?: Expr; readonly span: Span };
export type SelectorExpr = {
  readonly kind: 'selector';
  readonly labels: readonly LabelTest[];
  readonly place?: LabelTest;
  readonly span: Span;
};
/** `tcp 8080`, `udp [53, 5353]`, `icmp echo-request code 0`. */
export type TermExpr = {
  readonly kind: 'term';
  readonly protocol: Name;
  readonly value?: Expr;
  readonly code?: Name;
  readonly span: Span;
};
export type SetOperator = 'and' | 'or' | 'except';

/** What stands where a set, a peer, a transport or a literal may stand. */
export type Expr =
  | Missing
  | { readonly kind: 'name'; readonly text: string; readonly span: Span }
  | TextLiteral
  | { readonly kind: 'number'; readonly text: string; readonly span: Span }
  | { readonly kind: 'range'; readonly low: string; readonly high: string; readonly span: Span }
  /** An address or a CIDR block, not checked. */
  | { readonly kind: 'address'; readonly text: string; readonly span: Span }
  | { readonly kind: 'list'; readonly items: readonly Expr[]; readonly span: Span }
  | SelectorExpr
  | TermExpr
  | { readonly kind: 'not'; readonly operand: Expr; readonly span: Span }
  | { readonly kind: 'combine'; readonly operator: SetOperator; readonly operands: readonly Expr[]; readonly span: Span };

export type RulePart =
  | { readonly kind: 'peer'; readonly direction: 'from' | 'to'; readonly peers: Expr; readonly span: Span }
  | { readonly kind: 'at'; readonly transport: Expr; readonly span: Span }
  | { readonly kind: 'block'; readonly name: Name; readonly lines: readonly Line[]; readonly span: Span }
  | { readonly kind: 'operand'; readonly operand: Operand; readonly span: Span }
  | { readonly kind: 'annotation'; readonly name: Name; readonly span: Span };

export type Entry =
  | { readonly kind: 'rule'; readonly action: Name; readonly parts: readonly RulePart[]; readonly span: Span }
  | { readonly kind: 'default'; readonly operands: readonly Operand[]; readonly span: Span }
  | { readonly kind: 'annotation'; readonly name: Name; readonly span: Span };

export type SectionAst = { readonly name: Name; readonly entries: readonly Entry[]; readonly span: Span };

export type PolicyAst = {
  readonly name: Name;
  readonly subject: Expr;
  /** Words between the subject and `{`. */
  readonly attributes: readonly Operand[];
  readonly sections: readonly SectionAst[];
  readonly span: Span;
};

export const declarationKinds = ['workload', 'network', 'port'] as const;
export type DeclarationKind = (typeof declarationKinds)[number];
export type DeclarationAst = {
  readonly kind: DeclarationKind;
  readonly name: Name;
  readonly isPrivate: boolean;
  readonly value: Expr;
  readonly span: Span;
};

export type ImportAst = { readonly names: readonly Name[]; readonly from: TextLiteral; readonly span: Span };

export type TestLine = {
  /** The source of a flow, or the workload that executes. */
  readonly subject: Expr;
  readonly flow?: { readonly destination: Expr; readonly transport: Expr };
  readonly operands: readonly Operand[];
  readonly verdict: Name;
  /** A policy's name, or `default`. */
  readonly by?: Name;
  readonly span: Span;
};
export type TestAst = { readonly name: TextLiteral; readonly lines: readonly TestLine[]; readonly span: Span };

export type FileAst = {
  readonly source: SourceText;
  readonly modules: readonly Name[];
  readonly namespaces: readonly TextLiteral[];
  readonly imports: readonly ImportAst[];
  readonly declarations: readonly DeclarationAst[];
  readonly policies: readonly PolicyAst[];
  readonly tests: readonly TestAst[];
  /** First words of top-level items that have none of the known forms, and annotations (`@` and a word). */
  readonly foreign: readonly { readonly word: Name; readonly annotation: boolean }[];
  /** Nothing of the text was left out. */
  readonly isWhole: boolean;
  /** Names whose declarations could not be read: not unknown, only unread. */
  readonly unread: ReadonlySet<string>;
};

export type Ast = { readonly files: readonly FileAst[] };
