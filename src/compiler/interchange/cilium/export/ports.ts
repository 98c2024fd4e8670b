// Transport of a rule as Cilium's ports and ICMP types.
import { namedRange, type Transport } from '../../../ir/typed.ts';
import { equals, intersect, isEmpty } from '../../../space/interval.ts';
import { anyTransport, type TransportProtocol, type TransportSet, wholeProtocol } from '../../../space/transport.ts';
import type { JsonObject } from '../../importer.ts';

/** `ports`, `fields`: of `toPorts` and of `icmps`; both empty: every protocol. */
export type Exported = { readonly ports: readonly JsonObject[]; readonly fields: readonly JsonObject[] };

const transports: readonly TransportProtocol[] = ['tcp', 'udp', 'sctp'];
const families = { icmp: 'IPv4', icmpv6: 'IPv6' } as const;
/** Numbers of protocols that have names there. */
const others: Readonly<Record<number, string>> = { 2: 'IGMP', 4: 'IPIP', 41: 'IPV6', 47: 'GRE', 50: 'ESP', 51: 'AH', 112: 'VRRP' };

export function transportOf({ points, named }: Transport, say: (what: string) => void): Exported {
  if (equals(points, anyTransport)) return { ports: [], fields: [] };
  const ports = transports.flatMap((protocol) => portsOf(protocol, within(points, protocol)));
  const byName = named.map(({ protocol, name }): JsonObject => {
    const range = namedRange(name);
    return { port: range.name, ...(range.last !== undefined && { endPort: range.last }), protocol: protocol.toUpperCase() };
  });
  const numbers = within(points, 'other').flatMap(({ low, high }) => Array.from({ length: high - low + 1 }, (_, i) => low + i));
  const extended = numbers.map((number): JsonObject => ({ port: '0', protocol: others[number] ?? '' }));
  if (numbers.some((number) => others[number] === undefined)) say('some of its protocols');
  const fields = (['icmp', 'icmpv6'] as const).flatMap((protocol) => typesOf(protocol, within(points, protocol), say));
  return { ports: [...ports, ...byName, ...extended], fields };
}

/** The numbers of one protocol. */
function within(points: TransportSet, protocol: TransportProtocol): TransportSet {
  const whole = wholeProtocol(protocol);
  const first = whole[0]?.low ?? 0;
  return intersect(points, whole).map(({ low, high }) => ({ low: low - first, high: high - first }));
}

const portsOf = (protocol: TransportProtocol, numbers: TransportSet): readonly JsonObject[] =>
  numbers.map(({ low, high }): JsonObject => {
    if (low === 0 && high === 65_535) return { port: '0', protocol: protocol.toUpperCase() };
    // No packet has port 0, which is every port there.
    const first = Math.max(low, 1);
    return { port: String(first), ...(high > first && { endPort: high }), protocol: protocol.toUpperCase() };
  });

function typesOf(protocol: 'icmp' | 'icmpv6', numbers: TransportSet, say: (what: string) => void): readonly JsonObject[] {
  const family = families[protocol];
  if (isEmpty(numbers)) return [];
  if (numbers.some(({ low, high }) => low === 0 && high === 65_535)) return [{ family, type: 0 }];
  if (numbers.some(({ low, high }) => low % 256 !== 0 || high % 256 !== 255)) say('codes of ICMP');
  const types = numbers.flatMap(({ low, high }) => {
    const first = Math.floor(low / 256);
    return Array.from({ length: Math.floor(high / 256) - first + 1 }, (_, i) => first + i);
  });
  if (types.includes(0)) say('ICMP type 0 by itself: there it is every type');
  return types.map((type): JsonObject => ({ family, type }));
}
