// The kernel tables of one generation, and how one takes the place of another: new inner maps are filled beside the old
// ones, put into the slot that nobody reads, then `config.revision` is raised. A packet reads the revision once, so it
// sees the old generation or the new one. INVARIANT: outside of `install`, both slots of a table hold the same map.
import { innerEntries, layouts, limits } from '../../compiler/ir/abi.ts';
import { encode, encodeInto, type Layout } from '../../compiler/ir/layout.ts';
import { type Address, addressBytes } from '../../compiler/space/address.ts';
import { mapFlag, mapType } from '../ffi/constants.ts';
import { mapCreate, mapLookup, mapUpdate, mapUpdateBatch } from '../ffi/libbpf.ts';
import type { Bundle } from '../policy/bundle.ts';
import type { GenerationTables } from '../policy/generation.ts';
import { closeFd } from './descriptor.ts';
import { failed, type Result, success, type TooLarge } from './failure.ts';

/** Everything the kernel is told in one generation. */
export type GenerationContent = {
  readonly images: Pick<Bundle['images'], 'prefixes' | 'http' | 'exec'>;
  readonly tables: GenerationTables;
  /** Addresses of endpoints; those that several local workloads share are not in it. */
  readonly addresses: readonly { readonly address: Address; readonly endpoint: number }[];
  /** Local workloads by the number of their cgroup. */
  readonly cgroups: readonly { readonly cgroup: bigint; readonly endpoint: number }[];
};

/** Where a pinned map is found by name: `Loaded.maps`, or the pins of a running policyd. */
export type MapSource = { readonly get: (name: string) => number | undefined };

type InnerShape = {
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly flags: number;
  /** Most entries. */
  readonly limit: number;
};
const hash = (keySize: number, valueSize: number, limit: number): InnerShape => ({
  type: mapType.hash,
  keySize,
  valueSize,
  flags: mapFlag.noPrealloc,
  limit,
});
const single = (struct: Layout): InnerShape => ({ type: mapType.array, keySize: 4, valueSize: struct.size, flags: 0, limit: 1 });

/** The inner maps; they must be the same as in bpf/templates/include/maps.h except for their lengths. */
const shapes = {
  t_ports: single(layouts.ports),
  t_http: single(layouts.automaton),
  t_exec: single(layouts.automaton),
  t_prefixes: {
    type: mapType.lpmTrie,
    keySize: layouts.prefixKey.size,
    valueSize: 4,
    flags: mapFlag.noPrealloc,
    limit: innerEntries.prefixes,
  },
  t_endpoints: hash(4, layouts.endpoint.size, innerEntries.endpoints),
  t_addresses: hash(16, 4, innerEntries.addresses),
  t_cgroups: hash(8, 4, innerEntries.cgroups),
  t_rows: hash(layouts.rowKey.size, 4, innerEntries.rows),
  t_verdicts: { type: mapType.array, keySize: 4, valueSize: layouts.verdict.size, flags: mapFlag.innerMap, limit: innerEntries.verdicts },
} as const satisfies Readonly<Record<string, InnerShape>>;

export type TableName = keyof typeof shapes;
export const tableNames = Object.keys(shapes) as readonly TableName[]; // the keys of the object above

/** Keys and values of one table, each one after the other. */
type Entries = { readonly count: number; readonly keys: Uint8Array; readonly values: Uint8Array };

const u32 = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);

/** Keys 0..n-1 of an array. */
const indexed = (values: Uint8Array, valueSize: number): Entries => {
  const count = values.length / valueSize;
  return { count, keys: new Uint8Array(Uint32Array.from({ length: count }, (_, index) => index).buffer), values };
};

function listed<T>(items: readonly T[], shape: InnerShape, write: (item: T, key: DataView, value: DataView) => void): Entries {
  const keys = new Uint8Array(items.length * shape.keySize);
  const values = new Uint8Array(items.length * shape.valueSize);
  items.forEach((item, index) => {
    const key = new DataView(keys.buffer, index * shape.keySize, shape.keySize);
    write(item, key, new DataView(values.buffer, index * shape.valueSize, shape.valueSize));
  });
  return { count: items.length, keys, values };
}

/** Records of the image: pol_prefix_key, then the class. */
function prefixEntries(image: Uint8Array): Entries {
  const record = layouts.prefixKey.size + 4;
  const records = Array.from({ length: image.length / record }, (_, index) => image.subarray(index * record, (index + 1) * record));
  return listed(records, shapes.t_prefixes, (bytes, key, value) => {
    new Uint8Array(key.buffer, key.byteOffset, key.byteLength).set(bytes.subarray(0, layouts.prefixKey.size));
    new Uint8Array(value.buffer, value.byteOffset, 4).set(bytes.subarray(layouts.prefixKey.size));
  });
}

function entriesOf({ images, tables, addresses, cgroups }: GenerationContent): Readonly<Record<TableName, Entries>> {
  return {
    t_ports: indexed(tables.ports, layouts.ports.size),
    t_http: indexed(images.http, layouts.automaton.size),
    t_exec: indexed(images.exec, layouts.automaton.size),
    t_prefixes: prefixEntries(images.prefixes),
    t_endpoints: listed(tables.endpoints, shapes.t_endpoints, (endpoint, key, value) => {
      key.setUint32(0, endpoint.id, true);
      encodeInto(layouts.endpoint, { subject_class: endpoint.subjectClass, peer_class: endpoint.peerClass }, value, 0);
    }),
    t_addresses: listed(addresses, shapes.t_addresses, ({ address, endpoint }, key, value) => {
      new Uint8Array(key.buffer, key.byteOffset, 16).set(addressBytes(address));
      value.setUint32(0, endpoint, true);
    }),
    t_cgroups: listed(cgroups, shapes.t_cgroups, ({ cgroup, endpoint }, key, value) => {
      key.setBigUint64(0, cgroup, true);
      value.setUint32(0, endpoint, true);
    }),
    t_rows: listed(tables.rows, shapes.t_rows, ({ subjectClass, peerClass, section, base }, key, value) => {
      encodeInto(layouts.rowKey, { subject_class: subjectClass, peer_class: peerClass, section }, key, 0);
      value.setUint32(0, base, true);
    }),
    t_verdicts: indexed(tables.verdicts, layouts.verdict.size),
  };
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

function tooLarge(entries: Readonly<Record<TableName, Entries>>): readonly TooLarge[] {
  return tableNames
    .filter((name) => entries[name].count > shapes[name].limit)
    .map((name) => ({ kind: 'too-large', table: name, entries: entries[name].count, limit: shapes[name].limit }));
}

/** Makes every changed table's map, or none. */
function fill(changed: readonly TableName[], entries: Readonly<Record<TableName, Entries>>): ReadonlyMap<TableName, number> {
  const made = new Map<TableName, number>();
  try {
    for (const name of changed) made.set(name, innerMap(name, entries[name]));
    return made;
  } catch (error) {
    for (const fd of made.values()) closeFd(fd);
    throw error;
  }
}

/**
 * Writes generations into the tables of `maps`. The first `install` after a start writes every table, as it cannot know
 * what an earlier run left half done; later ones only those whose content changed.
 */
export function generations(maps: MapSource): Generations {
  let written: Partial<Record<TableName, Entries>> = {};

  const install = (content: GenerationContent): Result<number> => {
    const entries = entriesOf(content);
    const excess = tooLarge(entries);
    if (excess.length > 0) return failed(...excess);
    const present = tableNames.filter((name) => maps.get(name) !== undefined);
    const changed = present.filter((name) => !sameEntries(written[name], entries[name]));
    const made = fill(changed, entries);
    written = {};
    const revision = switchTo(maps, made);
    written = entries;
    return success(revision);
  };
  return { install, revision: () => currentRevision(maps) };
}

function switchTo(maps: MapSource, made: ReadonlyMap<TableName, number>): number {
  const put = (slot: number): void => {
    for (const [name, fd] of made) mapUpdate(mapOf(maps, name), u32(slot), u32(fd));
  };
  try {
    const revision = nextRevision(currentRevision(maps));
    const slot = revision % limits.slots;
    put(slot);
    mapUpdate(mapOf(maps, 'config'), u32(0), encode(layouts.config, { revision }));
    // A program that read the old revision may still run. Writing an element of a map of maps waits for all running
    // programs (kernel/bpf/syscall.c, maybe_wait_bpf_programs), so this write to the new slot, which changes nothing,
    // comes before the first one to the old slot; the last releases the old maps.
    const [first] = made;
    if (first) mapUpdate(mapOf(maps, first[0]), u32(slot), u32(first[1]));
    put(1 - slot);
    return revision;
  } finally {
    for (const fd of made.values()) closeFd(fd);
  }
}
