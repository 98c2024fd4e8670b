// Which of very many subjects can govern some of these endpoints? A selector that asks for a value of a label is listed under
// that value, so that endpoints of another value never meet it: what one edit touches is found without a look at the rest.
import type { Subject } from '../ir/typed.ts';
import { type Requirement, type Selector, selects } from '../space/labels.ts';
import type { End } from './cell.ts';
import { anyValue, type LabelCube, type ValueSet, withKey } from './label-cube.ts';

type OneOf = Extract<Requirement, { kind: 'one-of' }>;

/** Items by the endpoints that each concerns. */
export class SubjectIndex<Item> {
  /** By label key, then by value. */
  readonly #labelled = new Map<string, Map<string, Item[]>>();
  /** Selectors that ask for no value. */
  readonly #wide: Item[] = [];
  readonly #reserved: Item[] = [];

  add({ workloads, host, reserved }: Subject, item: Item): void {
    for (const conjunction of workloads) this.#addWorkloads(conjunction, item);
    if (host || (reserved ? reserved.length > 0 : selects(workloads, {}))) this.#reserved.push(item);
  }

  /** Every item whose subject shares an endpoint with `end`, each once; among them may be others. */
  near(end: End): Iterable<Item> {
    if (end.kind === 'reserved') return this.#reserved;
    if (end.kind !== 'workload') return [];
    const lists = [this.#wide, ...[...this.#labelled].flatMap(([key, byValue]) => listsNear(end.labels, key, byValue))];
    const filled = lists.filter(({ length }) => length > 0);
    return filled.length === 1 ? (filled[0] ?? []) : new Set(filled.flat());
  }

  /** The endpoints among `end` without the labels that subjects ask values of: few subjects share one of these. Undefined where that is all of them. */
  apartFrom(end: End): End | undefined {
    if (end.kind !== 'workload') return undefined;
    const without = [...this.#labelled.keys()].filter((key) => isUsers(key) && isOptional(end.labels.get(key) ?? anyValue));
    if (without.length === 0) return undefined;
    return { ...end, labels: without.reduce((labels, key) => withKey(labels, key, absence), end.labels) };
  }

  #addWorkloads(conjunction: Selector[number], item: Item): void {
    const rarest = this.#rarest(conjunction);
    if (rarest) this.#list(rarest, item);
    else addLast(this.#wide, item);
  }

  #list({ key, values }: OneOf, item: Item): void {
    const byValue = this.#labelled.get(key) ?? new Map<string, Item[]>();
    this.#labelled.set(key, byValue);
    for (const value of values) {
      const list = byValue.get(value);
      if (list) addLast(list, item);
      else byValue.set(value, [item]);
    }
  }

  #rarest(conjunction: Selector[number]): OneOf | undefined {
    const choices = conjunction.filter((requirement): requirement is OneOf => requirement.kind === 'one-of');
    const sizeOf = ({ key, values }: OneOf): number =>
      values.reduce((sum, value) => sum + 1 + (this.#labelled.get(key)?.get(value)?.length ?? 0), 0);
    const [first, ...others] = choices.map((requirement) => ({ requirement, size: sizeOf(requirement) }));
    return first && others.reduce((best, one) => (one.size < best.size ? one : best), first).requirement;
  }
}

const absence: ValueSet = { absent: true, others: false, values: [] };
/** May a label be missing, and may it be there? */
const isOptional = ({ absent, others, values }: ValueSet): boolean => absent && (others || values.length > 0);
/** No endpoint is without a namespace. */
const isUsers = (key: string): boolean => !key.startsWith('@');

/** Each item is added with all its conjunctions before the next one. */
function addLast<Item>(list: Item[], item: Item): void {
  if (list[list.length - 1] !== item) list.push(item);
}

function listsNear<Item>(cube: LabelCube, key: string, byValue: ReadonlyMap<string, Item[]>): readonly Item[][] {
  const known = cube.get(key);
  if (!known || known.others) return [...byValue.values()];
  return known.values.flatMap((value) => [byValue.get(value) ?? []]);
}
