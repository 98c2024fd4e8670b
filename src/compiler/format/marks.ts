// What the tree says about the text: where items and statements begin, and which braces are blocks of statements (all
// others hold the labels of a selector).
import type { Entry, FileAst, PolicyAst } from '../ir/ast.ts';
import type { Leaf } from './leaves.ts';

/** Offsets in the source. */
export type Marks = {
  /** First tokens of top-level items. */
  readonly items: ReadonlySet<number>;
  /** First tokens of items whose form is not known: they stay as they are written. */
  readonly foreign: ReadonlySet<number>;
  /** First tokens of sections, rules, and lines of blocks. */
  readonly statements: ReadonlySet<number>;
  /** Ends of blocks: behind their `}`. */
  readonly blocks: ReadonlySet<number>;
  /** Those of them that hold lines of requests: several may share a line. */
  readonly requests: ReadonlySet<number>;
};

/** The marks of a file without mistakes; `leaves` are its own. */
export function marksOf(file: FileAst, leaves: readonly Leaf[]): Marks {
  const before = new Map(leaves.map(({ start }, i) => [start, leaves[i - 1]]));
  /** The word before a name: where its item begins. */
  const wordBefore = (start: number): number => before.get(start)?.start ?? start;
  const outside = file.foreign.map(({ word }) => word.span.start).filter((start) => !file.policies.some((policy) => holds(policy, start)));
  const foreign = outside.map((start) => (before.get(start)?.image === 'private' ? wordBefore(start) : start));
  const whole = [...file.imports, ...file.declarations, ...file.policies, ...file.tests].map(({ span }) => span.start);
  const named = [...file.modules, ...file.namespaces].map(({ span }) => wordBefore(span.start));
  const sections = file.policies.flatMap((policy) => policy.sections);
  const entries = sections.flatMap((section) => section.entries);
  const requests = entries.flatMap(blocksOf);
  const lines = [...requests.flatMap((block) => block.lines), ...file.tests.flatMap((test) => test.lines)];
  const inside = file.foreign.map(({ word }) => word.span.start);
  return {
    items: new Set([...whole, ...named, ...foreign]),
    foreign: new Set(foreign),
    statements: new Set([...[...sections, ...entries, ...lines].map(({ span }) => span.start), ...inside]),
    blocks: new Set([...file.policies, ...sections, ...requests, ...file.tests].map(({ span }) => span.end)),
    requests: new Set(requests.map(({ span }) => span.end)),
  };
}

const holds = ({ span }: PolicyAst, start: number): boolean => span.start <= start && start < span.end;

const blocksOf = (entry: Entry) => (entry.kind === 'rule' ? entry.parts.flatMap((part) => (part.kind === 'block' ? [part] : [])) : []);
