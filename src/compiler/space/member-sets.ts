// Sets of numbers below a fixed bound as hash-consed binary tries: equal sets are one number, and adding or taking out
// a member costs log n. A sweep that passes a million borders so knows at each which sets it is inside of, exactly.

/** A set: equal numbers are equal sets. 0 is the empty set. */
export type MemberSet = number;

export class MemberSets {
  readonly #height: number;
  /** Halves of each trie node; node 0 is "nothing below", and node 1 on the lowest level is "the member". */
  readonly #low: number[] = [0, 0];
  readonly #high: number[] = [0, 0];
  readonly #known = new Map<number, number>();

  /** `bound`: one more than the largest member. */
  constructor(bound: number) {
    this.#height = Math.max(0, Math.ceil(Math.log2(Math.max(1, bound))));
  }

  /** The set with `member` if it lacks it, without it if it has it. */
  toggle(set: MemberSet, member: number): MemberSet {
    return this.#toggle(set, member, this.#height);
  }

  #toggle(node: number, member: number, height: number): number {
    if (height === 0) return 1 - node;
    const low = this.#low[node] ?? 0;
    const high = this.#high[node] ?? 0;
    const isHigh = Math.floor(member / 2 ** (height - 1)) % 2 === 1;
    return isHigh ? this.#join(low, this.#toggle(high, member, height - 1)) : this.#join(this.#toggle(low, member, height - 1), high);
  }

  #join(low: number, high: number): number {
    if (low === 0 && high === 0) return 0;
    const key = low * 2 ** 26 + high;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const made = this.#low.push(low) - 1;
    this.#high.push(high);
    this.#known.set(key, made);
    return made;
  }

  /** Members, ascending. */
  members(set: MemberSet): readonly number[] {
    const out: number[] = [];
    this.#collect(set, 0, { height: this.#height, out });
    return out;
  }

  #collect(node: number, prefix: number, { height, out }: { readonly height: number; readonly out: number[] }): void {
    if (node === 0) return;
    if (height === 0) {
      out.push(prefix);
      return;
    }
    const below = { height: height - 1, out };
    this.#collect(this.#low[node] ?? 0, prefix * 2, below);
    this.#collect(this.#high[node] ?? 0, prefix * 2 + 1, below);
  }
}
