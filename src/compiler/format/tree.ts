// Leaves -> the tree that layout reads: items, and in them brackets with their parts. Commas between the items of a list
// and signs between the lines of a block are left out here; layout writes its own.
import type { Leaf } from './leaves.ts';
import type { Marks } from './marks.ts';

export type Node = Leaf | Group;
/** What stands between two brackets. */
export type Group = {
  readonly kind: 'group';
  readonly shape: 'list' | 'selector' | 'parentheses' | 'arguments' | 'block';
  readonly open: Leaf;
  readonly close: Leaf;
  /** Items of a list, arguments, tests of a selector, statements of a block; the one expression in parentheses. */
  readonly parts: readonly (readonly Node[])[];
  /** Of a block: may it stay on one line, as it was written? */
  readonly oneLine: boolean;
};

const closers = new Set([')', ']', '}']);

/** Walks the leaves once. */
class Reader {
  private at = 0;
  private readonly leaves: readonly Leaf[];
  private readonly marks: Marks;

  constructor(leaves: readonly Leaf[], marks: Marks) {
    this.leaves = leaves;
    this.marks = marks;
  }

  /** Nodes up to a closing bracket or the end of the file. */
  nodes(): readonly Node[] {
    const found: Node[] = [];
    for (let leaf = this.leaves[this.at]; leaf && leaf.image !== '' && !closers.has(leaf.image); leaf = this.leaves[this.at]) {
      this.at++;
      const isOpen = leaf.image === '(' || leaf.image === '[' || leaf.image === '{';
      found.push(isOpen ? this.group(leaf) : this.marks.ownLines.has(leaf.start) ? { ...leaf, ownLine: true } : leaf);
    }
    return found;
  }

  private group(open: Leaf): Group {
    const isCall = takesArguments(this.leaves, this.at - 1);
    const inside = this.nodes();
    const close = this.leaves[this.at++] ?? open;
    const isBlock = this.marks.blocks.has(close.end);
    const shape =
      open.image === '(' ? (isCall ? 'arguments' : 'parentheses') : open.image === '[' ? 'list' : isBlock ? 'block' : 'selector';
    const parts = this.partsOf(shape, inside);
    const oneLine = open.line === close.line && (parts.length <= 1 || this.marks.requests.has(close.end));
    return { kind: 'group', shape, open, close, parts, oneLine };
  }

  private partsOf(shape: Group['shape'], nodes: readonly Node[]): readonly (readonly Node[])[] {
    if (shape === 'parentheses') return nodes.length > 0 ? [nodes] : [];
    const isSeparator = (node: Node): boolean => node.kind === 'leaf' && (node.image === ',' || node.image === ';');
    const begins = shape === 'block' ? (node: Node) => this.marks.statements.has(startOf(node)) : () => false;
    return split(nodes, begins, isSeparator);
  }
}

/** Is the bracket at `index` that of `@name(...)`, `rules name(...)` or `use name(...)`? All others stand behind words that are no names. */
function takesArguments(leaves: readonly Leaf[], index: number): boolean {
  const [word, name] = [leaves[index - 2]?.image, leaves[index - 1]?.image ?? ''];
  return leaves[index]?.image === '(' && (word === '@' || ((word === 'rules' || word === 'use') && !beforeParentheses.has(name)));
}
const beforeParentheses = new Set(['=', 'from', 'to', 'at', 'for', 'and', 'or', 'not', 'except', ',', '[', '(']);

const startOf = (node: Node): number => (node.kind === 'leaf' ? node.start : node.open.start);

/** Runs of nodes: one ends before a node that begins another, and at a separator, which belongs to none. */
function split(
  nodes: readonly Node[],
  begins: (node: Node) => boolean,
  isSeparator: (node: Node) => boolean,
): readonly (readonly Node[])[] {
  const runs: Node[][] = [[]];
  for (const node of nodes) {
    if (isSeparator(node) || begins(node)) runs.push([]);
    if (!isSeparator(node)) runs.at(-1)?.push(node);
  }
  return runs.filter((run) => run.length > 0);
}

/** The items of a file in order. */
export function itemsOf(leaves: readonly Leaf[], marks: Marks): readonly (readonly Node[])[] {
  const nodes = new Reader(leaves, marks).nodes();
  return split(
    nodes,
    (node) => marks.items.has(startOf(node)),
    () => false,
  );
}
