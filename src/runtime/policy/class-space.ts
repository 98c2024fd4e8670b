// What rules of a bundle name, points and blocks of addresses -> the classes of its images that these are made of.
import { addressPieces, type Piece, portPieces } from '../../compiler/ir/class-pieces.ts';
import { parsePrefix, prefixInterval } from '../../compiler/space/address.ts';

/** A bundle whose parts do not fit its images: no hash is wrong, so whoever made it was. */
export class UnfitBundle extends Error {
  override readonly name = 'UnfitBundle';
}

/** Index of the piece that holds `value`, or of the one behind it. */
function pieceAt<T extends number | bigint>(pieces: readonly Piece<T>[], value: T): number {
  let [low, high] = [0, pieces.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((pieces[middle]?.high ?? value) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Adds the classes of `low .. high`. @throws UnfitBundle where that ends within a piece: a class is of a set whole, or not at all. */
function addClasses<T extends number | bigint>(
  pieces: readonly Piece<T>[],
  { low, high }: { readonly low: T; readonly high: T },
  found: Set<number>,
): void {
  let at = pieceAt(pieces, low);
  let piece = pieces[at];
  if (piece?.low !== low) throw new UnfitBundle(`the bundle is damaged: nothing begins at ${low} in its images`);
  for (; piece && piece.low <= high; piece = pieces[++at]) {
    if (piece.high > high) throw new UnfitBundle(`the bundle is damaged: nothing ends at ${high} in its images`);
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
  #ports: readonly Piece<number>[] | undefined;
  #networks: readonly Piece<bigint>[] | undefined;

  constructor(images: { readonly ports: Uint8Array; readonly prefixes: Uint8Array }) {
    this.#images = images;
  }

  /** `points`: first and last of each range. Ascending. @throws UnfitBundle */
  portClasses(points: readonly number[]): readonly number[] {
    const known = this.#classesOfPoints.get(points);
    if (known) return known;
    this.#ports ??= portPieces(this.#images.ports);
    const found = new Set<number>();
    for (let i = 0; i + 1 < points.length; i += 2) addClasses(this.#ports, { low: points[i] ?? 0, high: points[i + 1] ?? 0 }, found);
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
      addClasses(this.#networks, prefixInterval(prefix), found);
    }
    const classes = ascending(found);
    this.#classesOfBlocks.set(blocks, classes);
    return classes;
  }
}
