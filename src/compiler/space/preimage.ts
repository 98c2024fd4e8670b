// Texts by what a reading makes of them, where the reading puts a byte in the place of some bytes and leaves others out. What may be left
// out stands before any byte and at the end; so parts of a pattern are parts of the result.
import { type ByteRange, both, byteIn, either, not, type Pattern, repeat, sequence } from './pattern.ts';

/** Of the bytes of a text: `letters` are read, each as itself less `shift`; `leftOut` are not; there are no others. */
export type Reading = { readonly letters: ByteRange; readonly shift: number; readonly leftOut: readonly ByteRange[] };

const encoder = new TextEncoder();

/** The texts that are read as some text of the pattern. */
export function preimage(pattern: Pattern, reading: Reading): Pattern {
  const { letters, shift, leftOut } = reading;
  const between = leftOut.length === 0 ? sequence() : repeat(byteIn(...leftOut), 0);
  const [low, high] = letters;
  const every = repeat(byteIn(letters, ...leftOut), 0);
  const letter = (ranges: readonly ByteRange[]): Pattern => {
    const read = ranges.flatMap(([from, to]): readonly ByteRange[] => {
      const range: ByteRange = [Math.max(low, from + shift), Math.min(high, to + shift)];
      return range[0] <= range[1] ? [range] : [];
    });
    return read.length === 0 ? either() : sequence(between, byteIn(...read));
  };
  const of = (part: Pattern): Pattern => {
    switch (part.kind) {
      case 'literal':
        return sequence(...[...encoder.encode(part.text)].map((byte) => letter([[byte, byte]])));
      case 'byte':
        return letter(part.ranges);
      case 'sequence':
      case 'either':
        return { ...part, parts: part.parts.map(of) };
      case 'repeat':
        return repeat(of(part.part), part.minimum);
      case 'both':
        return part.parts.length === 0 ? every : both(...part.parts.map(of));
      case 'not':
        return both(not(sequence(of(part.part), between)), every);
    }
  };
  return sequence(of(pattern), between);
}
