// Lists of small numbers, each kept once: equal lists have one number. They stand in a row in one buffer, because sets of
// states are made by the million.

/** Interns lists, numbered from 0 as they come. A hash table with open addressing over plain numbers. */
export class NumberLists {
  #numbers = new Uint32Array(64);
  /** Where each list ends; it begins where the one before it ends. */
  #ends = new Uint32Array(16);
  #hashes = new Int32Array(16);
  /** Lists by their hash, one more than their number; twice as many places as lists. */
  #table = new Uint32Array(32);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** The number of the first `length` members of `list`. */
  intern(list: Uint32Array, length: number): number {
    const hash = hashOf(list, length);
    const mask = this.#table.length - 1;
    let place = hash & mask;
    for (let found = this.#table[place] ?? 0; found !== 0; found = this.#table[place] ?? 0) {
      if (this.#hashes[found - 1] === hash && this.#isAt(found - 1, list, length)) return found - 1;
      place = (place + 1) & mask;
    }
    this.#table[place] = this.#count + 1;
    return this.#add(list, length, hash);
  }

  at(number: number): Uint32Array {
    return this.#numbers.subarray(this.#start(number), this.#ends[number] ?? 0);
  }

  #start(number: number): number {
    return number === 0 ? 0 : (this.#ends[number - 1] ?? 0);
  }

  #isAt(number: number, list: Uint32Array, length: number): boolean {
    const start = this.#start(number);
    if ((this.#ends[number] ?? 0) - start !== length) return false;
    for (let i = 0; i < length; i++) if (this.#numbers[start + i] !== list[i]) return false;
    return true;
  }

  #add(list: Uint32Array, length: number, hash: number): number {
    const number = this.#count++;
    const start = this.#start(number);
    if (start + length > this.#numbers.length) this.#numbers = grown(this.#numbers, new Uint32Array((start + length) * 2));
    for (let i = 0; i < length; i++) this.#numbers[start + i] = list[i] ?? 0;
    this.#ends[number] = start + length;
    this.#hashes[number] = hash;
    if (this.#count === this.#ends.length) this.#grow();
    return number;
  }

  #grow(): void {
    const size = this.#count * 2;
    this.#ends = grown(this.#ends, new Uint32Array(size));
    this.#hashes = grown(this.#hashes, new Int32Array(size));
    const mask = size * 2 - 1;
    this.#table = new Uint32Array(size * 2);
    for (let number = 0; number < this.#count; number++) {
      let place = (this.#hashes[number] ?? 0) & mask;
      while (this.#table[place] !== 0) place = (place + 1) & mask;
      this.#table[place] = number + 1;
    }
  }
}

function grown<T extends Uint32Array | Int32Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}

function hashOf(list: Uint32Array, length: number): number {
  let hash = length;
  for (let i = 0; i < length; i++) hash = Math.imul(hash ^ (list[i] ?? 0), 0x9e3779b1) ^ (hash >>> 15);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return hash ^ (hash >>> 13);
}
