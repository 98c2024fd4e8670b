// How much of an L3/L4 question a rule names, as Hubble's PolicyMatchType counts it.
import { matchType } from '../ir/abi.ts';
import type { NetworkRule, Transport } from '../ir/typed.ts';
import { equals } from '../space/interval.ts';
import { anyTransport, type TransportSet, wholeProtocol } from '../space/transport.ts';

/** The protocols that have ports. */
const ported = (['tcp', 'udp', 'sctp'] as const).flatMap(wholeProtocol);

/** Protocols without a port among them. ICMP types and other protocols' numbers are no ports. */
const isWholeProtocols = (points: TransportSet): boolean =>
  points.every(({ low, high }) =>
    ported.every((protocol) => high < protocol.low || low > protocol.high || (low <= protocol.low && high >= protocol.high)),
  );

export const isAnyTransport = ({ points }: Transport): boolean => equals(points, anyTransport);

/** PolicyMatchType of the verdicts of `rule`. */
export function matchTypeOf({ peers, transport }: NetworkRule): number {
  const anyPeer = peers.entities.includes('all');
  if (isAnyTransport(transport)) return anyPeer ? matchType.all : matchType['l3-only'];
  if (transport.named.length === 0 && isWholeProtocols(transport.points)) {
    return anyPeer ? matchType['proto-only'] : matchType['l3-proto'];
  }
  return anyPeer ? matchType['l4-only'] : matchType['l3-l4'];
}
