// The pieces that schemas of documents are made of.
import type { Json, JsonObject } from './importer.ts';

export const text = { type: 'string' };
export const choice = (...words: readonly string[]): JsonObject => ({ type: 'string', enum: words });
/** Nothing but these properties. */
export const object = (properties: JsonObject, ...required: readonly string[]): JsonObject => ({
  type: 'object',
  properties,
  additionalProperties: false,
  ...(required.length > 0 && { required }),
});
export const list = (items: JsonObject, more: JsonObject = {}): JsonObject => ({ type: 'array', items, ...more });
export const exactlyOne = (...names: readonly string[]): JsonObject => ({
  oneOf: names.map((name): Json => ({ required: [name] })),
  title: `exactly one of ${names.map((name) => `\`${name}\``).join(', ')}`,
});
