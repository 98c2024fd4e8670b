// Transport as one line of integers: `point = slot * 65536 + value`, so that a set of protocols, ports and ICMP types
// is one IntervalSet and the kernel's port table one array. Value: destination port for tcp, udp, sctp;
// `type * 256 + code` for icmp and icmpv6; the IP protocol number for all others.
import { type IntervalSet, intervals } from './interval.ts';

/** Slot of each protocol on the line; also the protocol number in kernel events and counters. */
export const transportSlot = { tcp: 0, udp: 1, sctp: 2, icmp: 3, icmpv6: 4, other: 5 } as const;
export type TransportProtocol = keyof typeof transportSlot;

/** IANA protocol numbers of the slots that have one. */
export const protocolNumber = { tcp: 6, udp: 17, sctp: 132, icmp: 1, icmpv6: 58 } as const;

/** A point on the transport line, 0 .. transportPoints - 1. */
export type TransportPoint = number;
export type TransportSet = IntervalSet<TransportPoint>;

/** Five slots of 65536 values, then 256 other protocols. */
export const transportPoints = 5 * 65536 + 256;

export const transportPoint = (protocol: TransportProtocol, value: number): TransportPoint => transportSlot[protocol] * 65536 + value;

export function protocolOf(point: TransportPoint): { readonly protocol: TransportProtocol; readonly value: number } {
  const slot = Math.floor(point / 65536);
  const found = (Object.keys(transportSlot) as TransportProtocol[]).find((name) => transportSlot[name] === slot);
  return { protocol: found ?? 'other', value: point % 65536 };
}

/** Every protocol, port and ICMP type: what a rule without `at` says. */
export const anyTransport: TransportSet = intervals([{ low: 0, high: transportPoints - 1 }]);

/** The points of one protocol with values `low..high`. */
export const transportRange = (protocol: TransportProtocol, low: number, high: number): TransportSet => [
  { low: transportPoint(protocol, low), high: transportPoint(protocol, high) },
];

/** All points of one protocol. */
export const wholeProtocol = (protocol: TransportProtocol): TransportSet => transportRange(protocol, 0, protocol === 'other' ? 255 : 65535);
