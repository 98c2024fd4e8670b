// The images `ports` and `prefixes` of a bundle as pieces of a line, ascending and without a gap: what class each point, or each
// address, is of. Rules of a bundle name points and blocks, not classes, so that a new class elsewhere does not change them.
import { type Address, type Prefix, prefixInterval } from '../space/address.ts';
import type { Interval } from '../space/interval.ts';
import { layouts } from './abi.ts';

export type Piece<T extends number | bigint> = Interval<T> & { readonly class: number };

/** Piece `i` is of class `classes[i]` and begins at the point `lows[i]`; it ends before the next one begins. */
export type PortPieces = { readonly lows: Uint32Array; readonly classes: Uint16Array };

const piecesOfPorts = new WeakMap<Uint8Array, PortPieces>();

/** `image`: `pol_ports`; it never changes. */
export function portPieces(image: Uint8Array): PortPieces {
  const pieces = piecesOfPorts.get(image) ?? cutPorts(classesOf(image));
  piecesOfPorts.set(image, pieces);
  return pieces;
}

/** Class of each point; words of two bytes cannot be looked at where they begin at an odd place. */
export const classesOf = (image: Uint8Array): Uint16Array =>
  image.byteOffset % 2 === 0
    ? new Uint16Array(image.buffer, image.byteOffset, image.length / 2)
    : new Uint16Array(new Uint8Array(image).buffer);

/** Counted first: this is done while somebody waits for a change, and lists that grow cost several times more. */
function cutPorts(points: Uint16Array): PortPieces {
  let count = 1;
  for (let point = 1; point < points.length; point++) if (points[point] !== points[point - 1]) count++;
  const [lows, classes] = [new Uint32Array(count), new Uint16Array(count)];
  let piece = 0;
  for (let point = 0; point < points.length; point++) {
    if (point > 0 && points[point] === points[point - 1]) continue;
    lows[piece] = point;
    classes[piece++] = points[point] ?? 0;
  }
  return { lows, classes };
}

type Open = { readonly high: Address; readonly class: number };

/** `image`: records of `pol_prefix_key` and a class; the longest block that holds an address speaks. What none holds is in no piece. */
export function addressPieces(image: Uint8Array): readonly Piece<bigint>[] {
  const pieces: Piece<bigint>[] = [];
  const open: Open[] = [];
  let from = 0n;
  const upTo = (end: Address): void => {
    const inner = open[open.length - 1];
    if (inner && from < end) pieces.push({ low: from, high: end - 1n, class: inner.class });
    if (from < end) from = end;
  };
  const closeBefore = (address: Address): void => {
    for (let inner = open[open.length - 1]; inner && inner.high < address; inner = open[open.length - 1]) {
      upTo(inner.high + 1n);
      open.pop();
    }
  };
  for (const { address, length, class: number } of blocksOf(image)) {
    closeBefore(address);
    upTo(address);
    open.push({ high: prefixInterval({ address, length }).high, class: number });
  }
  closeBefore(1n << 128n);
  return pieces;
}

/** In the order of their addresses, outer before inner. */
function blocksOf(image: Uint8Array): readonly (Prefix & { readonly class: number })[] {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const size = layouts.prefixKey.size + 4;
  const blocks = Array.from({ length: image.length / size }, (_, i) => ({
    address: (view.getBigUint64(i * size + 4) << 64n) | view.getBigUint64(i * size + 12),
    length: view.getUint32(i * size, true),
    class: view.getUint32((i + 1) * size - 4, true),
  }));
  return blocks.sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : a.length - b.length));
}
