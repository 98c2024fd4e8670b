// Ports and ICMP types of one rule as policy text.

import { type Field, itemsOf, member, numberIn, textOf } from '../fields.ts';
import { PortTexts } from '../kubernetes/policy-text.ts';
import { distinct, listed } from '../texts.ts';

/** A name of a service after IANA: at least one letter, at most 15 signs, no hyphen at an end or beside another. */
export const isServiceName = (text: string): boolean =>
  text.length <= 15 && /^[a-zA-Z0-9](-?[a-zA-Z0-9])*$/.test(text) && /[a-zA-Z]/.test(text);

/** A number as Go reads it, with the base that its beginning says; undefined when it is none, or past 65535. */
export function portNumber(text: string): number | undefined {
  if (!/^\d(_?\d)*$/.test(text)) return undefined;
  const digits = text.replaceAll('_', '');
  const isOctal = digits.length > 1 && digits.startsWith('0');
  if (isOctal && !/^[0-7]+$/.test(digits)) return undefined;
  const number = Number.parseInt(digits, isOctal ? 8 : 10);
  return number <= 65_535 ? number : undefined;
}

const transports = ['tcp', 'udp', 'sctp'];
/** Of them there are no ports. */
export const extended = ['vrrp', 'igmp', 'gre', 'ipip', 'ipv6', 'esp', 'ah'];
export const protocolOf = (port: Field): string => {
  const written = (textOf(port, 'protocol') ?? '').toLowerCase();
  return written === '' ? 'any' : written;
};

/** Transport of one item of `toPorts`; empty: none. */
export function portTexts(rule: Field): readonly string[] {
  const texts = new PortTexts();
  for (const port of itemsOf(rule, 'ports')) {
    const protocol = protocolOf(port);
    const written = textOf(port, 'port') ?? '';
    for (const one of protocol === 'any' ? transports : [protocol]) addPort(texts, one, written, numberIn(member(port, 'endPort')));
  }
  return texts.texts();
}

function addPort(texts: PortTexts, protocol: string, written: string, end: number | undefined): void {
  const first = portNumber(written);
  if (first === undefined && isServiceName(written)) texts.addName(protocol, written.toLowerCase() + (end ? `..${end}` : ''));
  else if (!first) texts.add(protocol);
  // An end before the beginning is none.
  else texts.add(protocol, first, end !== undefined && end > first ? end : first);
}

const types: Readonly<Record<'IPv4' | 'IPv6', ReadonlyMap<string, number>>> = {
  IPv4: new Map(
    Object.entries({
      ...{ EchoReply: 0, DestinationUnreachable: 3, Redirect: 5, Echo: 8, EchoRequest: 8, RouterAdvertisement: 9, RouterSelection: 10 },
      ...{ TimeExceeded: 11, ParameterProblem: 12, Timestamp: 13, TimestampReply: 14, Photuris: 40 },
      ...{ ExtendedEchoRequest: 42, ExtendedEchoReply: 43 },
    }),
  ),
  IPv6: new Map(
    Object.entries({
      ...{ DestinationUnreachable: 1, PacketTooBig: 2, TimeExceeded: 3, ParameterProblem: 4, EchoRequest: 128, EchoReply: 129 },
      ...{ MulticastListenerQuery: 130, MulticastListenerReport: 131, MulticastListenerDone: 132, RouterSolicitation: 133 },
      ...{ RouterAdvertisement: 134, NeighborSolicitation: 135, NeighborAdvertisement: 136, RedirectMessage: 137 },
      ...{ RouterRenumbering: 138, ICMPNodeInformationQuery: 139, ICMPNodeInformationResponse: 140 },
      ...{ InverseNeighborDiscoverySolicitation: 141, InverseNeighborDiscoveryAdvertisement: 142 },
      ...{ HomeAgentAddressDiscoveryRequest: 144, HomeAgentAddressDiscoveryReply: 145, MobilePrefixSolicitation: 146 },
      ...{ MobilePrefixAdvertisement: 147, DuplicateAddressRequestCodeSuffix: 157, DuplicateAddressConfirmationCodeSuffix: 158 },
      ...{ ExtendedEchoRequest: 160, ExtendedEchoReply: 161 },
    }),
  ),
};

/** The number of an ICMP type; undefined when its family has none of this name. */
export function icmpType(field: Field): number | undefined {
  const { value } = member(field, 'type');
  if (typeof value === 'number') return value;
  const text = typeof value === 'string' ? value : '';
  return /^\d+$/.test(text) ? Number(text) : types[icmpFamily(field)].get(text);
}
export const icmpFamily = (field: Field): 'IPv4' | 'IPv6' => (textOf(field, 'family') === 'IPv6' ? 'IPv6' : 'IPv4');

/** Transport of all `icmps` together; type 0 is every type. */
export function icmpTexts(rule: Field): readonly string[] {
  const fields = itemsOf(rule, 'icmps').flatMap((one) => itemsOf(one, 'fields'));
  return (['IPv4', 'IPv6'] as const).flatMap((family) => {
    const word = family === 'IPv4' ? 'icmp' : 'icmpv6';
    const numbers = distinct(fields.filter((field) => icmpFamily(field) === family).flatMap((field) => icmpType(field) ?? []));
    if (numbers.includes(0)) return [word];
    const possible = numbers.filter((number) => number > 0 && number <= 255);
    return possible.length === 0 ? [] : [`${word} ${listed(possible.map(String))}`];
  });
}

/** Types of number 0, each at its place: they say more than most who write them mean. */
export const everyTypes = (rule: Field): readonly Field[] =>
  itemsOf(rule, 'icmps').flatMap((one) => itemsOf(one, 'fields').filter((field) => icmpType(field) === 0));
