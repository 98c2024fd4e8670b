// What an inventory file may say, and how everything that is wrong with one is told: with its line.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatAddress } from '../../../src/compiler/space/address.ts';
import { readInventory } from '../../../src/runtime/inventory/read.ts';

const full = `# who is here
workloads:
  - name: cart
    namespace: shop
    labels: { app: cart, version: 1.10, beta: yes }
    cgroup: /system.slice/cart.service
    ports:
      web: tcp 8080
      dns: udp 53
  - name: batch
    pid: 4242
  - name: postgres
    labels:
      app: postgres
    addresses: [10.0.0.7, "2001:db8::7"]
entities:
  kube-apiserver: [10.0.0.1]
  remote-node: [10.0.0.1, 10.0.0.2]
host:
  addresses: [192.0.2.1]
`;

test('a full inventory', () => {
  const read = readInventory(full, 'inventory.yaml');
  if (!read.ok) throw new Error(read.problems.join('\n'));
  const [cart, batch, postgres] = read.inventory.workloads;
  assert.equal(cart, {
    name: 'cart',
    namespace: 'shop',
    labels: { app: 'cart', version: '1.10', beta: 'yes' },
    cgroup: { kind: 'path', path: '/system.slice/cart.service' },
    addresses: [],
    ports: [
      { protocol: 'tcp', name: 'web', port: 8080 },
      { protocol: 'udp', name: 'dns', port: 53 },
    ],
    origin: 'inventory.yaml:3',
  });
  assert.equal(batch?.cgroup, { kind: 'pid', pid: 4242 });
  assert.equal(postgres?.addresses.map(formatAddress), ['10.0.0.7', '2001:db8::7']);
  assert.is(postgres?.cgroup, undefined);
  assert.equal(
    read.inventory.entities.map(({ name, address, origin }) => `${name} ${formatAddress(address)} ${origin}`),
    ['kube-apiserver 10.0.0.1 inventory.yaml:17', 'remote-node 10.0.0.1 inventory.yaml:18', 'remote-node 10.0.0.2 inventory.yaml:18'],
  );
  assert.equal(read.inventory.hostAddresses?.map(formatAddress), ['192.0.2.1']);
});

test('an empty file is an inventory without entries', () => {
  for (const text of ['', '# nothing yet\n', 'workloads: []\n']) {
    const read = readInventory(text, 'i.yaml');
    assert.ok(read.ok && read.inventory.workloads.length === 0, text);
  }
});

/** Text -> the problems, each without the file's name. */
const wrong: readonly (readonly [what: string, text: string, problems: readonly string[]])[] = [
  [
    'unknown keys, at every level, with the nearest known one',
    'worklods: []\nworkloads:\n  - name: a\n    addreses: [10.0.0.1]\n    cgroup: /a\nentities:\n  kube-api-server: [10.0.0.1]\n',
    [
      '1: worklods: unknown key `worklods`; did you mean `workloads`?',
      '4: workloads[0].addreses: unknown key `addreses`; did you mean `addresses`?',
      '7: entities.kube-api-server: unknown key `kube-api-server`; did you mean `kube-apiserver`?',
    ],
  ],
  [
    'an unknown key that is like no known one',
    'colour: red\n',
    ['1: colour: unknown key `colour`; known keys: workloads, cluster, namespaces, entities, host'],
  ],
  [
    'kinds of values',
    'workloads:\n  - name: a\n    labels: [x]\n    addresses: 10.0.0.1\n  - labels: {}\n    cgroup: /b\n  - name: c\n    cgroup: relative\n    labels:\n      k:\n',
    [
      '3: workloads[0].labels: expected a mapping, found a list',
      '4: workloads[0].addresses: expected a list, found `10.0.0.1`',
      '5: workloads[1]: expected a key `name`, found none',
      '8: workloads[2].cgroup: expected an absolute path, found `relative`',
      '10: workloads[2].labels.k: expected text, found nothing',
    ],
  ],
  [
    'texts',
    'workloads:\n  - name: a b\n    pid: twelve\n    ports:\n      web: 80\n      big: tcp 70000\n',
    [
      '2: workloads[0].name: expected a name of letters, digits, `-`, `_` and `.`, found `a b`',
      '3: workloads[0].pid: expected a process id, found `twelve`',
      '5: workloads[0].ports.web: expected a protocol and a port (`tcp 8080`), found `80`',
    ],
  ],
  [
    'addresses, ports, and where a workload is',
    'workloads:\n  - name: a\n    addresses: [10.0.0.0/8, ten]\n    ports: { big: tcp 70000 }\n  - name: b\n    cgroup: /b\n    pid: 1\n  - name: c\n',
    [
      '2: workloads[0]: workload `a` has neither `cgroup`, `pid`, `unit` or `interface` (a local workload) nor `addresses` (a remote one)',
      '3: workloads[0].addresses[0]: expected one IPv4 or IPv6 address, found `10.0.0.0/8`; a network belongs into a policy (`network`)',
      '3: workloads[0].addresses[1]: expected one IPv4 or IPv6 address, found `ten`',
      '4: workloads[0].ports.big: expected a port from 1 to 65535, found `70000`',
      '7: workloads[1].pid: give either `cgroup` or `pid`, not both',
      '8: workloads[2]: workload `c` has neither `cgroup`, `pid`, `unit` or `interface` (a local workload) nor `addresses` (a remote one)',
    ],
  ],
  [
    'what starts, and is something else',
    'entities:\n  health: [10.0.0.2, 10.0.0.3]\n  remote-node: [10.0.0.3]\n  init: [10.0.0.2]\n',
    ["4: entities.init: address 10.0.0.2 is already a reserved endpoint's at i.yaml:2; an address belongs to one entry"],
  ],
  [
    'names and addresses that are given twice',
    'workloads:\n  - { name: a, addresses: [10.0.0.1] }\n  - { name: a, namespace: n, addresses: [10.0.0.1] }\n  - name: a\n    cgroup: /a\n    addresses: [10.0.0.1, 10.0.0.2]\n  - { name: b, cgroup: /b, addresses: [10.0.0.2] }\nentities:\n  health: [10.0.0.2]\n',
    [
      "3: workloads[1].addresses[0]: address 10.0.0.1 is already workload `a`'s at i.yaml:2; an address belongs to one entry",
      '4: workloads[2].name: workload `a` is already at i.yaml:2',
      "9: entities.health: address 10.0.0.2 is already workload `a`'s at i.yaml:4; only workloads that are all local (with `cgroup`, `pid` or `unit`) can share one",
    ],
  ],
  ['no YAML at all', 'workloads: [\n', ['2: not YAML: unexpected end of the stream within a flow collection']],
  ['a key twice', 'host: { addresses: [] }\nhost: { addresses: [] }\n', ['2: not YAML: duplicated mapping key']],
  ['another kind of document', '- name: a\n', ['1: expected a mapping, found a list']],
];

for (const [what, text, problems] of wrong) {
  test(`refused: ${what}`, () => {
    const read = readInventory(text, 'i.yaml');
    assert.not(read.ok);
    assert.equal(
      read.ok ? [] : read.problems,
      problems.map((problem) => `i.yaml:${problem}`),
    );
  });
}

test('two local workloads may share an address', () => {
  const text = 'workloads:\n  - { name: a, cgroup: /a, addresses: [10.0.0.1] }\n  - { name: b, pid: 7, addresses: [10.0.0.1] }\n';
  assert.ok(readInventory(text, 'i.yaml').ok);
});

test.run();
