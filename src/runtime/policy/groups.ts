// Members (port or peer classes) in groups that have met the same rules so far, so that a rule about all of them costs one
// step a group, not one a member.

/** Of `0 .. count - 1`; `lists[of[member]]` is what the member has met. All begin in group 0, with list 0. */
export class Groups {
  readonly of: Uint32Array;
  lists: number[] = [0];
  #sizes: number[];
  #free: number[] = [];
  /** Members that ever left a group. */
  readonly #moved: number[] = [];
  readonly #hasMoved: Uint8Array;

  constructor(count: number) {
    this.of = new Uint32Array(count);
    this.#hasMoved = new Uint8Array(count);
    this.#sizes = [count];
  }

  /** As it was in the beginning, at the price of what happened since. */
  restart(): this {
    for (const member of this.#moved) {
      this.of[member] = 0;
      this.#hasMoved[member] = 0;
    }
    this.#moved.length = 0;
    this.lists = [0];
    this.#sizes = [this.of.length];
    this.#free = [];
    return this;
  }

  sizeOf(group: number): number {
    return this.#sizes[group] ?? 0;
  }

  /** All others are in group 0, and are the same. Ascending. */
  get moved(): readonly number[] {
    return this.#moved.sort((a, b) => a - b);
  }

  /** `extend` says what a list becomes; the same list for what it does not change. */
  add(members: ArrayLike<number> | 'all', extend: (list: number) => number): void {
    if (members === 'all') {
      this.lists.forEach((list, group) => {
        if (this.sizeOf(group) > 0) this.lists[group] = extend(list);
      });
      return;
    }
    const target = new Map<number, number>();
    for (let i = 0; i < members.length; i++) {
      const member = members[i] ?? 0;
      const from = this.of[member] ?? 0;
      const list = this.lists[from] ?? 0;
      const extended = extend(list);
      if (extended === list) continue;
      const group = target.get(list) ?? this.#open(extended);
      target.set(list, group);
      this.#move(member, from, group);
    }
  }

  #move(member: number, from: number, to: number): void {
    if (this.#hasMoved[member] === 0) {
      this.#hasMoved[member] = 1;
      this.#moved.push(member);
    }
    this.of[member] = to;
    this.#sizes[to] = this.sizeOf(to) + 1;
    this.#sizes[from] = this.sizeOf(from) - 1;
    if (this.#sizes[from] === 0) this.#free.push(from);
  }

  #open(list: number): number {
    const group = this.#free.pop() ?? this.lists.length;
    this.lists[group] = list;
    this.#sizes[group] = 0;
    return group;
  }
}
