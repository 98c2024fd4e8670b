// Blocks of addresses and what their addresses are, as plain words: there may be many, and a generation is laid out while
// somebody waits for it.
import { addressNode } from '../../../compiler/ir/abi.ts';

/** What the addresses of a block are; the longest block that holds an address speaks. */
export type AddressLeaf = { readonly kind: 'class' | 'endpoint'; readonly number: number };

export class AddressBlocks {
  #words = new Uint32Array(1 << 10);
  #lengths = new Uint8Array(1 << 8);
  #leaves = new Uint32Array(1 << 8);
  #count = 0;

  /** `address`: 16 bytes in network order, of which `length` bits count. */
  add(address: DataView, length: number, { kind, number }: AddressLeaf): void {
    const i = this.#count++;
    if (i >= this.#lengths.length) this.#grow();
    for (let word = 0; word < 4; word++) this.#words[i * 4 + word] = address.getUint32(word * 4);
    this.#lengths[i] = length;
    this.#leaves[i] = ((addressNode[kind] << 30) | number) >>> 0;
  }

  #grow(): void {
    const grown = <T extends Uint8Array | Uint32Array>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    this.#words = grown(this.#words, new Uint32Array(this.#words.length * 2));
    this.#lengths = grown(this.#lengths, new Uint8Array(this.#lengths.length * 2));
    this.#leaves = grown(this.#leaves, new Uint32Array(this.#leaves.length * 2));
  }

  wordOf(i: number, word: number): number {
    return this.#words[i * 4 + word] ?? 0;
  }

  lengthOf(i: number): number {
    return this.#lengths[i] ?? 0;
  }

  leafOf(i: number): number {
    return this.#leaves[i] ?? 0;
  }

  /** Does it begin with the 96 bits of mapped IPv4 addresses? */
  isMapped(i: number): boolean {
    return this.wordOf(i, 0) === 0 && this.wordOf(i, 1) === 0 && this.wordOf(i, 2) === 0xffff;
  }

  #compare(a: number, b: number): number {
    for (let word = 0; word < 4; word++) {
      const difference = this.wordOf(a, word) - this.wordOf(b, word);
      if (difference !== 0) return difference;
    }
    return this.lengthOf(a) - this.lengthOf(b) || a - b;
  }

  /** In the order of their addresses, outer before inner; of equal ones the last alone. */
  sorted(): Uint32Array {
    const order = new Uint32Array(this.#count).map((_, i) => i);
    let isSorted = true;
    for (let i = 1; i < order.length && isSorted; i++) isSorted = this.#compare(i - 1, i) < 0;
    if (!isSorted) order.sort((a, b) => this.#compare(a, b));
    return order.filter((block, at) => {
      const next = order[at + 1];
      return next === undefined || this.lengthOf(block) !== this.lengthOf(next) || !this.#isSameAddress(block, next);
    });
  }

  #isSameAddress(a: number, b: number): boolean {
    for (let word = 0; word < 4; word++) if (this.wordOf(a, word) !== this.wordOf(b, word)) return false;
    return true;
  }
}

/** Some of the blocks, in their order. */
export class SortedBlocks {
  readonly count: number;
  readonly #blocks: AddressBlocks;
  readonly #order: Uint32Array;

  constructor(blocks: AddressBlocks, order: Uint32Array) {
    this.#blocks = blocks;
    this.#order = order;
    this.count = order.length;
  }

  lengthOf(i: number): number {
    return this.#blocks.lengthOf(this.#order[i] ?? 0);
  }

  leafOf(i: number): number {
    return this.#blocks.leafOf(this.#order[i] ?? 0);
  }

  /** `width` bits (1..32) of block `i` from bit `from` on. */
  bits(i: number, from: number, width: number): number {
    const [block, word, shift] = [this.#order[i] ?? 0, from >>> 5, from & 31];
    const high = this.#blocks.wordOf(block, word) << shift;
    const low = shift === 0 || word === 3 ? 0 : this.#blocks.wordOf(block, word + 1) >>> (32 - shift);
    return ((high | low) >>> 0) >>> (32 - width);
  }

  /** How many bits the addresses of two blocks have in common. */
  common(a: number, b: number): number {
    const [first, second] = [this.#order[a] ?? 0, this.#order[b] ?? 0];
    for (let word = 0; word < 4; word++) {
      const difference = (this.#blocks.wordOf(first, word) ^ this.#blocks.wordOf(second, word)) >>> 0;
      if (difference !== 0) return word * 32 + Math.clz32(difference);
    }
    return 128;
  }
}
