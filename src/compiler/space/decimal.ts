// Whole numbers as texts: the decimal notation, without leading zeros, of every number of a range.
import { byteIn, either, literal, type Pattern, sequence } from './pattern.ts';

const digit = (low: number, high: number): Pattern => byteIn([0x30 + low, 0x30 + high]);
const repeated = (part: Pattern, times: number): readonly Pattern[] => Array.from({ length: times }, () => part);
const anyDigit = digit(0, 9);

/** Texts of equally many digits between two of them. */
function between(low: string, high: string): Pattern {
  if (low === high) return literal(low);
  const rest = low.length - 1;
  const [from, to] = [Number(low.charAt(0)), Number(high.charAt(0))];
  if (from === to) return sequence(literal(low.charAt(0)), between(low.slice(1), high.slice(1)));
  const isLowest = /^.0*$/.test(low);
  const isHighest = /^.9*$/.test(high);
  const [firstWhole, lastWhole] = [isLowest ? from : from + 1, isHighest ? to : to - 1];
  return either(
    ...(isLowest ? [] : [sequence(literal(low.charAt(0)), between(low.slice(1), '9'.repeat(rest)))]),
    ...(firstWhole > lastWhole ? [] : [sequence(digit(firstWhole, lastWhole), ...repeated(anyDigit, rest))]),
    ...(isHighest ? [] : [sequence(literal(high.charAt(0)), between('0'.repeat(rest), high.slice(1)))]),
  );
}

/** The numbers `low` to `high`, both included; not negative. */
export function decimalRange(low: number, high: number): Pattern {
  if (low > high) return either();
  const [shortest, longest] = [String(low).length, String(high).length];
  const parts = Array.from({ length: longest - shortest + 1 }, (_, i) => {
    const length = shortest + i;
    return between(i === 0 ? String(low) : `1${'0'.repeat(length - 1)}`, length === longest ? String(high) : '9'.repeat(length));
  });
  const [only] = parts;
  return parts.length === 1 && only ? only : either(...parts);
}
