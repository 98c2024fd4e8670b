// What a domain is: one protocol above transport, or one class of process events, that rules can match. The grammar
// knows only the forms `name { LINES }` and `action class OPERANDS`; a DomainSpec gives the words their meaning, as data.
// A line is first operands and `field key? operator? operand`; all of it is read by read-line.ts from this data.
import type { Span } from '../base/source.ts';
import type { IntervalSet } from '../space/interval.ts';
import type { Pattern } from '../space/pattern.ts';

export type WordOperand = { readonly kind: 'word'; readonly text: string; readonly span: Span };
/** One operand of a line, as written. `raw` is the text between the quotation marks, escapes untouched: patterns have their own. */
export type Operand =
  | WordOperand
  | { readonly kind: 'string'; readonly text: string; readonly raw: string; readonly span: Span }
  | { readonly kind: 'number'; readonly text: string; readonly span: Span }
  | { readonly kind: 'range'; readonly low: string; readonly high: string; readonly span: Span }
  | { readonly kind: 'list'; readonly items: readonly Operand[]; readonly span: Span }
  /** `under "/tmp"` inside a list; outside of one, the operator is a word before its operand. */
  | { readonly kind: 'matched'; readonly operator: WordOperand; readonly operand: Operand; readonly span: Span }
  /** An address, a date, a quantity (`30s`, `4KiB`, `10/s`) or a sign (`=`): `text` as written. */
  | { readonly kind: 'address' | 'date' | 'quantity' | 'sign'; readonly text: string; readonly span: Span }
  /** A declared `domain`, `path` or `binary`, put in the place of its name by 3-check. */
  | { readonly kind: 'set'; readonly declared: TextSetKind; readonly name: string; readonly pattern: Pattern; readonly span: Span };

/** The declared sets of texts. */
export type TextSetKind = 'domain' | 'path' | 'binary';

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
  /** A field of one value that a line tests twice. */
  | { readonly kind: 'twice'; readonly what: string; readonly span: Span; readonly first: Span }
  | { readonly kind: 'empty-list'; readonly span: Span };

export type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly faults: readonly Fault[] };
export const read = <T>(value: T): Read<T> => ({ ok: true, value });
export const faulty = (...faults: readonly Fault[]): { readonly ok: false; readonly faults: readonly Fault[] } => ({ ok: false, faults });

/** A set of values of one field. Words (methods, syscalls ...) are texts; numbers (users, groups) are numbers. */
export type ValueSet =
  | { readonly kind: 'text'; readonly pattern: Pattern }
  | { readonly kind: 'number'; readonly ranges: IntervalSet<number> };

/** Words before an operand that say how it is matched. `under`: anywhere below a path; `regex`: a regular expression over the whole text. */
export type Operator = 'under' | 'glob' | 'regex';

/**
 * How values of a field are written and what they can be. `values` reads one operand that is no list (operators are applied
 * already); `value` reads the value of one event, in canonical form.
 */
export type FieldType = {
  /** What one value is called: `HTTP method`, `path`. */
  readonly noun: string;
  /** For messages: `a path pattern ("/cart/{id}")`. */
  readonly expected: string;
  readonly kind: 'text' | 'number';
  readonly operators: readonly Operator[];
  /** Words that stand for values (methods, syscalls, capabilities); empty for texts. */
  readonly words: readonly string[];
  /** Which declared sets of texts may stand here; the first is the kind whose values are written like these. */
  readonly declared: readonly TextSetKind[];
  readonly values: (operand: Operand, operator: Operator | undefined) => Read<ValueSet>;
  readonly value: (operand: Operand) => Read<string>;
  /** Every value that an event can have (canonical form); of numbers the decimal texts of `range`. */
  readonly possible: Pattern;
  /** Values that a reader expects to see, for examples; some of `possible`. */
  readonly familiar: Pattern;
  /** Where values travel as 16-bit numbers: the text of one. */
  readonly numbered?: (number: number) => string;
  /** Bounds of a number. */
  readonly range?: { readonly low: number; readonly high: number };
};

/**
 * One thing that an event of the domain says. `quantity`: it has one value or none (`one`); several, of which a test asks for
 * some (`some`: arguments); or several that must all pass, a mixture being undecidable (`every`: repeated headers, offered ALPN).
 */
export type FieldSpec = {
  readonly name: string;
  /** One line for the reference, completions and `policyc help`. */
  readonly summary: string;
  readonly type: FieldType;
  readonly quantity: 'one' | 'some' | 'every';
  /** What a test line that does not name the field stands for: every value (and none), or none. */
  readonly unstated: 'any' | 'absent';
  /** Can be undecidable by itself, while the others are known (arguments longer than the kernel shows). */
  readonly mayBeUndecidable: boolean;
  /** Is there always a value? */
  readonly always: boolean;
  /** `header "content-type" = ...`: how the key is read, in canonical form (lower case). */
  readonly key?: FieldKey;
};

export type FieldKey = {
  readonly expected: string;
  readonly read: (operand: Operand) => Read<string>;
  /** Of some keys an event that can be read has at most one value, which is one of these; of the others undefined. */
  readonly only?: (key: string) => Pattern | undefined;
};

/** `path`, `header content-type`: names a field of an event, with its key. */
export const fieldName = (field: string, key?: string): string => (key === undefined ? field : `${field} ${key}`);

/** One test of one field. `orAbsent`: holds also where there is no value (`not "x"`, `absent`). */
export type FieldTest = {
  /** As fieldName makes it. */
  readonly field: string;
  readonly every: boolean;
  readonly orAbsent: boolean;
  readonly values: ValueSet;
};
/** All of them hold. An empty one holds for every event of the domain. */
export type LineMatch = readonly FieldTest[];

/** Values of the fields of one event by fieldName; a field that is not listed has none. */
export type FieldValues = Readonly<Record<string, readonly string[] | Undecidable>>;
export type Undecidable = { readonly kind: 'undecidable'; readonly reason: string };
/** What one event says. `undecidable`: nothing of it is known (encrypted, another protocol, over a limit, ambiguous). */
export type Content = { readonly kind: 'fields'; readonly fields: FieldValues } | Undecidable;
/** What a test line says: `open` fields stand for every value, and none. */
export type WrittenContent = (Content & { readonly kind: 'fields'; readonly open: readonly string[] }) | Undecidable;

/**
 * Fields of one value each that are readings of one text (http: path, query and target of what was sent). Joint texts say all of them at
 * once, in bytes up to 0xf7: a pattern of one field is a pattern of joint texts. `text`: the field that none of the others is asked exactly without.
 */
export type SharedText = {
  readonly text: string;
  readonly readings: readonly string[];
  /** The joint texts of all events, and of those that a reader expects. */
  readonly possible: Pattern;
  readonly familiar: Pattern;
  /** Joint texts in which the field has a value that matches. */
  readonly where: (field: string, values: Pattern) => Pattern;
  /** Of an event that there can be. */
  readonly encode: (fields: Readonly<Record<string, readonly string[]>>) => Uint8Array;
  readonly decode: (text: Uint8Array) => Readonly<Record<string, readonly string[]>>;
};

/** A domain as its folder states it. */
export type DomainData = {
  /** The word in a policy, and `domain` of matches and events. */
  readonly name: string;
  /** One line for the reference, completions and `policyc help`. */
  readonly summary: string;
  /** `request`: a block `name { LINES }` of a network rule. `process`: the class word of a process rule. */
  readonly form: 'request' | 'process';
  /** Transport protocols that carry it; empty for processes. */
  readonly over: readonly ('tcp' | 'udp' | 'sctp')[];
  /** Ports on which it is usually wrapped into TLS, so that its content is undecidable. */
  readonly encryptedPorts: readonly number[];
  /** Names of fields that the first operands of a line mean, in order; each may be left out where its kind of operand tells them apart. */
  readonly positional: readonly string[];
  readonly fields: readonly FieldSpec[];
  readonly shared?: SharedText;
  /** Lines that hold for no event that can be read. */
  readonly never?: readonly LineMatch[];
  /** May a line say nothing, and so hold for every event? */
  readonly mayBeEmpty: boolean;
  /** Makes an event of what a test line wrote, where that is more than its fields (http: the target as sent gives path, query, target). */
  readonly derive?: (written: WrittenContent & { readonly kind: 'fields' }, line: Line) => Read<WrittenContent>;
};

/** A domain with its readers, which define.ts makes from its data. */
export type DomainSpec = DomainData & {
  /** The tests of one line of a rule. */
  readonly match: (line: Line) => Read<LineMatch>;
  /** The content of an event that a test line writes. */
  readonly content: (line: Line) => Read<WrittenContent>;
};

/** The domains of a compilation, in order; handed to the phases by whoever composes them. */
export type Domains = readonly DomainSpec[];
