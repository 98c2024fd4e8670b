// Who takes part in the demo, and where: the places (network namespaces), the workloads in them, the inventory that
// policyd is told. The office is an outsider: it has addresses and no entry.
import { dump } from 'js-yaml';
import type { Workload } from './agents.ts';
import type { Machine, Place } from './machine.ts';

export type Family = 'v4' | 'v6';

export const addresses = {
  storefront: { v4: '10.9.1.1', v6: 'fd09::1:1' },
  cart: { v4: '10.9.2.1', v6: 'fd09::2:1' },
  postgres: { v4: '10.9.3.1', v6: 'fd09::3:1' },
  backup: { v4: '10.9.3.2', v6: 'fd09::3:2' },
  resolver: { v4: '10.9.4.1', v6: 'fd09::4:1' },
  office: { v4: '203.0.113.7', v6: '2001:db8:1::7' },
  guest: { v4: '203.0.113.200', v6: '2001:db8:1:80::7' },
  /** Postgres as its neighbour `backup` on the same machine sees it. */
  loopback: { v4: '127.0.0.1', v6: '::1' },
} as const satisfies Readonly<Record<string, Readonly<Record<Family, string>>>>;
export type Party = keyof typeof addresses;

const both = (...parties: readonly Party[]): readonly string[] => parties.flatMap((party) => [addresses[party].v4, addresses[party].v6]);

export const places: readonly Place[] = [
  { name: 'front', addresses: both('storefront') },
  { name: 'cart', addresses: both('cart') },
  // One machine for two workloads: over its loopback they are told apart by their sockets.
  { name: 'data', addresses: both('postgres', 'backup') },
  { name: 'names', addresses: both('resolver') },
  { name: 'office', addresses: both('office', 'guest') },
];

type Member = Workload & {
  readonly entry?: { readonly namespace: string; readonly labels: Readonly<Record<string, string>>; readonly addresses: readonly string[] };
};

export const members: readonly Member[] = [
  {
    name: 'storefront',
    place: 'front',
    servers: ['http:80'],
    entry: { namespace: 'shop', labels: { app: 'storefront', env: 'prod' }, addresses: both('storefront') },
  },
  {
    name: 'cart',
    place: 'cart',
    servers: ['http:8080', 'tcp:22'],
    entry: { namespace: 'shop', labels: { app: 'cart' }, addresses: both('cart') },
  },
  {
    name: 'postgres',
    place: 'data',
    servers: ['tcp:5432', 'tcp:5433'],
    entry: { namespace: 'data', labels: { app: 'postgres' }, addresses: both('postgres') },
  },
  { name: 'backup', place: 'data', servers: [], entry: { namespace: 'data', labels: { app: 'backup' }, addresses: both('backup') } },
  {
    name: 'resolver',
    place: 'names',
    servers: ['udp:53', 'tcp:53', 'udp:5353'],
    entry: { namespace: 'cluster', labels: { app: 'resolver' }, addresses: both('resolver') },
  },
  { name: 'office', place: 'office', servers: ['tcp:443'] },
];

/** The inventory of everybody who has an entry, as YAML. */
export const inventoryText = (machine: Machine): string =>
  dump({ workloads: members.flatMap(({ name, entry }) => (entry ? [{ name, ...entry, cgroup: machine.cgroupOf(name) }] : [])) });
