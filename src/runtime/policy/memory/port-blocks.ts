// Transport point -> port class, small: points stand in blocks, and equal blocks are one.
import { limits } from '../../../compiler/ir/abi.ts';

const blockSize = limits.portBlock;

/** `numbers`: block of points -> block of classes. */
export type PortBlocks = { readonly numbers: Uint16Array; readonly classes: Uint16Array };

/** `image`: `pol_ports`. */
export function portBlocks(image: Uint8Array): PortBlocks {
  const bytes = Buffer.from(image.buffer, image.byteOffset, image.byteLength);
  const bytesOfBlock = blockSize * 2;
  const known = new Map<string, number>();
  const distinct: Buffer[] = [];
  const numbers = Uint16Array.from({ length: bytes.length / bytesOfBlock }, (_, block) => {
    const own = bytes.subarray(block * bytesOfBlock, (block + 1) * bytesOfBlock);
    const key = own.toString('latin1');
    const number = known.get(key) ?? distinct.push(own) - 1;
    known.set(key, number);
    return number;
  });
  const joined = new Uint8Array(Buffer.concat(distinct));
  return { numbers, classes: new Uint16Array(joined.buffer) };
}
