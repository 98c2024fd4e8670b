// Holding a document against the schema of its kind: all that is wrong with it, each at its place. The schemas are JSON Schema and
// written by us; `title` of a schema is what a message says was expected.
import type { ErrorObject } from 'ajv';
import { closest } from '../../base/closest.ts';
import type { Span } from '../../base/source.ts';
import type { Document, ImportContext, Json, JsonObject, Path } from '../importer.ts';
import { compile, type Validate } from './compile.ts';
import { describe, isList, isObject, pathText } from './json.ts';

/** The document's value without unknown fields and without empty ones; undefined (after reports) when it is not valid. */
export type Checker = (document: Document, context: ImportContext) => JsonObject | undefined;

/**
 * Checks documents of one kind. `strict`: unknown fields are errors; `prune`: they are dropped; `off`: that, and a value may
 * be anything of its type. A field without a value (`ingress:`) is absent.
 */
export function checker(schema: JsonObject): Checker {
  let validate: Validate | undefined;
  return ({ value: written, at }, { options: { schema: mode }, report }) => {
    validate ??= compile(schema);
    const value = hasNull(written) ? withoutNulls(written) : written;
    const errors = outermost(validate(value));
    if (errors.length === 0) return value;
    const unknown = errors.filter(({ keyword }) => keyword === 'additionalProperties');
    const wrong = errors.filter(({ keyword }) => keyword !== 'additionalProperties' && (mode !== 'off' || keyword === 'type'));
    for (const error of wrong) reportValue(error, value, { at, report });
    if (mode === 'strict') for (const error of unknown) reportUnknown(error, value, { at, report });
    if (wrong.length > 0 || (mode === 'strict' && unknown.length > 0)) return undefined;
    for (const error of unknown) reportDropped(error, value, { at, report });
    return unknown.reduce<JsonObject>(
      (left, error) => without(left, [...pathOf(error, value), String(error.params['additionalProperty'])]),
      value,
    );
  };
}

type Reporting = { readonly at: (path: Path) => Span; readonly report: ImportContext['report'] };

function reportUnknown(error: ErrorObject, value: JsonObject, { at, report }: Reporting): void {
  const name = String(error.params['additionalProperty']);
  const path = pathOf(error, value);
  const known = Object.keys(isRecord(error.parentSchema?.['properties']) ? error.parentSchema['properties'] : {});
  const where = path.length === 0 ? 'the document' : `\`${pathText(path)}\``;
  report('import/unknown-field', at([...path, name]), { field: name, where, suggestion: closest(name, known) });
}

function reportDropped(error: ErrorObject, value: JsonObject, { at, report }: Reporting): void {
  const path = [...pathOf(error, value), String(error.params['additionalProperty'])];
  report('import/without-effect', at(path), { what: `\`${pathText(path)}\``, reason: 'unknown fields are dropped' });
}

function reportValue(error: ErrorObject, value: JsonObject, { at, report }: Reporting): void {
  const path = pathOf(error, value);
  if (error.keyword === 'required') {
    report('import/missing-field', at(path), { field: pathText([...path, String(error.params['missingProperty'])]) });
    return;
  }
  report('import/invalid-value', at(path), { field: pathText(path), expected: expectedOf(error), found: describe(error.data) });
}

const types: Readonly<Record<string, string>> = {
  string: 'a text',
  integer: 'a whole number',
  number: 'a number',
  boolean: '`true` or `false`',
  array: 'a list',
  object: 'a mapping',
};

function expectedOf({ keyword, params, parentSchema, schema }: ErrorObject): string {
  const title = parentSchema?.['title'];
  if (typeof title === 'string') return title;
  const limit = String(params['limit']);
  switch (keyword) {
    case 'false schema':
      return 'nothing';
    case 'type':
      return [schema]
        .flat()
        .map((type) => types[String(type)] ?? String(type))
        .join(' or ');
    case 'enum':
      return `one of ${[schema]
        .flat()
        .map((one) => `\`${one}\``)
        .join(', ')}`;
    case 'minimum':
      return `at least ${limit}`;
    case 'maximum':
      return `at most ${limit}`;
    case 'minItems':
      return `at least ${limit} items`;
    case 'maxItems':
      return `at most ${limit} items`;
    case 'minLength':
      return `at least ${limit} characters`;
    case 'maxLength':
      return `at most ${limit} characters`;
    case 'maxProperties':
      return `at most ${limit} fields`;
    case 'minProperties':
      return `at least ${limit} fields`;
    default:
      return `another value (${keyword})`;
  }
}

/** What the branches of `anyOf` and its like found is said by the error of the whole. */
function outermost(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const whole = errors.filter(({ keyword }) => keyword === 'anyOf' || keyword === 'oneOf').map(({ schemaPath }) => `${schemaPath}/`);
  return errors.filter(
    ({ keyword, schemaPath }) => keyword !== 'if' && keyword !== 'propertyNames' && !whole.some((path) => schemaPath.startsWith(path)),
  );
}

function pathOf({ instancePath, propertyName }: ErrorObject, root: JsonObject): Path {
  const path: (string | number)[] = [];
  let value: Json | undefined = root;
  for (const step of instancePath.split('/').slice(1)) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
    path.push(Array.isArray(value) ? Number(name) : name);
    value = memberOf(value, name);
  }
  return propertyName === undefined ? path : [...path, propertyName];
}

const memberOf = (value: Json | undefined, name: string): Json | undefined =>
  isList(value) ? value[Number(name)] : isObject(value) ? value[name] : undefined;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null;

function hasNull(value: Json): boolean {
  if (value === null || typeof value !== 'object') return value === null;
  for (const one of isList(value) ? value : Object.values(value)) if (hasNull(one)) return true;
  return false;
}

function withoutNulls(value: JsonObject): JsonObject {
  const entries = Object.entries(value).filter(([, one]) => one !== null);
  return Object.fromEntries(entries.map(([key, one]) => [key, cleaned(one)]));
}

const cleaned = (value: Json): Json => (isList(value) ? value.map(cleaned) : isObject(value) ? withoutNulls(value) : value);

/** A copy without the member at a path. */
function without(value: JsonObject, [step, ...rest]: Path): JsonObject {
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, one]): [string, Json][] =>
      key !== step ? [[key, one]] : rest.length === 0 ? [] : [[key, withoutIn(one, rest)]],
    ),
  );
}

const withoutIn = (value: Json, [step, ...rest]: Path): Json => {
  if (isList(value)) return value.map((one, i) => (i === step ? withoutIn(one, rest) : one));
  return isObject(value) && step !== undefined ? without(value, [step, ...rest]) : value;
};
