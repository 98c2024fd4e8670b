// Transport point -> port class, small: points stand in blocks, and equal blocks are one.
import { limits } from '../../../compiler/ir/abi.ts';
import { portPieces } from '../../../compiler/ir/class-pieces.ts';
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

function madeOf(image: Uint8Array): PortBlocks {
  const { lows, classes } = portPieces(image);
  const numbers = new Uint16Array(transportPoints / blockSize);
  const known = new Map<string | number, number>();
  /** The first points of blocks, and the pieces that these are in. */
  const distinct: { readonly first: number; readonly piece: number }[] = [];
  const points = new Uint16Array(blockSize);
  const text = Buffer.from(points.buffer);
  const fill = (into: Uint16Array, { first, piece: from }: { readonly first: number; readonly piece: number }): void => {
    for (let piece = from; (lows[piece] ?? transportPoints) < first + blockSize; piece++)
      into.fill(classes[piece] ?? 0, Math.max(0, (lows[piece] ?? 0) - first), (lows[piece + 1] ?? transportPoints) - first);
  };
  let piece = 0;
  for (let block = 0; block < numbers.length; block++) {
    const first = block * blockSize;
    while ((lows[piece + 1] ?? transportPoints) <= first) piece++;
    const isOne = (lows[piece + 1] ?? transportPoints) >= first + blockSize;
    if (!isOne) fill(points, { first, piece });
    const key = isOne ? (classes[piece] ?? 0) : text.toString('latin1');
    const number = known.get(key) ?? distinct.push({ first, piece }) - 1;
    known.set(key, number);
    numbers[block] = number;
  }
  const joined = new Uint16Array(distinct.length * blockSize);
  distinct.forEach((place, number) => fill(joined.subarray(number * blockSize, (number + 1) * blockSize), place));
  return { numbers, classes: joined };
}
