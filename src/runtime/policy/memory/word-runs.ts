// Runs of words of one length, equal ones once: numbers instead of texts as keys, since a generation has hundreds of thousands.

/** Numbers runs as they come. */
export class WordRuns {
  readonly #length: number;
  #words: Uint32Array;
  /** Hash -> number of a run + 1; 0 = free. A power of two long. */
  #places = new Uint32Array(1 << 8);
  #count = 0;

  constructor(length: number) {
    this.#length = length;
    this.#words = new Uint32Array(length << 7);
  }

  get count(): number {
    return this.#count;
  }

  /** All of them, one behind the other. */
  get words(): Uint32Array {
    return this.#words.subarray(0, this.#count * this.#length);
  }

  numberOf(run: Uint32Array): number {
    const place = this.#find(run);
    const known = this.#places[place] ?? 0;
    if (known > 0) return known - 1;
    const number = this.#count++;
    this.#places[place] = number + 1;
    this.#words.set(run, number * this.#length);
    if (this.#count * 2 >= this.#places.length) this.#grow();
    return number;
  }

  /** Its place, or the free one for it. */
  #find(run: Uint32Array): number {
    const last = this.#places.length - 1;
    let place = this.#hash(run, 0) & last;
    for (;;) {
      const known = this.#places[place] ?? 0;
      if (known === 0 || this.#equals(run, known - 1)) return place;
      place = (place + 1) & last;
    }
  }

  #hash(words: Uint32Array, from: number): number {
    let hash = 0;
    for (let i = from; i < from + this.#length; i++) {
      hash = Math.imul(hash ^ (words[i] ?? 0), 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    return hash;
  }

  #equals(run: Uint32Array, number: number): boolean {
    const from = number * this.#length;
    for (let i = 0; i < this.#length; i++) if (run[i] !== this.#words[from + i]) return false;
    return true;
  }

  #grow(): void {
    const words = new Uint32Array(this.#words.length * 2);
    words.set(this.#words);
    this.#words = words;
    this.#places = new Uint32Array(this.#places.length * 2);
    const last = this.#places.length - 1;
    for (let number = 0; number < this.#count; number++) {
      let place = this.#hash(words, number * this.#length) & last;
      while (this.#places[place] !== 0) place = (place + 1) & last;
      this.#places[place] = number + 1;
    }
  }
}
