// The images `ports` and `prefixes` of a bundle as pieces of a line, ascending and without a gap: what class each point, or each
// address, is of. Rules of a bundle name points and blocks, not classes, so that a new class elsewhere does not change them.
import { type Address, type Prefix, prefixInterval } from '../space/address.ts';
import type { Interval } from '../space/interval.ts';
import { transportPoints } from '../space/transport.ts';
import { layouts } from './abi.ts';

export type Piece<T extends number | bigint> = Interval<T> & { readonly class: number };

/** Piece `i` is of class `classes[i]` and begins at the point `lows[i]`; it ends before the next one begins. The first begins at 0. */
export type PortPieces = { readonly lows: Uint32Array; readonly classes: Uint32Array };

const piecesOfPorts = new WeakMap<Uint8Array, PortPieces>();
const record = layouts.portPiece.size;

/** `image`: records of `pol_port_piece`; it never changes. */
export function portPieces(image: Uint8Array): PortPieces {
  const pieces = piecesOfPorts.get(image) ?? readPorts(image);
  piecesOfPorts.set(image, pieces);
  return pieces;
}

function readPorts(image: Uint8Array): PortPieces {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const count = Math.floor(image.length / record);
  const pieces = { lows: new Uint32Array(count), classes: new Uint32Array(count) };
  for (let piece = 0; piece < count; piece++) {
    pieces.lows[piece] = view.getUint32(piece * record, true);
    pieces.classes[piece] = view.getUint32(piece * record + 4, true);
  }
  return pieces;
}

/** Class of each point. */
export function classesOf(image: Uint8Array): Uint16Array {
  const { lows, classes } = portPieces(image);
  const points = new Uint16Array(transportPoints);
  for (let piece = 0; piece < lows.length; piece++) points.fill(classes[piece] ?? 0, lows[piece], lows[piece + 1] ?? transportPoints);
  return points;
}

/** Points from `low` up to the next are of `class`. */
export type PortStart = { readonly low: number; readonly class: number };

/** Of the class of each point. */
export function startsOf(points: Uint16Array): readonly PortStart[] {
  const starts: PortStart[] = [];
  for (let low = 0; low < points.length; low++) {
    if (low === 0 || points[low] !== points[low - 1]) starts.push({ low, class: points[low] ?? 0 });
  }
  return starts;
}

/** `starts`: ascending, from 0 on. */
export function portsImage(starts: readonly PortStart[]): Uint8Array {
  const image = new Uint8Array(starts.length * record);
  const view = new DataView(image.buffer);
  starts.forEach((start, piece) => {
    view.setUint32(piece * record, start.low, true);
    view.setUint32(piece * record + 4, start.class, true);
  });
  return image;
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
