// What DNS answers have named, as the programs keep it (bpf/templates/include/names.h): addresses of each workload with their names,
// and how full the tables are. Read while programs write: a name that comes or goes meanwhile is told or not.
import { readFileSync } from 'node:fs';
import { layouts, limits } from '../../compiler/ir/abi.ts';
import { type Address, addressOfBytes } from '../../compiler/space/address.ts';
import { mapLookup, objectInfo } from '../ffi/libbpf.ts';
import { type Entries, u32 } from './entries.ts';
import { type EntryShape, everyBatch } from './hash-entries.ts';
import type { MapSource } from './tables.ts';

/** A workload knows the address by the name. */
export type LearntName = {
  /** Endpoint id. */
  readonly subject: number;
  readonly address: Address;
  /** `api.example.com` */
  readonly name: string;
  /** Seconds for which it holds; 0: it does no more, and is kept until its place is needed. */
  readonly seconds: number;
};
/** Entries of a table, and how many there is room for. */
export type Fill = { readonly used: number; readonly limit: number };
export type NameTables = {
  readonly names: Fill;
  /** Each for one workload. */
  readonly addresses: Fill;
  /** Queries that wait for their answer. */
  readonly questions: Fill;
};

/** Of bpf_map_info: where its sizes and `max_entries` stand, and as many bytes as that takes. */
const mapInfo = { keyOffset: 8, valueOffset: 12, limitOffset: 16, bytes: 20 } as const;
/** All ones: an address that is being forgotten. */
const gone = (1n << 64n) - 1n;

type Shape = EntryShape & { readonly limit: number };

function shapeOf(fd: number): Shape {
  const info = objectInfo(fd, mapInfo.bytes);
  const { keyOffset, valueOffset, limitOffset } = mapInfo;
  return { key: info.getUint32(keyOffset, true), value: info.getUint32(valueOffset, true), limit: info.getUint32(limitOffset, true) };
}

function fillOf(maps: MapSource, table: string): Fill {
  const fd = maps.get(table);
  if (fd === undefined) return { used: 0, limit: 0 };
  const shape = shapeOf(fd);
  const counts = everyBatch(fd, shape, ({ count }) => [count]);
  return { used: counts.reduce((sum, count) => sum + count, 0), limit: shape.limit };
}

export const nameTables = (maps: MapSource): NameTables => ({
  names: fillOf(maps, 'names'),
  addresses: fillOf(maps, 'named_addresses'),
  questions: fillOf(maps, 'dns_questions'),
});

/** Seconds since the machine was booted, those of sleep among them. */
const bootSeconds = (): number => Number.parseFloat(readFileSync('/proc/uptime', 'utf8'));

/** All names of all addresses, of those that hold no more too; [] where no program reads answers. `asText`: of a name as it is on the wire. */
export function learntNames(maps: MapSource, asText: (wire: Uint8Array) => string): readonly LearntName[] {
  const [addresses, texts] = [maps.get('named_addresses'), maps.get('named')];
  if (addresses === undefined || texts === undefined) return [];
  const now = bootSeconds();
  const known = new Map<number, string>();
  const nameOf = (number: number): string => {
    const text = known.get(number) ?? asText(wireOf(texts, number));
    known.set(number, text);
    return text;
  };
  return everyBatch(addresses, shapeOf(addresses), (entries) =>
    Array.from({ length: entries.count }, (_, index) => entryAt(entries, index)).flatMap(({ key, value }) => {
      const [subject, address] = [viewOf(key).getUint32(16, true), addressOfBytes(key.subarray(0, 16))];
      return wordsOf(value).map((word) => ({
        subject,
        address,
        name: nameOf(Number(word >> 32n)),
        seconds: Math.max(0, Math.ceil(Number(word & 0xffff_ffffn) - now)),
      }));
    }),
  );
}

function entryAt({ keys, values }: Entries, index: number): { readonly key: Uint8Array; readonly value: Uint8Array } {
  const [key, value] = [layouts.namedKey.size, layouts.namesOf.size];
  return { key: keys.subarray(index * key, (index + 1) * key), value: values.subarray(index * value, (index + 1) * value) };
}

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView => new DataView(buffer, byteOffset, byteLength);

function wordsOf(value: Uint8Array): readonly bigint[] {
  const view = viewOf(value);
  const words = Array.from({ length: limits.namesOfAddress }, (_, slot) => view.getBigUint64(slot * 8, true));
  return words.filter((word) => word !== 0n && word !== gone);
}

/** What stands behind the class of a name. */
function wireOf(fd: number, number: number): Uint8Array {
  const value = new Uint8Array(layouts.named.size);
  mapLookup(fd, u32(number), value);
  return value.subarray(8);
}
