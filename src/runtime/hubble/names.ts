// Hubble's own words for our numbers: label values of its metrics, names in its JSON. Checked against hubble's enums
// (flow.proto); where it has no word, ours stands beside and says so.
import { type fixedCause, matchType } from '../../compiler/ir/abi.ts';
import type { CauseRecord } from '../events/causes.ts';
import type { EventMatch, EventProtocol, EventVerdict } from '../events/verdict-event.ts';

/** Hubble's Verdict. */
export const verdictName = {
  forwarded: 'FORWARDED',
  dropped: 'DROPPED',
  audit: 'AUDIT',
  redirected: 'REDIRECTED',
} as const satisfies Record<EventVerdict, string>;
export type VerdictName = (typeof verdictName)[EventVerdict];

/** Label `protocol`. Exec has none: it is no flow. */
export const protocolName = {
  tcp: 'TCP',
  udp: 'UDP',
  sctp: 'SCTP',
  icmp: 'ICMPv4',
  icmpv6: 'ICMPv6',
  other: 'Unknown L4',
  http: 'HTTP',
  exec: 'exec',
  dns: 'DNS',
  tls: 'TLS',
} as const satisfies Record<EventProtocol, string>;

/** Label `match` of the policy metric: layer 7 is named by its protocol. */
export const matchName = (match: EventMatch, protocol: EventProtocol): string => (match === 'layer7' ? `l7/${protocol}` : match);

/** PolicyMatchType of a flow; layer 7 has none. */
export const matchNumber = (match: EventMatch): number | undefined => (match === 'layer7' ? undefined : matchType[match]);

/** Monitor message types (`event_type.type`), and Hubble's label `type`. */
export const eventType = {
  drop: { number: 1, name: 'Drop', flow: 'L3_L4' },
  policy: { number: 5, name: 'PolicyVerdict', flow: 'L3_L4' },
  layer7: { number: 129, name: 'L7', flow: 'L7' },
} as const;
export type EventType = keyof typeof eventType;

/** DropReason: number and name. */
export const dropReasons = {
  INVALID_SOURCE_IP: 132,
  POLICY_DENIED: 133,
  INVALID_PACKET_DROPPED: 134,
  UNKNOWN_L4_PROTOCOL: 142,
  CT_MAP_INSERTION_FAILED: 155,
  IP_FRAGMENTATION_NOT_SUPPORTED: 157,
  PROXY_REDIRECTION_NOT_SUPPORTED_FOR_PROTOCOL: 180,
  POLICY_DENY: 181,
  UNSUPPORTED_L3_PROTOCOL: 139,
  DROP_EP_NOT_READY: 203,
} as const;
export type DropReason = keyof typeof dropReasons;

/** Why the program itself refused a packet; `defaultAllow` and `self` never do. */
const ownRefusals: Readonly<Record<keyof typeof fixedCause, DropReason>> = {
  defaultAllow: 'POLICY_DENIED',
  self: 'POLICY_DENIED',
  internal: 'DROP_EP_NOT_READY',
  uninspectable: 'PROXY_REDIRECTION_NOT_SUPPORTED_FOR_PROTOCOL',
  tableFull: 'CT_MAP_INSERTION_FAILED',
  malformed: 'INVALID_PACKET_DROPPED',
  fragment: 'IP_FRAGMENTATION_NOT_SUPPORTED',
  unsupportedFamily: 'UNSUPPORTED_L3_PROTOCOL',
  packetSocket: 'UNKNOWN_L4_PROTOCOL',
  unknownSender: 'INVALID_SOURCE_IP',
  forgedSource: 'INVALID_SOURCE_IP',
  sharedPort: 'POLICY_DENIED',
  unreadableAnswer: 'POLICY_DENIED',
  firstDynamic: 'POLICY_DENIED',
};

/** The reason of a denial. A cause whose record was lost is told by its match: only defaults match nothing. */
export function dropReasonOf(record: CauseRecord, match: EventMatch): DropReason {
  switch (record.kind) {
    case 'rule':
      return 'POLICY_DENY';
    case 'default-deny':
      return 'POLICY_DENIED';
    case 'fixed':
      return ownRefusals[record.name];
    case 'unknown':
      return match === 'none' || match === 'layer7' ? 'POLICY_DENIED' : 'POLICY_DENY';
  }
}

/** Which kind of Hubble event one verdict is: the program's own refusals are drops that no policy spoke about. */
export function eventTypeOf(record: CauseRecord, protocol: EventProtocol): EventType {
  if (protocol === 'http' || protocol === 'dns' || protocol === 'tls') return 'layer7';
  return record.kind === 'fixed' && record.name !== 'defaultAllow' && record.name !== 'self' ? 'drop' : 'policy';
}

/** Numeric identities that Cilium reserves. */
export const reservedIdentity: Readonly<Record<string, number>> = {
  host: 1,
  world: 2,
  unmanaged: 3,
  health: 4,
  init: 5,
  'remote-node': 6,
  'kube-apiserver': 7,
  ingress: 8,
  'world-ipv4': 9,
  'world-ipv6': 10,
};
