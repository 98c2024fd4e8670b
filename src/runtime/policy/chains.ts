// Lists of numbers that grow at the end, interned: equal lists are one number, and extending one costs a look-up.

/** 0 is the empty list. */
export class Chains {
  readonly #known = new Map<number, Map<number, number>>();
  readonly #last: number[] = [0];
  readonly #before: number[] = [0];

  extend(chain: number, member: number): number {
    const followers = this.#known.get(chain) ?? new Map<number, number>();
    if (followers.size === 0) this.#known.set(chain, followers);
    const known = followers.get(member);
    if (known !== undefined) return known;
    const made = this.#last.push(member) - 1;
    this.#before.push(chain);
    followers.set(member, made);
    return made;
  }

  /** The last member; of all but the empty list. */
  last(chain: number): number {
    return this.#last[chain] ?? 0;
  }

  /** The list without its last member. */
  before(chain: number): number {
    return this.#before[chain] ?? 0;
  }

  /** Members, first to last. */
  members(chain: number): readonly number[] {
    const out: number[] = [];
    for (let at = chain; at !== 0; at = this.#before[at] ?? 0) out.push(this.#last[at] ?? 0);
    return out.reverse();
  }
}
