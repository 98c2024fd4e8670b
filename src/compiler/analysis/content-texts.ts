// What the canonical texts of a domain's events can be (grammar/README.md, "Content"): a class of texts outside is no
// class of events, and an example is taken from what a reader expects to see.
import { anyText, byteIn, either, literal, type Pattern, repeat, sequence } from '../space/pattern.ts';

/** An event's text is in `possible` and not in `impossible`; `familiar`: what a reader expects. */
export type ContentTexts = { readonly possible: Pattern; readonly impossible: Pattern; readonly familiar: Pattern };

const optional = (part: Pattern): Pattern => either(literal(''), part);
const upperHex = byteIn([0x30, 0x39], [0x41, 0x46]);
/** A method is an RFC 9110 token; CONNECT has no path. */
const tokenByte = byteIn(
  [0x21, 0x21],
  [0x23, 0x27],
  [0x2a, 0x2b],
  [0x2d, 0x2e],
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5e, 0x7a],
  [0x7c, 0x7c],
  [0x7e, 0x7e],
);
/** Space, `#`, `?` and every byte beyond ASCII stand encoded; visible ASCII stands as itself, but for `\`, `%` and `/`. */
const encoded = sequence(
  literal('%'),
  either(literal('20'), literal('23'), literal('3F'), sequence(byteIn([0x38, 0x39], [0x41, 0x46]), upperHex)),
);
const plain = [
  [0x21, 0x22],
  [0x24, 0x24],
  [0x26, 0x2d],
  [0x30, 0x3a],
  [0x3c, 0x3e],
  [0x40, 0x5b],
  [0x5d, 0x7e],
] as const;
const undotted = either(byteIn(...plain), encoded);
const dot = literal('.');
const nameByte = either(undotted, dot);
/** Not empty, not `.`, not `..`, parameters behind `;` aside. */
const name = either(
  sequence(undotted, repeat(nameByte, 0)),
  sequence(dot, undotted, repeat(nameByte, 0)),
  sequence(dot, dot, repeat(nameByte, 1)),
);
const segment = sequence(name, optional(sequence(literal(';'), repeat(either(nameByte, literal(';')), 0))));

const http: ContentTexts = {
  possible: sequence(repeat(tokenByte, 1), literal(' /'), repeat(sequence(segment, literal('/')), 0), optional(segment)),
  impossible: sequence(literal('CONNECT '), anyText),
  familiar: sequence(either(...['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD'].map(literal)), literal(' /'), anyText),
};
const exec: ContentTexts = {
  possible: sequence(literal('/'), repeat(byteIn([1, 255]), 0)),
  impossible: sequence(anyText, literal('//'), anyText),
  familiar: sequence(literal('/'), repeat(byteIn([0x21, 0x7e]), 1)),
};
const other: ContentTexts = { possible: anyText, impossible: either(), familiar: repeat(byteIn([0x21, 0x7e]), 1) };

export const contentTexts = (domain: string): ContentTexts => (domain === 'http' ? http : domain === 'exec' ? exec : other);
