// Texts with wildcards, taken apart. A pattern is read from the raw text, because its escapes (`\*`, `\{`) are its own.
import { anyText, literal, type Pattern, repeat, segmentByte, sequence } from '../../space/pattern.ts';
import type { Mistake } from '../describe.ts';

/** A piece of a pattern text. `segment` = one or more bytes but `/`, `star` = any bytes but `/`, `anything` = any text, `one` = one byte but `/`. */
export type Piece =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'segment' }
  | { readonly kind: 'star' }
  | { readonly kind: 'anything' }
  | { readonly kind: 'one' };

/** Which signs are wildcards: `template` `{name}` `*` `**`; `glob` `*` `**` `?`; `stars` `*` `**`; `exact` none. */
export type Wildcards = 'template' | 'glob' | 'stars' | 'exact';

/** The longest text of a pattern, in bytes (PATH_MAX of Linux). */
export const longestText = 4096;

const scanners: Readonly<Record<Wildcards, RegExp>> = {
  template: /\\.|\{[^{}]*\}|\*+|[{}]|[^\\{}*]+/gs,
  glob: /\\.|\*+|[?[\]{}]|[^\\*?[\]{}]+/gs,
  stars: /\\.|\*+|[^\\*]+/gs,
  exact: /\\.|\*+|[^\\*]+/gs,
};

const wildcard = (found: string): Piece | Mistake => {
  if (found === '*') return { kind: 'star' };
  if (found === '**') return { kind: 'anything' };
  if (found.startsWith('*')) return { reason: '`***` has no meaning', hint: 'write `*` for one segment, `**` for any text' };
  if (found === '?') return { kind: 'one' };
  if (/^\{[A-Za-z_][A-Za-z0-9_-]*\}$/.test(found)) return { kind: 'segment' };
  if (found.length > 1) return { reason: `\`${found}\` is not a segment`, hint: 'a segment is a name in braces: `{id}`' };
  return { reason: `\`${found}\` stands alone`, hint: `write \`\\${found}\` for the character itself` };
};

const wildcardSigns: Readonly<Record<Wildcards, RegExp>> = { template: /^[*{}]/, glob: /^[*?[\]{}]/, stars: /^\*/, exact: /^\*/ };

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
  for (const { 0: found, index } of raw.matchAll(scanners[wildcards])) {
    const piece = pieceOf(found, wildcards);
    if ('reason' in piece) return { ...piece, at: index };
    const last = pieces.at(-1);
    if (piece.kind === 'literal' && last?.kind === 'literal') pieces[pieces.length - 1] = { kind: 'literal', text: last.text + piece.text };
    else pieces.push(piece);
  }
  return pieces;
}

/** The language of the pieces, in texts of segments. */
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

/** The language of the pieces in texts that have no segments: a star does not stop at `/`. */
export const flatPatternOf = (pieces: readonly Piece[]): Pattern =>
  sequence(...pieces.map((piece) => (piece.kind === 'literal' ? literal(piece.text) : anyText)));

/** The text of the pieces with one sign for every wildcard, for rules about what stands between slashes. */
export const outline = (pieces: readonly Piece[]): string =>
  pieces.map((piece) => (piece.kind === 'literal' ? piece.text : '\u0000')).join('');
