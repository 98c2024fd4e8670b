// The rule lists of two states inside one box, as one decision diagram: the dimensions are asked in a fixed order, each split into
// the parts that the rules left can tell apart, and what is left to decide is one node however it was reached. Where both
// states are left with the same lists nothing can differ, and nothing more is asked: a change is followed only to where it shows.
import type { Cell } from './cell.ts';
import type { Condition, Factor } from './conditions.ts';
import {
  isMatch,
  isSettled,
  keyOf,
  type Line,
  type Lines,
  type List,
  made,
  nextDimension,
  type OpenFactor,
  type OpenTerm,
  type Residue,
  residuesOf,
  type Spread,
  type State,
  statesIn,
  unasked,
} from './diagram-lists.ts';
import { type Atoms, atomsOf, type Part, partKey, unionOf, withPart } from './dimensions.ts';
import { AnalysisLimit } from './limit.ts';
import type { Spend } from './split.ts';

export type { Line, Lines } from './diagram-lists.ts';

/** Undecided lines of a leaf, by their numbers. `isOpen`: whether they all match is asked elsewhere. */
export type Leaf = { readonly kind: 'leaf'; readonly views: readonly View[]; readonly isOpen: boolean };
export type View = { readonly rules: readonly number[]; readonly defaultDeny: boolean };

type Edge = { readonly part: Part; readonly child: Node };
type Node = Leaf | { readonly kind: 'branch'; readonly edges: readonly Edge[] } | { readonly kind: 'same' };

/**
 * The leaves where the lists of two states may decide otherwise, each with the cells that together reach it. `lists`: of each
 * view the state before and the state after.
 */
export function differingLeaves(
  box: Cell,
  given: { readonly excluded: readonly Condition[]; readonly lists: readonly Lines[] },
  spend: Spend,
): ReadonlyMap<Leaf, readonly Cell[]> {
  return new Diagram(box, { spend, onlyDiffering: true }).leaves(given.excluded, given.lists);
}

/** The same of every leaf. */
export function everyLeaf(box: Cell, lists: readonly Lines[], spend: Spend): ReadonlyMap<Leaf, readonly Cell[]> {
  return new Diagram(box, { spend, onlyDiffering: false }).leaves([], lists);
}

type Asking = { readonly spend: Spend; readonly onlyDiffering: boolean };

const same: Node = { kind: 'same' };
/** Lines in lists that are made at once. */
const mostAtOnce = 1_000_000;
/** A dimension, and the lines that are left before it. */
type Asked = { readonly name: string; readonly atoms: Atoms; readonly lines: readonly Residue[] };
/** Of the keys of nodes, in characters: some hundred MiB. */
const mostHeld = 200_000_000;

class Diagram {
  readonly #box: Cell;
  readonly #spend: Spend;
  readonly #onlyDiffering: boolean;
  readonly #nodes = new Map<string, Node>();
  readonly #branches = new Map<string, Node>();
  readonly #numbers = new Map<Node, number>();
  readonly #residues = new Map<string, Residue>();
  #terms = 0;
  #held = 0;

  constructor(box: Cell, { spend, onlyDiffering }: Asking) {
    this.#box = box;
    this.#spend = spend;
    this.#onlyDiffering = onlyDiffering;
  }

  leaves(excluded: readonly Condition[], lists: readonly Lines[]): ReadonlyMap<Leaf, readonly Cell[]> {
    const byNumber = new Map<number, Residue | undefined>();
    const residueOf = (line: Line): readonly Residue[] => {
      const known = byNumber.has(line.number) ? byNumber.get(line.number) : this.#residueOf(line);
      byNumber.set(line.number, known);
      return known ? [known] : [];
    };
    const made = new Map<Lines, List>();
    const listOf = (lines: Lines): List => {
      const list = made.get(lines) ?? { rules: lines.rules.flatMap(residueOf), denying: lines.denying.flatMap(residueOf) };
      made.set(lines, list);
      return list;
    };
    const none = { decides: false };
    const state = {
      excluded: excluded.flatMap((condition, i) => this.#residueOf({ ...none, number: -2 - i, condition: () => condition }) ?? []),
      lists: lists.map(listOf),
    };
    const found = new Map<Leaf, Cell[]>();
    const [start] = statesIn(state, { from: 0, to: 1 }, unasked);
    if (start) this.#collect(this.#node(start), this.#box, found);
    return found;
  }

  #collect(node: Node, cell: Cell, found: Map<Leaf, Cell[]>): void {
    this.#spend(1, 1);
    if (node.kind === 'leaf') {
      const cells = found.get(node);
      if (cells) cells.push(cell);
      else found.set(node, [cell]);
    } else if (node.kind === 'branch') for (const { part, child } of node.edges) this.#collect(child, withPart(cell, part), found);
  }

  // --- lines ----------------------------------------------------------------------------------------------------------

  #residueOf(line: Line): Residue | undefined {
    const factors = line.condition()?.map(({ terms, isOpen }: Factor) => ({
      terms: terms.map((parts) => ({ id: this.#terms++, parts: [...parts].sort((a, b) => (a.name < b.name ? -1 : 1)), at: 0 })),
      isOpen,
    }));
    return factors && this.#residue(line, factors);
  }

  /** Undefined: it cannot match any more. */
  #residue(line: Line, factors: readonly OpenFactor[]): Residue | undefined {
    const left = factors.filter(({ terms }) => !terms.some(({ parts, at }) => at === parts.length));
    if (left.some(({ terms, isOpen }) => terms.length === 0 && !isOpen)) return undefined;
    const key = `${line.number} ${left.map(({ terms, isOpen }) => `${isOpen}${terms.map(({ id, at }) => `${id}.${at}`).join()}`).join(';')}`;
    const known = this.#residues.get(key) ?? made({ id: this.#residues.size, line, factors: left });
    this.#residues.set(key, known);
    return known;
  }

  /** What is left of a line in the atoms of the dimension `name`. */
  #spread(residue: Residue, name: string, atoms: Atoms): Spread {
    if (residue.name !== name) return unasked(residue);
    const rest = this.#advance(residue, () => false);
    const [only, ...more] = residue.parts;
    if (only && more.length === 0) {
      const inside = this.#advance(residue, () => true);
      const numbers = inside === rest ? [] : atoms.within(only);
      return { rest, numbers, residues: numbers.map(() => inside) };
    }
    const named = new Map<number, Set<Part>>();
    for (const part of residue.parts)
      for (const number of atoms.within(part)) named.set(number, (named.get(number) ?? new Set()).add(part));
    return {
      rest,
      numbers: [...named.keys()],
      residues: [...named.values()].map((parts) => this.#advance(residue, (part) => parts.has(part))),
    };
  }

  /** What is left of a line in an atom of the dimension that it asks for next. */
  #advance({ line, name, parts, after, factors: before }: Residue, isIn: (part: Part) => boolean): Residue | undefined {
    const [first] = parts;
    const key = first && parts.length === 1 ? Number(isIn(first)) : parts.map((part) => (isIn(part) ? 1 : 0)).join('');
    const known = after.get(key);
    if (known || after.has(key)) return known;
    const factors = before.map(({ terms, isOpen }) => ({
      isOpen,
      terms: terms.flatMap((term): readonly OpenTerm[] => {
        const part = term.parts[term.at];
        if (part?.name !== name) return [term];
        return part && isIn(part) ? [{ ...term, at: term.at + 1 }] : [];
      }),
    }));
    const next = this.#residue(line, factors);
    after.set(key, next);
    return next;
  }

  // --- nodes ----------------------------------------------------------------------------------------------------------

  #node(state: State): Node {
    if (state.excluded.some(isMatch) || (this.#onlyDiffering && isSettled(state.lists))) return same;
    const key = keyOf(state);
    const known = this.#nodes.get(key);
    if (known) return known;
    this.#held += key.length;
    if (this.#held > mostHeld) throw new AnalysisLimit('diagram nodes', this.#nodes.size);
    const made = this.#made(state);
    this.#nodes.set(key, made);
    return made;
  }

  #made(state: State): Node {
    const lines = residuesOf(state);
    const name = nextDimension(lines);
    if (name === undefined) return leafOf(state);
    const children = new Map<Node, Part[]>();
    const atoms = atomsOf(
      this.#box,
      lines.flatMap((residue) => (residue.name === name ? residue.parts : [])),
    );
    for (const { state: within, part } of this.#within(state, { name, atoms, lines })) {
      const child = this.#node(within);
      if (child.kind === 'same') continue;
      const parts = children.get(child);
      if (parts) parts.push(part);
      else children.set(child, [part]);
    }
    return children.size === 0 ? same : this.#branch(children);
  }

  /** The states in the atoms of a dimension; not all at once, where that would take much memory. */
  *#within(state: State, { name, atoms, lines }: Asked): Generator<{ readonly state: State; readonly part: Part }> {
    const spreads = new Map(lines.map((residue) => [residue, this.#spread(residue, name, atoms)]));
    const atOnce = Math.max(16, Math.floor(mostAtOnce / lines.length));
    for (let from = 0; from < atoms.parts.length; from += atOnce) {
      const range = { from, to: Math.min(atoms.parts.length, from + atOnce) };
      const states = statesIn(state, range, (residue) => spreads.get(residue) ?? unasked(residue));
      for (const [i, one] of states.entries()) {
        this.#spend(1 + [...new Set(one.lists)].reduce((sum, { rules, denying }) => sum + rules.length + denying.length, 0), 0);
        const part = atoms.parts[from + i];
        if (part) yield { state: one, part };
      }
    }
  }

  /** Branches that lead to the same by the same parts are one. */
  #branch(children: ReadonlyMap<Node, readonly Part[]>): Node {
    const edges = [...children].map(([child, parts]) => ({ child, part: unionOf(parts) }));
    const key = edges
      .map(({ child, part }) => `${this.#numberOf(child)} ${partKey(part)}`)
      .sort()
      .join('\n');
    const known = this.#branches.get(key) ?? { kind: 'branch', edges };
    this.#branches.set(key, known);
    return known;
  }

  #numberOf(node: Node): number {
    const number = this.#numbers.get(node) ?? this.#numbers.size;
    this.#numbers.set(node, number);
    return number;
  }
}

function leafOf({ excluded, lists }: State): Leaf {
  const views = lists.map(({ rules, denying }) => ({ rules: rules.map(({ line }) => line.number), defaultDeny: denying.some(isMatch) }));
  const all = [...excluded, ...lists.flatMap(({ rules, denying }) => [...rules, ...denying])];
  return { kind: 'leaf', views, isOpen: !all.every(isMatch) };
}
