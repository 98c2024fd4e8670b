// A policy written by hand into the tables, for tests of the packet programs: one workload, a peer, the world, a few
// open points. Deny and allow stand in the verdict table, so nothing but the C programs is under test.
import { fixedEndpoint, matchType } from '../../src/compiler/ir/abi.ts';
import { portsImage as imageOfStarts, startsOf } from '../../src/compiler/ir/class-pieces.ts';
import { type Address, parseAddress } from '../../src/compiler/space/address.ts';
import { type TransportPoint, transportPoint, transportPoints } from '../../src/compiler/space/transport.ts';
import { type ContentParts, content } from './kernel.ts';
import { type PacketBench, packetBench, type Side } from './packet-bench.ts';

/** Parses an address that is known to be one. */
export const address = (text: string): Address => {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
};
export const here = { v4: address('10.0.0.1'), v6: address('2001:db8::1') };
export const world = { v4: address('203.0.113.9'), v6: address('2001:db8:ffff::9') };
export const other = { v4: address('10.0.0.2'), v6: address('2001:db8::2') };
export const families = ['v4', 'v6'] as const;
export const sides: readonly Side[] = ['ingress', 'egress'];

export const subject = 16;
export const peer = 17;
export const denied = 20;
export const allowed = 21;
export const peerAllowed = 22;
export const inspected = 23;

/** Port class 1 for these points, 0 for all others. */
export function portsImage(points: readonly TransportPoint[]): Uint8Array {
  const classes = new Uint16Array(transportPoints);
  for (const point of points) classes[point] = 1;
  return imageOfStarts(startsOf(classes));
}

export const openPoints = [
  transportPoint('tcp', 80),
  transportPoint('udp', 53),
  transportPoint('sctp', 5000),
  transportPoint('icmp', 8 * 256),
  transportPoint('icmpv6', 128 * 256),
  transportPoint('other', 47),
  transportPoint('tcp', 40000),
  transportPoint('udp', 5353),
];

/** One workload (the bench's cgroup): the open points are allowed from and to the world and the peer, all else is denied. */
export function standard(bench: Pick<PacketBench, 'cgroup'>, change: ContentParts = {}) {
  return content({
    cgroups: [{ cgroup: bench.cgroup.id, endpoint: subject }],
    addresses: [
      { address: here.v4, endpoint: subject },
      { address: here.v6, endpoint: subject },
      { address: other.v4, endpoint: peer },
      { address: other.v6, endpoint: peer },
    ],
    endpoints: [
      { id: fixedEndpoint.host, subjectClass: 0, peerClass: 2 },
      { id: subject, subjectClass: 1, peerClass: 2 },
      { id: peer, subjectClass: 0, peerClass: 3 },
    ],
    rows: [0, 1, 2, 3].flatMap((peerClass) =>
      sides.map((section) => ({ subjectClass: 1, peerClass, section, base: peerClass === 3 ? 3 : 1 })),
    ),
    verdicts: [
      { action: 'absent' },
      { action: 'deny', cause: denied },
      { action: 'allow', cause: allowed, match: matchType['l4-only'] },
      { action: 'deny', cause: denied },
      { action: 'allow', cause: peerAllowed, match: matchType['l3-l4'] },
    ],
    ports: portsImage(openPoints),
    ...change,
  });
}

let made: PacketBench | undefined;
export const bench = (): PacketBench => (made ??= packetBench('packets'));
/** A fresh policy and no flows. */
export function fresh(change: ContentParts = {}): PacketBench {
  const it = bench();
  it.install(standard(it, change));
  it.forget();
  return it;
}

export type Family = (typeof families)[number];
export const inbound = (family: Family, from = world) => ({ source: from[family], destination: here[family] });
export const outbound = (family: Family, to = world) => ({ source: here[family], destination: to[family] });
export const ends = (side: Side, family: Family, far = world) => (side === 'ingress' ? inbound(family, far) : outbound(family, far));
