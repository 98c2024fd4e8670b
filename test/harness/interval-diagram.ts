// A second engine for lists of boxes, of another kind than the compiler's and without a line of it: the whole list becomes one
// hash-consed interval diagram, built from the last rule to the first, and two diagrams are compared node by node.

/** Inclusive. */
type Range = { readonly low: number; readonly high: number };
/** A rule as the union of some boxes: one list of ranges for each dimension. `name`: who decides. */
export type Box = { readonly ranges: readonly (readonly Range[])[]; readonly name: string };

/** `cuts[i]` is where the part that leads to `children[i]` begins; it ends before the next one. */
type Node = { readonly id: number; readonly cuts: readonly number[]; readonly children: readonly Node[]; readonly name?: string };

/** Diagrams over dimensions with so many values each: 0 .. sizes[i] - 1. */
export class IntervalDiagrams {
  readonly #sizes: readonly number[];
  readonly #nodes = new Map<string, Node>();

  constructor(sizes: readonly number[]) {
    this.#sizes = sizes;
  }

  /** Who decides each point: the first rule that holds it, or `last`. */
  ofList(rules: readonly Box[], last: string): Node {
    return rules.reduceRight((below, rule) => this.#put(below, rule, { level: 0, done: new Map() }), this.#leaf(last));
  }

  /** How many points are decided by one name in the first diagram and by another in the second: `before > after` -> points. */
  differences(before: Node, after: Node): ReadonlyMap<string, bigint> {
    const known = new Map<string, ReadonlyMap<string, bigint>>();
    const compare = (a: Node, b: Node, level: number): ReadonlyMap<string, bigint> => {
      if (a === b) return new Map();
      if (level === this.#sizes.length) return new Map([[`${a.name} > ${b.name}`, 1n]]);
      const key = `${a.id} ${b.id} ${level}`;
      const found = known.get(key) ?? this.#summed(a, b, { level, compare });
      known.set(key, found);
      return found;
    };
    return compare(before, after, 0);
  }

  #summed(a: Node, b: Node, { level, compare }: Comparing): ReadonlyMap<string, bigint> {
    const sums = new Map<string, bigint>();
    const size = this.#sizes[level] ?? 0;
    const cuts = [...new Set([...partsOf(a).cuts, ...partsOf(b).cuts])].sort((x, y) => x - y);
    for (const [i, cut] of cuts.entries()) {
      const width = BigInt((cuts[i + 1] ?? size) - cut);
      for (const [pair, count] of compare(childAt(a, cut), childAt(b, cut), level + 1))
        sums.set(pair, (sums.get(pair) ?? 0n) + width * count);
    }
    return sums;
  }

  #put(node: Node, rule: Box, { level, done }: Putting): Node {
    if (level === this.#sizes.length) return this.#leaf(rule.name);
    const key = `${node.id} ${level}`;
    const known = done.get(key);
    if (known) return known;
    const ranges = rule.ranges[level] ?? [];
    const borders = ranges.flatMap(({ low, high }) => [low, high + 1]).filter((value) => value < (this.#sizes[level] ?? 0));
    const cuts = [...new Set([...partsOf(node).cuts, ...borders])].sort((x, y) => x - y);
    const children = cuts.map((cut) => {
      const child = childAt(node, cut);
      return ranges.some(({ low, high }) => low <= cut && cut <= high) ? this.#put(child, rule, { level: level + 1, done }) : child;
    });
    const made = this.#node(cuts, children);
    done.set(key, made);
    return made;
  }

  #leaf(name: string): Node {
    return this.#kept(`leaf ${name}`, (id) => ({ id, cuts: [], children: [], name }));
  }

  /** Neighbours that lead to the same are one. */
  #node(cuts: readonly number[], children: readonly Node[]): Node {
    const begins = cuts.filter((_, i) => children[i] !== children[i - 1]);
    const kept = children.filter((child, i) => child !== children[i - 1]);
    return this.#kept(`${begins.join()} ${kept.map(({ id }) => id).join()}`, (id) => ({ id, cuts: begins, children: kept }));
  }

  #kept(key: string, make: (id: number) => Node): Node {
    const known = this.#nodes.get(key) ?? make(this.#nodes.size);
    this.#nodes.set(key, known);
    return known;
  }
}

type Putting = { readonly level: number; readonly done: Map<string, Node> };
type Comparing = {
  readonly level: number;
  readonly compare: (a: Node, b: Node, level: number) => ReadonlyMap<string, bigint>;
};

/** A leaf above the last dimension is the same whatever the value. */
const partsOf = (node: Node): Pick<Node, 'cuts' | 'children'> => (node.name === undefined ? node : { cuts: [0], children: [node] });

function childAt(node: Node, value: number): Node {
  const { cuts, children } = partsOf(node);
  let [low, high] = [0, cuts.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((cuts[middle] ?? 0) <= value) low = middle;
    else high = middle - 1;
  }
  return children[low] ?? node;
}
