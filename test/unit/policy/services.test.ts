// Whom connections to services go to: families, named ports, readiness, and how little affinity moves.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ProgramService } from '../../../src/compiler/ir/bundle.ts';
import { formatAddress, parseAddress } from '../../../src/compiler/space/address.ts';
import { type BackendWorkload, mostAffinityBackends, type ServiceTables, serviceTables } from '../../../src/runtime/policy/services.ts';

const web = [[{ kind: 'one-of', key: 'app', values: ['web'] }]] as const;
const addressesOf = (texts: readonly string[]): readonly bigint[] => texts.flatMap((text) => parseAddress(text) ?? []);

const workload = (name: string, addresses: readonly string[], more: Partial<BackendWorkload> = {}): BackendWorkload => ({
  ...{ name, labels: { app: 'web' }, addresses: addressesOf(addresses), namedPorts: [], ready: true },
  ...more,
});

const shop: ProgramService = {
  name: 'shop',
  backends: 0,
  addresses: ['10.96.0.10', 'fd00:96::10'],
  affinity: false,
  ports: [
    { protocol: 'tcp', port: 80, target: 8080 },
    { protocol: 'tcp', port: 443, target: 'https' },
  ],
};

const tablesOf = (service: ProgramService, workloads: readonly BackendWorkload[]): ServiceTables =>
  serviceTables({ services: [service], selectors: [web] }, workloads);

const shown = ({ entries, slots, backends }: ServiceTables): readonly string[] =>
  entries.map(({ address, protocol, port, first, count }) => {
    const chosen = [...slots.subarray(first, first + count)].map((index) => {
      const backend = backends[index];
      return backend ? `${formatAddress(backend.address)} ${backend.port}` : 'nowhere';
    });
    return `${formatAddress(address)} ${protocol} ${port}: ${[...new Set(chosen)].join(', ')}`;
  });

test('each address goes to backends of its family, a named port to those that have it', () => {
  const https = [{ protocol: 'tcp', name: 'https', port: 8443 }] as const;
  const workloads = [
    workload('b', ['10.0.0.2', 'fd00::2']),
    workload('a', ['10.0.0.1'], { namedPorts: https }),
    workload('sick', ['10.0.0.3'], { ready: false }),
    workload('db', ['10.0.0.4'], { labels: { app: 'db' } }),
  ];
  assert.equal(shown(tablesOf(shop, workloads)), [
    '10.96.0.10 tcp 80: 10.0.0.1 8080, 10.0.0.2 8080',
    'fd00:96::10 tcp 80: fd00::2 8080',
    '10.96.0.10 tcp 443: 10.0.0.1 8443',
    'fd00:96::10 tcp 443: ',
  ]);
});

const many = (count: number): readonly BackendWorkload[] =>
  Array.from({ length: count }, (_, index) => workload(`web-${index}`, [`10.0.${index >> 8}.${index & 255}`]));
const sticky: ProgramService = { ...shop, addresses: ['10.96.0.10'], affinity: true, ports: shop.ports.slice(0, 1) };
const ownersOf = ({ slots, backends }: ServiceTables): readonly (bigint | undefined)[] =>
  [...slots].map((index) => backends[index]?.address);

test('with affinity, a backend that goes moves its own clients only, one that comes takes its share', () => {
  const before = ownersOf(tablesOf(sticky, many(10)));
  const gone = many(10)[3];
  const less = ownersOf(
    tablesOf(
      sticky,
      many(10).filter(({ name }) => name !== gone?.name),
    ),
  );
  const more = ownersOf(tablesOf(sticky, many(11)));
  const movedWithout = before.filter((owner, slot) => owner !== less[slot]);
  assert.ok(movedWithout.length > 0 && movedWithout.every((owner) => owner === gone?.addresses[0]));
  const movedTo = more.filter((owner, slot) => owner !== before[slot]);
  assert.ok(movedTo.every((owner) => owner === many(11)[10]?.addresses[0]));
  assert.ok(movedTo.length > 2048 / 11 / 1.5 && movedTo.length < (2048 / 11) * 1.5, `${movedTo.length}`);
});

test('with affinity, backends have about as many clients as the others', () => {
  const counts = new Map<bigint | undefined, number>();
  for (const owner of ownersOf(tablesOf(sticky, many(10)))) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  assert.is(counts.size, 10);
  for (const count of counts.values()) assert.ok(count > 140 && count < 280, `${count}`);
});

test('more backends than slots tell apart are a limit by name', () => {
  assert.throws(() => tablesOf(sticky, many(mostAffinityBackends + 1)), /backends of the service shop with affinity/);
  assert.is(tablesOf({ ...sticky, affinity: false }, many(2000)).entries[0]?.count, 2000);
});

test.run();
