// Sets of Unicode characters as patterns over their UTF-8 bytes, and which characters differ in case alone.
import { type Interval, type IntervalSet, intervals, subtract, union } from './interval.ts';
import { type ByteRange, byteIn, either, type Pattern, sequence } from './pattern.ts';

/** Code points; surrogates are no characters. */
export type CharacterSet = IntervalSet<number>;
export const everyCharacter: CharacterSet = [
  { low: 0, high: 0xd7ff },
  { low: 0xe000, high: 0x10ffff },
];
export const otherCharacters = (set: CharacterSet): CharacterSet => subtract(everyCharacter, set);

/** First code points of the encodings of 1, 2, 3 and 4 bytes, and the end. */
const lengthBorders = [0, 0x80, 0x800, 0x10000, 0x110000];

const bytesOf = (character: number): readonly number[] => [...new TextEncoder().encode(String.fromCodePoint(character))];

/** Code points from `low` to `high`, all of `length` bytes, as alternatives of one byte range a place. */
function* encodings({ low, high }: Interval<number>, length: number): Generator<readonly ByteRange[]> {
  for (let place = 1; place < length; place++) {
    // What the last `place` bytes can say.
    const mask = (1 << (6 * place)) - 1;
    if ((low & ~mask) === (high & ~mask)) continue;
    if ((low & mask) !== 0) {
      yield* encodings({ low, high: low | mask }, length);
      yield* encodings({ low: (low | mask) + 1, high }, length);
      return;
    }
    if ((high & mask) !== mask) {
      yield* encodings({ low, high: (high & ~mask) - 1 }, length);
      yield* encodings({ low: high & ~mask, high }, length);
      return;
    }
  }
  const last = bytesOf(high);
  yield bytesOf(low).map((byte, i): ByteRange => [byte, last[i] ?? byte]);
}

/** One character of the set. */
export function characterPattern(set: CharacterSet): Pattern {
  const single: ByteRange[] = [];
  const longer: Pattern[] = [];
  for (const { low, high } of set) {
    for (let length = 1; length <= 4; length++) {
      const part = { low: Math.max(low, lengthBorders[length - 1] ?? 0), high: Math.min(high, (lengthBorders[length] ?? 0) - 1) };
      if (part.low > part.high) continue;
      if (length === 1) single.push([part.low, part.high]);
      else for (const ranges of encodings(part, length)) longer.push(sequence(...ranges.map((range) => byteIn(range))));
    }
  }
  if (longer.length === 0) return byteIn(...single);
  return either(...(single.length > 0 ? [byteIn(...single)] : []), ...longer);
}

const one = (text: string): number | undefined => ([...text].length === 1 ? text.codePointAt(0) : undefined);
/** No letters with two cases lie above. */
const lastCased = 0x1e943;
/** The dotted capital and the dotless small i are letters of their own (Unicode's simple case folding). */
const alone: ReadonlySet<number> = new Set([0x130, 0x131]);

let casesOf: ReadonlyMap<number, readonly number[]> | undefined;

function cases(): ReadonlyMap<number, readonly number[]> {
  if (casesOf) return casesOf;
  const groups = new Map<number, number[]>();
  for (let character = 0; character <= lastCased; character++) {
    if ((character >= 0xd800 && character <= 0xdfff) || alone.has(character)) continue;
    const upper = one(String.fromCodePoint(character).toUpperCase()) ?? character;
    const folded = one(String.fromCodePoint(upper).toLowerCase()) ?? upper;
    const group = groups.get(folded);
    if (group) group.push(character);
    else groups.set(folded, [character]);
  }
  casesOf = new Map([...groups.values()].filter((group) => group.length > 1).flatMap((group) => group.map((member) => [member, group])));
  return casesOf;
}

/** The set, and what differs from its characters in case alone. */
export function caseBlind(set: CharacterSet): CharacterSet {
  const added: Interval<number>[] = [];
  for (const [character, group] of cases()) {
    if (!set.some(({ low, high }) => low <= character && character <= high)) continue;
    for (const other of group) added.push({ low: other, high: other });
  }
  return union(set, intervals(added));
}
