// Patterns and sets of values in words. `*` stands for any bytes but the separator (`/`, in names `.`), `**` for any; what
// neither can say is written as a regular expression.
import type { ValueSet } from '../domains/domain.ts';
import type { ByteRange, Pattern } from '../space/pattern.ts';

const isRanges = (ranges: readonly ByteRange[], ...wanted: readonly ByteRange[]): boolean => ranges.join(';') === wanted.join(';');
const isAnyByte = (pattern: Pattern): boolean => pattern.kind === 'byte' && isRanges(pattern.ranges, [0, 255]);
/** Any byte but `/` or `.`. */
const isSegment = (pattern: Pattern): boolean =>
  pattern.kind === 'byte' && [47, 46].some((border) => isRanges(pattern.ranges, [0, border - 1], [border + 1, 255]));

const byteWords = (byte: number): string =>
  byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
const rangeWords = ([low, high]: ByteRange): string => (low === high ? byteWords(low) : `${byteWords(low)}-${byteWords(high)}`);

/** Is it every text? */
export const isEveryText = (pattern: Pattern): boolean =>
  (pattern.kind === 'repeat' && pattern.minimum === 0 && isAnyByte(pattern.part)) ||
  (pattern.kind === 'both' && pattern.parts.length === 0);
/** Is it no text? */
export const isNoText = (pattern: Pattern): boolean => pattern.kind === 'either' && pattern.parts.every(isNoText);

/** A pattern as a glob, as far as one can say it. */
export function patternWords(pattern: Pattern): string {
  switch (pattern.kind) {
    case 'literal':
      return pattern.text;
    case 'byte':
      return isAnyByte(pattern) || isSegment(pattern) ? '?' : `[${pattern.ranges.map(rangeWords).join('')}]`;
    case 'sequence':
      return pattern.parts
        .map((part) => (part.kind === 'both' || part.kind === 'not' ? `(${patternWords(part)})` : patternWords(part)))
        .join('');
    case 'either':
      return eitherWords(pattern.parts);
    case 'repeat':
      if (isSegment(pattern.part)) return '*';
      if (isAnyByte(pattern.part)) return '**';
      return `${pattern.part.kind === 'byte' ? patternWords(pattern.part) : `(${patternWords(pattern.part)})`}${pattern.minimum === 0 ? '*' : '+'}`;
    case 'both':
      return bothWords(pattern.parts);
    case 'not':
      return `not ${patternWords(pattern.part)}`;
  }
}

function eitherWords(parts: readonly Pattern[]): string {
  const words = parts.map(patternWords);
  const some = words.filter((text) => text !== '');
  const whole = some.length === 1 && some[0] !== undefined ? some[0] : `(${some.join('|')})`;
  return some.length === words.length ? whole : `${whole}?`;
}

/** `/bin/* except /bin/sh` where a part is a complement. */
function bothWords(parts: readonly Pattern[]): string {
  const inside = parts.filter((part) => part.kind !== 'not' && !isEveryText(part)).map(patternWords);
  const outside = parts.flatMap((part) => (part.kind === 'not' ? [patternWords(part.part)] : []));
  if (outside.length === 0) return inside.length === 0 ? '**' : inside.join(' that is also ');
  return `${inside.length === 0 ? 'not' : `${inside.join(' that is also ')} except`} ${outside.join(', ')}`;
}

/** `/bin/*`, `0, 1000-2000`. */
export function valuesWords(values: ValueSet): string {
  if (values.kind === 'text') return patternWords(values.pattern);
  const ranges = values.ranges.map(({ low, high }) => (low === high ? `${low}` : `${low}-${high}`));
  return ranges.length === 1 ? (ranges[0] ?? '') : `[${ranges.join(', ')}]`;
}
