// JSON schemas of the four JSON files of a bundle, for ajv, and the text whose hash is the build. policyd checks what it
// reads with these; tests hold what policyc writes against them.
import { requestDomains } from './abi.ts';
import { bundleFormat, type Manifest } from './bundle.ts';
import { actions, entityNames, tiers } from './typed.ts';

type Schema = Readonly<Record<string, unknown>>;

const object = (properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema => ({
  type: 'object',
  additionalProperties: false,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  properties,
});
const list = (items: Schema): Schema => ({ type: 'array', items });
const oneOf = (...values: readonly (string | number)[]): Schema => ({ enum: values });

const text: Schema = { type: 'string' };
const flag: Schema = { type: 'boolean' };
const index: Schema = { type: 'integer', minimum: 0, maximum: 0xffffffff };
const sha256: Schema = { type: 'string', pattern: '^[0-9a-f]{64}$' };
/** Below the bundle's folder, whatever the manifest says: no `..`, no absolute path. */
const file: Schema = { type: 'string', pattern: '^([a-z0-9_-]+/)?[a-z0-9_-]+\\.(json|bin|o)$' };
const section = oneOf('ingress', 'egress', 'process');
const action = oneOf(...actions);
const tier = oneOf(...tiers);
const priority: Schema = { type: 'integer' };
const protocol = oneOf('tcp', 'udp', 'sctp', 'icmp', 'icmpv6', 'other');
const fileEntry = { file, sha256 } as const;

const manifestKeys = {
  format: { const: bundleFormat },
  abi: index,
  build: sha256,
  host: sha256,
  requirements: list(
    object({
      feature: oneOf(
        'cgroup-skb',
        'cgroup-connect',
        'service-translation',
        'http-ingress',
        'http-egress',
        'dns-stream',
        'tls-stream',
        'exec-signal',
        'ingress-icmp',
        'host',
      ),
      rules: list(index),
    }),
  ),
  files: object({
    program: object(fileEntry),
    metrics: object(fileEntry),
    text: object(fileEntry),
    boundary: object(fileEntry),
    lines: object(fileEntry),
  }),
  parts: list(sha256),
  images: list(object({ ...fileEntry, table: oneOf('ports', 'prefixes', ...requestDomains, 'exec'), entries: index })),
  objects: list(object({ ...fileEntry, template: text })),
};
const manifest = object(manifestKeys, ['host']);

const labelRequirement: Schema = {
  oneOf: [
    object({ kind: oneOf('one-of', 'not-one-of'), key: text, values: list(text) }),
    object({ kind: oneOf('exists', 'absent'), key: text }),
  ],
};

const entity = oneOf(...entityNames);
const reservedSet = object({ name: entity, except: list(entity) }, ['name']);
const programService = object({
  name: text,
  backends: index,
  addresses: list(text),
  affinity: flag,
  ports: list(object({ protocol: oneOf('tcp', 'udp'), port: index, target: { oneOf: [index, text] } })),
});

const program = object({
  selectors: list(list(list(labelRequirement))),
  services: list(programService),
  classes: object({ ports: index, networks: index, http: index, dns: index, tls: index, exec: index, names: index }),
  ipv6Networks: list(index),
});

const shared = { file: text, priority, audit: flag, annotations: list(object({ name: text, values: list(text) })) } as const;
const partRule = object(
  {
    ...shared,
    policy: index,
    action,
    section,
    text,
    name: text,
    log: text,
    usedIn: text,
    peers: object(
      { selectors: list(index), networks: list(text), entities: list(entity), reserved: list(reservedSet), names: list(index) },
      ['reserved', 'names'],
    ),
    ports: object({ points: list(index), named: list(object({ protocol, name: text })) }),
    content: object({ domain: text, classes: list(index) }),
    match: { type: 'integer', minimum: 0, maximum: 255 },
  },
  ['name', 'log', 'usedIn', 'peers', 'ports', 'content'],
);
const partPolicy = object({
  ...shared,
  name: text,
  tier,
  subject: index,
  defaultDeny: object({ ingress: flag, egress: flag, process: list(text) }),
});
const part = object({ selectors: list(list(list(labelRequirement))), policies: list(partPolicy), rules: list(partRule) });

const metricName: Schema = { type: 'string', pattern: '^[a-z][a-z0-9_]*$' };
const metrics = list(object({ name: metricName, type: oneOf('counter', 'gauge'), help: text, labels: list(metricName) }));

const boundaryEndpoint: Schema = {
  oneOf: [
    object({ kind: { const: 'workload' }, labels: { type: 'object', additionalProperties: text } }),
    object({ kind: { const: 'reserved' }, entities: list(entity) }),
    object({ kind: { const: 'address' }, address: text }),
  ],
};
const boundaryCause: Schema = {
  oneOf: [
    object({ kind: { const: 'rule' }, rule: index }),
    object({ kind: { const: 'default-deny' }, policies: list(index) }),
    object({ kind: { const: 'default-allow' } }),
  ],
};
const boundary = object({
  endpoints: list(boundaryEndpoint),
  points: list(
    object({
      subject: index,
      direction: oneOf('ingress', 'egress'),
      peer: index,
      point: index,
      action: oneOf('allowed', 'denied', 'dropped', 'audited'),
      cause: boundaryCause,
    }),
  ),
});

const policyText = object({
  files: list(object({ path: text, text })),
  documents: object({
    schema: oneOf('strict', 'prune', 'off'),
    clusterName: text,
    defaultLocalCluster: flag,
    allowLocalhost: flag,
    enforcement: oneOf('default', 'always', 'never'),
    addressesMatch: object({ workloads: flag, nodes: flag }),
    nodeLabels: flag,
    ipv6: flag,
    baseline: oneOf('cilium', 'kubernetes'),
  }),
});

const signatures = object({ signatures: list(object({ key: text, signature: text })) });

/** One JSON schema (draft 2020-12 keywords that draft 7 has too) for each JSON file of a bundle. */
export const bundleSchemas = { manifest, program, part, metrics, text: policyText, boundary, signatures } as const;

/** The text whose sha256 is `manifest.build`: the manifest without that member, which holds the hash of everything else. */
export function buildText({ format, abi, host, requirements, files, parts, images, objects }: Omit<Manifest, 'build'>): string {
  return JSON.stringify({ format, abi, host, requirements, files, parts, images, objects });
}
