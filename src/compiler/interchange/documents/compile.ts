// Schemas as functions. Most documents are valid: whether one is, is asked of a small function; what is wrong with it, of a large
// one, which is made when the first wrong one comes.
import { Ajv, type ErrorObject } from 'ajv';
import type { Json, JsonObject } from '../importer.ts';
import { isList, isObject } from './json.ts';

/** All errors of a value; none when it is valid. */
export type Validate = (value: JsonObject) => readonly ErrorObject[];

/** Whether a schema is one is asked when `telling` makes its function. */
const plain = { strict: false, messages: false, inlineRefs: false, meta: false, validateSchema: false, code: { optimize: false } } as const;
const telling = { allErrors: true, verbose: true, strict: true, strictTypes: false, strictRequired: false } as const;

export function compile(schema: JsonObject): Validate {
  const isValid = new Ajv(plain).compile(withShared(schema));
  let tell: ReturnType<Ajv['compile']> | undefined;
  return (value) => {
    const valid: boolean = isValid(value);
    if (valid) return [];
    tell ??= new Ajv(telling).compile(schema);
    tell(value);
    return tell.errors ?? [];
  };
}

const ofOne = new Set(['items', 'additionalProperties', 'propertyNames', 'not', 'if', 'then']);
const ofSeveral = new Set(['properties', 'anyOf', 'oneOf', 'allOf']);

/** Applies `change` to the schemas right inside one. */
function mapInside(schema: JsonObject, change: (inner: Json) => Json): JsonObject {
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => {
      if (ofOne.has(key)) return [key, change(value)];
      if (!ofSeveral.has(key)) return [key, value];
      return [key, isList(value) ? value.map(change) : isObject(value) ? mapValues(value, change) : value];
    }),
  );
}

const mapValues = (object: JsonObject, change: (value: Json) => Json): JsonObject =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));

/** Parts that stand several times, written once: a fraction of the code. */
function withShared(root: JsonObject): JsonObject {
  const times = new Map<JsonObject, number>();
  const count = (schema: Json): Json => {
    if (!isObject(schema)) return schema;
    const before = times.get(schema) ?? 0;
    times.set(schema, before + 1);
    return before > 0 ? schema : mapInside(schema, count);
  };
  count(root);
  const names = new Map(
    [...times].filter(([schema, n]) => n > 1 && Object.keys(schema).length > 1).map(([schema], i) => [schema, `s${i}`]),
  );
  const name = (schema: Json): Json => {
    if (!isObject(schema)) return schema;
    const known = names.get(schema);
    return known === undefined ? mapInside(schema, name) : { $ref: `#/$defs/${known}` };
  };
  const defs = Object.fromEntries([...names].map(([schema, known]) => [known, mapInside(schema, name)]));
  return { ...mapInside(root, name), $defs: defs };
}
