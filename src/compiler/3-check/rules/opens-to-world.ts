// What anybody may reach, or may be sent anywhere, is seldom meant: ingress from the world or from anybody, and egress to
// them on every protocol. Ping and its like are no opening, and a request block to somewhere is a choice.
import type { NetworkRule, PeerSet, Transport } from '../../ir/typed.ts';
import { type AddressSet, ipv4Space, ipv6Space } from '../../space/address.ts';
import { equals, isEmpty, subtract } from '../../space/interval.ts';
import { anyTransport, wholeProtocol } from '../../space/transport.ts';
import type { PolicyFinding } from './finding.ts';

const holdsAll = (set: AddressSet): boolean => set.length > 0 && [ipv4Space, ipv6Space].some((space) => isEmpty(subtract(space, set)));

/** Whom the peers hold who may be anywhere, in words. */
function everyone({ entities, networks, anyNetworks }: PeerSet): string | undefined {
  if (entities.includes('all')) return 'anybody';
  const world = entities.some((name) => name.startsWith('world')) || holdsAll(networks) || holdsAll(anyNetworks);
  return world ? 'the whole world' : undefined;
}

const pings = [...wholeProtocol('icmp'), ...wholeProtocol('icmpv6')];
const isPing = ({ points, named }: Transport): boolean => named.length === 0 && isEmpty(subtract(points, pings));

function opening({ section, peers, transport, layer7 }: NetworkRule): string | undefined {
  const who = everyone(peers);
  if (who === undefined || isPing(transport)) return undefined;
  if (section === 'ingress') return `its subject to ${who}`;
  return !layer7 && equals(transport.points, anyTransport) ? `${who} to its subject, on every protocol` : undefined;
}

/** Warns of allow rules that open to the world. */
export const warnOpensToWorld: PolicyFinding = ({ rules }, report) => {
  for (const rule of rules) {
    const what = rule.section !== 'process' && rule.action === 'allow' && !rule.audit ? opening(rule) : undefined;
    if (what !== undefined) report('check/opens-to-world', rule.span, { what });
  }
};
