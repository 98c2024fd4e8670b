// Protocol and port of a recorded flow -> its point on the transport line.
import { isNeverEvent } from '../space/icmp.ts';
import { type TransportPoint, transportPoint } from '../space/transport.ts';
import type { NotJudged } from './observation.ts';
import { otherProtocols, type RecordedFlow } from './record.ts';

const slots = { TCP: 'tcp', UDP: 'udp', SCTP: 'sctp', ICMPv4: 'icmp', ICMPv6: 'icmpv6' } as const;
const isSlot = (protocol: string): protocol is keyof typeof slots => Object.hasOwn(slots, protocol);
/** Protocols that have points of their own. */
const named: ReadonlySet<number> = new Set([6, 17, 132, 1, 58]);

export function pointOf({ protocol, port }: Pick<RecordedFlow, 'protocol' | 'port'>): TransportPoint | NotJudged {
  if (isSlot(protocol)) {
    const slot = slots[protocol];
    if (slot === 'icmp' || slot === 'icmpv6') return isNeverEvent(slot, port >> 8) ? 'control' : transportPoint(slot, port);
    return port === 0 ? 'no port' : transportPoint(slot, port);
  }
  const number = otherProtocols[protocol] ?? (/^\d{1,3}$/.test(protocol) ? Number(protocol) : Number.NaN);
  return number >= 0 && number < 256 && !named.has(number) ? transportPoint('other', number) : 'no port';
}
