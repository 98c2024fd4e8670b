// Packets, composed from the inside out: ethernet(ipv6(ends, hopByHop(tcp({ source: 40000, destination: 80 })))). Lengths are
// filled in; checksums are not: what reads these packets (BPF_PROG_TEST_RUN) comes after their check, or before.
import { type Address, addressBytes, isIpv4 } from '../../src/compiler/space/address.ts';

/** A transport layer or extension header with what follows it; `number` is its IP protocol number. */
export type Layer = { readonly number: number; readonly bytes: Uint8Array };
/** An IP packet and the EtherType that says which. */
export type NetworkPacket = { readonly etherType: number; readonly bytes: Uint8Array };
export type Ends = { readonly source: Address; readonly destination: Address };
type Ports = { readonly source: number; readonly destination: number };

export const etherTypes = { ipv4: 0x0800, ipv6: 0x86dd, arp: 0x0806 } as const;
export const tcpFlags = { fin: 1, syn: 2, reset: 4, push: 8, acknowledge: 16 } as const;

const u16 = (value: number): readonly number[] => [(value >> 8) & 0xff, value & 0xff];
function bytesOf(...parts: readonly (readonly number[] | Uint8Array)[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
const zeros = (count: number): readonly number[] => new Array<number>(count).fill(0);

export type TcpOptions = Ports & {
  /** Sum of `tcpFlags`; SYN unless given. */
  readonly flags?: number;
  readonly payload?: Uint8Array;
  readonly sequence?: number;
  /** Header length in words of four bytes, as it is written; the header has 20 bytes all the same. */
  readonly words?: number;
};
export const tcp = ({
  source,
  destination,
  flags = tcpFlags.syn,
  payload = new Uint8Array(),
  sequence = 0,
  words = 5,
}: TcpOptions): Layer => ({
  number: 6,
  bytes: bytesOf(
    u16(source),
    u16(destination),
    u16(sequence >>> 16),
    u16(sequence & 0xffff),
    zeros(4),
    [words << 4, flags],
    u16(65535),
    zeros(4),
    payload,
  ),
});

export const udp = ({ source, destination }: Ports, payload: Uint8Array = new Uint8Array()): Layer => ({
  number: 17,
  bytes: bytesOf(u16(source), u16(destination), u16(8 + payload.length), u16(0), payload),
});

/** Ports, verification tag, checksum. */
export const sctp = ({ source, destination }: Ports): Layer => ({ number: 132, bytes: bytesOf(u16(source), u16(destination), zeros(8)) });

export type IcmpOptions = {
  readonly type: number;
  readonly code?: number;
  readonly id?: number;
  /** After the eight bytes of the header; of an error: the packet that it is about. */
  readonly quoted?: Uint8Array;
};
const icmpBytes = ({ type, code = 0, id = 0, quoted = new Uint8Array() }: IcmpOptions): Uint8Array =>
  bytesOf([type, code], u16(0), u16(id), u16(1), quoted);
export const icmp = (options: IcmpOptions): Layer => ({ number: 1, bytes: icmpBytes(options) });
export const icmpv6 = (options: IcmpOptions): Layer => ({ number: 58, bytes: icmpBytes(options) });

/** Any other protocol: 32 bytes of it. */
export const otherProtocol = (number: number): Layer => ({ number, bytes: new Uint8Array(32) });

const extension = (number: number, inner: Layer, rest: readonly number[]): Layer => ({
  number,
  bytes: bytesOf([inner.number], rest, inner.bytes),
});
/** Hop-by-hop options: padding. */
export const hopByHop = (inner: Layer): Layer => extension(0, inner, [0, 1, 4, 0, 0, 0, 0]);
/** Destination options of `units` times eight bytes beyond the first eight. */
export const destinationOptions = (inner: Layer, units = 0): Layer => extension(60, inner, [units, 1, 4, 0, 0, 0, 0, ...zeros(8 * units)]);
/** Routing header (type 4 without addresses) with so many stops ahead. */
export const routing = (inner: Layer, segmentsLeft: number): Layer => extension(43, inner, [0, 4, segmentsLeft, 0, 0, 0, 0]);
/** IPv6 fragment header; `offset` in units of eight bytes. */
export const fragment = (inner: Layer, { offset, more }: { readonly offset: number; readonly more: boolean }): Layer =>
  extension(44, inner, [0, ...u16((offset << 3) | (more ? 1 : 0)), 0, 0, 0, 1]);

export type Ipv4Options = Ends & {
  /** Bytes of options, a multiple of four. */
  readonly options?: readonly number[];
  /** In units of eight bytes. */
  readonly offset?: number;
  readonly more?: boolean;
};
export function ipv4({ source, destination, options = [], offset = 0, more = false }: Ipv4Options, inner: Layer): NetworkPacket {
  const length = 20 + options.length;
  const bytes = bytesOf(
    [0x40 | (length / 4), 0],
    u16(length + inner.bytes.length),
    u16(1),
    u16((more ? 0x2000 : 0) | offset),
    [64, inner.number],
    u16(0),
    addressBytes(source).subarray(12),
    addressBytes(destination).subarray(12),
    options,
    inner.bytes,
  );
  return { etherType: etherTypes.ipv4, bytes };
}

export function ipv6({ source, destination, hopLimit = 64 }: Ends & { readonly hopLimit?: number }, inner: Layer): NetworkPacket {
  const head = bytesOf([0x60, 0, 0, 0], u16(inner.bytes.length), [inner.number, hopLimit]);
  return { etherType: etherTypes.ipv6, bytes: bytesOf(head, addressBytes(source), addressBytes(destination), inner.bytes) };
}

/** The family of the addresses decides. */
export const ip = (ends: Ends, inner: Layer): NetworkPacket => (isIpv4(ends.destination) ? ipv4(ends, inner) : ipv6(ends, inner));

/** With the Ethernet header that BPF_PROG_TEST_RUN wants. */
export const ethernet = ({ etherType, bytes }: NetworkPacket): Uint8Array =>
  bytesOf([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2], u16(etherType), bytes);

/** Only the first bytes of the IP packet. */
export const cut = ({ etherType, bytes }: NetworkPacket, length: number): NetworkPacket => ({
  etherType,
  bytes: bytes.subarray(0, length),
});
