// How a condition lies to a cell: nowhere in it, all over it, or in between. In between, the cell falls into halves along
// one elementary question, and the condition is asked again of each: a decision tree that is split only on demand.

/** `split`: both halves are non-empty, disjoint and make up the cell. Each is smaller in the asked question, so asking ends. */
export type Relation<Cell> =
  | { readonly kind: 'apart' }
  | { readonly kind: 'covered' }
  | { readonly kind: 'split'; readonly halves: readonly [Cell, Cell] };

export const apart = { kind: 'apart' } as const;
export const covered = { kind: 'covered' } as const;

/** The relation of a conjunction. */
export function allOf<Part, Cell>(parts: readonly Part[], relate: (part: Part) => Relation<Cell>): Relation<Cell> {
  let undecided: Relation<Cell> = covered;
  for (const part of parts) {
    const relation = relate(part);
    if (relation.kind === 'apart') return apart;
    if (relation.kind === 'split' && undecided.kind === 'covered') undecided = relation;
  }
  return undecided;
}

/** The relation of a disjunction. */
export function anyOf<Part, Cell>(parts: readonly Part[], relate: (part: Part) => Relation<Cell>): Relation<Cell> {
  let undecided: Relation<Cell> = apart;
  for (const part of parts) {
    const relation = relate(part);
    if (relation.kind === 'covered') return covered;
    if (relation.kind === 'split' && undecided.kind === 'apart') undecided = relation;
  }
  return undecided;
}

/** A relation of a part, lifted to the whole. */
export function lift<Part, Whole>(relation: Relation<Part>, put: (part: Part) => Whole): Relation<Whole> {
  return relation.kind === 'split' ? { kind: 'split', halves: [put(relation.halves[0]), put(relation.halves[1])] } : relation;
}

/** The relation of everything else. */
export const negated = <Cell>(relation: Relation<Cell>): Relation<Cell> =>
  relation.kind === 'split' ? relation : relation.kind === 'apart' ? covered : apart;
