// The forms of the saved files. What does not have its form (another version, damage) is as if nothing had been saved.
import { Ajv } from 'ajv';
import type { SavedCauses } from '../events/causes.ts';
import type { DynamicWorkload } from './dynamic.ts';

const text = { type: 'string' };
const integer = { type: 'integer' };
const record = (properties: Readonly<Record<string, object>>, optional: Readonly<Record<string, object>> = {}) => ({
  type: 'object',
  required: Object.keys(properties),
  properties: { ...properties, ...optional },
});
const list = (items: object) => ({ type: 'array', items });
const pair = (first: object, second: object) => ({ type: 'array', items: [first, second], minItems: 2, maxItems: 2 });

const annotation = record({ name: text, values: list(text) });
const rule = record(
  { kind: { const: 'rule' }, policy: text, file: text, line: integer, action: text, section: text, text },
  { audit: { const: true }, name: text, log: text, annotations: list(annotation) },
);
const policy = record({ name: text, file: text, line: integer });
const defaultDeny = record({ kind: { const: 'default-deny' }, policies: list(policy) });
const workload = record(
  { name: text, labels: { type: 'object', additionalProperties: text }, cgroup: text, owner: integer, ownerStart: text },
  { namespace: text },
);

export type SavedEndpoints = readonly (readonly [string, number])[];

const ajv = new Ajv({ strict: false });
const areCauses = ajv.compile<SavedCauses>(list(pair(integer, { oneOf: [rule, defaultDeny] })));
const areEndpoints = ajv.compile<SavedEndpoints>(list(pair(text, integer)));
const areWorkloads = ajv.compile<readonly DynamicWorkload[]>(list(workload));

export const savedCauses = (value: unknown): SavedCauses => (areCauses(value) ? value : []);
export const savedEndpoints = (value: unknown): SavedEndpoints => (areEndpoints(value) ? value : []);
export const savedWorkloads = (value: unknown): readonly DynamicWorkload[] => (areWorkloads(value) ? value : []);
