// Addresses as 128-bit integers, IPv4 as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2), and sets of them as intervals.
// One line for both families: a set, a class table and a trie serve both.
import { type Interval, type IntervalSet, intervals } from './interval.ts';

/** 128-bit address; IPv4 is mapped. */
export type Address = bigint;
export type AddressSet = IntervalSet<Address>;
/** A CIDR block on the mapped line: `length` is 0..128 (IPv4 lengths plus 96). */
export type Prefix = { readonly address: Address; readonly length: number };

const v4Base = 0xffffn << 32n;
const last = (1n << 128n) - 1n;

export const ipv4Space: AddressSet = [{ low: v4Base, high: v4Base | 0xffffffffn }];
/** Every IPv6 address that is not a mapped IPv4 one. */
export const ipv6Space: AddressSet = [
  { low: 0n, high: v4Base - 1n },
  { low: v4Base + (1n << 32n), high: last },
];

export const isIpv4 = (address: Address): boolean => address >> 32n === 0xffffn;

function parseIpv4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)) return undefined;
  return parts.reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
}

function parseGroups(text: string): readonly number[] | undefined {
  if (text === '') return [];
  const groups = text.split(':');
  return groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group)) ? groups.map((group) => Number.parseInt(group, 16)) : undefined;
}

function parseIpv6(text: string): bigint | undefined {
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (tail) {
    const v4 = parseIpv4(tail[2] ?? '');
    if (v4 === undefined) return undefined;
    return parseIpv6(`${tail[1]}${(v4 >> 16n).toString(16)}:${(v4 & 0xffffn).toString(16)}`);
  }
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] ?? '');
  const rest = halves.length === 2 ? parseGroups(halves[1] ?? '') : [];
  if (!head || !rest) return undefined;
  const missing = 8 - head.length - rest.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  return [...head, ...new Array<number>(missing).fill(0), ...rest].reduce((sum, group) => (sum << 16n) | BigInt(group), 0n);
}

/** Parses `192.0.2.1` or `2001:db8::1` (RFC 4291, 2.2); undefined if it is neither. `::ffff:a.b.c.d` is the IPv4 address. */
export function parseAddress(text: string): Address | undefined {
  if (text.includes(':')) return parseIpv6(text);
  const v4 = parseIpv4(text);
  return v4 === undefined ? undefined : v4Base | v4;
}

/** Parses an address or CIDR block. `hostBits` is true when bits beyond the length are set (usually a typing error). */
export function parsePrefix(text: string): (Prefix & { readonly hostBits: boolean }) | undefined {
  const [host = '', lengthText, ...more] = text.split('/');
  const address = parseAddress(host);
  if (address === undefined || more.length > 0) return undefined;
  const ipv4 = !host.includes(':');
  const width = ipv4 ? 32 : 128;
  if (lengthText !== undefined && !/^(0|[1-9]\d{0,2})$/.test(lengthText)) return undefined;
  const written = lengthText === undefined ? width : Number(lengthText);
  if (written > width) return undefined;
  const length = ipv4 ? written + 96 : written;
  const mask = (last << BigInt(128 - length)) & last;
  return { address: address & mask, length, hostBits: (address & mask) !== address };
}

/** The addresses of one block. */
export function prefixInterval({ address, length }: Prefix): Interval<Address> {
  return { low: address, high: address | ((1n << BigInt(128 - length)) - 1n) };
}

export const addressSet = (prefixes: readonly Prefix[]): AddressSet => intervals(prefixes.map(prefixInterval));

/** Of the highest bit that is set; `value` is above zero. */
const highestBit = (value: bigint): number => {
  const digits = value.toString(16);
  return digits.length * 4 - 1 - Math.clz32(Number.parseInt(digits.charAt(0), 16)) + 28;
};

/** The fewest CIDR blocks that cover exactly `set`, in ascending order. */
export function prefixesOf(set: AddressSet): readonly Prefix[] {
  const out: Prefix[] = [];
  for (const { low, high } of set) {
    for (let from = low; from <= high; ) {
      const fits = highestBit(high - from + 1n);
      // As large as its beginning is aligned to.
      const bits = from === 0n ? fits : Math.min(fits, highestBit(from & -from));
      out.push({ address: from, length: 128 - bits });
      from += 1n << BigInt(bits);
    }
  }
  return out;
}

/** RFC 5952 text; IPv4 in dotted form. */
export function formatAddress(address: Address): string {
  if (isIpv4(address)) return [24n, 16n, 8n, 0n].map((shift) => Number((address >> shift) & 0xffn)).join('.');
  const groups = Array.from({ length: 8 }, (_, i) => Number((address >> BigInt(112 - 16 * i)) & 0xffffn).toString(16));
  let best = { start: -1, length: 1 };
  for (let i = 0; i < 8; i++) {
    let j = i;
    while (j < 8 && groups[j] === '0') j++;
    if (j - i > best.length) best = { start: i, length: j - i };
  }
  if (best.start < 0) return groups.join(':');
  return `${groups.slice(0, best.start).join(':')}::${groups.slice(best.start + best.length).join(':')}`;
}

/** `10.0.0.0/8`, `2001:db8::/32`; a single address without its length. */
export function formatPrefix({ address, length }: Prefix): string {
  const ipv4 = isIpv4(address) && length >= 96;
  if (length === 128) return formatAddress(address);
  return ipv4 ? `${formatAddress(address)}/${length - 96}` : `${formatAddress(address)}/${length}`;
}

/** 16 bytes in network order. */
export function addressBytes(address: Address): Uint8Array {
  const view = new DataView(new ArrayBuffer(16));
  view.setBigUint64(0, address >> 64n);
  view.setBigUint64(8, address);
  return new Uint8Array(view.buffer);
}

export const addressOfBytes = (bytes: Uint8Array): Address => bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
