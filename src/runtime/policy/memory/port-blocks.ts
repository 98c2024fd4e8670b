// Transport point -> port class, small: points stand in blocks, and equal blocks are one.
import { limits } from '../../../compiler/ir/abi.ts';

const blockSize = limits.portBlock;

/** `numbers`: block of points -> block of classes. */
export type PortBlocks = { readonly numbers: Uint16Array; readonly classes: Uint16Array };

const ofImages = new WeakMap<Uint8Array, PortBlocks>();

/** `image`: `pol_ports`; it never changes. */
export function portBlocks(image: Uint8Array): PortBlocks {
  const known = ofImages.get(image) ?? madeOf(image);
  ofImages.set(image, known);
  return known;
}

/** The one class of a block; undefined where it has several. Most have one. */
function onlyClass(classes: Uint16Array, block: number): number | undefined {
  const first = classes[block * blockSize];
  for (let point = block * blockSize + 1; point < (block + 1) * blockSize; point++) if (classes[point] !== first) return undefined;
  return first;
}

function madeOf(image: Uint8Array): PortBlocks {
  const points = new Uint16Array(image.slice().buffer);
  const bytes = Buffer.from(image.buffer, image.byteOffset, image.byteLength);
  const bytesOfBlock = blockSize * 2;
  const known = new Map<string | number, number>();
  const distinct: Buffer[] = [];
  const numbers = Uint16Array.from({ length: bytes.length / bytesOfBlock }, (_, block) => {
    const own = bytes.subarray(block * bytesOfBlock, (block + 1) * bytesOfBlock);
    const key = onlyClass(points, block) ?? own.toString('latin1');
    const number = known.get(key) ?? distinct.push(own) - 1;
    known.set(key, number);
    return number;
  });
  const joined = new Uint8Array(Buffer.concat(distinct));
  return { numbers, classes: new Uint16Array(joined.buffer) };
}
