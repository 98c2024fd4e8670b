// The kernel tables of one generation, and how one takes the place of another: the slot that nobody reads is brought to what
// the new one says (slots.ts), then `config.revision` is raised. A packet reads the revision once, so it sees the old
// generation or the new one.
import { eventDomain, innerEntries, layouts, limits, type RequestDomain, verdictShift } from '../../compiler/ir/abi.ts';
import { encode, type Layout } from '../../compiler/ir/layout.ts';
import { type Address, addressBytes } from '../../compiler/space/address.ts';
import { transportSlot } from '../../compiler/space/transport.ts';
import { mapFlag, mapType } from '../ffi/constants.ts';
import type { Bundle } from '../policy/bundle.ts';
import { GenerationLimit, type GenerationTables } from '../policy/generation.ts';
import { memoryImage } from '../policy/memory/image.ts';
import type { ServiceTables } from '../policy/services.ts';
import { type Drift, differing } from './drift.ts';
import { type Entries, type InnerShape, memoryPages } from './entries.ts';
import { failed, type Result, success, type TooLarge } from './failure.ts';
import { currentRevision, succession, switchTo } from './revision.ts';
import { type Filled, Slots, type TableShape } from './slots.ts';

/** Everything the kernel is told in one generation. */
export type GenerationContent = {
  readonly images: Pick<Bundle['images'], 'prefixes' | RequestDomain | 'exec'>;
  readonly tables: GenerationTables;
  /** Addresses of endpoints; those that several local workloads share are not in it. */
  readonly addresses: readonly { readonly address: Address; readonly endpoint: number }[];
  /** Local workloads by the number of their cgroup. */
  readonly cgroups: readonly { readonly cgroup: bigint; readonly endpoint: number }[];
  readonly services: ServiceTables;
};

const hash = (keySize: number, valueSize: number, limit: number): InnerShape => ({
  type: mapType.hash,
  keySize,
  valueSize,
  flags: mapFlag.noPrealloc,
  limit,
});
const single = (struct: Layout): InnerShape => ({ type: mapType.array, keySize: 4, valueSize: struct.size, flags: 0, limit: 1 });

/** One page of the decision memory. */
const memoryPage: InnerShape = { type: mapType.array, keySize: 4, valueSize: limits.memoryPage, flags: 0, limit: 1 };

const cells: InnerShape = {
  type: mapType.array,
  keySize: 4,
  valueSize: layouts.page.size,
  flags: mapFlag.innerMap,
  limit: innerEntries.pages,
};

/** The inner maps; they must be the same as in bpf/templates/include/maps.h except for their lengths. */
const shapes = {
  t_memory: memoryPage,
  t_http: single(layouts.requests),
  t_http_cells: cells,
  t_dns: single(layouts.requests),
  t_dns_cells: cells,
  t_tls: single(layouts.requests),
  t_tls_cells: cells,
  t_exec: single(layouts.automaton),
  t_cgroups: hash(8, 4, innerEntries.cgroups),
  t_services: hash(layouts.serviceKey.size, layouts.service.size, innerEntries.services),
  t_service_slots: { type: mapType.array, keySize: 4, valueSize: 4, flags: mapFlag.innerMap, limit: innerEntries.serviceSlots },
  t_backends: { type: mapType.array, keySize: 4, valueSize: layouts.backend.size, flags: mapFlag.innerMap, limit: innerEntries.backends },
} as const satisfies Readonly<Record<string, InnerShape>>;

export type TableName = keyof typeof shapes;
export const tableNames = Object.keys(shapes) as readonly TableName[]; // the keys of the object above
/** Inner maps of one slot. */
const pagesOf = (name: TableName): number => (name === 't_memory' ? limits.memoryPages : 1);

/** Pages of the decision memory that have a map for each slot from the beginning: every change touches the first. Others get them once they change. */
const firstPages = 1;
const ownOf = (name: TableName): number => (name === 't_memory' ? firstPages : name === 't_cgroups' ? 1 : 0);
const tableShape = (name: TableName): TableShape => ({ ...shapes[name], name, pages: pagesOf(name), own: ownOf(name) });

/** The inner maps of each table, from the first of a slot on. */
type Pages = Readonly<Record<TableName, readonly Entries[]>>;

/** Keys 0..n-1 of an array. */
const indexed = (values: Uint8Array, valueSize: number): Entries => {
  const count = values.length / valueSize;
  return { count, keys: new Uint8Array(Uint32Array.from({ length: count }, (_, index) => index).buffer), values };
};

function cgroupEntries(cgroups: GenerationContent['cgroups']): Entries {
  const keys = BigUint64Array.from(cgroups, ({ cgroup }) => cgroup);
  const values = Uint32Array.from(cgroups, ({ endpoint }) => endpoint);
  return { count: cgroups.length, keys: new Uint8Array(keys.buffer), values: new Uint8Array(values.buffer) };
}

const joined = (structs: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(structs));

function serviceEntries({ entries }: ServiceTables): Entries {
  const keys = entries.map(({ address, port, protocol }) =>
    encode(layouts.serviceKey, { address: addressBytes(address), port, protocol: transportSlot[protocol] }),
  );
  const values = entries.map(({ first, count, salt, affinity }) =>
    encode(layouts.service, { first, count, salt, affinity: affinity ? 1 : 0 }),
  );
  return { count: entries.length, keys: joined(keys), values: joined(values) };
}

const backendEntries = ({ backends }: ServiceTables): Entries =>
  indexed(
    joined(backends.map(({ address, port }) => encode(layouts.backend, { address: addressBytes(address), port }))),
    layouts.backend.size,
  );

/** `pol_requests` and the cells behind it. */
type RequestEntries = { readonly requests: readonly Entries[]; readonly cells: readonly Entries[] };
const requestEntries = (image: Uint8Array): RequestEntries => ({
  requests: [indexed(image.subarray(0, layouts.requests.size), layouts.requests.size)],
  cells: [indexed(image.subarray(layouts.requests.size), layouts.page.size)],
});
const noRequests: RequestEntries = { requests: [], cells: [] };

function pagesFor({ images, tables, addresses, cgroups, services }: GenerationContent): Result<Pages> {
  const memory = within(() => memoryImage(tables, { prefixes: images.prefixes, addresses }));
  if (!memory.ok) return memory;
  const http = requestEntries(images.http);
  // Names of peers are read by them, too: those that were learned under other rules.
  const dns = inspects(tables, 'dns') || tables.names > 0 ? requestEntries(images.dns) : noRequests;
  const tls = inspects(tables, 'tls') ? requestEntries(images.tls) : noRequests;
  return success({
    t_memory: memoryPages(memory.value.bytes),
    t_http: http.requests,
    t_http_cells: http.cells,
    t_dns: dns.requests,
    t_dns_cells: dns.cells,
    t_tls: tls.requests,
    t_tls_cells: tls.cells,
    t_exec: isEmptyAutomaton(images.exec) ? [] : [indexed(images.exec, layouts.automaton.size)],
    t_cgroups: [cgroupEntries(cgroups)],
    t_services: [serviceEntries(services)],
    t_service_slots: [indexed(new Uint8Array(services.slots.buffer), 4)],
    t_backends: [backendEntries(services)],
  });
}

/** Is any connection read as `domain`? Where none is, no program asks for its tables; requests of HTTP are shown where no rule reads them, too. */
const inspects = ({ verdicts }: GenerationTables, domain: RequestDomain): boolean =>
  verdicts.inspections.some((word, i) => i % 2 === 1 && word >>> verdictShift.domain === eventDomain[domain]);

/** Without rules every program has one verdict, whichever class it is of: then there is no automaton to hold. */
const isEmptyAutomaton = (image: Uint8Array): boolean => new DataView(image.buffer, image.byteOffset).getUint32(0, true) === 0;

function within<T>(make: () => T): Result<T> {
  try {
    return success(make());
  } catch (error) {
    if (!(error instanceof GenerationLimit)) throw error;
    return failed({ kind: 'too-large', table: error.what, entries: error.found, limit: error.limit });
  }
}

/** Where a pinned map is found by name: `Loaded.maps`, or the pins of a running policyd. */
export type MapSource = { readonly get: (name: string) => number | undefined };

export type Generations = {
  /**
   * Puts a generation in force and returns its revision. On failure the one before stays in force, whole. `until`: a time (nanoseconds of
   * CLOCK_MONOTONIC) from which on the one before is in force again, unless somebody says otherwise; what was on trial already is ended.
   */
  readonly install: (content: GenerationContent, until?: bigint) => Result<number>;
  /** What `install` would write. */
  readonly layOut: (content: GenerationContent) => Result<readonly Filled[]>;
  /** Tables that do not hold what `install` wrote, in the slot that packets read or in the other, which is in force after the next change; [] when all is as it was written, or nothing was. */
  readonly drift: () => readonly Drift[];
  /** The revision in force; 0 = none yet: everything of a governed cgroup is denied. */
  readonly revision: () => number;
  /** Lets go of descriptors. */
  readonly close: () => void;
};

function tooLarge(pages: Pages): readonly TooLarge[] {
  return tableNames.flatMap((name) =>
    pages[name].flatMap(({ count }) =>
      count > shapes[name].limit ? [{ kind: 'too-large' as const, table: name, entries: count, limit: shapes[name].limit }] : [],
    ),
  );
}

/**
 * Writes generations into the tables of `maps`. The first `install` after a start writes every table, as it cannot know
 * what an earlier run left half done; later ones only what is not as it is to be.
 */
export function generations(maps: MapSource): Generations {
  const slots = new Slots();
  const layOut = (content: GenerationContent): Result<readonly Filled[]> => {
    const laidOut = pagesFor(content);
    if (!laidOut.ok) return laidOut;
    const pages = laidOut.value;
    const excess = tooLarge(pages);
    if (excess.length > 0) return failed(...excess);
    return success(
      tableNames.flatMap((name): readonly Filled[] => {
        const outer = maps.get(name);
        return outer === undefined ? [] : [{ shape: tableShape(name), outer, pages: pages[name] }];
      }),
    );
  };
  const install = (content: GenerationContent, until = 0n): Result<number> => {
    const tables = layOut(content);
    if (!tables.ok) return tables;
    const next = succession(maps, until !== 0n);
    const { revision } = next;
    const keepsOther = until !== 0n && next.before !== 0;
    slots.install(tables.value, { slot: revision % limits.slots, keepsOther }, () => switchTo(maps, next, until));
    return success(revision);
  };
  const drift = (): readonly Drift[] =>
    tableNames.flatMap((table) => {
      const entries = Math.max(...Array.from({ length: limits.slots }, (_, slot) => driftIn(table, slot)));
      return entries > 0 ? [{ table, entries }] : [];
    });
  const driftIn = (table: TableName, slot: number): number => {
    const [outer, pages] = [maps.get(table), slots.held(slot, tableShape(table))];
    return outer === undefined || !pages ? 0 : differing(outer, slot * pagesOf(table), [shapes[table], pages]);
  };
  return { install, layOut, drift, revision: () => currentRevision(maps), close: () => slots.close() };
}
