// What rules of a bundle name, points and blocks of addresses -> the classes of its images that these are made of.
import { addressPieces, type Piece, type PortPieces, portPieces } from '../../compiler/ir/class-pieces.ts';
import { parsePrefix, prefixInterval } from '../../compiler/space/address.ts';
import type { Interval } from '../../compiler/space/interval.ts';
import { transportPoints } from '../../compiler/space/transport.ts';

/** A bundle whose parts do not fit its images: no hash is wrong, so whoever made it was. */
export class UnfitBundle extends Error {
  override readonly name = 'UnfitBundle';
}

/** The first of `0 .. count - 1` for which `isThere`, which holds for all behind it, too; `count`: for none. */
function firstOf(count: number, isThere: (at: number) => boolean): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isThere(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

const noBegin = (at: number | bigint): UnfitBundle => new UnfitBundle(`the bundle is damaged: nothing begins at ${at} in its images`);
const noEnd = (at: number | bigint): UnfitBundle => new UnfitBundle(`the bundle is damaged: nothing ends at ${at} in its images`);

/** Adds the classes of `low .. high`. @throws UnfitBundle where that ends within a piece: a class is of a set whole, or not at all. */
function addPortClasses({ lows, classes }: PortPieces, [low, high]: readonly [number, number], found: Set<number>): void {
  let at = firstOf(lows.length, (piece) => (lows[piece] ?? 0) >= low);
  if (lows[at] !== low) throw noBegin(low);
  for (; at < lows.length && (lows[at] ?? 0) <= high; at++) found.add(classes[at] ?? 0);
  if ((lows[at] ?? transportPoints) !== high + 1) throw noEnd(high);
}

/** The same of addresses. @throws UnfitBundle */
function addNetworkClasses(pieces: readonly Piece<bigint>[], { low, high }: Interval<bigint>, found: Set<number>): void {
  let at = firstOf(pieces.length, (piece) => (pieces[piece]?.high ?? high) >= low);
  let piece = pieces[at];
  if (piece?.low !== low) throw noBegin(low);
  for (; piece && piece.low <= high; piece = pieces[++at]) {
    if (piece.high > high) throw noEnd(high);
    found.add(piece.class);
  }
}

const ascending = (found: ReadonlySet<number>): readonly number[] => [...found].sort((a, b) => a - b);
const none: readonly number[] = [];

/** Of one bundle's images. */
export class ClassSpace {
  readonly #images: { readonly ports: Uint8Array; readonly prefixes: Uint8Array };
  readonly #classesOfPoints = new WeakMap<readonly number[], readonly number[]>();
  readonly #classesOfBlocks = new WeakMap<readonly string[], readonly number[]>();
  #networks: readonly Piece<bigint>[] | undefined;

  constructor(images: { readonly ports: Uint8Array; readonly prefixes: Uint8Array }) {
    this.#images = images;
  }

  /** `points`: first and last of each range. Ascending. @throws UnfitBundle */
  portClasses(points: readonly number[]): readonly number[] {
    const known = this.#classesOfPoints.get(points);
    if (known) return known;
    const pieces = portPieces(this.#images.ports);
    const found = new Set<number>();
    for (let i = 0; i + 1 < points.length; i += 2) addPortClasses(pieces, [points[i] ?? 0, points[i + 1] ?? 0], found);
    const classes = ascending(found);
    this.#classesOfPoints.set(points, classes);
    return classes;
  }

  /** Ascending. @throws UnfitBundle */
  networkClasses(blocks: readonly string[]): readonly number[] {
    if (blocks.length === 0) return none;
    const known = this.#classesOfBlocks.get(blocks);
    if (known) return known;
    this.#networks ??= addressPieces(this.#images.prefixes);
    const found = new Set<number>();
    for (const text of blocks) {
      const prefix = parsePrefix(text);
      if (!prefix) throw new UnfitBundle(`the bundle is damaged: \`${text}\` is no block of addresses`);
      addNetworkClasses(this.#networks, prefixInterval(prefix), found);
    }
    const classes = ascending(found);
    this.#classesOfBlocks.set(blocks, classes);
    return classes;
  }
}
