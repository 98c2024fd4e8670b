// Sets of numbers below a fixed bound as hash-consed binary tries: equal sets are one number, and adding or taking out
// a member costs log n. A sweep that passes a million borders so knows at each which sets it is inside of, exactly.

/** A set: equal numbers are equal sets. 0 is the empty set. */
export type MemberSet = number;

export class MemberSets {
  readonly #height: number;
  /** Halves of each trie node; node 0 is "nothing below", and node 1 on the lowest level is "the member". */
  #low: Int32Array = new Int32Array(1 << 10);
  #high: Int32Array = new Int32Array(1 << 10);
  #count = 2;
  /** Nodes by their halves: open addressing, 0 is a free place, at most half of the places are taken. */
  #places = new Int32Array(1 << 11);
  /** The nodes on the way to a member, the root first. */
  readonly #way: Int32Array;

  /** `bound`: one more than the largest member, at most 2^31. */
  constructor(bound: number) {
    this.#height = Math.max(0, Math.ceil(Math.log2(Math.max(1, bound))));
    this.#way = new Int32Array(this.#height);
  }

  /** The set with `member` if it lacks it, without it if it has it. */
  toggle(set: MemberSet, member: number): MemberSet {
    let node = set;
    for (let depth = 0; depth < this.#height; depth++) {
      this.#way[depth] = node;
      node = (this.#isHigh(member, depth) ? this.#high[node] : this.#low[node]) ?? 0;
    }
    node = 1 - node;
    for (let depth = this.#height - 1; depth >= 0; depth--) {
      const before = this.#way[depth] ?? 0;
      node = this.#isHigh(member, depth) ? this.#join(this.#low[before] ?? 0, node) : this.#join(node, this.#high[before] ?? 0);
    }
    return node;
  }

  #isHigh(member: number, depth: number): boolean {
    return ((member >>> (this.#height - 1 - depth)) & 1) === 1;
  }

  #join(low: number, high: number): number {
    if (low === 0 && high === 0) return 0;
    const place = this.#placeOf(low, high);
    const known = this.#places[place];
    if (known) return known;
    const made = this.#count++;
    if (made === this.#low.length) this.#grow();
    this.#low[made] = low;
    this.#high[made] = high;
    this.#places[this.#placeOf(low, high)] = made;
    return made;
  }

  /** Where the node of these halves stands, or is to stand. */
  #placeOf(low: number, high: number): number {
    const mask = this.#places.length - 1;
    let hash = Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b);
    hash ^= hash >>> 15;
    for (let place = hash & mask; ; place = (place + 1) & mask) {
      const node = this.#places[place] ?? 0;
      if (node === 0 || (this.#low[node] === low && this.#high[node] === high)) return place;
    }
  }

  #grow(): void {
    this.#low = doubled(this.#low);
    this.#high = doubled(this.#high);
    this.#places = new Int32Array(this.#places.length * 2);
    for (let node = 2; node < this.#count - 1; node++) {
      this.#places[this.#placeOf(this.#low[node] ?? 0, this.#high[node] ?? 0)] = node;
    }
  }

  /** Members, ascending. */
  members(set: MemberSet): readonly number[] {
    const out: number[] = [];
    const collect = (node: number, prefix: number, height: number): void => {
      if (node === 0) return;
      if (height === 0) {
        out.push(prefix);
        return;
      }
      collect(this.#low[node] ?? 0, prefix * 2, height - 1);
      collect(this.#high[node] ?? 0, prefix * 2 + 1, height - 1);
    };
    collect(set, 0, this.#height);
    return out;
  }
}

function doubled(numbers: Int32Array): Int32Array {
  const copy = new Int32Array(numbers.length * 2);
  copy.set(numbers);
  return copy;
}
