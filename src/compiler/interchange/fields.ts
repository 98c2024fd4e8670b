// Values of a document together with where they stand. What is read here is of the type that the schema asks for.
import { isList, isObject } from './documents/json.ts';
import type { Json, Path } from './importer.ts';

/** A value, or none, at a path. */
export type Field = { readonly value: Json | undefined; readonly path: Path };

/** Most paths are never asked for: a field knows the one that it is in. */
class Inner implements Field {
  readonly value: Json | undefined;
  private readonly outer: Field;
  private readonly step: string | number;

  constructor(value: Json | undefined, outer: Field, step: string | number) {
    this.value = value;
    this.outer = outer;
    this.step = step;
  }
  get path(): Path {
    const steps: (string | number)[] = [];
    let field: Field = this;
    while (field instanceof Inner) {
      steps.push(field.step);
      field = field.outer;
    }
    return [...field.path, ...steps.reverse()];
  }
}

const memberOf = ({ value }: Field, name: string): Json | undefined => (isObject(value) ? value[name] : undefined);

export const member = (field: Field, name: string): Field => new Inner(memberOf(field, name), field, name);

const none: readonly Field[] = [];

/** The items of a list; none where there is no list. */
export function items(field: Field): readonly Field[] {
  const { value } = field;
  return isList(value) && value.length > 0 ? value.map((item, i) => new Inner(item, field, i)) : none;
}

/** `items(member(field, name))`; most members are absent, and cost nothing so. */
export function itemsOf(field: Field, name: string): readonly Field[] {
  const value = memberOf(field, name);
  return isList(value) && value.length > 0 ? items(new Inner(value, field, name)) : none;
}

/** `textIn(member(field, name))`. */
export function textOf(field: Field, name: string): string | undefined {
  const value = memberOf(field, name);
  return typeof value === 'string' ? value : undefined;
}

const isEmpty = (value: Json | undefined): boolean => isList(value) && value.length === 0;
/** A list that is there and holds nothing. */
export const isEmptyList = ({ value }: Field): boolean => isEmpty(value);
/** `isEmptyList(member(field, name))`. */
export const hasEmptyList = (field: Field, name: string): boolean => isEmpty(memberOf(field, name));

export const entriesOf = (field: Field): readonly (readonly [name: string, field: Field])[] =>
  isObject(field.value) ? Object.entries(field.value).map(([name, one]) => [name, new Inner(one, field, name)]) : [];

export const textIn = ({ value }: Field): string | undefined => (typeof value === 'string' ? value : undefined);
export const textsIn = ({ value }: Field): readonly string[] => (isList(value) ? value.filter((one) => typeof one === 'string') : []);
export const numberIn = ({ value }: Field): number | undefined => (typeof value === 'number' ? value : undefined);
export const has = (field: Field, name: string): boolean => memberOf(field, name) !== undefined;
