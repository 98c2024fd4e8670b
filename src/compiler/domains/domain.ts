// What a domain is: one protocol above transport, or one class of process events, that rules can match. The grammar
// knows only the form `name { LINES }` and `action name OPERANDS`; a DomainSpec gives the words their meaning, as data.
import type { Span } from '../base/source.ts';
import type { Pattern } from '../space/pattern.ts';

/** One operand of a line, as written. `raw` is the text between the quotation marks, escapes untouched: patterns have their own. */
export type Operand =
  | { readonly kind: 'word'; readonly text: string; readonly span: Span }
  | { readonly kind: 'string'; readonly text: string; readonly raw: string; readonly span: Span }
  | { readonly kind: 'list'; readonly items: readonly Operand[]; readonly span: Span }
  /** A number, an address or punctuation: `text` as written. */
  | { readonly kind: 'other'; readonly text: string; readonly span: Span };

/** A line of a block, or what follows the class word of a process rule. */
export type Line = { readonly operands: readonly Operand[]; readonly span: Span };

/** What is wrong with a line; 3-check turns it into a diagnostic. */
export type Fault =
  | { readonly kind: 'expected'; readonly expected: string; readonly found: string; readonly span: Span; readonly hint?: string }
  | { readonly kind: 'unknown'; readonly what: string; readonly text: string; readonly suggestion: string | undefined; readonly span: Span }
  | {
      readonly kind: 'text';
      readonly what: string;
      readonly text: string;
      readonly reason: string;
      readonly span: Span;
      readonly hint?: string;
    }
  | { readonly kind: 'not-supported'; readonly what: string; readonly span: Span }
  | { readonly kind: 'empty-list'; readonly span: Span };

export type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly faults: readonly Fault[] };
export const read = <T>(value: T): Read<T> => ({ ok: true, value });
export const faulty = (...faults: readonly Fault[]): { readonly ok: false; readonly faults: readonly Fault[] } => ({ ok: false, faults });

/** Content of one event (the same shape as `Content` of ir/event.ts): canonical text, or why there is none. */
export type DomainContent = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'undecidable'; readonly reason: string };

export type DomainSpec = {
  /** The word in a policy, and `domain` of matches and events. */
  readonly name: string;
  /** `request`: a block `name { LINES }` of a network rule. `process`: the class word of a process rule. */
  readonly form: 'request' | 'process';
  /** Transport protocols that carry it; empty for processes. */
  readonly over: readonly ('tcp' | 'udp' | 'sctp')[];
  /** Template that enforces it, relative to bpf/templates, without its ending. */
  readonly template: string;
  /** Words before a text that say how it is matched; exact needs none. */
  readonly operators: readonly ('under' | 'glob')[];
  /** Other words that a line may have, for "did you mean". */
  readonly words: readonly string[];
  /** The language of one line over the domain's canonical text. */
  readonly match: (line: Line) => Read<Pattern>;
  /** The content of an event that a `test` line writes. */
  readonly content: (line: Line) => Read<DomainContent>;
};

/** The domains of a compilation, in order; handed to the phases by whoever composes them. */
export type Domains = readonly DomainSpec[];

/** States a domain (the type is checked here, where it is written). */
export const defineDomain = (spec: DomainSpec): DomainSpec => spec;
