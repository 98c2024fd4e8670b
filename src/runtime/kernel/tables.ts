// The kernel tables of one generation, and how one takes the place of another: new inner maps are filled beside the old
// ones, put into the slot that nobody reads, then `config.revision` is raised. A packet reads the revision once, so it
// sees the old generation or the new one. INVARIANT: outside of `install`, both slots of a table hold the same map.
import { innerEntries, layouts, limits } from '../../compiler/ir/abi.ts';
import { encode, type Layout } from '../../compiler/ir/layout.ts';
import { type Address, addressBytes } from '../../compiler/space/address.ts';
import { transportSlot } from '../../compiler/space/transport.ts';
import { mapFlag, mapType } from '../ffi/constants.ts';
import { mapCreate, mapDelete, mapLookup, mapUpdate, mapUpdateBatch } from '../ffi/libbpf.ts';
import type { Bundle } from '../policy/bundle.ts';
import { GenerationLimit, type GenerationTables } from '../policy/generation.ts';
import { memoryImage } from '../policy/memory/image.ts';
import type { ServiceTables } from '../policy/services.ts';
import { closeFd } from './descriptor.ts';
import { type Drift, differing } from './drift.ts';
import { type Entries, type InnerShape, memoryPages, u32 } from './entries.ts';
import { failed, type Result, success, type TooLarge } from './failure.ts';

/** Everything the kernel is told in one generation. */
export type GenerationContent = {
  readonly images: Pick<Bundle['images'], 'prefixes' | 'http' | 'dns' | 'exec'>;
  readonly tables: GenerationTables;
  /** Addresses of endpoints; those that several local workloads share are not in it. */
  readonly addresses: readonly { readonly address: Address; readonly endpoint: number }[];
  /** Local workloads by the number of their cgroup. */
  readonly cgroups: readonly { readonly cgroup: bigint; readonly endpoint: number }[];
  readonly services: ServiceTables;
};

/** Where a pinned map is found by name: `Loaded.maps`, or the pins of a running policyd. */
export type MapSource = { readonly get: (name: string) => number | undefined };

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

/** The inner maps; they must be the same as in bpf/templates/include/maps.h except for their lengths. */
const shapes = {
  t_memory: memoryPage,
  t_http: single(layouts.requests),
  t_http_cells: { type: mapType.array, keySize: 4, valueSize: layouts.page.size, flags: mapFlag.innerMap, limit: innerEntries.pages },
  t_dns: single(layouts.requests),
  t_dns_cells: { type: mapType.array, keySize: 4, valueSize: layouts.page.size, flags: mapFlag.innerMap, limit: innerEntries.pages },
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

function pagesFor({ images, tables, addresses, cgroups, services }: GenerationContent): Result<Pages> {
  const memory = within(() => memoryImage(tables, { prefixes: images.prefixes, addresses }));
  if (!memory.ok) return memory;
  return success({
    t_memory: memoryPages(memory.value.bytes),
    t_http: [indexed(images.http.subarray(0, layouts.requests.size), layouts.requests.size)],
    t_http_cells: [indexed(images.http.subarray(layouts.requests.size), layouts.page.size)],
    t_dns: [indexed(images.dns.subarray(0, layouts.requests.size), layouts.requests.size)],
    t_dns_cells: [indexed(images.dns.subarray(layouts.requests.size), layouts.page.size)],
    t_exec: isEmptyAutomaton(images.exec) ? [] : [indexed(images.exec, layouts.automaton.size)],
    t_cgroups: [cgroupEntries(cgroups)],
    t_services: [serviceEntries(services)],
    t_service_slots: [indexed(new Uint8Array(services.slots.buffer), 4)],
    t_backends: [backendEntries(services)],
  });
}

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

/** A filled map; the descriptor is the caller's. */
function innerMap(name: TableName, { count, keys, values }: Entries): number {
  const { type, keySize, valueSize, flags } = shapes[name];
  const fd = mapCreate({ type, name, keySize, valueSize, maxEntries: Math.max(1, count), flags });
  try {
    if (count === 1) mapUpdate(fd, keys, values);
    else if (count > 1) mapUpdateBatch(fd, keys, values, count);
    return fd;
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
const sameEntries = (a: Entries | undefined, b: Entries): boolean =>
  a !== undefined && sameBytes(a.keys, b.keys) && sameBytes(a.values, b.values);

export type Generations = {
  /** Puts a generation in force and returns its revision. On failure the one before stays in force, whole. */
  readonly install: (content: GenerationContent) => Result<number>;
  /** Tables that do not hold what `install` put in force, in the slot that packets read; [] when all is as it was written, or nothing was. */
  readonly drift: () => readonly Drift[];
  /** The revision in force; 0 = none yet: everything of a governed cgroup is denied. */
  readonly revision: () => number;
};

function mapOf(maps: MapSource, name: string): number {
  const fd = maps.get(name);
  if (fd === undefined) throw new Error(`policyc bug: no map \`${name}\` in the loaded objects`);
  return fd;
}

/** The revision that programs read now. */
export function currentRevision(maps: MapSource): number {
  const value = new Uint8Array(layouts.config.size);
  mapLookup(mapOf(maps, 'config'), u32(0), value);
  return new DataView(value.buffer).getUint32(0, true);
}

/** The revision after `revision`: of the other slot, and never 0, which means that nothing is loaded. */
const nextRevision = (revision: number): number => (revision === 0xffffffff ? limits.slots : revision + 1);

function tooLarge(pages: Pages): readonly TooLarge[] {
  return tableNames.flatMap((name) =>
    pages[name].flatMap(({ count }) =>
      count > shapes[name].limit ? [{ kind: 'too-large' as const, table: name, entries: count, limit: shapes[name].limit }] : [],
    ),
  );
}

/** New inner maps of one table, by their page. */
type Made = ReadonlyMap<number, number>;

/** Makes the map of every page that is not as it was written, or none. */
function fill(present: readonly TableName[], written: Partial<Pages>, pages: Pages): ReadonlyMap<TableName, Made> {
  const made = new Map<TableName, Map<number, number>>();
  try {
    for (const name of present) {
      const own = new Map<number, number>();
      made.set(name, own);
      for (const [page, entries] of pages[name].entries())
        if (!sameEntries(written[name]?.[page], entries)) own.set(page, innerMap(name, entries));
    }
    return made;
  } catch (error) {
    closeAll(made);
    throw error;
  }
}

function closeAll(made: ReadonlyMap<TableName, Made>): void {
  for (const own of made.values()) for (const fd of own.values()) closeFd(fd);
}

/**
 * Writes generations into the tables of `maps`. The first `install` after a start writes every table, as it cannot know
 * what an earlier run left half done; later ones only those pages whose content changed.
 */
export function generations(maps: MapSource): Generations {
  let written: Partial<Pages> = {};

  const install = (content: GenerationContent): Result<number> => {
    const laidOut = pagesFor(content);
    if (!laidOut.ok) return laidOut;
    const pages = laidOut.value;
    const excess = tooLarge(pages);
    if (excess.length > 0) return failed(...excess);
    const present = tableNames.filter((name) => maps.get(name) !== undefined);
    const made = fill(present, written, pages);
    written = {};
    const leftOver = present.map((name): LeftOver => ({ name, outer: mapOf(maps, name), used: pages[name].length }));
    const revision = switchTo(maps, made, leftOver);
    written = pages;
    return success(revision);
  };
  const drift = (): readonly Drift[] => {
    const slot = currentRevision(maps) % limits.slots;
    return tableNames.flatMap((table) => {
      const [outer, pages] = [maps.get(table), written[table]];
      const entries = outer === undefined || !pages ? 0 : differing(outer, slot * pagesOf(table), [shapes[table], pages]);
      return entries > 0 ? [{ table, entries }] : [];
    });
  };
  return { install, drift, revision: () => currentRevision(maps) };
}

/** Puts new inner maps into `slot`: one call a table, in which the kernel waits for the programs that run. */
function put(maps: MapSource, name: TableName, { made, slot }: { readonly made: Made; readonly slot: number }): void {
  if (made.size === 0) return;
  const keys = Uint32Array.from(made.keys(), (page) => slot * pagesOf(name) + page);
  const values = Uint32Array.from(made.values());
  mapUpdateBatch(mapOf(maps, name), new Uint8Array(keys.buffer), new Uint8Array(values.buffer), keys.length);
}

/** A table, and how many of its pages the new generation has. */
type LeftOver = { readonly name: TableName; readonly outer: number; readonly used: number };

function switchTo(maps: MapSource, made: ReadonlyMap<TableName, Made>, leftOver: readonly LeftOver[]): number {
  const putAll = (slot: number): void => {
    for (const [name, own] of made) put(maps, name, { made: own, slot });
  };
  try {
    const revision = nextRevision(currentRevision(maps));
    const slot = revision % limits.slots;
    putAll(slot);
    // Nothing in the decision memory leads to pages that are too many; all other tables are asked by themselves.
    for (const table of leftOver) if (table.name !== 't_memory') release(table, slot);
    mapUpdate(mapOf(maps, 'config'), u32(0), encode(layouts.config, { revision }));
    // A program that read the old revision may still run. Writing an element of a map of maps waits for all running
    // programs (kernel/bpf/syscall.c, maybe_wait_bpf_programs), so this write to the new slot, which changes nothing,
    // comes before the first one to the old slot; the last releases the old maps.
    const first = [...made].find(([, own]) => own.size > 0);
    if (first) put(maps, first[0], { made: new Map([...first[1]].slice(0, 1)), slot });
    putAll(1 - slot);
    for (const table of leftOver) for (const one of [slot, 1 - slot]) release(table, one);
    return revision;
  } finally {
    closeAll(made);
  }
}

/** Takes away the pages behind those of the new generation; each waits for the programs that run. */
function release({ name, outer, used }: LeftOver, slot: number): void {
  const most = pagesOf(name);
  const id = new Uint8Array(4);
  for (let page = slot * most + used; page < (slot + 1) * most && mapLookup(outer, u32(page), id); page++) mapDelete(outer, u32(page));
}
