// Ast: what was written. Names are plain text, words of the vocabulary are not looked up yet, and what could not be
// read is a `missing` node or is left out, after it was reported.
import type { SourceText, Span } from '../base/source.ts';
import type { Line, Operand } from '../domains/domain.ts';

export type Name = { readonly text: string; readonly span: Span };
/** `text` with escapes resolved; `raw` as it stands between the quotation marks. */
export type TextLiteral = { readonly kind: 'string'; readonly text: string; readonly raw: string; readonly span: Span };
export type Missing = { readonly kind: 'missing'; readonly span: Span };

/** `key: WORDS OPERAND`: the words are the operator. */
export type LabelTest = { readonly key: Name; readonly words: readonly Name[]; readonly operand?: Expr; readonly span: Span };
/** `in namespace one of ["a"]`, `in cluster "c"`, `in namespace { team: "x" }` (labels of the namespace itself). */
export type PlaceTest = LabelTest & { readonly labels?: readonly LabelTest[] };
export type SelectorExpr = {
  readonly kind: 'selector';
  readonly labels: readonly LabelTest[];
  readonly places: readonly PlaceTest[];
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
  /** `member`: what stands behind a dot (`resolver.service`). In an invariant also `workload`: every workload. */
  | { readonly kind: 'name'; readonly text: string; readonly member?: Name; readonly span: Span }
  | TextLiteral
  | { readonly kind: 'number'; readonly text: string; readonly span: Span }
  | { readonly kind: 'range'; readonly low: string; readonly high: string; readonly span: Span }
  /** An address or a CIDR block; a date; a number with a unit (`30s`, `4KiB`, `10/s`). Not checked. */
  | { readonly kind: 'address' | 'date' | 'quantity'; readonly text: string; readonly span: Span }
  | { readonly kind: 'list'; readonly items: readonly Expr[]; readonly span: Span }
  /** `under "/tmp"`, `glob ["*.so"]`, `regex "..."`: a word, and a text or a list of texts. */
  | { readonly kind: 'matched'; readonly operator: Name; readonly operand: Expr; readonly span: Span }
  /** `10.0.0.0/8 including workloads`. */
  | { readonly kind: 'including'; readonly operand: Expr; readonly what: Name; readonly span: Span }
  | SelectorExpr
  | TermExpr
  | { readonly kind: 'not'; readonly operand: Expr; readonly span: Span }
  | { readonly kind: 'combine'; readonly operator: SetOperator; readonly operands: readonly Expr[]; readonly span: Span };

/** `@name(VALUES)`. */
export type AnnotationAst = { readonly name: Name; readonly values: readonly Operand[]; readonly span: Span };

export type RulePart =
  | { readonly kind: 'peer'; readonly direction: 'from' | 'to'; readonly peers: Expr; readonly span: Span }
  | { readonly kind: 'at'; readonly transport: Expr; readonly span: Span }
  | { readonly kind: 'block'; readonly name: Name; readonly lines: readonly Line[]; readonly span: Span }
  /** A class word, an operand of it, an attribute (`priority`, `mode`, `log`, `require` ...) or its operand: 2-resolve tells them apart. */
  | { readonly kind: 'operand'; readonly operand: Operand; readonly span: Span }
  | ({ readonly kind: 'annotation' } & AnnotationAst);

export type Entry =
  | { readonly kind: 'rule'; readonly action: Name; readonly parts: readonly RulePart[]; readonly span: Span }
  | { readonly kind: 'default'; readonly operands: readonly Operand[]; readonly span: Span }
  /** On a line of its own: of the entry that follows. */
  | ({ readonly kind: 'annotation' } & AnnotationAst);

export type SectionAst = { readonly name: Name; readonly entries: readonly Entry[]; readonly span: Span };

/** `use NAME(ARGUMENTS)` in a policy. */
export type UseAst = { readonly name: Name; readonly arguments: readonly Expr[]; readonly span: Span };

export type PolicyAst = {
  readonly name: Name;
  readonly subject: Expr;
  /** Words between the subject and `{`: `tier admin priority 5 mode audit`. */
  readonly attributes: readonly Operand[];
  readonly uses: readonly UseAst[];
  readonly sections: readonly SectionAst[];
  /** Before the policy, between its subject and `{`, or before a section. */
  readonly annotations: readonly AnnotationAst[];
  readonly span: Span;
};

/** `rules NAME(parameter: KIND, ...) { SECTIONS }`. */
export type RulesAst = {
  readonly name: Name;
  readonly isPrivate: boolean;
  readonly parameters: readonly { readonly name: Name; readonly type: Name }[];
  readonly sections: readonly SectionAst[];
  readonly annotations: readonly AnnotationAst[];
  readonly span: Span;
};

export const declarationKinds = ['workload', 'network', 'port', 'domain', 'path', 'binary', 'list'] as const;
export type DeclarationKind = (typeof declarationKinds)[number];
export type DeclarationAst = {
  readonly kind: DeclarationKind;
  readonly name: Name;
  readonly isPrivate: boolean;
  readonly value: Expr;
  readonly annotations: readonly AnnotationAst[];
  readonly span: Span;
};

/** `annotation NAME = text | number | date | duration | size | rate | one of [...]`: declares an annotation of one's own. */
export type AnnotationTypeAst = { readonly name: Name; readonly words: readonly Name[]; readonly operand?: Expr; readonly span: Span };

export type ImportAst = { readonly names: readonly Name[]; readonly from: TextLiteral; readonly span: Span };

/** One end of an event: what it is, and the DNS names known for it (`192.0.2.1 named "api.example.com"`). */
export type EndAst = { readonly what: Expr; readonly names?: Operand };

export type TestLine = {
  /** The source of a flow, or what acts. */
  readonly subject: EndAst;
  readonly flow?: { readonly destination: EndAst; readonly transport: Expr };
  readonly operands: readonly Operand[];
  readonly verdict: Name;
  /** A policy's name, or `default`. */
  readonly by?: Name;
  /** The `@name` of a rule, behind the policy's name. */
  readonly rule?: TextLiteral;
  readonly span: Span;
};
export type TestAst = { readonly name: TextLiteral; readonly lines: readonly TestLine[]; readonly span: Span };

/** `no|every|only SUBJECT can reach OBJECT at PORTS BLOCK`, `no SUBJECT can exec OPERANDS`. */
export type StatementAst = {
  readonly quantifier: Name;
  readonly subject: Expr;
  /** `reach`, or the class of a process event. */
  readonly verb: Name;
  readonly object?: Expr;
  readonly transport?: Expr;
  readonly block?: { readonly name: Name; readonly lines: readonly Line[]; readonly span: Span };
  readonly operands: readonly Operand[];
  readonly span: Span;
};
export type InvariantAst = { readonly name: TextLiteral; readonly statements: readonly StatementAst[]; readonly span: Span };

/** `tcp 80 to 8080`: what clients name, and the port of the backends (absent: the same). */
export type ServicePortAst = { readonly transport: Expr; readonly target?: Expr; readonly span: Span };
/** `service NAME for WORKLOADS at ADDRESSES affinity 3h { PORTS }`. */
export type ServiceAst = {
  readonly name: Name;
  readonly backends: Expr;
  readonly addresses: Expr;
  readonly attributes: readonly Operand[];
  readonly ports: readonly ServicePortAst[];
  readonly annotations: readonly AnnotationAst[];
  readonly span: Span;
};

export type FileAst = {
  readonly source: SourceText;
  readonly modules: readonly Name[];
  readonly namespaces: readonly TextLiteral[];
  readonly clusters: readonly TextLiteral[];
  readonly imports: readonly ImportAst[];
  readonly declarations: readonly DeclarationAst[];
  readonly rules: readonly RulesAst[];
  readonly annotationTypes: readonly AnnotationTypeAst[];
  readonly policies: readonly PolicyAst[];
  readonly tests: readonly TestAst[];
  readonly invariants: readonly InvariantAst[];
  readonly services: readonly ServiceAst[];
  /** Annotations before the first item that is a module, namespace or import: of the whole file (`@allow`). */
  readonly annotations: readonly AnnotationAst[];
  /** Nothing of the text was left out. */
  readonly isWhole: boolean;
  /** Names whose declarations could not be read: not unknown, only unread. */
  readonly unread: ReadonlySet<string>;
};

export type Ast = { readonly files: readonly FileAst[] };
