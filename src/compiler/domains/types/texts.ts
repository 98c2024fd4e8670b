// Fields whose values are free texts: header values, queries, arguments, topics. In a rule `*` stands for any text, and
// everything else, `?` and brackets too, for itself.

import { byteIn, type Pattern, repeat } from '../../space/pattern.ts';
import type { Mistake } from '../describe.ts';
import type { FieldType } from '../domain.ts';
import { flatPatternOf, outline, readPieces } from './pieces.ts';
import { textType } from './text-operand.ts';

/** Letters and digits: what examples are made of. */
export const plainText: Pattern = repeat(byteIn([0x30, 0x39], [0x61, 0x7a]), 1);

/** One or more bytes of an HTTP token (RFC 9110, 5.6.2). */
export const tokenText: Pattern = repeat(
  byteIn([0x21, 0x21], [0x23, 0x27], [0x2a, 0x2b], [0x2d, 0x2e], [0x30, 0x39], [0x41, 0x5a], [0x5e, 0x7a], [0x7c, 0x7c], [0x7e, 0x7e]),
  1,
);

export type TextValues = {
  readonly noun: string;
  readonly expected: string;
  readonly possible: Pattern;
  readonly familiar?: Pattern;
  /** Why no value has this form; one NUL stands for every wildcard. */
  readonly mistake?: (written: string) => Mistake | undefined;
  /** The canonical form of what stands between wildcards. */
  readonly fold?: (text: string) => string;
};

/** A text that may have stars in rules. */
export function globText({ fold = (text) => text, mistake = () => undefined, familiar = plainText, ...type }: TextValues): FieldType {
  return textType({
    ...type,
    familiar,
    operators: ['glob', 'regex'],
    declared: [],
    pattern: ({ raw }) => {
      const pieces = readPieces(raw, 'stars');
      if ('reason' in pieces) return pieces;
      const wrong = mistake(outline(pieces));
      if (wrong) return wrong;
      const folded = pieces.map((piece) => (piece.kind === 'literal' ? { ...piece, text: fold(piece.text) } : piece));
      return flatPatternOf(folded);
    },
    canonical: (text) => mistake(text) ?? { value: fold(text) },
  });
}
