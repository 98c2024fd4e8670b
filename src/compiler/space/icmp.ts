// Type names of ICMP (RFC 792, 1256, 8335) and ICMPv6 (RFC 4443, 4861, 3810, 8335), as the IANA registries number them.

export const icmpTypes: Readonly<Record<'icmp' | 'icmpv6', ReadonlyMap<string, number>>> = {
  icmp: new Map(
    Object.entries({
      'echo-reply': 0,
      'destination-unreachable': 3,
      'source-quench': 4,
      redirect: 5,
      'echo-request': 8,
      'router-advertisement': 9,
      'router-solicitation': 10,
      'time-exceeded': 11,
      'parameter-problem': 12,
      'timestamp-request': 13,
      'timestamp-reply': 14,
      'extended-echo-request': 42,
      'extended-echo-reply': 43,
    }),
  ),
  icmpv6: new Map(
    Object.entries({
      'destination-unreachable': 1,
      'packet-too-big': 2,
      'time-exceeded': 3,
      'parameter-problem': 4,
      'echo-request': 128,
      'echo-reply': 129,
      'multicast-listener-query': 130,
      'multicast-listener-report': 131,
      'multicast-listener-done': 132,
      'router-solicitation': 133,
      'router-advertisement': 134,
      'neighbor-solicitation': 135,
      'neighbor-advertisement': 136,
      redirect: 137,
      'multicast-listener-report-v2': 143,
      'extended-echo-request': 160,
      'extended-echo-reply': 161,
    }),
  ),
};

/** Neighbour discovery and multicast listener discovery: never events (grammar/README.md, "Events"). */
export const isNeverEvent = (protocol: string, type: number): boolean =>
  protocol === 'icmpv6' && ((type >= 130 && type <= 137) || type === 143);
