// The rule lists of two states inside one box, as one decision diagram: the dimensions are asked in a fixed order, each split into
// the parts that the rules left can tell apart, and what is left to decide is one node however it was reached. Where both
// states are left with the same lists nothing can differ, and nothing more is asked: a change is followed only to where it shows.
import type { Tier } from '../ir/typed.ts';
import type { Cell } from './cell.ts';
import type { Condition, Factor, Term } from './conditions.ts';
import { type Atom, atomsOf, type Part, partKey, unionOf, withPart } from './dimensions.ts';
import { AnalysisLimit } from './limit.ts';
import type { Spend } from './split.ts';

/** One line of a list. `number`: of two lines of different states that say and mean the same it is one. */
export type Line = {
  readonly number: number;
  /** In the box. */
  readonly condition: () => Condition;
  /** Of a rule without content: it decides (`true`), or passes over the rest of its tier. */
  readonly decides: boolean;
  readonly passes?: Tier;
  readonly tier?: Tier;
};
/** One list of rules in deciding order and what brings default deny after it. */
export type Lines = { readonly rules: readonly Line[]; readonly denying: readonly Line[] };
/** Undecided lines of a leaf, by their numbers. `isOpen`: whether they all match is asked elsewhere. */
export type Leaf = { readonly kind: 'leaf'; readonly views: readonly View[]; readonly isOpen: boolean };
export type View = { readonly rules: readonly number[]; readonly defaultDeny: boolean };

type Edge = { readonly part: Part; readonly child: Node };
type Node = Leaf | { readonly kind: 'branch'; readonly edges: readonly Edge[] } | { readonly kind: 'same' };

/**
 * What is left of a line: the terms of each factor from the dimension asked on. No factors: it matches. `name`: of the dimension
 * that its `parts` ask for next. `after`: what is left of it, by which of its parts an atom is in; undefined: nothing.
 */
type Residue = {
  readonly id: number;
  readonly line: Line;
  readonly factors: readonly OpenFactor[];
  readonly name: string | undefined;
  readonly parts: readonly Part[];
  readonly after: Map<number | string, Residue | undefined>;
};
type OpenFactor = { readonly terms: readonly OpenTerm[]; readonly isOpen: boolean };
type OpenTerm = { readonly id: number; readonly parts: Term; readonly at: number };
type List = { readonly rules: readonly Residue[]; readonly denying: readonly Residue[] };
/** `before` and `after` in each view. `excluded`: what is in one of these is not asked. */
type State = { readonly excluded: readonly Residue[]; readonly lists: readonly List[] };

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
    this.#collect(this.#node(shortened(state, (residue) => residue)), this.#box, found);
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

  /** What is left of a line in an atom of the dimension that it asks for next. */
  #advance(residue: Residue, atom: Atom): Residue | undefined {
    const { name, parts, after } = residue;
    const [first] = parts;
    const key = first && parts.length === 1 ? Number(atom.isIn(first)) : parts.map((part) => (atom.isIn(part) ? 1 : 0)).join('');
    const known = after.get(key);
    if (known || after.has(key)) return known;
    const factors = residue.factors.map(({ terms, isOpen }) => ({
      isOpen,
      terms: terms.flatMap((term): readonly OpenTerm[] => {
        const part = term.parts[term.at];
        if (part?.name !== name) return [term];
        return part && atom.isIn(part) ? [{ ...term, at: term.at + 1 }] : [];
      }),
    }));
    const next = this.#residue(residue.line, factors);
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
    const parts = lines.flatMap((residue) => (residue.name === name ? residue.parts : []));
    for (const atom of atomsOf(this.#box, parts)) {
      this.#spend(lines.length, 0);
      const child = this.#node(this.#within(state, name, atom));
      if (child.kind === 'same') continue;
      const parts = children.get(child);
      if (parts) parts.push(atom.part);
      else children.set(child, [atom.part]);
    }
    return children.size === 0 ? same : this.#branch(children);
  }

  #within(state: State, name: string, atom: Atom): State {
    return shortened(state, (residue) => (residue.name === name ? this.#advance(residue, atom) : residue));
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

// --- states -------------------------------------------------------------------------------------------------------------

const isMatch = ({ factors }: Residue): boolean => factors.length === 0;
const denied = made({ id: -1, line: { number: -1, condition: () => [], decides: false }, factors: [] });

type Left = (residue: Residue) => Residue | undefined;

/** What is left of each line, without those that are never asked: behind one that decides, unless that may be passed over, and of a tier that is passed over. */
function shortened({ excluded, lists }: State, left: Left): State {
  const made = new Map<List, List>();
  const short = (list: List): List => {
    const known = made.get(list) ?? shortenedList(list, left);
    made.set(list, known);
    return known;
  };
  return { excluded: all(excluded, left), lists: lists.map(short) };
}

function all(residues: readonly Residue[], left: Left): readonly Residue[] {
  const found: Residue[] = [];
  for (const residue of residues) {
    const one = left(residue);
    if (one) found.push(one);
  }
  return found;
}

function shortenedList({ rules, denying }: List, left: Left): List {
  const asked: Residue[] = [];
  const done = new Set<Tier>();
  const maybePassed = new Set<Tier>();
  for (const one of rules) {
    const { decides, passes, tier } = one.line;
    const residue = tier && done.has(tier) ? undefined : left(one);
    if (!residue) continue;
    asked.push(residue);
    if (!isMatch(residue)) {
      if (passes) maybePassed.add(passes);
    } else if (passes) done.add(passes);
    else if (decides && tier && maybePassed.has(tier)) done.add(tier);
    else if (decides) return { rules: asked, denying: [] };
  }
  const last = all(denying, left);
  return { rules: asked, denying: last.some(isMatch) ? [denied] : last };
}

const isSameList = (a: readonly Residue[], b: readonly Residue[]): boolean => a.length === b.length && a.every((one, i) => one === b[i]);

/** Are both states of each view left with the same? */
function isSettled(lists: readonly List[]): boolean {
  for (let i = 0; i + 1 < lists.length; i += 2) {
    const [before, after] = [lists[i], lists[i + 1]];
    if (!before || !after || !isSameList(before.rules, after.rules) || !isSameList(before.denying, after.denying)) return false;
  }
  return true;
}

const idsOf = (residues: readonly Residue[]): string => residues.map(({ id }) => id).join();
const keyOf = ({ excluded, lists }: State): string =>
  [idsOf(excluded), ...[...new Set(lists)].map(({ rules, denying }) => `${idsOf(rules)};${idsOf(denying)}`)].join('|');

const residuesOf = ({ excluded, lists }: State): readonly Residue[] => [
  ...new Set([...excluded, ...lists.flatMap(({ rules, denying }) => [...rules, ...denying])]),
];

function made(head: Pick<Residue, 'id' | 'line' | 'factors'>): Residue {
  const asked = head.factors.flatMap(({ terms }) => terms.flatMap(({ parts, at }) => parts[at] ?? []));
  const name = firstOf(asked.map((part) => part.name));
  return { ...head, name, parts: asked.filter((part) => part.name === name), after: new Map() };
}

const nextDimension = (residues: readonly Residue[]): string | undefined => firstOf(residues.flatMap(({ name }) => name ?? []));
function firstOf(names: readonly string[]): string | undefined {
  let first: string | undefined;
  for (const name of names) if (first === undefined || name < first) first = name;
  return first;
}

function leafOf({ excluded, lists }: State): Leaf {
  const views = lists.map(({ rules, denying }) => ({ rules: rules.map(({ line }) => line.number), defaultDeny: denying.some(isMatch) }));
  const all = [...excluded, ...lists.flatMap(({ rules, denying }) => [...rules, ...denying])];
  return { kind: 'leaf', views, isOpen: !all.every(isMatch) };
}
