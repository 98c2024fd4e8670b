// Values of a document together with where they stand. What is read here is of the type that the schema asks for.
import { isList, isObject } from '../documents/json.ts';
import type { Json, Path } from '../importer.ts';

/** A value, or none, at a path. */
export type Field = { readonly value: Json | undefined; readonly path: Path };

export const member = ({ value, path }: Field, name: string): Field => ({
  value: isObject(value) ? value[name] : undefined,
  path: [...path, name],
});

/** The items of a list; none where there is no list. */
export const items = ({ value, path }: Field): readonly Field[] =>
  isList(value) ? value.map((item, i) => ({ value: item, path: [...path, i] })) : [];

/** A list that is there and holds nothing. */
export const isEmptyList = ({ value }: Field): boolean => isList(value) && value.length === 0;

export const entriesOf = ({ value, path }: Field): readonly (readonly [name: string, field: Field])[] =>
  isObject(value) ? Object.entries(value).map(([name, one]) => [name, { value: one, path: [...path, name] }]) : [];

export const textIn = ({ value }: Field): string | undefined => (typeof value === 'string' ? value : undefined);
export const textsIn = (field: Field): readonly string[] => items(field).flatMap((item) => textIn(item) ?? []);
export const numberIn = ({ value }: Field): number | undefined => (typeof value === 'number' ? value : undefined);
export const has = (field: Field, name: string): boolean => member(field, name).value !== undefined;
