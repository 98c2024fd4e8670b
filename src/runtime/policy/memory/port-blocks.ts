// Transport point -> port class, small: points stand in blocks, and equal blocks are one.
import { limits } from '../../../compiler/ir/abi.ts';
import { type PortPieces, portPieces } from '../../../compiler/ir/class-pieces.ts';
import { transportPoints } from '../../../compiler/space/transport.ts';

const blockSize = limits.portBlock;

/** `numbers`: block of points -> block of classes. */
export type PortBlocks = { readonly numbers: Uint16Array; readonly classes: Uint16Array };

const ofImages = new WeakMap<Uint8Array, PortBlocks>();

/** `image`: of a bundle, or of a table of named ports; it never changes. */
export function portBlocks(image: Uint8Array): PortBlocks {
  const known = ofImages.get(image) ?? madeOf(image);
  ofImages.set(image, known);
  return known;
}

type Place = { readonly first: number; readonly piece: number };

/** Classes of the points from `first` on, which is in `piece`. */
function fill(into: Uint16Array, { lows, classes }: PortPieces, { first, piece: from }: Place): void {
  for (let [piece, at] = [from, 0]; at < into.length; piece++) {
    const end = Math.min((lows[piece + 1] ?? transportPoints) - first, into.length);
    for (const number = classes[piece] ?? 0; at < end; at++) into[at] = number;
  }
}

function madeOf(image: Uint8Array): PortBlocks {
  const pieces = portPieces(image);
  const { lows, classes } = pieces;
  const numbers = new Uint16Array(transportPoints / blockSize);
  const known = new Map<string | number, number>();
  const distinct: Place[] = [];
  const numberOf = (key: string | number, place: Place): number => {
    const number = known.get(key) ?? distinct.push(place) - 1;
    known.set(key, number);
    return number;
  };
  const points = new Uint16Array(blockSize);
  const text = Buffer.from(points.buffer);
  let piece = 0;
  for (let block = 0; block < numbers.length; ) {
    const first = block * blockSize;
    while ((lows[piece + 1] ?? transportPoints) <= first) piece++;
    // Blocks that are of this piece alone.
    const whole = Math.floor((lows[piece + 1] ?? transportPoints) / blockSize);
    if (whole > block) {
      numbers.fill(numberOf(classes[piece] ?? 0, { first, piece }), block, whole);
      block = whole;
      continue;
    }
    fill(points, pieces, { first, piece });
    numbers[block++] = numberOf(text.toString('latin1'), { first, piece });
  }
  const joined = new Uint16Array(distinct.length * blockSize);
  distinct.forEach((place, number) => fill(joined.subarray(number * blockSize, (number + 1) * blockSize), pieces, place));
  return { numbers, classes: joined };
}
