// DNS answers as bytes: right ones, and those by which somebody would have names counted that nobody asked for.
import { addressBytes, isIpv4, parseAddress } from '../../src/compiler/space/address.ts';
import { labelsOf, typeNumber } from './dns-messages.ts';

/** A record; `name`: its owner, or where that stands in the message. */
export type Answered = {
  readonly name: string | number;
  readonly seconds?: number;
  readonly class?: number;
} & ({ readonly address: string } | { readonly alias: string | number } | { readonly type: string; readonly data: Uint8Array });
export type Answer = {
  readonly id?: number;
  readonly flags?: number;
  readonly name: string;
  readonly type?: string;
  readonly records?: readonly Answered[];
  /** What the header says instead of how many there are. */
  readonly counts?: readonly [number, number, number, number];
  readonly behind?: Uint8Array;
};

const u16 = (value: number): readonly number[] => [value >> 8, value & 0xff];
const u32 = (value: number): readonly number[] => [...u16(value >>> 16), ...u16(value & 0xffff)];
const nameOf = (name: string | number): readonly number[] => (typeof name === 'number' ? u16(0xc000 + name) : [...labelsOf(name)]);
/** Where the name of the question stands. */
export const asked = 12;

function dataOf(record: Answered): { readonly type: number; readonly data: readonly number[] } {
  if ('alias' in record) return { type: 5, data: nameOf(record.alias) };
  if (!('address' in record)) return { type: typeNumber(record.type), data: [...record.data] };
  const address = parseAddress(record.address);
  if (address === undefined) throw new Error(`no address: ${record.address}`);
  const bytes = [...addressBytes(address)];
  return isIpv4(address) ? { type: 1, data: bytes.slice(12) } : { type: 28, data: bytes };
}

function recordBytes(record: Answered): readonly number[] {
  const { type, data } = dataOf(record);
  return [...nameOf(record.name), ...u16(type), ...u16(record.class ?? 1), ...u32(record.seconds ?? 60), ...u16(data.length), ...data];
}

export function answerBytes({ id = 0x1234, flags = 0x8180, name, type = 'A', records = [], counts, behind }: Answer): Uint8Array {
  const header = [id, flags, ...(counts ?? [1, records.length, 0, 0])].flatMap(u16);
  return Uint8Array.from([
    ...header,
    ...labelsOf(name),
    ...u16(typeNumber(type)),
    ...u16(1),
    ...records.flatMap(recordBytes),
    ...(behind ?? []),
  ]);
}
