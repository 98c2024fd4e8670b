// What the tree says about the text: where items and statements begin, which lines annotations part, and which braces are
// blocks of statements (all others hold the labels of a selector).
import type { Span } from '../base/source.ts';
import type { AnnotationAst, Entry, FileAst, PolicyAst, SectionAst } from '../ir/ast.ts';
import type { Leaf } from './leaves.ts';

/** Offsets in the source. */
export type Marks = {
  /** First tokens of top-level items, their annotations included. */
  readonly items: ReadonlySet<number>;
  /** First tokens of sections, rules, and lines of blocks, their annotations included. */
  readonly statements: ReadonlySet<number>;
  /** First tokens that stand on a line of their own behind annotations of the same item or statement. */
  readonly ownLines: ReadonlySet<number>;
  /** Ends of blocks: behind their `}`. */
  readonly blocks: ReadonlySet<number>;
  /** Those of them that hold lines of requests: several may share a line. */
  readonly requests: ReadonlySet<number>;
};

type Spanned = { readonly span: Span };
/** Something that may have annotations before it, or an annotation. */
type Placed = { readonly start: number; readonly isAnnotation: boolean };

const thing = ({ span }: Spanned): Placed => ({ start: span.start, isAnnotation: false });
const annotated = ({ span }: AnnotationAst): Placed => ({ start: span.start, isAnnotation: true });
const placed = (entry: Entry): Placed => (entry.kind === 'annotation' ? annotated(entry) : thing(entry));
const starts = (spanned: readonly Spanned[]): readonly number[] => spanned.map(({ span }) => span.start);
const ends = (spanned: readonly Spanned[]): readonly number[] => spanned.map(({ span }) => span.end);

/** The marks of a file without mistakes; `leaves` are its own. */
export function marksOf(file: FileAst, leaves: readonly Leaf[]): Marks {
  const { index, opening } = indexOf(leaves);
  const before = (start: number): Leaf | undefined => leaves[(index.get(start) ?? 0) - 1];
  const sections = [...file.policies, ...file.rules].flatMap((holder) => holder.sections);
  const requests = [
    ...sections.flatMap(blocksOf),
    ...file.invariants.flatMap(({ statements }) => statements.flatMap(({ block }) => block ?? [])),
  ];
  const lines = [...requests, ...file.tests].flatMap((holder): readonly Spanned[] => holder.lines);
  const inside = [
    ...file.rules.flatMap((rules) => rules.sections),
    ...lines,
    ...file.invariants.flatMap(({ statements }) => statements),
    ...file.services.flatMap(({ ports }) => ports),
  ];
  const bodies = file.policies.map((policy) => bodyOf(policy, opening.get(policy.span.end) ?? 0));
  const ordered = [
    itemsOf(file, (start) => before(start)?.start ?? start),
    ...bodies,
    ...sections.map(({ entries }) => entries.map(placed)),
  ];
  const runs = ordered.flatMap((all) => [...all].sort((a, b) => a.start - b.start).map((one, i, { [i - 1]: last }) => ({ ...one, last })));
  const isFirstOnLine = (start: number): boolean => before(start)?.line !== leaves[index.get(start) ?? 0]?.line;
  const follows = runs.filter(({ last }) => last?.isAnnotation === true);
  return {
    items: new Set(firstOf(ordered.slice(0, 1))),
    statements: new Set([...firstOf(ordered.slice(1)), ...starts(inside)]),
    ownLines: new Set(follows.filter(({ start, isAnnotation }) => !isAnnotation || isFirstOnLine(start)).map(({ start }) => start)),
    blocks: new Set(
      [...file.policies, ...file.rules, ...sections, ...requests, ...file.tests, ...file.invariants, ...file.services].map(
        ({ span }) => span.end,
      ),
    ),
    requests: new Set(ends(requests)),
  };
}

/** Where each leaf is, by its start; where each bracket opens, by its end. */
function indexOf(leaves: readonly Leaf[]): { readonly index: ReadonlyMap<number, number>; readonly opening: ReadonlyMap<number, number> } {
  const opening = new Map<number, number>();
  const open: number[] = [];
  for (const { image, start, end } of leaves) {
    if (image === '{' || image === '[' || image === '(') open.push(start);
    else if (image === '}' || image === ']' || image === ')') opening.set(end, open.pop() ?? start);
  }
  return { index: new Map(leaves.map(({ start }, i) => [start, i])), opening };
}

/** First tokens of what stands in lists in order, annotations taken with what follows them. */
const firstOf = (ordered: readonly (readonly Placed[])[]): readonly number[] =>
  ordered.flatMap((all) =>
    [...all]
      .sort((a, b) => a.start - b.start)
      .filter((_, i, sorted) => sorted[i - 1]?.isAnnotation !== true)
      .map(({ start }) => start),
  );

/** The items of a file, with the annotations before them. `wordBefore`: where an item begins whose name is known. */
function itemsOf(file: FileAst, wordBefore: (start: number) => number): readonly Placed[] {
  const { modules, namespaces, clusters, imports, declarations, rules, annotationTypes, policies, tests, invariants, services } = file;
  const named = [...modules, ...namespaces, ...clusters].map(({ span }) => ({ start: wordBefore(span.start), isAnnotation: false }));
  const whole = [...imports, ...declarations, ...rules, ...annotationTypes, ...policies, ...tests, ...invariants, ...services].map(thing);
  const ahead = policies.flatMap(({ annotations, span }) => annotations.filter((one) => one.span.start < span.start));
  const own = [...declarations, ...rules, ...services].flatMap((item) => item.annotations);
  const annotations = [...file.annotations, ...own, ...ahead].map(annotated);
  return [...named, ...whole, ...annotations];
}

const bodyOf = ({ uses, sections, annotations }: PolicyAst, open: number): readonly Placed[] => [
  ...[...uses, ...sections].map(thing),
  ...annotations.filter(({ span }) => span.start > open).map(annotated),
];

const blocksOf = ({ entries }: SectionAst) =>
  entries.flatMap((entry) => (entry.kind === 'rule' ? entry.parts.flatMap((part) => (part.kind === 'block' ? [part] : [])) : []));
