// Transport point -> port class, small: points stand in blocks, and equal blocks are one.
import { limits } from '../../../compiler/ir/abi.ts';
import { classesOf, portPieces } from '../../../compiler/ir/class-pieces.ts';

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
  const points = classesOf(image);
  const bytes = Buffer.from(points.buffer, points.byteOffset, points.byteLength);
  const numbers = new Uint16Array(points.length / blockSize);
  const known = new Map<string | number, number>();
  const distinct: number[] = [];
  let piece = 0;
  for (let block = 0; block < numbers.length; block++) {
    const [first, end] = [block * blockSize, (block + 1) * blockSize];
    while ((lows[piece + 1] ?? points.length) <= first) piece++;
    const isOne = (lows[piece + 1] ?? points.length) >= end;
    const key = isOne ? (classes[piece] ?? 0) : bytes.toString('latin1', first * 2, end * 2);
    const number = known.get(key) ?? distinct.push(first) - 1;
    known.set(key, number);
    numbers[block] = number;
  }
  const joined = new Uint16Array(distinct.length * blockSize);
  distinct.forEach((first, number) => joined.set(points.subarray(first, first + blockSize), number * blockSize));
  return { numbers, classes: joined };
}
