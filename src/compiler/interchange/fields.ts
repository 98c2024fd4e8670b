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

export const member = (field: Field, name: string): Field => new Inner(isObject(field.value) ? field.value[name] : undefined, field, name);

/** The items of a list; none where there is no list. */
export const items = (field: Field): readonly Field[] =>
  isList(field.value) ? field.value.map((item, i) => new Inner(item, field, i)) : [];

/** A list that is there and holds nothing. */
export const isEmptyList = ({ value }: Field): boolean => isList(value) && value.length === 0;

export const entriesOf = (field: Field): readonly (readonly [name: string, field: Field])[] =>
  isObject(field.value) ? Object.entries(field.value).map(([name, one]) => [name, new Inner(one, field, name)]) : [];

export const textIn = ({ value }: Field): string | undefined => (typeof value === 'string' ? value : undefined);
export const textsIn = ({ value }: Field): readonly string[] => (isList(value) ? value.filter((one) => typeof one === 'string') : []);
export const numberIn = ({ value }: Field): number | undefined => (typeof value === 'number' ? value : undefined);
export const has = ({ value }: Field, name: string): boolean => isObject(value) && value[name] !== undefined;
