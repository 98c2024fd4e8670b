// The canonical form: which words have a blank between them, what may break into lines, and where. Parts of a statement
// go on one line; lists, selectors, parentheses and chains of operators break one part a line when they do not fit.
import { blank, comment, type Document, earlyGroup, either, group, hardLine, indent, line, printed, softLine } from './document.ts';
import type { Comment, Leaf } from './leaves.ts';
import type { Group, Node } from './tree.ts';

const firstLeaf = (node: Node): Leaf => (node.kind === 'leaf' ? node : node.open);
const lastLeaf = (node: Node): Leaf => (node.kind === 'leaf' ? node : node.close);
const imageOf = (node: Node | undefined): string => (node === undefined ? '' : firstLeaf(node).image);

const operators = new Set(['and', 'or', 'except']);
/** An expression begins behind these. */
const introducers = new Set(['=', 'from', 'to', 'at', 'for']);
const parts = new Set(['from', 'to', 'at']);

/** Is there a blank between `nodes[i - 1]` and `nodes[i]`? */
function isSpaced(nodes: readonly Node[], i: number): boolean {
  const [before, now] = [imageOf(nodes[i - 1]), imageOf(nodes[i])];
  if ([',', ':', '.'].includes(now) || ['.', '-', '@'].includes(before)) return false;
  if (now === '-') return !/^\d+$/.test(before);
  return !isShape(nodes[i], 'arguments');
}

const isShape = (node: Node | undefined, shape: Group['shape']): boolean => node?.kind === 'group' && node.shape === shape;
const isBlock = (node: Node | undefined): boolean => isShape(node, 'block');
const isOwnLine = (node: Node | undefined): node is Leaf => node?.kind === 'leaf' && node.ownLine === true;

/** Comments on lines of their own, each ended; nothing for none. */
const commentLines = (comments: readonly Comment[], blankBehind: boolean): Document =>
  comments.length === 0
    ? ''
    : [comments.map(({ text, blankBefore }, i) => [i > 0 && blankBefore ? blank : '', hardLine, text]), blankBehind ? blank : '', hardLine];

const behind = (text: string | undefined): Document => (text === undefined ? '' : comment(text));

const withoutLeading = (leaf: Leaf): Leaf => ({ ...leaf, leading: [] });
const withoutTrailing = (leaf: Leaf): Leaf => ({ ...leaf, trailing: undefined });

/** The nodes of one statement or list item without the comments before it and behind it. */
function bare(nodes: readonly Node[]): readonly Node[] {
  return nodes.map((node, i) => {
    const first = i === 0 ? withoutLeading(firstLeaf(node)) : firstLeaf(node);
    if (node.kind === 'leaf') return i === nodes.length - 1 ? withoutTrailing(first) : first;
    return { ...node, open: first, close: i === nodes.length - 1 ? withoutTrailing(node.close) : node.close };
  });
}

/** A statement or list item with its comments. */
function statement(nodes: readonly Node[]): Document {
  const [first, last] = [nodes[0], nodes.at(-1)];
  if (!first || !last) return '';
  const { leading, blankBefore } = firstLeaf(first);
  return [commentLines(leading, blankBefore), sequence(bare(nodes)), behind(lastLeaf(last).trailing)];
}

/** Nodes on one line; each expression among them may break at its operators. */
function sequence(nodes: readonly Node[]): Document {
  const done: Document[] = [];
  let from = 0;
  for (let i = 1; i <= nodes.length; i++) {
    const [before, now] = [imageOf(nodes[i - 1]), imageOf(nodes[i])];
    const ends =
      i === nodes.length || introducers.has(before) || parts.has(now) || isBlock(nodes[i]) || isBlock(nodes[i - 1]) || isOwnLine(nodes[i]);
    if (!ends) continue;
    done.push(expression(nodes, from, i));
    from = i;
  }
  return done;
}

/** `nodes[from .. to - 1]`: further operands stand under the first one, if they do not fit beside it. */
function expression(nodes: readonly Node[], from: number, to: number): Document {
  const first = annotationsAt(nodes, from, to);
  if (first === from) {
    const sign = nodes[from];
    const begin = isOwnLine(sign) ? [hardLine, commentLines(sign.leading, false)] : '';
    return [begin, group(annotations(nodes, from, to))];
  }
  // Behind the subject of a policy; behind a rule they cannot go to the next line, where they would be the next rule's.
  if (first > from && isBlock(nodes[to])) return [expression(nodes, from, first), group(indent([line, annotations(nodes, first, to)]))];
  const documents = nodes.slice(from, to).map((node, k): Document => {
    const i = from + k;
    const isOperator = k > 0 && node.kind === 'leaf' && operators.has(node.image);
    if (isOwnLine(node)) return [hardLine, commentLines(node.leading, false), nodeDocument(withoutLeading(node))];
    const before = isOperator ? line : i > 0 && isSpaced(nodes, i) ? ' ' : '';
    return [before, nodeDocument(node)];
  });
  const second = nodes.findIndex((node, i) => i > from && i < to && node.kind === 'leaf' && operators.has(node.image));
  if (second < 0) return documents;
  return group([documents.slice(0, second - from), indent(documents.slice(second - from))]);
}

const annotationsAt = (nodes: readonly Node[], from: number, to: number): number =>
  nodes.findIndex((node, i) => i >= from && i < to && imageOf(node) === '@');

/** Annotations side by side, or each on its line. */
function annotations(nodes: readonly Node[], from: number, to: number): readonly Document[] {
  return nodes.slice(from, to).map((node, k) => {
    const isNext = k > 0 && imageOf(node) === '@';
    return [isNext ? line : k > 0 && isSpaced(nodes, from + k) ? ' ' : '', nodeDocument(isOwnLine(node) ? withoutLeading(node) : node)];
  });
}

/** Comments before a node inside a statement stand one step further in. */
const leadingInside = ({ leading }: Leaf): Document => (leading.length === 0 ? '' : indent(commentLines(leading, false)));

function nodeDocument(node: Node): Document {
  if (node.kind === 'leaf') return [leadingInside(node), node.image, behind(node.trailing)];
  return [leadingInside(node.open), bracket(node), behind(node.close.trailing)];
}

type Style = { readonly edge: Document; readonly between: Document; readonly behindLast: Document };
const styles: Readonly<Record<Exclude<Group['shape'], 'block'> | 'lines', Style>> = {
  list: { edge: softLine, between: [',', line], behindLast: either(',', '') },
  selector: { edge: line, between: [',', line], behindLast: either(',', '') },
  parentheses: { edge: softLine, between: '', behindLast: '' },
  arguments: { edge: softLine, between: [',', line], behindLast: '' },
  lines: { edge: line, between: [either('', ';'), line], behindLast: '' },
};
const statements: Style = { edge: hardLine, between: hardLine, behindLast: '' };

function bracket(node: Group): Document {
  const { shape, open, close, oneLine } = node;
  if (node.parts.length === 0 && open.trailing === undefined && close.leading.length === 0) {
    return shape === 'block' || shape === 'selector' ? '{ }' : `${open.image}${close.image}`;
  }
  const { edge, between, behindLast } = shape !== 'block' ? styles[shape] : oneLine ? styles.lines : statements;
  const inside = node.parts.map((part, i) => [i === 0 ? '' : [isParted(part) ? blank : '', between], statement(part)]);
  const last = node.parts.length === 0 ? '' : behindLast;
  const first = close.leading[0];
  const dangling = first ? [first.blankBefore && node.parts.length > 0 ? blank : '', commentLines(close.leading, false)] : '';
  const grouped = shape === 'block' ? earlyGroup : group;
  return grouped([open.image, behind(open.trailing), indent([edge, inside, last, dangling]), edge, close.image]);
}

/** Does an empty line part a statement, with its comments, from the one before? */
function isParted(nodes: readonly Node[]): boolean {
  const first = nodes[0] && firstLeaf(nodes[0]);
  return first !== undefined && (first.leading[0]?.blankBefore ?? first.blankBefore);
}

/** Items that take several lines stand apart from their neighbours. */
const isTall = (nodes: readonly Node[]): boolean =>
  (isBlock(nodes.at(-1)) || imageOf(nodes[0]) === '@') && printed(sequence(bare(nodes))).includes('\n');

/** The text of a file: its items, and the leaf at its end with the comments before it. */
export function fileText(items: readonly (readonly Node[])[], end: Leaf): string {
  const all = end.leading.length > 0 ? [...items, [{ ...end, blankBefore: false }]] : items;
  const tall = all.map(isTall);
  const texts = all.map((nodes, i) => {
    const apart = i > 0 && (isParted(nodes) || tall[i] === true || tall[i - 1] === true);
    return `${apart ? '\n' : ''}${printed(statement(nodes))}\n`;
  });
  return texts.join('');
}
