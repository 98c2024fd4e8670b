// The lists of a diagram while it is made: what is left of each line from the dimension asked on, and of each list what is still asked.
// At a dimension a list falls apart into one for each atom; a line is looked at in the atoms that it names, not in all of them.
import type { Tier } from '../ir/typed.ts';
import type { Condition, Term } from './conditions.ts';
import type { Part } from './dimensions.ts';

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
/**
 * What is left of a line: the terms of each factor from the dimension asked on. No factors: it matches. `name`: of the dimension
 * that its `parts` ask for next. `after`: what is left of it, by which of its parts an atom is in; undefined: nothing.
 */
export type Residue = {
  readonly id: number;
  readonly line: Line;
  readonly factors: readonly OpenFactor[];
  readonly name: string | undefined;
  readonly parts: readonly Part[];
  readonly after: Map<number | string, Residue | undefined>;
};
export type OpenFactor = { readonly terms: readonly OpenTerm[]; readonly isOpen: boolean };
export type OpenTerm = { readonly id: number; readonly parts: Term; readonly at: number };
export type List = { readonly rules: readonly Residue[]; readonly denying: readonly Residue[] };
/** `before` and `after` in each view. `excluded`: what is in one of these is not asked. */
export type State = { readonly excluded: readonly Residue[]; readonly lists: readonly List[] };

export const isMatch = ({ factors }: Residue): boolean => factors.length === 0;
const denied = made({ id: -1, line: { number: -1, condition: () => [], decides: false }, factors: [] });

/** What is left of a line in each atom: `rest`, but in those of `numbers` the one of `residues` at the same place. */
export type Spread = {
  readonly rest: Residue | undefined;
  readonly numbers: readonly number[];
  readonly residues: readonly (Residue | undefined)[];
};
/** A line that the dimension does not ask. */
export const unasked = (rest: Residue): Spread => ({ rest, numbers: [], residues: [] });

/** Atoms `from` to before `to`. */
type Range = { readonly from: number; readonly to: number };

/**
 * What is left of each line in each of the atoms, without lines that are never asked: behind one that decides, unless that may be
 * passed over, and of a tier that is passed over.
 */
export function statesIn({ excluded, lists }: State, range: Range, spreadOf: (residue: Residue) => Spread): readonly State[] {
  const rest = scattered(excluded, range, spreadOf);
  const made = new Map([...new Set(lists)].map((list) => [list, listsIn(list, range, spreadOf)]));
  return rest.map((one, i) => ({ excluded: one, lists: lists.flatMap((list) => made.get(list)?.[i] ?? []) }));
}

function listsIn({ rules, denying }: List, range: Range, spreadOf: (residue: Residue) => Spread): readonly List[] {
  const asked = Array.from({ length: range.to - range.from }, () => new Asked());
  for (const one of rules) eachIn(range, spreadOf(one), (i, residue) => asked[i]?.add(residue));
  const last = scattered(denying, range, spreadOf);
  return asked.map((list, i) => {
    const own = last[i] ?? [];
    return { rules: list.residues, denying: list.isEnded ? [] : own.some(isMatch) ? [denied] : own };
  });
}

function scattered(residues: readonly Residue[], range: Range, spreadOf: (residue: Residue) => Spread): readonly (readonly Residue[])[] {
  const found = Array.from({ length: range.to - range.from }, (): Residue[] => []);
  for (const one of residues) eachIn(range, spreadOf(one), (i, residue) => found[i]?.push(residue));
  return found;
}

/** `put` is told each atom, from 0 on in the range, in which something is left. */
function eachIn({ from, to }: Range, { rest, numbers, residues }: Spread, put: (i: number, residue: Residue) => void): void {
  if (rest === undefined) {
    for (let k = 0; k < numbers.length; k++) {
      const [number, residue] = [numbers[k] ?? -1, residues[k]];
      if (residue && number >= from && number < to) put(number - from, residue);
    }
    return;
  }
  if (numbers.length === 0) {
    for (let i = 0; i < to - from; i++) put(i, rest);
    return;
  }
  const row: (Residue | undefined)[] = new Array(to - from).fill(rest);
  for (let k = 0; k < numbers.length; k++) {
    const number = numbers[k] ?? -1;
    if (number >= from && number < to) row[number - from] = residues[k];
  }
  for (let i = 0; i < row.length; i++) {
    const residue = row[i];
    if (residue) put(i, residue);
  }
}

/** The rules of a list that are asked in one atom; they come in deciding order. */
class Asked {
  readonly residues: Residue[] = [];
  isEnded = false;
  #done: Set<Tier> | undefined;
  #maybePassed: Set<Tier> | undefined;

  add(residue: Residue): void {
    const { decides, passes, tier } = residue.line;
    if (this.isEnded || (tier && this.#done?.has(tier))) return;
    this.residues.push(residue);
    if (!isMatch(residue)) {
      if (passes) this.#maybePassed = (this.#maybePassed ?? new Set()).add(passes);
    } else if (passes) this.#done = (this.#done ?? new Set()).add(passes);
    else if (decides && tier && this.#maybePassed?.has(tier)) this.#done = (this.#done ?? new Set()).add(tier);
    else if (decides) this.isEnded = true;
  }
}

const isSameList = (a: readonly Residue[], b: readonly Residue[]): boolean => a.length === b.length && a.every((one, i) => one === b[i]);

/** Are both states of each view left with the same? */
export function isSettled(lists: readonly List[]): boolean {
  for (let i = 0; i + 1 < lists.length; i += 2) {
    const [before, after] = [lists[i], lists[i + 1]];
    if (!before || !after || !isSameList(before.rules, after.rules) || !isSameList(before.denying, after.denying)) return false;
  }
  return true;
}

const idsOf = (residues: readonly Residue[]): string => residues.map(({ id }) => id).join();
export const keyOf = ({ excluded, lists }: State): string =>
  [idsOf(excluded), ...[...new Set(lists)].map(({ rules, denying }) => `${idsOf(rules)};${idsOf(denying)}`)].join('|');

export const residuesOf = ({ excluded, lists }: State): readonly Residue[] => [
  ...new Set([...excluded, ...lists.flatMap(({ rules, denying }) => [...rules, ...denying])]),
];

export function made(head: Pick<Residue, 'id' | 'line' | 'factors'>): Residue {
  const asked = head.factors.flatMap(({ terms }) => terms.flatMap(({ parts, at }) => parts[at] ?? []));
  const name = firstOf(asked.map((part) => part.name));
  return { ...head, name, parts: asked.filter((part) => part.name === name), after: new Map() };
}

export const nextDimension = (residues: readonly Residue[]): string | undefined => firstOf(residues.flatMap(({ name }) => name ?? []));
function firstOf(names: readonly string[]): string | undefined {
  let first: string | undefined;
  for (const name of names) if (first === undefined || name < first) first = name;
  return first;
}
