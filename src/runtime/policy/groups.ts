// Members (port or peer classes) in groups that have met the same rules so far, so that a rule about all of them costs one
// step a group, not one a member.

/** From this share of members on, those that moved are found by looking at all. */
const denseFrom = 16;

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

  /** All others are in group 0, and are the same. Ascending. Good until the next call. */
  get moved(): readonly number[] {
    const moved = this.#moved;
    if (moved.length * denseFrom < this.of.length) return moved.sort((a, b) => a - b);
    moved.length = 0;
    for (let member = 0; member < this.of.length; member++) if (this.#hasMoved[member] === 1) moved.push(member);
    return moved;
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
    // Group -> where its members go; a group that becomes free meanwhile has none left to ask for.
    const from: (number | undefined)[] = [];
    for (let i = 0; i < members.length; i++) {
      const member = members[i] ?? 0;
      const group = this.of[member] ?? 0;
      let to = from[group];
      if (to === undefined) {
        to = this.#targetOf(group, target, extend);
        from[group] = to;
      }
      if (to !== group) this.#move(member, group, to);
    }
  }

  /** The group that members of `group` belong to from now on; itself, where nothing changes for them. */
  #targetOf(group: number, target: Map<number, number>, extend: (list: number) => number): number {
    const list = this.lists[group] ?? 0;
    const extended = extend(list);
    if (extended === list) return group;
    const known = target.get(list) ?? this.#open(extended);
    target.set(list, known);
    return known;
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
