// Who is who: what an inventory becomes on a machine, which addresses are listed, and ids that stay.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatAddress, parseAddress } from '../../../src/compiler/space/address.ts';
import { EndpointIds, endpointTables } from '../../../src/runtime/inventory/endpoints.ts';
import { readInventory } from '../../../src/runtime/inventory/read.ts';
import { type Machine, type ResolvedInventory, type ResolvedWorkload, resolveInventory } from '../../../src/runtime/inventory/resolve.ts';

const address = (text: string) => parseAddress(text) ?? 0n;
const machine: Machine = { mounts: { v1: [] }, interfaceAddresses: () => [address('127.0.0.1'), address('192.0.2.1')], missing: 'refuse' };
const local = (name: string, id: bigint, addresses: readonly string[] = []): ResolvedWorkload => ({
  name,
  labels: { app: name },
  local: true,
  cgroup: { id, path: `/cg/${name}`, name: `/${name}` },
  addresses: addresses.map(address),
  ports: [],
  origin: 'policyd exec',
});

function resolved(text: string, extra: readonly ResolvedWorkload[] = []): ResolvedInventory {
  const read = readInventory(text, 'i.yaml');
  if (!read.ok) throw new Error(read.problems.join('\n'));
  const result = resolveInventory(read.inventory, extra, machine);
  if (!result.ok) throw new Error(result.problems.join('\n'));
  return result.inventory;
}

const listed = (inventory: ResolvedInventory) => {
  const { names, addresses } = endpointTables(inventory, new EndpointIds());
  const nameOf = (id: number) => names.find((name) => name.id === id)?.name;
  return addresses.map((entry) => `${formatAddress(entry.address)} ${nameOf(entry.endpoint)}`);
};

test('addresses of the host, of remote workloads and of entities are listed', () => {
  const text =
    'workloads: [{ name: db, addresses: [10.0.0.7] }]\nentities: { remote-node: [10.0.0.1, 10.0.0.2], kube-apiserver: [10.0.0.1] }\n';
  assert.equal(listed(resolved(text)), [
    '127.0.0.1 host',
    '192.0.2.1 host',
    '10.0.0.1 kube-apiserver+remote-node',
    '10.0.0.2 remote-node',
    '10.0.0.7 db',
  ]);
});

test('an address that local workloads share, or one has from the host, is listed for neither', () => {
  const workloads = [local('a', 1n, ['10.0.0.1', '10.0.0.9']), local('b', 2n, ['10.0.0.1', '192.0.2.1'])];
  assert.equal(listed(resolved('', workloads)), ['127.0.0.1 host', '192.0.2.1 host', '10.0.0.9 a']);
});

test('an entity with an address of the host is the host', () => {
  const { endpoints } = endpointTables(resolved('entities: { kube-apiserver: [192.0.2.1] }\n'), new EndpointIds());
  const subject = { '@cluster': 'default', '@host': '' };
  assert.equal(endpoints, [{ id: 1, kind: 'reserved', entities: ['host', 'kube-apiserver'], subject }]);
});

test('labels of a namespace and the cluster are labels of the endpoint', () => {
  const text =
    'cluster: west\nnamespaces: { data: { labels: { team: db } } }\nworkloads: [{ name: db, namespace: data, addresses: [10.0.0.7] }, { name: far, cluster: east, addresses: [10.0.0.8] }]\n';
  const { endpoints } = endpointTables(resolved(text), new EndpointIds());
  assert.equal(
    endpoints.flatMap((endpoint) => (endpoint.kind === 'workload' ? [endpoint.labels] : [])),
    [{ '@namespace/team': 'db', '@namespace': 'data', '@cluster': 'west' }, { '@cluster': 'east' }],
  );
});

test('a namespace is a label of the endpoint', () => {
  const tables = endpointTables(
    resolved('workloads: [{ name: db, namespace: data, labels: { app: pg }, addresses: [10.0.0.7] }]\n'),
    new EndpointIds(),
  );
  assert.equal(tables.endpoints[1], {
    id: 16,
    kind: 'workload',
    labels: { app: 'pg', '@namespace': 'data', '@cluster': 'default' },
    namedPorts: [],
    local: false,
  });
});

test('cgroups of local workloads', () => {
  assert.equal(endpointTables(resolved('', [local('a', 77n)]), new EndpointIds()).cgroups, [{ cgroup: 77n, path: '/cg/a', endpoint: 16 }]);
});

test('ids stay when others come and go, and over a restart', () => {
  const ids = new EndpointIds();
  const idOf = (inventory: ResolvedInventory, known: EndpointIds) =>
    new Map(endpointTables(inventory, known).names.map(({ name, id }) => [name, id]));
  assert.equal(idOf(resolved('', [local('a', 1n), local('b', 2n)]), ids).get('b'), 17);
  assert.equal(
    idOf(resolved('', [local('b', 2n), local('c', 3n)]), ids),
    new Map([
      ['host', 1],
      ['b', 17],
      ['c', 18],
    ]),
  );
  assert.equal(
    idOf(resolved('', [local('c', 9n), local('d', 4n)]), new EndpointIds(ids.saved())),
    new Map([
      ['host', 1],
      ['c', 18],
      ['d', 19],
    ]),
  );
});

/** What the machine finds wrong, beyond the file. */
const problems = (text: string, extra: readonly ResolvedWorkload[] = []): readonly string[] => {
  const read = readInventory(text, 'i.yaml');
  const result = read.ok ? resolveInventory(read.inventory, extra, machine) : undefined;
  return result === undefined || result.ok ? ['accepted'] : result.problems;
};

test('refused: what only the machine can tell', () => {
  assert.equal(problems('workloads: [{ name: a, addresses: [192.0.2.1] }]\n'), [
    "i.yaml:1: remote workload `a`: address 192.0.2.1 is this host's own",
  ]);
  assert.equal(problems('workloads: [{ name: a, addresses: [10.0.0.1] }]\n', [local('a', 1n)]), [
    'policyd exec: workload `a` is already at i.yaml:1',
  ]);
  assert.equal(problems('', [local('a', 1n), local('b', 1n)]), ['policyd exec: workload `b`: cgroup /cg/b is already that of `a`']);
  assert.equal(problems('workloads: [{ name: a, cgroup: /a }]\n'), [
    'i.yaml:1: workload `a`: this machine has no cgroup v2 hierarchy mounted',
  ]);
});

test.run();
