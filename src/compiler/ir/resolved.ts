// ResolvedPolicy: what the names mean. Every name is bound to its declaration, every word of the vocabulary to its
// meaning, every block to its DomainSpec; RuleIds and PolicyIds are minted. Operands are still texts.
import type { Span } from '../base/source.ts';
import type { DomainSpec, Line } from '../domains/domain.ts';
import type { DeclarationKind, LabelTest, Missing, SetOperator, TermExpr } from './ast.ts';
import type { PolicyId, RuleId } from './ids.ts';
import type { Action, Direction, EntityName } from './typed.ts';

/** The words before a port, an ICMP type or a protocol number. `any` = tcp, udp, sctp; `protocol` takes a number. */
export type ProtocolWord = { readonly kind: 'ports' | 'icmp' | 'any' | 'number' | 'fixed'; readonly name: string; readonly number: number };

export type Value =
  | Missing
  /** Index into ResolvedPolicy.declarations. */
  | { readonly kind: 'declared'; readonly declaration: number; readonly name: string; readonly span: Span }
  | { readonly kind: 'entity'; readonly name: EntityName; readonly span: Span }
  /** `namespace`: the module's default, where the selector names none itself. */
  | {
      readonly kind: 'selector';
      readonly labels: readonly LabelTest[];
      readonly place?: LabelTest;
      readonly namespace?: string;
      readonly span: Span;
    }
  | { readonly kind: 'address'; readonly text: string; readonly span: Span }
  | { readonly kind: 'transport'; readonly protocol: ProtocolWord; readonly term?: TermExpr; readonly span: Span }
  /** A literal that is no set: a number, or a text that is no address. */
  | { readonly kind: 'literal'; readonly found: string; readonly span: Span }
  | { readonly kind: 'list'; readonly items: readonly Value[]; readonly span: Span }
  | { readonly kind: 'not'; readonly operand: Value; readonly span: Span }
  | { readonly kind: 'combine'; readonly operator: SetOperator; readonly operands: readonly Value[]; readonly span: Span };

export type Declaration = { readonly kind: DeclarationKind; readonly name: string; readonly span: Span; readonly value: Value };

type RuleBase = { readonly id: RuleId; readonly policy: PolicyId; readonly span: Span; readonly text: string; readonly action: Action };
export type ResolvedNetworkRule = RuleBase & {
  readonly section: Direction;
  /** Absent: anybody. */
  readonly peers?: Value;
  /** Absent: every protocol. */
  readonly transport?: Value;
  readonly request?: { readonly domain: DomainSpec; readonly lines: readonly Line[]; readonly span: Span };
};
export type ResolvedProcessRule = RuleBase & { readonly section: 'process'; readonly domain: DomainSpec; readonly line: Line };
export type ResolvedRule = ResolvedNetworkRule | ResolvedProcessRule;

/** A section for one direction; `defaultAllow` when it says `default allow`. */
export type ResolvedSection = { readonly span: Span; readonly defaultAllow: boolean };

export type ResolvedPolicyBlock = {
  readonly id: PolicyId;
  readonly name: string;
  readonly span: Span;
  readonly subject: Value;
  readonly ingress?: ResolvedSection;
  readonly egress?: ResolvedSection;
  /** Process domains of `default deny CLASS`. */
  readonly defaultDeny: readonly string[];
};

export type ResolvedTest = {
  readonly test: string;
  readonly span: Span;
  readonly subject: Value;
  readonly flow?: { readonly destination: Value; readonly transport: Value };
  /** A request, or (without `flow`) the start of a program. */
  readonly content?: { readonly domain: DomainSpec; readonly line: Line };
  readonly expected: { readonly verdict: 'allowed' | 'denied'; readonly by?: string; readonly byDefault?: true };
};

export type ResolvedPolicy = {
  readonly declarations: readonly Declaration[];
  /** Indices of declarations, each after all that it refers to: values can be computed in this order, without recursion through names. */
  readonly order: readonly number[];
  readonly policies: readonly ResolvedPolicyBlock[];
  /** Index = RuleId. */
  readonly rules: readonly ResolvedRule[];
  readonly tests: readonly ResolvedTest[];
  /** Words of the language that this version knows by name only. */
  readonly unsupported: readonly { readonly what: string; readonly span: Span }[];
};
