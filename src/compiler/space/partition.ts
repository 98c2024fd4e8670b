// Splits a line of integers, or the address space, into the classes that some sets can tell apart: two points are in one
// class exactly when they are in the same sets. One sweep over the borders, n log n.
import { type Address, type AddressSet, type Prefix, prefixesOf } from './address.ts';
import type { Interval, IntervalSet } from './interval.ts';
import { type MemberSet, MemberSets } from './member-sets.ts';

/** Set -> the classes it is made of, ascending. */
export type ClassesOf = readonly (readonly number[])[];

/** `pieces` cover the line without a gap, ascending; classes are numbered from 0 as they come. */
export type LinePartition = {
  readonly pieces: readonly (Interval<number> & { readonly class: number })[];
  readonly classes: number;
  readonly classesOf: ClassesOf;
};

/** Numbers the distinct member sets that it meets, and says at the end which set is made of which. */
class Classes {
  readonly #numbers = new Map<MemberSet, number>();

  of(set: MemberSet): number {
    const number = this.#numbers.get(set) ?? this.#numbers.size;
    this.#numbers.set(set, number);
    return number;
  }

  get count(): number {
    return this.#numbers.size;
  }

  classesOf(sets: MemberSets, count: number): ClassesOf {
    const out: number[][] = Array.from({ length: count }, () => []);
    for (const [set, number] of this.#numbers) for (const member of sets.members(set)) out[member]?.push(number);
    return out;
  }
}

/** Where each set begins and ends, ascending: `point * sets.length + set`, one number each, for there are many. */
function bordersOf(sets: readonly IntervalSet<number>[]): Float64Array {
  const borders = new Float64Array(sets.reduce((sum, set) => sum + 2 * set.length, 0));
  let count = 0;
  sets.forEach((set, member) => {
    for (const { low, high } of set) {
      borders[count++] = low * sets.length + member;
      borders[count++] = (high + 1) * sets.length + member;
    }
  });
  return borders.sort();
}

/** Partitions `0 .. end - 1` by `sets`. */
export function partitionLine(sets: readonly IntervalSet<number>[], end: number): LinePartition {
  const members = new MemberSets(sets.length);
  const classes = new Classes();
  const pieces: (Interval<number> & { readonly class: number })[] = [];
  let inside: MemberSet = 0;
  let from = 0;
  const upTo = (at: number): void => {
    if (at > from && from < end) pieces.push({ low: from, high: at - 1, class: classes.of(inside) });
    from = Math.max(from, at);
  };
  for (const border of bordersOf(sets)) {
    upTo(Math.floor(border / sets.length));
    inside = members.toggle(inside, border % sets.length);
  }
  upTo(end);
  return { pieces, classes: classes.count, classesOf: classes.classesOf(members, sets.length) };
}

/** `entries`: the longest that holds an address gives its class. Always has `::/0` (class 1) and `::ffff:0:0/96` (class 0). */
export type AddressPartition = {
  readonly entries: readonly (Prefix & { readonly class: number })[];
  readonly classes: number;
  readonly classesOf: ClassesOf;
  /** Classes of IPv6 addresses; all others are IPv4. */
  readonly ipv6: readonly number[];
};

/** A block that some set names, on the way down: `inside` are the sets that hold it. */
type Block = Prefix & { readonly parent: Block | undefined; readonly inside: MemberSet; covered: bigint; class: number };

const everyAddress: Prefix = { address: 0n, length: 0 };
const mappedIpv4: Prefix = { address: 0xffffn << 32n, length: 96 };
const sizeOf = ({ length }: Prefix): bigint => 1n << BigInt(128 - length);
const holds = (outer: Prefix, address: Address): boolean =>
  address >> BigInt(128 - outer.length) === outer.address >> BigInt(128 - outer.length);
const isRoot = ({ length, address }: Prefix): boolean => length === 0 || (length === 96 && address === mappedIpv4.address);

/** The blocks that the sets name, each with the sets that name it, outer before inner. */
function namedBlocks(sets: readonly AddressSet[]): readonly (Prefix & { readonly sets: readonly number[] })[] {
  const blocks = new Map<string, Prefix & { readonly sets: number[] }>();
  const name = (prefix: Prefix, set: number): void => {
    const key = `${prefix.address.toString(36)}/${prefix.length}`;
    const block = blocks.get(key) ?? { ...prefix, sets: [] };
    blocks.set(key, block);
    if (set >= 0) block.sets.push(set);
  };
  name(everyAddress, -1);
  // The family is a set of its own, so that no class has addresses of both.
  name(mappedIpv4, sets.length);
  sets.forEach((set, index) => {
    for (const prefix of prefixesOf(set)) name(prefix, index);
  });
  return [...blocks.values()].sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : a.length - b.length));
}

/** Hangs each block below the smallest that holds it. */
function nest(sets: readonly AddressSet[], members: MemberSets): readonly Block[] {
  const path: Block[] = [];
  return namedBlocks(sets).map(({ address, length, sets: own }) => {
    while (path.length > 0 && !holds(path[path.length - 1] ?? everyAddress, address)) path.pop();
    const parent = path[path.length - 1];
    const inside = own.reduce((set, member) => members.toggle(set, member), parent?.inside ?? 0);
    const block: Block = { address, length, parent, inside, covered: 0n, class: -1 };
    if (parent) parent.covered += sizeOf(block);
    path.push(block);
    return block;
  });
}

/** Partitions all addresses by `sets`, never putting two families into one class. */
export function partitionAddresses(sets: readonly AddressSet[]): AddressPartition {
  const members = new MemberSets(sets.length + 1);
  const blocks = nest(sets, members);
  const classes = new Classes();
  for (const root of [mappedIpv4, everyAddress]) {
    classes.of(blocks.find(({ address, length }) => address === root.address && length === root.length)?.inside ?? 0);
  }
  const entries = blocks.filter((block) => {
    const inherited = block.parent?.class ?? -1;
    // A block that its inner ones fill decides nothing, nor does one of its surroundings' class.
    const decides = isRoot(block) || block.covered < sizeOf(block);
    const own = decides ? classes.of(block.inside) : inherited;
    block.class = own;
    return isRoot(block) || own !== inherited;
  });
  const classesOf = classes.classesOf(members, sets.length + 1);
  const ipv4 = new Set(classesOf[sets.length]);
  return {
    entries: entries.map(({ address, length, class: number }) => ({ address, length, class: number })),
    classes: classes.count,
    classesOf: classesOf.slice(0, sets.length),
    ipv6: Array.from({ length: classes.count }, (_, number) => number).filter((number) => !ipv4.has(number)),
  };
}
