// How operands are read that more than one domain has: texts with wildcards, lists, and the words that a line may not
// have yet. A pattern is read from the raw text, because its escapes (`\*`, `\{`) are its own.
import { anyText, byteIn, either, literal, type Pattern, repeat, segmentByte, sequence } from '../space/pattern.ts';
import { type Fault, faulty, type Operand, type Read, read } from './domain.ts';

/** A piece of a pattern text. `segment` = one or more bytes but `/`, `star` = any bytes but `/`, `anything` = any text, `one` = one byte but `/`. */
export type Piece =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'segment' }
  | { readonly kind: 'star' }
  | { readonly kind: 'anything' }
  | { readonly kind: 'one' };

/** Which signs are wildcards: `template` `{name}` `*` `**`; `glob` `*` `**` `?`; `exact` none. */
export type Wildcards = 'template' | 'glob' | 'exact';

/** The longest text of a pattern, in bytes (PATH_MAX of Linux). */
export const longestText = 4096;

const scanners: Readonly<Record<Wildcards, RegExp>> = {
  template: /\\.|\{[^{}]*\}|\*+|[{}]|[^\\{}*]+/gs,
  glob: /\\.|\*+|[?[\]{}]|[^\\*?[\]{}]+/gs,
  exact: /\\.|\*+|[^\\*]+/gs,
};

type Mistake = { readonly reason: string; readonly hint?: string };

const wildcard = (found: string): Piece | Mistake => {
  if (found === '*') return { kind: 'star' };
  if (found === '**') return { kind: 'anything' };
  if (found.startsWith('*')) return { reason: '`***` has no meaning', hint: 'write `*` for one segment, `**` for any text' };
  if (found === '?') return { kind: 'one' };
  if (/^\{[A-Za-z_][A-Za-z0-9_-]*\}$/.test(found)) return { kind: 'segment' };
  if (found.length > 1) return { reason: `\`${found}\` is not a segment`, hint: 'a segment is a name in braces: `{id}`' };
  return { reason: `\`${found}\` stands alone`, hint: `write \`\\${found}\` for the character itself` };
};

const wildcardSigns: Readonly<Record<Wildcards, RegExp>> = { template: /^[*{}]/, glob: /^[*?[\]{}]/, exact: /^\*/ };

function pieceOf(found: string, wildcards: Wildcards): Piece | Mistake {
  if (found.startsWith('\\')) return { kind: 'literal', text: found.slice(1) };
  if (!wildcardSigns[wildcards].test(found)) return { kind: 'literal', text: found };
  if (wildcards !== 'exact') return wildcard(found);
  return { reason: `\`${found}\` is no wildcard here`, hint: `write \`glob\` before the text, or \`\\${found}\` for the character itself` };
}

/** Reads the pieces of a pattern; neighbouring literals are one piece. */
export function readPieces(raw: string, wildcards: Wildcards): readonly Piece[] | Mistake {
  if (raw.length > longestText) return { reason: `more than ${longestText} characters` };
  const pieces: Piece[] = [];
  for (const [found] of raw.matchAll(scanners[wildcards])) {
    const piece = pieceOf(found, wildcards);
    if ('reason' in piece) return piece;
    const last = pieces.at(-1);
    if (piece.kind === 'literal' && last?.kind === 'literal') pieces[pieces.length - 1] = { kind: 'literal', text: last.text + piece.text };
    else pieces.push(piece);
  }
  return pieces;
}

/** The language of the pieces. */
export const patternOf = (pieces: readonly Piece[]): Pattern => sequence(...pieces.map(pieceLanguage));

function pieceLanguage(piece: Piece): Pattern {
  switch (piece.kind) {
    case 'literal':
      return literal(piece.text);
    case 'segment':
      return repeat(segmentByte, 1);
    case 'star':
      return repeat(segmentByte, 0);
    case 'anything':
      return anyText;
    case 'one':
      return segmentByte;
  }
}

/** The text of the pieces with one sign for every wildcard, for rules about what stands between slashes. */
export const outline = (pieces: readonly Piece[]): string =>
  pieces.map((piece) => (piece.kind === 'literal' ? piece.text : '\u0000')).join('');

/** One or more bytes of an HTTP token (RFC 9110, 5.6.2). */
export const tokenText: Pattern = repeat(
  byteIn([0x21, 0x21], [0x23, 0x27], [0x2a, 0x2b], [0x2d, 0x2e], [0x30, 0x39], [0x41, 0x5a], [0x5e, 0x7a], [0x7c, 0x7c], [0x7e, 0x7e]),
  1,
);

type StringOperand = Extract<Operand, { readonly kind: 'string' }>;

/** What was found, in words. */
export function describe(operand: Operand): string {
  switch (operand.kind) {
    case 'word':
    case 'other':
      return `\`${operand.text}\``;
    case 'string':
      return `the text "${operand.raw}"`;
    case 'list':
      return 'a list';
  }
}

export const expected = (what: string, operand: Operand, hint?: string): Fault => ({
  kind: 'expected',
  expected: what,
  found: describe(operand),
  span: operand.span,
  ...(hint === undefined ? {} : { hint }),
});

/** Reads one operand or each item of a list (not lists in lists) and joins them. */
export function readEach(operand: Operand, what: string, readOne: (one: Operand) => Read<Pattern>): Read<Pattern> {
  if (operand.kind !== 'list') return readOne(operand);
  if (operand.items.length === 0) return faulty({ kind: 'empty-list', span: operand.span });
  return joined(operand.items.map((item) => (item.kind === 'list' ? faulty(expected(what, item)) : readOne(item))));
}

/** All of them, or every fault. */
export function joined(reads: readonly Read<Pattern>[]): Read<Pattern> {
  const faults = reads.flatMap((one) => (one.ok ? [] : one.faults));
  const patterns = reads.flatMap((one) => (one.ok ? [one.value] : []));
  if (faults.length > 0) return faulty(...faults);
  return read(patterns.length === 1 && patterns[0] ? patterns[0] : either(...patterns));
}

/** Reads a text operand; `what` names it in messages, `hint` says how a word should have been written. */
export function readText(operand: Operand, what: string, readOne: (text: StringOperand) => Read<Pattern>): Read<Pattern> {
  if (operand.kind === 'string') return readOne(operand);
  return faulty(expected(what, operand, operand.kind === 'word' ? `texts stand in quotation marks: "${operand.text}"` : undefined));
}

/** A fault inside a text. */
export const textFault = (what: string, operand: StringOperand, mistake: Mistake): Fault => ({
  kind: 'text',
  what,
  text: operand.raw,
  reason: mistake.reason,
  span: operand.span,
  ...(mistake.hint === undefined ? {} : { hint: mistake.hint }),
});
