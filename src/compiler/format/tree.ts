// Leaves -> the tree that layout reads: items, and in them brackets with their parts. Commas between the items of a list
// and signs between the lines of a block are left out here; layout writes its own.
import type { Leaf } from './leaves.ts';
import type { Marks } from './marks.ts';

export type Node = Leaf | Group;
/** What stands between two brackets. */
export type Group = {
  readonly kind: 'group';
  readonly shape: 'list' | 'selector' | 'parentheses' | 'block';
  readonly open: Leaf;
  readonly close: Leaf;
  /** Items of a list, tests of a selector, statements of a block; the one expression in parentheses. */
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
      found.push(leaf.image === '(' || leaf.image === '[' || leaf.image === '{' ? this.group(leaf) : leaf);
    }
    return found;
  }

  private group(open: Leaf): Group {
    const inside = this.nodes();
    const close = this.leaves[this.at++] ?? open;
    const isBlock = this.marks.blocks.has(close.end);
    const shape = open.image === '(' ? 'parentheses' : open.image === '[' ? 'list' : isBlock ? 'block' : 'selector';
    const parts = this.partsOf(shape, inside);
    const oneLine = open.line === close.lastLine && (parts.length <= 1 || this.marks.requests.has(close.end));
    return { kind: 'group', shape, open, close, parts, oneLine };
  }

  private partsOf(shape: Group['shape'], nodes: readonly Node[]): readonly (readonly Node[])[] {
    if (shape === 'parentheses') return nodes.length > 0 ? [nodes] : [];
    const isSeparator = (node: Node): boolean => node.kind === 'leaf' && (node.image === ',' || node.image === ';');
    const begins = shape === 'block' ? (node: Node) => this.marks.statements.has(startOf(node)) : () => false;
    return split(nodes, begins, isSeparator);
  }
}

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

/** The items of a file in order; one of an unknown form is a single leaf that holds its text. */
export function itemsOf(leaves: readonly Leaf[], marks: Marks, text: string): readonly (readonly Node[])[] {
  const nodes = new Reader(withForeign(leaves, marks, text), marks).nodes();
  return split(
    nodes,
    (node) => marks.items.has(startOf(node)),
    () => false,
  );
}

function withForeign(leaves: readonly Leaf[], { items, foreign }: Marks, text: string): readonly Leaf[] {
  const found: Leaf[] = [];
  for (let i = 0; i < leaves.length; i++) {
    const first = leaves[i];
    if (!first || !foreign.has(first.start)) {
      if (first) found.push(first);
      continue;
    }
    while (leaves[i + 1] && leaves[i + 1]?.image !== '' && !items.has(leaves[i + 1]?.start ?? 0)) i++;
    const last = leaves[i] ?? first;
    const image = text.slice(first.start, last.end).replace(/[ \t\r]+$/gm, '');
    found.push({ ...first, image, end: last.end, lastLine: last.lastLine, trailing: last.trailing });
  }
  return found;
}
