// Inventory text -> Inventory, or all that is wrong with it, each with its line. What needs the machine (does the
// cgroup exist, does an address belong to the host) is asked later, in resolve.ts.
import { type Address, formatAddress, parseAddress } from '../../compiler/space/address.ts';
import type { TransportProtocol } from '../../compiler/space/transport.ts';
import { type CgroupReference, displayName, type Inventory, type InventoryWorkload, listedEntities } from './inventory.ts';
import { checkForm, type InventoryValue, type WorkloadValue } from './schema.ts';
import { parseYaml, type ValuePath, type YamlDocument } from './yaml.ts';

export type InventoryResult =
  | { readonly ok: true; readonly inventory: Inventory }
  /** `inventory.yaml:12: workloads[0].labels: ...`, in the order of lines. */
  | { readonly ok: false; readonly problems: readonly string[] };

/** Where parts of one file stand, and what was found wrong with them. */
type Reading = { readonly file: string; readonly document: YamlDocument; readonly problems: { line: number; message: string }[] };

/** Reads an inventory; `file` is how messages name it. An empty file is an inventory without entries. */
export function readInventory(text: string, file: string): InventoryResult {
  const parsed = parseYaml(text);
  if (!parsed.ok) return { ok: false, problems: [`${file}:${parsed.failure.line}: not YAML: ${parsed.failure.message}`] };
  const form = checkForm(parsed.document.value ?? {});
  const reading: Reading = { file, document: parsed.document, problems: [] };
  if (!form.ok) {
    for (const { path, message } of form.problems) report(reading, path, message);
    return { ok: false, problems: sorted(reading) };
  }
  const inventory = inventoryOf(reading, form.value);
  reportRepeats(reading, inventory);
  return reading.problems.length > 0 ? { ok: false, problems: sorted(reading) } : { ok: true, inventory };
}

const written = (path: ValuePath): string =>
  path.map((step, i) => (typeof step === 'number' ? `[${step}]` : `${i > 0 ? '.' : ''}${step}`)).join('');

function report(reading: Reading, path: ValuePath, message: string): void {
  const where = path.length > 0 ? `${written(path)}: ` : '';
  const line = reading.document.lineOf(path);
  reading.problems.push({ line, message: `${reading.file}:${line}: ${where}${message}` });
}

const sorted = (reading: Reading): readonly string[] => [
  ...new Set(reading.problems.sort((a, b) => a.line - b.line).map((p) => p.message)),
];

const originOf = (reading: Reading, path: ValuePath): string => `${reading.file}:${reading.document.lineOf(path)}`;

function inventoryOf(reading: Reading, value: InventoryValue): Inventory {
  const entities = listedEntities.flatMap((name) =>
    addressesOf(reading, ['entities', name], value.entities?.[name] ?? []).map(({ address, path }) => ({
      name,
      address,
      origin: originOf(reading, path),
    })),
  );
  return {
    workloads: (value.workloads ?? []).map((workload, i) => workloadOf(reading, workload, ['workloads', i])),
    places: {
      ...(value.cluster !== undefined && { cluster: value.cluster }),
      namespaces: Object.fromEntries(Object.entries(value.namespaces ?? {}).map(([name, { labels }]) => [name, labels])),
    },
    entities,
    ...(value.host?.addresses && {
      hostAddresses: addressesOf(reading, ['host', 'addresses'], value.host.addresses).map(({ address }) => address),
    }),
    hostLabels: value.host?.labels ?? {},
    hostInterfaces: [...new Set(value.host?.interfaces ?? [])],
  };
}

function addressesOf(
  reading: Reading,
  path: ValuePath,
  texts: readonly string[],
): readonly { readonly address: Address; readonly path: ValuePath }[] {
  return texts.flatMap((text, i) => {
    const address = parseAddress(text);
    if (address !== undefined) return [{ address, path: [...path, i] }];
    const help = text.includes('/') ? '; a network belongs into a policy (`network`)' : '';
    report(reading, [...path, i], `expected one IPv4 or IPv6 address, found \`${text}\`${help}`);
    return [];
  });
}

function workloadOf(reading: Reading, value: WorkloadValue, path: ValuePath): InventoryWorkload {
  const cgroup = cgroupOf(reading, value, path);
  const addresses = addressesOf(reading, [...path, 'addresses'], value.addresses ?? []).map(({ address }) => address);
  if (value.uplink !== undefined) reportUplink(reading, value, path);
  else if (!cgroup && value.interface === undefined && addresses.length === 0) {
    report(
      reading,
      path,
      `workload \`${value.name}\` has neither \`cgroup\`, \`pid\`, \`unit\` or \`interface\` (a local workload) nor \`addresses\` (a remote one)`,
    );
  }
  return {
    name: value.name,
    ...(value.namespace !== undefined && { namespace: value.namespace }),
    ...(value.cluster !== undefined && { cluster: value.cluster }),
    labels: value.labels ?? {},
    ...(cgroup && { cgroup }),
    ...(value.interface !== undefined && { interface: value.interface }),
    ...(value.uplink !== undefined && { uplink: value.uplink }),
    addresses,
    ports: Object.entries(value.ports ?? {}).flatMap(([name, text]) => portOf(reading, { name, text, path: [...path, 'ports', name] })),
    ...(value.ready === 'false' && { ready: false }),
    origin: originOf(reading, path),
  };
}

/** At an uplink a workload is known by its addresses alone, and what is decided nearer to it needs no uplink. */
function reportUplink(reading: Reading, value: WorkloadValue, path: ValuePath): void {
  const nearer = (['cgroup', 'pid', 'unit', 'interface'] as const).find((key) => value[key] !== undefined);
  if (nearer !== undefined)
    report(reading, [...path, 'uplink'], `workload \`${value.name}\` has \`${nearer}\` and \`uplink\`: it is governed in one place`);
  else if (value.addresses === undefined || value.addresses.length === 0)
    report(reading, path, `workload \`${value.name}\` has \`uplink\` but no \`addresses\`: nothing else tells there whose a packet is`);
}

const keyOf = { path: 'cgroup', pid: 'pid', unit: 'unit' } as const satisfies Readonly<Record<CgroupReference['kind'], string>>;

function cgroupOf(reading: Reading, value: WorkloadValue, path: ValuePath): CgroupReference | undefined {
  const given: readonly CgroupReference[] = [
    ...(value.cgroup === undefined ? [] : [{ kind: 'path' as const, path: value.cgroup }]),
    ...(value.pid === undefined ? [] : [{ kind: 'pid' as const, pid: Number(value.pid) }]),
    ...(value.unit === undefined ? [] : [{ kind: 'unit' as const, unit: value.unit }]),
  ];
  const [first, second] = given;
  if (first && second)
    report(reading, [...path, keyOf[second.kind]], `give either \`${keyOf[first.kind]}\` or \`${keyOf[second.kind]}\`, not both`);
  return first;
}

/** The schema has seen to the form `tcp 8080`. */
function portOf(reading: Reading, { name, text, path }: { readonly name: string; readonly text: string; readonly path: ValuePath }) {
  const [protocol = '', number = ''] = text.split(' ');
  const port = Number(number);
  if (port < 1 || port > 65535) report(reading, path, `expected a port from 1 to 65535, found \`${number}\``);
  return protocols.filter((known) => known === protocol).map((known) => ({ protocol: known, name, port }));
}
const protocols: readonly TransportProtocol[] = ['tcp', 'udp', 'sctp'];

/** Names are unique in a namespace; an address belongs to one entry, or to several that are all local. */
function reportRepeats(reading: Reading, inventory: Inventory): void {
  const names = new Map<string, string>();
  inventory.workloads.forEach((workload, i) => {
    const name = displayName(workload);
    const earlier = names.get(name);
    if (earlier) report(reading, ['workloads', i, 'name'], `workload \`${name}\` is already at ${earlier}`);
    else names.set(name, workload.origin);
  });
  const owners = new Map<Address, { readonly what: string; readonly local: boolean; readonly origin: string }>();
  const claim = (address: Address, path: ValuePath, owner: { readonly what: string; readonly local: boolean; readonly origin: string }) => {
    const earlier = owners.get(address);
    owners.set(address, earlier ?? owner);
    if (!earlier || (earlier.local && owner.local) || earlier.what === owner.what) return;
    const cure =
      owner.local || earlier.local
        ? 'only workloads that are all local (with `cgroup`, `pid` or `unit`) can share one'
        : 'an address belongs to one entry';
    report(reading, path, `address ${formatAddress(address)} is already ${earlier.what}'s at ${earlier.origin}; ${cure}`);
  };
  inventory.workloads.forEach((workload, i) => {
    const owner = { what: `workload \`${displayName(workload)}\``, local: workload.cgroup !== undefined, origin: workload.origin };
    workload.addresses.forEach((address, j) => claim(address, ['workloads', i, 'addresses', j], owner));
  });
  // An address may stand under several entities: the API server is also a node. What starts is nothing else yet.
  for (const { name, address, origin } of inventory.entities) {
    claim(address, ['entities', name], { what: name === 'init' ? '`init`' : 'a reserved endpoint', local: false, origin });
  }
}
