// Text patterns as syntax: regular expressions over bytes without back references. The parser of a literal makes them,
// `automaton.ts` compiles them to minimal DFAs, the oracle matches them by its own plain walk.

/** Inclusive range of byte values, 0..255. */
export type ByteRange = readonly [low: number, high: number];

/** A regular language over bytes (UTF-8), as it was written. */
export type Pattern =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'byte'; readonly ranges: readonly ByteRange[] }
  | { readonly kind: 'sequence'; readonly parts: readonly Pattern[] }
  | { readonly kind: 'either'; readonly parts: readonly Pattern[] }
  /** `part` at least `minimum` times, without an upper bound. */
  | { readonly kind: 'repeat'; readonly part: Pattern; readonly minimum: 0 | 1 }
  /** Texts that match every part; without parts, every text. */
  | { readonly kind: 'both'; readonly parts: readonly Pattern[] }
  /** Every text that `part` does not match. */
  | { readonly kind: 'not'; readonly part: Pattern };

export const literal = (text: string): Pattern => ({ kind: 'literal', text });
export const sequence = (...parts: readonly Pattern[]): Pattern => ({ kind: 'sequence', parts });
export const either = (...parts: readonly Pattern[]): Pattern => ({ kind: 'either', parts });
export const repeat = (part: Pattern, minimum: 0 | 1): Pattern => ({ kind: 'repeat', part, minimum });
export const both = (...parts: readonly Pattern[]): Pattern => ({ kind: 'both', parts });
export const not = (part: Pattern): Pattern => ({ kind: 'not', part });
export const byteIn = (...ranges: readonly ByteRange[]): Pattern => ({ kind: 'byte', ranges });

/** Any byte. */
export const anyByte: Pattern = byteIn([0, 255]);
/** Any byte but `/`: what a path segment is made of. */
export const segmentByte: Pattern = byteIn([0, 46], [48, 255]);
/** Every text, the empty one included. */
export const anyText: Pattern = repeat(anyByte, 0);
