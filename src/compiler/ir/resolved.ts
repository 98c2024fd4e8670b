// ResolvedPolicy: what the names mean. Every name is bound to its declaration, every word of the vocabulary to its
// meaning, every block to its DomainSpec, every use of a `rules` block is written out. It is a matter of each file and of what
// that imports; ids of rules and policies are of the whole unit and come last, in 3-check. Operands are still texts.
import type { Span } from '../base/source.ts';
import type { DomainSpec, Operand } from '../domains/domain.ts';
import type { DeclarationKind, Expr, LabelTest, Missing, PlaceTest, SetOperator, TermExpr } from './ast.ts';
import type { Action, Direction, EntityName, ExpectedVerdict, LiteralType, Quantifier, Tier } from './typed.ts';

/** The words before a port, an ICMP type or a protocol number. `any` = tcp, udp, sctp; `protocol` takes a number. */
export type ProtocolWord = { readonly kind: 'ports' | 'icmp' | 'any' | 'number' | 'fixed'; readonly name: string; readonly number: number };

export type Value =
  | Missing
  /** Number of a declaration. `service`: named as `NAME.service`. */
  | { readonly kind: 'declared'; readonly declaration: number; readonly name: string; readonly service?: true; readonly span: Span }
  | { readonly kind: 'entity'; readonly name: EntityName; readonly span: Span }
  /** `workload`, in an invariant. */
  | { readonly kind: 'every-workload'; readonly span: Span }
  /** `namespace`, `cluster`: the module's defaults, where the selector names none itself. */
  | {
      readonly kind: 'selector';
      readonly labels: readonly LabelTest[];
      readonly places: readonly PlaceTest[];
      readonly namespace?: string;
      readonly cluster?: string;
      readonly span: Span;
    }
  | { readonly kind: 'address'; readonly text: string; readonly span: Span }
  /** A text: an address, a domain, a path ..., as its place asks. `raw`: escapes untouched. */
  | { readonly kind: 'text'; readonly text: string; readonly raw: string; readonly span: Span }
  /** `under`, `glob`, `regex`; the operand is a text or a list of texts. */
  | { readonly kind: 'matched'; readonly operator: string; readonly operand: Value; readonly span: Span }
  | { readonly kind: 'including'; readonly operand: Value; readonly span: Span }
  /** `names`: words of the term's value that are declared names, as in ResolvedLine; ICMP types go before them. */
  | {
      readonly kind: 'transport';
      readonly protocol: ProtocolWord;
      readonly term?: TermExpr;
      readonly names: ReadonlyMap<number, number>;
      readonly span: Span;
    }
  /** A literal that is no set: a number, a range, a date, a quantity, a word of some vocabulary. */
  | { readonly kind: 'literal'; readonly operand: Operand; readonly found: string; readonly span: Span }
  | { readonly kind: 'list'; readonly items: readonly Value[]; readonly span: Span }
  | { readonly kind: 'not'; readonly operand: Value; readonly span: Span }
  | { readonly kind: 'combine'; readonly operator: SetOperator; readonly operands: readonly Value[]; readonly span: Span };

export type Declaration = { readonly kind: DeclarationKind; readonly name: string; readonly span: Span; readonly value: Value };

/** An operand of a line; `names` of the line says which of its words (by place) are declared names. */
export type ResolvedLine = {
  readonly operands: readonly Operand[];
  /** Words of the operands, lists included, that are names: by the start of their span, number of the declaration. */
  readonly names: ReadonlyMap<number, number>;
  readonly span: Span;
};
export type ResolvedMatch = { readonly domain: DomainSpec; readonly lines: readonly ResolvedLine[]; readonly span: Span };

/** An annotation whose name is known. `types`: what its values have to be; `choices`: the texts of a `one of`. */
export type ResolvedAnnotation = {
  readonly name: string;
  readonly span: Span;
  readonly values: readonly Operand[];
  readonly types: readonly LiteralType[];
  readonly choices?: readonly string[];
};
/** `@allow("CODE", "reason")`: findings of this code inside `scope` are not reported. */
export type Allowance = {
  readonly code: Operand | undefined;
  readonly reason: Operand | undefined;
  readonly scope: Span;
  readonly span: Span;
};

/**
 * `priority 5`, `mode audit`, `log "..."`, `rate 10/s` (of the `log` beside it), `require encryption`, `errno EPERM`, `signal SIGTERM`. Where
 * it may stand, that it stands there once and with exactly one operand, and the words of `tier` and `mode` are checked already.
 */
export type Attribute = { readonly name: AttributeName; readonly operands: readonly [Operand]; readonly span: Span };
export const attributeNames = ['tier', 'priority', 'mode', 'log', 'rate', 'require', 'errno', 'signal'] as const;
export type AttributeName = (typeof attributeNames)[number];

type RuleBase = {
  readonly span: Span;
  readonly usedAt?: Span;
  readonly text: string;
  readonly action: Action;
  /** The action was written `audit`. */
  readonly audit: boolean;
  readonly attributes: readonly Attribute[];
  readonly annotations: readonly ResolvedAnnotation[];
};
export type ResolvedNetworkRule = RuleBase & {
  readonly section: Direction;
  /** Absent: anybody. */
  readonly peers?: Value;
  /** Absent: every protocol. */
  readonly transport?: Value;
  readonly request?: ResolvedMatch;
};
export type ResolvedProcessRule = RuleBase & { readonly section: 'process'; readonly domain: DomainSpec; readonly line: ResolvedLine };
export type ResolvedRule = ResolvedNetworkRule | ResolvedProcessRule;

/** A section for one direction; `defaultAllow` when it says `default allow`. */
export type ResolvedSection = { readonly span: Span; readonly defaultAllow: boolean };

export type ResolvedPolicyBlock = {
  readonly name: string;
  readonly span: Span;
  readonly subject: Value;
  readonly tier: Tier;
  readonly attributes: readonly Attribute[];
  readonly annotations: readonly ResolvedAnnotation[];
  readonly ingress?: ResolvedSection;
  readonly egress?: ResolvedSection;
  /** Process domains of `default deny CLASS`, each at its place. */
  readonly defaultDeny: readonly { readonly domain: string; readonly span: Span }[];
  /** In the order of their places. */
  readonly rules: readonly ResolvedRule[];
  /** What rules are called by `@name`; undefined when some may not have been read. */
  readonly ruleNames: ReadonlySet<string> | undefined;
};

export type ResolvedEnd = { readonly what: Value; readonly names?: Operand };
export type ResolvedTest = {
  readonly test: string;
  readonly span: Span;
  readonly subject: ResolvedEnd;
  readonly flow?: { readonly destination: ResolvedEnd; readonly transport: Value };
  /** A request, or (without `flow`) what a process does. */
  readonly content?: { readonly domain: DomainSpec; readonly line: ResolvedLine };
  readonly expected: {
    readonly verdict: ExpectedVerdict;
    readonly by?: string;
    readonly rule?: string;
    readonly byDefault?: true;
  };
};

export type ResolvedInvariant = {
  readonly name: string;
  readonly span: Span;
  readonly text: string;
  readonly quantifier: Quantifier;
  readonly subject: Value;
} & (
  | { readonly kind: 'flow'; readonly object: Value; readonly transport?: Value; readonly request?: ResolvedMatch }
  | { readonly kind: 'process'; readonly domain: DomainSpec; readonly line: ResolvedLine }
);

/** A service: names bound, its ports and addresses not yet read. */
export type ResolvedService = {
  readonly name: string;
  readonly span: Span;
  readonly backends: Value;
  readonly addresses: Value;
  readonly affinity: boolean;
  readonly ports: readonly { readonly transport: Value; readonly target?: Expr; readonly span: Span }[];
};

/** One file. Its declarations have numbers of their own in the unit: `base` and the following ones. */
export type ResolvedFile = {
  readonly base: number;
  readonly declarations: readonly Declaration[];
  /** Places of declarations, each after all in this file that it refers to: values can be computed in this order, without recursion through names. */
  readonly order: readonly number[];
  readonly policies: readonly ResolvedPolicyBlock[];
  readonly tests: readonly ResolvedTest[];
  readonly invariants: readonly ResolvedInvariant[];
  readonly services: readonly ResolvedService[];
  readonly allowances: readonly Allowance[];
  /** Of declarations and `default` entries: nothing carries them further, but their values have to be right. */
  readonly annotations: readonly ResolvedAnnotation[];
};

export type ResolvedPolicy = {
  /** In the order of the sources. */
  readonly files: readonly ResolvedFile[];
  /** The same, each after those that it imports from. */
  readonly importOrder: readonly ResolvedFile[];
  /** The policies of all files in the order of their names. */
  readonly policies: readonly ResolvedPolicyBlock[];
};
