// What the API server holds policies of Kubernetes against.
import type { JsonObject } from '../importer.ts';
import { choice, exactlyOne, list, object, text } from '../shapes.ts';

const word = '[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?';
const labelKey = {
  type: 'string',
  pattern: `^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?${word}$`,
  title: 'a label key (`app`, `example.com/app`)',
};
const labelValue = { type: 'string', pattern: `^(${word})?$`, title: 'a label value: at most 63 letters, digits, `-`, `_` and `.`' };
const expression = {
  ...object({ key: labelKey, operator: choice('In', 'NotIn', 'Exists', 'DoesNotExist'), values: list(labelValue) }, 'key', 'operator'),
  anyOf: [
    {
      type: 'object',
      properties: { operator: { not: { enum: ['Exists', 'DoesNotExist'] } }, values: { type: 'array', minItems: 1 } },
      required: ['values'],
    },
    {
      type: 'object',
      properties: { operator: { not: { enum: ['In', 'NotIn'] } }, values: { type: 'array', maxItems: 0 } },
    },
  ],
  title: '`values` with `In` and `NotIn` alone',
};
const selector = object({
  matchLabels: { type: 'object', propertyNames: labelKey, additionalProperties: labelValue },
  matchExpressions: list(expression),
});

const portNumber = { type: 'integer', minimum: 1, maximum: 65535, title: 'a port from 1 to 65535' };
const portNamePattern = '^(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?$';
const portName = { type: 'string', pattern: portNamePattern, title: 'a port name: at most 15 of `a-z`, `0-9`, `-`, one of them a letter' };
const protocol = choice('TCP', 'UDP', 'SCTP');

const policyPort = {
  ...object({
    protocol,
    port: {
      type: ['integer', 'string'],
      minimum: 1,
      maximum: 65535,
      pattern: portNamePattern,
      title: 'a port from 1 to 65535, or a port name with a letter in it',
    },
    endPort: portNumber,
  }),
  if: { type: 'object', required: ['endPort'] },
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema.
  then: { type: 'object', properties: { port: { type: 'integer', title: 'a port number, as there is an `endPort`' } }, required: ['port'] },
};
const policyPeer = {
  ...object({ podSelector: selector, namespaceSelector: selector, ipBlock: object({ cidr: text, except: list(text) }, 'cidr') }),
  anyOf: [
    { type: 'object', required: ['ipBlock'], properties: { podSelector: false, namespaceSelector: false } },
    { type: 'object', properties: { ipBlock: false }, anyOf: [{ required: ['podSelector'] }, { required: ['namespaceSelector'] }] },
  ],
  title: 'either an `ipBlock`, or a `podSelector`, a `namespaceSelector` or both',
};
/** What else than names may be there is of no policy's concern; agents take every name that can be read (identity.ts). */
const metadata = object(
  Object.fromEntries(
    ['name', 'generateName', 'namespace', 'labels', 'annotations', 'ownerReferences', 'finalizers', 'managedFields', 'generation', 'uid']
      .concat(['resourceVersion', 'selfLink', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'clusterName'])
      .map((name) => [name, {}]),
  ),
);
const resource = (spec: JsonObject): JsonObject => object({ apiVersion: text, kind: text, metadata, status: {}, spec });

export const networkPolicySchema = resource(
  object({
    podSelector: selector,
    policyTypes: list(choice('Ingress', 'Egress'), { maxItems: 2 }),
    ingress: list(object({ from: list(policyPeer), ports: list(policyPort) })),
    egress: list(object({ to: list(policyPeer), ports: list(policyPort) })),
  }),
);

/** The agent reads sources before the keys of pods (`reserved:host`), and no namespace as every one. */
const anySelector = object({
  matchLabels: { type: 'object', additionalProperties: labelValue },
  matchExpressions: list({
    ...expression,
    ...object({ key: text, operator: choice('In', 'NotIn', 'Exists', 'DoesNotExist'), values: list(labelValue) }, 'key', 'operator'),
  }),
});
const pods = object({ namespaceSelector: selector, podSelector: anySelector }, 'podSelector');
const subject = { ...object({ namespaces: selector, pods }), ...exactlyOne('namespaces', 'pods') };
const sources = list({ ...object({ namespaces: selector, pods }), ...exactlyOne('namespaces', 'pods') }, { minItems: 1, maxItems: 25 });
const destinations = (names: JsonObject): JsonObject =>
  list(
    {
      ...object({ namespaces: selector, pods, nodes: selector, networks: list(text, { minItems: 1, maxItems: 25 }), ...names }),
      ...exactlyOne('namespaces', 'pods', 'nodes', 'networks', ...Object.keys(names)),
    },
    { minItems: 1, maxItems: 25 },
  );
const domainNames = {
  domainNames: list(
    {
      type: 'string',
      pattern: '^(\\*\\.)?([a-z0-9]([-a-z0-9_]*[a-z0-9])?\\.)+[a-z0-9]([-a-z0-9]*[a-z0-9])?\\.?$',
      title: 'a domain name (`api.example.com`, `*.example.com`)',
    },
    { minItems: 1, maxItems: 25 },
  ),
};
const ruleName = { type: 'string', maxLength: 100 };
const priority = { type: 'integer', minimum: 0, maximum: 1000 };

type Rules = { readonly actions: readonly string[]; readonly ports: JsonObject; readonly names: JsonObject };
const rules = ({ actions, ports, names }: Rules): JsonObject => ({
  ingress: list(object({ name: ruleName, action: choice(...actions), from: sources, ...ports }, 'action', 'from'), {
    maxItems: 100,
  }),
  egress: list(object({ name: ruleName, action: choice(...actions), to: destinations(names), ...ports }, 'action', 'to'), {
    maxItems: 100,
  }),
});

const range = object({ start: portNumber, end: portNumber }, 'start', 'end');
const destinationPort = { ...object({ number: portNumber, range }), ...exactlyOne('number', 'range') };
const transport = object({ destinationPort });
const protocols = list(
  {
    ...object({ tcp: transport, udp: transport, sctp: transport, destinationNamedPort: portName }),
    ...exactlyOne('tcp', 'udp', 'sctp', 'destinationNamedPort'),
  },
  { minItems: 1, maxItems: 25 },
);

export const clusterNetworkPolicySchema = resource(
  object(
    {
      tier: choice('Admin', 'Baseline'),
      priority,
      subject,
      ...rules({ actions: ['Accept', 'Deny', 'Pass'], ports: { protocols }, names: domainNames }),
    },
    'tier',
    'priority',
    'subject',
  ),
);

/** Of the versions before; the ports have another form. */
const oldPorts = list(
  {
    ...object({
      portNumber: object({ protocol, port: portNumber }, 'port'),
      portRange: object({ protocol, start: portNumber, end: portNumber }, 'start', 'end'),
      namedPort: portName,
    }),
    ...exactlyOne('portNumber', 'portRange', 'namedPort'),
  },
  { maxItems: 100 },
);
export const adminNetworkPolicySchema = resource(
  object(
    { priority, subject, ...rules({ actions: ['Allow', 'Deny', 'Pass'], ports: { ports: oldPorts }, names: domainNames }) },
    'priority',
    'subject',
  ),
);
export const baselineAdminNetworkPolicySchema = resource(
  object({ subject, ...rules({ actions: ['Allow', 'Deny'], ports: { ports: oldPorts }, names: {} }) }, 'subject'),
);
