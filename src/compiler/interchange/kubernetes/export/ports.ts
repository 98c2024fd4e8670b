// Ports of a rule as the API has them.
import { namedRange, type Transport } from '../../../ir/typed.ts';
import { equals, intersect, isEmpty, subtract } from '../../../space/interval.ts';
import { anyTransport, protocolOf, type TransportPoint, transportPoint, wholeProtocol } from '../../../space/transport.ts';
import type { JsonObject } from '../../importer.ts';
import type { Say } from './refuse.ts';

const protocols = ['tcp', 'udp', 'sctp'] as const;
type Protocol = (typeof protocols)[number];
/** From 0 to 65535: every port, and what has none. */
type Numbers = { readonly protocol: Protocol; readonly low: number; readonly high: number };

const isWhole = ({ low, high }: Numbers): boolean => low === 0 && high === 65_535;

/** What is said; no list: every protocol. */
type Ports = { readonly numbers: readonly Numbers[]; readonly names: readonly { readonly protocol: Protocol; readonly name: string }[] };

function portsOf({ points, named }: Transport, say: Say): Ports | undefined {
  if (equals(points, anyTransport)) return undefined;
  const numbers = protocols.flatMap((protocol) => numbersOf(points, protocol));
  const others = protocols.reduce((rest, protocol) => subtract(rest, wholeProtocol(protocol)), points);
  for (const what of new Set(others.flatMap(({ low, high }) => [low, high]).map(protocolText)))
    say(what, 'it knows ports of TCP, UDP and SCTP');
  if (numbers.some(({ low, high }) => low === 0 && high < 65_535)) say('port 0 beside others', 'its ports are numbers from 1');
  const names = named.flatMap(({ protocol, name }) => {
    const known = protocols.find((one) => one === protocol);
    if (namedRange(name).last !== undefined) say('the ports from a named one on', 'its ranges begin with a number');
    else if (!known || !isName(name)) say(`the port name \`${name}\``, 'its names have at most 15 of `a-z`, `0-9` and `-`');
    else return [{ protocol: known, name }];
    return [];
  });
  return { numbers: numbers.filter((one) => one.low > 0 || isWhole(one)), names };
}

const isName = (name: string): boolean => /^(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?$/.test(name);

function protocolText(point: TransportPoint): string {
  const { protocol, value } = protocolOf(point);
  if (protocol === 'icmp' || protocol === 'icmpv6') return 'ICMP';
  return protocol === 'other' ? `protocol ${value}` : protocol;
}

const numbersOf = (points: Transport['points'], protocol: Protocol): readonly Numbers[] => {
  const first = transportPoint(protocol, 0);
  const found = intersect(points, wholeProtocol(protocol));
  return isEmpty(found) ? [] : found.map(({ low, high }) => ({ protocol, low: low - first, high: high - first }));
};

/** `ports` of NetworkPolicy: undefined where it is every one. */
export function policyPorts(transport: Transport, say: Say): readonly JsonObject[] | undefined {
  const ports = portsOf(transport, say);
  return (
    ports && [
      ...ports.numbers.map((one): JsonObject => {
        const { low, high } = one;
        return { protocol: one.protocol.toUpperCase(), ...(!isWhole(one) && { port: low, ...(high > low && { endPort: high }) }) };
      }),
      ...ports.names.map(({ protocol, name }): JsonObject => ({ protocol: protocol.toUpperCase(), port: name })),
    ]
  );
}

/** `protocols` of ClusterNetworkPolicy, whose port names are of every protocol. */
export function clusterPolicyPorts(transport: Transport, say: Say): readonly JsonObject[] | undefined {
  const ports = portsOf(transport, say);
  if (!ports) return undefined;
  const names = [...new Set(ports.names.map(({ name }) => name))].filter((name) => {
    const isOfAll = ports.names.filter((one) => one.name === name).length === protocols.length;
    if (!isOfAll) say(`port \`${name}\` of some protocols`, 'its port names are of every one');
    return isOfAll;
  });
  return [
    ...ports.numbers.map((one): JsonObject => {
      const { protocol, low, high } = one;
      const port: JsonObject = low === high ? { number: low } : { range: { start: low, end: high } };
      return { [protocol]: isWhole(one) ? {} : { destinationPort: port } };
    }),
    ...names.map((name): JsonObject => ({ destinationNamedPort: name })),
  ];
}
