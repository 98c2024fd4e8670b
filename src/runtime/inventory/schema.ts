// The form of an inventory file as a JSON schema, and what ajv finds wrong with a value in the words of the file.
// Every scalar comes as text (yaml.ts), so numbers are texts of digits here.
import { Ajv, type ErrorObject } from 'ajv';
import { closest } from '../../compiler/base/closest.ts';
import { listedEntities } from './inventory.ts';
import type { ValuePath } from './yaml.ts';

/** Hubble's and Kubernetes' names: one line, no control characters, no slash in names. */
const name = { type: 'string', pattern: '^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$', maxLength: 253 } as const;
const addresses = { type: 'array', items: { type: 'string' } } as const;

/** Keys without blanks and `@`, which is ours. */
const labels = { type: 'object', propertyNames: { pattern: '^[^@\\s]+$' }, additionalProperties: { type: 'string' } } as const;

/** As the kernel allows them (dev_valid_name). */
const networkInterface = { type: 'string', pattern: '^(?!\\.\\.?$)[^/:\\s]{1,15}$' } as const;

const workload = {
  type: 'object',
  required: ['name'],
  additionalProperties: false,
  properties: {
    name,
    namespace: name,
    cluster: name,
    labels,
    cgroup: { type: 'string', pattern: '^/' },
    pid: { type: 'string', pattern: '^[1-9][0-9]*$' },
    unit: { type: 'string', pattern: '^[-A-Za-z0-9:_.\\\\@]{1,247}[.]service$' },
    interface: networkInterface,
    uplink: networkInterface,
    addresses,
    ready: { enum: ['true', 'false'] },
    ports: {
      type: 'object',
      propertyNames: { pattern: '^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$' },
      additionalProperties: { type: 'string', pattern: '^(tcp|udp|sctp) [0-9]{1,5}$' },
    },
  },
} as const;

const inventorySchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    workloads: { type: 'array', items: workload },
    cluster: name,
    namespaces: {
      type: 'object',
      propertyNames: name,
      additionalProperties: { type: 'object', additionalProperties: false, required: ['labels'], properties: { labels } },
    },
    entities: {
      type: 'object',
      additionalProperties: false,
      properties: Object.fromEntries(listedEntities.map((entity) => [entity, addresses])),
    },
    host: {
      type: 'object',
      additionalProperties: false,
      properties: { addresses, labels, interfaces: { type: 'array', items: networkInterface } },
    },
  },
} as const;

/** Values that passed the schema. */
export type WorkloadValue = {
  readonly name: string;
  readonly namespace?: string;
  readonly cluster?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly cgroup?: string;
  readonly pid?: string;
  readonly unit?: string;
  readonly interface?: string;
  readonly uplink?: string;
  readonly addresses?: readonly string[];
  readonly ready?: 'true' | 'false';
  readonly ports?: Readonly<Record<string, string>>;
};
export type InventoryValue = {
  readonly workloads?: readonly WorkloadValue[];
  readonly cluster?: string;
  readonly namespaces?: Readonly<Record<string, { readonly labels: Readonly<Record<string, string>> }>>;
  readonly entities?: Readonly<Record<string, readonly string[]>>;
  readonly host?: {
    readonly addresses?: readonly string[];
    readonly labels?: Readonly<Record<string, string>>;
    readonly interfaces?: readonly string[];
  };
};

/** What is wrong, and with which part. */
export type SchemaProblem = { readonly path: ValuePath; readonly message: string };

const validate = new Ajv({ allErrors: true, verbose: true }).compile<InventoryValue>(inventorySchema);

/** All that is wrong with the form of `value`; the value itself where nothing is. */
export function checkForm(
  value: unknown,
): { readonly ok: true; readonly value: InventoryValue } | { readonly ok: false; readonly problems: readonly SchemaProblem[] } {
  if (validate(value)) return { ok: true, value };
  const problems = (validate.errors ?? []).filter((error) => error.keyword !== 'propertyNames').map(explain);
  return { ok: false, problems };
}

function pathOf(error: ErrorObject): ValuePath {
  const steps = error.instancePath.split('/').slice(1);
  return steps.map((step) => (/^\d+$/.test(step) ? Number(step) : step.replaceAll('~1', '/').replaceAll('~0', '~')));
}

const written = (value: unknown): string => {
  if (value === null || value === undefined) return 'nothing';
  if (typeof value === 'string') return `\`${value}\``;
  return Array.isArray(value) ? 'a list' : 'a mapping';
};
const kinds: Readonly<Record<string, string>> = { string: 'text', array: 'a list', object: 'a mapping' };

/** What a text must look like, by the last key on the way to it. */
const expectations: Readonly<Record<string, string>> = {
  cgroup: 'an absolute path',
  pid: 'a process id',
  unit: 'a service of systemd (`cart.service`)',
  interface: 'the name of a network interface',
  interfaces: 'the name of a network interface',
  uplink: 'the name of a network interface',
  ports: 'a protocol and a port (`tcp 8080`)',
  ready: '`true` or `false`',
  name: 'a name of letters, digits, `-`, `_` and `.`',
  namespace: 'a name of letters, digits, `-`, `_` and `.`',
  cluster: 'a name of letters, digits, `-`, `_` and `.`',
};

function explain(error: ErrorObject): SchemaProblem {
  const path = pathOf(error);
  const parameters: Readonly<Record<string, unknown>> = error.params;
  switch (error.keyword) {
    case 'additionalProperties':
      return unknownKey(path, String(parameters['additionalProperty']), Object.keys(error.parentSchema?.['properties'] ?? {}));
    case 'required':
      return { path, message: `expected a key \`${String(parameters['missingProperty'])}\`, found none` };
    case 'type':
      return { path, message: `expected ${kinds[String(parameters['type'])] ?? String(parameters['type'])}, found ${written(error.data)}` };
    default:
      return { path: error.propertyName === undefined ? path : [...path, error.propertyName], message: badText(error, path) };
  }
}

function badText(error: ErrorObject, path: ValuePath): string {
  if (error.propertyName !== undefined) return `expected a name without blanks and \`@\`, found \`${error.propertyName}\``;
  const owner = path.findLast((step) => typeof step === 'string' && Object.hasOwn(expectations, step));
  return `expected ${expectations[String(owner)] ?? 'another text'}, found ${written(error.data)}`;
}

function unknownKey(path: ValuePath, key: string, known: readonly string[]): SchemaProblem {
  const suggestion = closest(key, known);
  const help = suggestion === undefined ? `known keys: ${known.join(', ')}` : `did you mean \`${suggestion}\`?`;
  return { path: [...path, key], message: `unknown key \`${key}\`; ${help}` };
}
