// The bytes of the decision memory, as they grow: parts are placed one behind the other, and what stands in them is
// little-endian as in the kernel.
import { limits } from '../../../compiler/ir/abi.ts';
import { GenerationLimit } from '../generation.ts';

const largest = limits.memoryPage * limits.memoryPages;

export class MemoryWriter {
  #words = new Uint32Array(1 << 14);
  #end = 0;
  /** Bytes of each part, for people. */
  readonly parts: Record<string, number> = {};

  get size(): number {
    return this.#end;
  }

  /** Address of `bytes` zero bytes, a multiple of 16. @throws GenerationLimit */
  place(part: string, bytes: number): number {
    const at = this.#end;
    const end = at + Math.ceil(bytes / 16) * 16;
    if (end > largest) throw new GenerationLimit('bytes of verdicts', end, largest);
    if (end > this.#words.length * 4) this.#grow(end);
    this.#end = end;
    this.parts[part] = (this.parts[part] ?? 0) + end - at;
    return at;
  }

  #grow(end: number): void {
    const words = new Uint32Array(2 ** Math.ceil(Math.log2(end / 4)));
    words.set(this.#words);
    this.#words = words;
  }

  /** Words of a part; good until the next one is placed. */
  words(at: number, count: number): Uint32Array {
    return this.#words.subarray(at / 4, at / 4 + count);
  }

  setWord(at: number, value: number): void {
    this.#words[at / 4] = value;
  }

  setBytes(at: number, bytes: Uint8Array): void {
    new Uint8Array(this.#words.buffer).set(bytes, at);
  }

  setShorts(at: number, shorts: Uint16Array): void {
    new Uint16Array(this.#words.buffer).set(shorts, at / 2);
  }

  /** Everything that was written. */
  bytes(): Uint8Array {
    return new Uint8Array(this.#words.buffer, 0, this.#end);
  }
}
