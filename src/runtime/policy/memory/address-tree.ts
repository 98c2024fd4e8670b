// Addresses -> class, or endpoint: a tree whose branches take as many bits at once as there are blocks to tell apart
// (level compression), and which skips the bits that all blocks below have in common. IPv4 and IPv6 have a root each.
import { addressNode, layouts, limits, nothing } from '../../../compiler/ir/abi.ts';
import type { Address } from '../../../compiler/space/address.ts';
import { type AddressBlocks, SortedBlocks } from './address-blocks.ts';
import { MemoryWriter } from './writer.ts';

/** A branch has at most so many bits, and at least so few where as many are left: depth is bounded by the latter. */
const widest = 16;
const narrowest = 4;
/** Of the words of a branch, at least one in so many begins something of its own. */
const spread = 3;
/** Fewer common bits are not worth a node. */
const leastSkip = 6;

const branchWord = (width: number, at: number): number => ((addressNode.branch << 30) | ((width - 1) << 26) | (at / 16)) >>> 0;
const skipWord = (at: number): number => ((addressNode.skip << 30) | (at / 16)) >>> 0;
const nobody = nothing.nodeMissing;
const isReference = (node: number): boolean => node >>> 30 === addressNode.branch || (node >>> 30 === addressNode.skip && node !== nobody);

/** Blocks `from .. to - 1`, which agree in the first `bit` bits; `outer`: what is none of them. */
type Range = { readonly from: number; readonly to: number; readonly bit: number; readonly outer: number };

/** Of a family; what it writes begins at 0. */
class Tree {
  readonly #blocks: SortedBlocks;
  readonly #writer: MemoryWriter;
  readonly #references: number[];

  /** `references`: gets the place of each word that says where a node is, in words. */
  constructor(blocks: SortedBlocks, writer: MemoryWriter, references: number[]) {
    this.#blocks = blocks;
    this.#writer = writer;
    this.#references = references;
  }

  node(range: Range): number {
    let { from, outer } = range;
    while (from < range.to && this.#blocks.lengthOf(from) <= range.bit) outer = this.#blocks.leafOf(from++);
    if (from === range.to) return outer;
    const inner = { ...range, from, outer };
    const same = Math.min(this.#blocks.common(from, range.to - 1), this.#blocks.lengthOf(from)) - range.bit;
    return same >= leastSkip ? this.#skip(inner, Math.min(same, 32)) : this.#branch(inner, this.#widthOf(inner));
  }

  #skip({ from, to, bit, outer }: Range, length: number): number {
    const at = this.#writer.place('addresses', layouts.skip.size);
    const match = this.node({ from, to, bit: bit + length, outer });
    this.#writer.words(at, 4).set([length, this.#blocks.bits(from, bit, length), match, outer]);
    if (isReference(match)) this.#references.push(at / 4 + 2);
    return skipWord(at);
  }

  /** As wide as its words are used. */
  #widthOf(range: Range): number {
    const most = Math.min(widest, 128 - range.bit);
    let width = Math.min(narrowest, most);
    for (let wider = width + 1; wider <= most; wider++) {
      if (range.to - range.from < 2 ** wider / spread) break;
      if (this.#begun(range, wider) >= 2 ** wider / spread) width = wider;
    }
    return width;
  }

  /** How many words something begins in. */
  #begun({ from, to, bit }: Range, width: number): number {
    let count = 0;
    let last = -1;
    for (let i = from; i < to; i++) {
      const word = this.#blocks.bits(i, bit, width);
      if (word !== last) count++;
      last = word;
    }
    return count;
  }

  #branch({ from, to, bit, outer }: Range, width: number): number {
    const words = new Uint32Array(2 ** width).fill(outer);
    const at = this.#writer.place('addresses', words.byteLength);
    for (let i = from; i < to; ) {
      const word = this.#blocks.bits(i, bit, width);
      const length = this.#blocks.lengthOf(i);
      if (length <= bit + width) {
        words.fill(this.#blocks.leafOf(i), word, word + 2 ** (bit + width - length));
        i++;
        continue;
      }
      let end = i + 1;
      while (end < to && this.#blocks.bits(end, bit, width) === word) end++;
      const node = this.node({ from: i, to: end, bit: bit + width, outer: words[word] ?? nobody });
      words[word] = node;
      if (isReference(node)) this.#references.push(at / 4 + word);
      i = end;
    }
    this.#writer.words(at, words.length).set(words);
    return branchWord(width, at);
  }
}

const ipv4Bits = 96;

/** Both trees as they would stand at 0, and their roots. `references`: the words that say where a node is. */
export type AddressTrees = {
  readonly words: Uint32Array;
  readonly references: Uint32Array;
  readonly ipv4: number;
  readonly ipv6: number;
};

const treesOf = new WeakMap<AddressBlocks, AddressTrees>();

/** Of blocks that never change. */
export function addressTrees(blocks: AddressBlocks): AddressTrees {
  const trees = treesOf.get(blocks) ?? madeOf(blocks);
  treesOf.set(blocks, trees);
  return trees;
}

/** A node where the trees stand at `at`, in bytes. */
export const placedNode = (node: number, at: number): number => (isReference(node) ? node + at / 16 : node);

/** Writes the trees into `words`, which stand at `at`. */
export function writeAddressTrees(trees: AddressTrees, words: Uint32Array, at: number): void {
  words.set(trees.words);
  for (const reference of trees.references) words[reference] = (words[reference] ?? 0) + at / 16;
}

/** Blocks shorter than the IPv4 space are IPv6; where none holds an address, it is nobody's. */
function madeOf(blocks: AddressBlocks): AddressTrees {
  const writer = new MemoryWriter();
  const references: number[] = [];
  const isIpv4 = (i: number): boolean => blocks.isMapped(i) && blocks.lengthOf(i) >= ipv4Bits;
  const sorted = blocks.sorted();
  const root = (own: Uint32Array, bit: number): number => {
    const view = new SortedBlocks(blocks, own);
    return new Tree(view, writer, references).node({ from: 0, to: view.count, bit, outer: nobody });
  };
  const ipv4 = root(sorted.filter(isIpv4), ipv4Bits);
  const ipv6 = root(
    sorted.filter((i) => !isIpv4(i)),
    0,
  );
  return { words: writer.words(0, writer.size / 4).slice(), references: Uint32Array.from(references), ipv4, ipv6 };
}

/** The word that a walk down from `root` ends with. */
export function walkAddressTree(memory: DataView, root: number, bits: { readonly address: Address; readonly from: number }): number {
  let word = root;
  let bit = bits.from;
  const take = (width: number): number => Number((bits.address >> BigInt(128 - bit - width)) & ((1n << BigInt(width)) - 1n));
  for (let step = 0; step < limits.addressSteps; step++) {
    const kind = word >>> 30;
    const at = (word & 0x3ffffff) * 16;
    if (kind === addressNode.branch) {
      const width = ((word >>> 26) & 15) + 1;
      word = memory.getUint32(at + take(width) * 4, true);
      bit += width;
    } else if (kind === addressNode.skip && word !== nobody) {
      const length = memory.getUint32(at, true);
      const same = take(length) === memory.getUint32(at + 4, true);
      word = memory.getUint32(at + (same ? 8 : 12), true);
      bit += length;
    } else return word;
  }
  return nobody;
}
