// Paths of requests in the normal form of request.ts. A pattern is brought into the same form, and one that no
// normalised path can match is a mistake at its place.
import { both, byteIn, either, literal, not, type Pattern, repeat, sequence } from '../../space/pattern.ts';
import type { Mistake } from '../describe.ts';
import { outline, type Piece, patternOf, readPieces } from '../types/pieces.ts';
import { textType } from '../types/text-operand.ts';

/** Visible ASCII stands as itself, all other bytes and `?`, `#` as `%` and two upper-case digits. */
function canonicalLiteral(text: string): string {
  const bytes = [...new TextEncoder().encode(text)].map((byte) =>
    byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
  );
  return bytes.join('').replace(/%([0-9A-Fa-f]{2})/g, (code, digits: string) => {
    const byte = Number.parseInt(digits, 16);
    return byte > 0x20 && byte < 0x7f && byte !== 0x3f && byte !== 0x23 ? String.fromCharCode(byte) : code.toUpperCase();
  });
}

const neverSent = 'a request with it is undecidable and matches no pattern';

/** Why no normalised path has the form of this pattern, or undefined. */
function mistakeIn(pieces: readonly Piece[]): Mistake | undefined {
  const written = outline(pieces);
  if (!written.startsWith('/'))
    return { reason: 'a path begins with `/`', ...(written.startsWith('\u0000') ? { hint: 'write `/**` for every path' } : {}) };
  if (/[?#]/.test(written))
    return { reason: 'the path ends before `?` and `#`', hint: 'what is behind `?` is a field of its own: `query "a=*"`' };
  if (written.includes('\\')) return { reason: `a path has no backslash: ${neverSent}` };
  if (/%(?![0-9A-Fa-f]{2})/.test(written)) return { reason: '`%` needs two hexadecimal digits' };
  if (/%(?:[01][0-9A-Fa-f]|7[Ff]|2[Ff]|5[Cc]|25)/.test(written))
    return { reason: `an encoded control byte, \`/\`, \`\\\` or \`%\`: ${neverSent}` };
  const segments = canonicalLiteral(written.replaceAll('\u0000', 'x')).split('/').slice(1);
  const bad = segments.some((segment, i) => {
    const name = segment.split(';')[0] ?? '';
    return /^\.{1,2}$/.test(name) || (name === '' && (segment !== '' || i < segments.length - 1));
  });
  return bad ? { reason: `an empty segment, \`.\` or \`..\`: ${neverSent}` } : undefined;
}

function pathPattern(raw: string): Pattern | Mistake {
  const pieces = readPieces(raw, 'template');
  if ('reason' in pieces) return pieces;
  return (
    mistakeIn(pieces) ??
    patternOf(pieces.map((piece) => (piece.kind === 'literal' ? { ...piece, text: canonicalLiteral(piece.text) } : piece)))
  );
}

/** A target as it is sent; request.ts makes the path of it. */
export const sentTarget = (text: string): { readonly value: string } | Mistake =>
  /[^\x21-\x7e]/.test(text)
    ? { reason: 'a request has only visible ASCII', hint: 'write other bytes as they are sent: `%20`, `%C3%A9`' }
    : { value: text };

const slash = literal('/');
/** Bytes that are sent encoded and stay so: space, `#`, `?`, and all that is not ASCII. */
const encoded = sequence(
  literal('%'),
  either(literal('20'), literal('23'), literal('3F'), sequence(byteIn([0x38, 0x39], [0x41, 0x46]), byteIn([0x30, 0x39], [0x41, 0x46]))),
);
const plain = byteIn([0x21, 0x22], [0x24, 0x24], [0x26, 0x2e], [0x30, 0x3a], [0x3c, 0x3e], [0x40, 0x5b], [0x5d, 0x7e]);
const character = either(plain, encoded);
/** What stands before the parameters of a segment. */
const name = both(repeat(character, 1), not(either(literal('.'), literal('..'))));
const segment = sequence(name, either(literal(''), sequence(literal(';'), repeat(either(character, literal(';')), 0))));

const familiarSegment = sequence(
  byteIn([0x30, 0x39], [0x61, 0x7a]),
  repeat(byteIn([0x2d, 0x2e], [0x30, 0x39], [0x5f, 0x5f], [0x61, 0x7a]), 0),
);
const pathOf = (of: Pattern): Pattern => either(sequence(repeat(sequence(slash, of), 0), slash), repeat(sequence(slash, of), 1));

export const path = textType({
  noun: 'path pattern',
  expected: 'a path pattern ("/cart/{id}")',
  operators: ['regex'],
  declared: [],
  possible: pathOf(segment),
  familiar: pathOf(familiarSegment),
  form: 'a path is compared decoded, without `//`, `/./` and `/../`, and without its query: `target regex` is about what is sent',
  pattern: ({ raw }) => pathPattern(raw),
  canonical: sentTarget,
});
