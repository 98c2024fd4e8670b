// Members (port or peer classes) in groups that have met the same rules so far, so that a rule about all of them costs one
// step a group, not one a member.

/** Of `0 .. count - 1`; `lists[of[member]]` is what the member has met. All begin in group 0, with list 0; groups have different lists. */
export class Groups {
  readonly of: Int32Array;
  lists: number[] = [0];
  #sizes: number[];
  #free: number[] = [];
  /** Members that ever left a group, a bit each. */
  readonly #hasMoved: Int32Array;
  readonly #moved: Int32Array;
  /** Where there are bits: the first word, and the one behind the last. */
  #first: number;
  #end = 0;
  /** Of the last call of `add`: group -> where its members go, and whether that was asked (the number of the call). */
  readonly #targets: number[] = [];
  readonly #asked: number[] = [];
  #calls = 0;

  constructor(count: number) {
    this.of = new Int32Array(count);
    this.#hasMoved = new Int32Array(Math.ceil(count / 32));
    this.#moved = new Int32Array(count);
    this.#first = this.#hasMoved.length;
    this.#sizes = [count];
  }

  /** As it was in the beginning, at the price of what happened since. */
  restart(): this {
    const { moved } = this;
    for (let i = 0; i < moved.length; i++) this.of[moved[i] ?? 0] = 0;
    this.#hasMoved.fill(0, this.#first, this.#end);
    [this.#first, this.#end] = [this.#hasMoved.length, 0];
    this.lists = [0];
    this.#sizes = [this.of.length];
    this.#free = [];
    return this;
  }

  sizeOf(group: number): number {
    return this.#sizes[group] ?? 0;
  }

  /** All others are in group 0, and are the same. Ascending. Good until the next call. */
  get moved(): Int32Array {
    let count = 0;
    const moved = this.#moved;
    for (let word = this.#first; word < this.#end; word++)
      for (let rest = this.#hasMoved[word] ?? 0; rest !== 0; rest &= rest - 1) moved[count++] = word * 32 + 31 - Math.clz32(rest & -rest);
    return moved.subarray(0, count);
  }

  /** `extend` says what a list becomes: another one than all that there are, or the same, for what it does not change. */
  add(members: ArrayLike<number> | 'all', extend: (list: number) => number): void {
    if (members === 'all') {
      this.lists.forEach((list, group) => {
        if (this.sizeOf(group) > 0) this.lists[group] = extend(list);
      });
      return;
    }
    this.#calls++;
    const { of } = this;
    // Members that follow each other are mostly of one group.
    let [group, to] = [-1, -1];
    for (let i = 0; i < members.length; i++) {
      const member = members[i] ?? 0;
      const from = of[member] ?? 0;
      if (from !== group) {
        to = this.#targetOf(from, extend);
        group = from;
      }
      if (to !== group) this.#move(member, group, to);
    }
  }

  /** The group that members of `group` belong to from now on; itself, where nothing changes for them. */
  #targetOf(group: number, extend: (list: number) => number): number {
    // A group that becomes free meanwhile, and another one, has no members left to ask for.
    if (this.#asked[group] === this.#calls) return this.#targets[group] ?? group;
    const list = this.lists[group] ?? 0;
    const extended = extend(list);
    const target = extended === list ? group : this.#open(extended);
    this.#asked[group] = this.#calls;
    this.#targets[group] = target;
    return target;
  }

  #move(member: number, from: number, to: number): void {
    const word = member >>> 5;
    this.#hasMoved[word] = (this.#hasMoved[word] ?? 0) | (1 << (member & 31));
    if (word < this.#first) this.#first = word;
    if (word >= this.#end) this.#end = word + 1;
    this.of[member] = to;
    this.#sizes[to] = this.sizeOf(to) + 1;
    const left = this.sizeOf(from) - 1;
    this.#sizes[from] = left;
    if (left === 0) this.#free.push(from);
  }

  #open(list: number): number {
    const group = this.#free.pop() ?? this.lists.length;
    this.lists[group] = list;
    this.#sizes[group] = 0;
    return group;
  }
}
