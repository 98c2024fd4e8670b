// The world that random events happen in: a small inventory of workloads with labels, namespaces, named ports and
// addresses of both families, the reserved endpoints, and addresses that belong to nobody.
import type { Endpoint, ReservedName } from '../../src/compiler/ir/event.ts';
import { type Address, parseAddress } from '../../src/compiler/space/address.ts';
import { type Labels, namespaceKey } from '../../src/compiler/space/labels.ts';
import type { TransportProtocol } from '../../src/compiler/space/transport.ts';
import type { Random } from './random.ts';

export type NamedPortEntry = { readonly protocol: TransportProtocol; readonly name: string; readonly port: number };
/** A workload of the inventory. `labels` without the namespace; addresses as text, IPv4 and IPv6. */
export type WorkloadEntry = {
  readonly name: string;
  readonly namespace?: string;
  readonly labels: Labels;
  readonly addresses: { readonly ipv4: string; readonly ipv6: string };
  readonly ports: readonly NamedPortEntry[];
};
export type ReservedEntry = {
  readonly entities: readonly ReservedName[];
  readonly addresses: { readonly ipv4: string; readonly ipv6: string };
};
export type Universe = { readonly workloads: readonly WorkloadEntry[]; readonly reserved: readonly ReservedEntry[] };

const reserved: readonly ReservedEntry[] = [
  { entities: ['host'], addresses: { ipv4: '10.20.255.1', ipv6: 'fd00:20::ff:1' } },
  { entities: ['remote-node'], addresses: { ipv4: '10.20.255.2', ipv6: 'fd00:20::ff:2' } },
  { entities: ['kube-apiserver', 'remote-node'], addresses: { ipv4: '10.20.255.3', ipv6: 'fd00:20::ff:3' } },
  { entities: ['health'], addresses: { ipv4: '10.20.255.4', ipv6: 'fd00:20::ff:4' } },
];
/** A node that is also the API server. */
const withApiServer = reserved.map(
  (one): ReservedEntry => (one.entities.includes('host') ? { ...one, entities: ['host', 'kube-apiserver'] } : one),
);

const apps = ['web', 'cart', 'db', undefined];
const environments = ['prod', 'staging', undefined];

/** Eight workloads, where the host may also be the API server; every label set that a generated selector tells apart is likely among them. */
export function randomUniverse(random: Random): Universe {
  const workloads = Array.from({ length: 8 }, (_, i): WorkloadEntry => {
    const app = i < apps.length ? apps[i] : random.pick(apps);
    const env = random.pick(environments);
    return {
      name: `w${i}`,
      ...(random.chance(0.7) ? { namespace: random.pick(['shop', 'shop', 'data']) } : {}),
      labels: { ...(app && { app }), ...(env && { env }), ...(random.chance(0.2) && { 'team/name': 'a' }) },
      addresses: { ipv4: `10.20.0.${10 + i}`, ipv6: `fd00:20::${10 + i}` },
      ports: random.some(
        [
          { protocol: 'tcp', name: 'api', port: random.pick([80, 8080]) },
          { protocol: 'tcp', name: 'admin', port: 9000 },
          { protocol: 'udp', name: 'api', port: 53 },
        ],
        0.4,
      ),
    };
  });
  return { workloads, reserved: random.chance(0.3) ? withApiServer : reserved };
}

/** The endpoint of an inventory entry, as an event carries it. */
export function workloadEndpoint({ name, namespace, labels, ports }: WorkloadEntry): Endpoint {
  const all = namespace === undefined ? labels : { ...labels, [namespaceKey]: namespace };
  return { kind: 'workload', id: name, labels: all, ...(ports.length > 0 && { namedPorts: ports }) };
}
export const reservedEndpoint = ({ entities }: ReservedEntry): Endpoint => ({ kind: 'reserved', entities });

/** Every endpoint of the inventory, once with each of its addresses. */
export const addressedEndpoints = ({ workloads, reserved: others }: Universe): readonly Endpoint[] =>
  (['ipv4', 'ipv6'] as const).flatMap((family) => [
    ...workloads.map((entry) => addressed(workloadEndpoint(entry), entry.addresses[family])),
    ...others.map((entry) => addressed(reservedEndpoint(entry), entry.addresses[family])),
  ]);

function addressed(endpoint: Endpoint, text: string): Endpoint {
  const address = parseAddress(text);
  return address === undefined ? endpoint : { ...endpoint, address };
}

/** Addresses that an entry of the inventory has: nobody in the world has them. */
export function ownedAddresses({ workloads, reserved: others }: Universe): ReadonlySet<Address> {
  const texts = [...workloads, ...others].flatMap(({ addresses }) => [addresses.ipv4, addresses.ipv6]);
  return new Set(texts.flatMap((text) => parseAddress(text) ?? []));
}

const between = (address: Address, low: string, high: string): boolean => {
  const [from, to] = [parseAddress(low), parseAddress(high)];
  return from !== undefined && to !== undefined && from <= address && address <= to;
};

/** Can a host of the world have this address? Neither loopback nor multicast nor unspecified, and of a family in use. */
export const isWorldAddress = (address: Address): boolean =>
  between(address, '1.0.0.0', '126.255.255.255') ||
  between(address, '128.0.0.0', '223.255.255.255') ||
  between(address, '2000::', '3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff') ||
  between(address, 'fc00::', 'fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff');
