// A set that is empty although something is written in it: its conditions exclude each other. Asked where the set is
// written, not where its name is used.
import type { Report } from '../../diagnostics/diagnostic.ts';
import type { Value } from '../../ir/resolved.ts';
import type { PeerSet, Transport } from '../../ir/typed.ts';

/** Warns of an empty set; `size` is its number of parts, undefined when it is unknown. */
export function warnEmpty(value: Value, [what, size]: readonly [string, number | undefined], report: Report): void {
  if (size === 0 && value.kind !== 'declared') report('check/matches-nothing', value.span, { what });
}

/** Warns of peers that nobody is one of; undefined after a report. */
export const warnNobody = (value: Value, peers: PeerSet | undefined, report: Report): void =>
  warnEmpty(value, ['peer', peers && sizeOf(peers)], report);

const sizeOf = ({ selectors, networks, anyNetworks, domains, entities, reserved = [] }: PeerSet): number =>
  [networks, anyNetworks, domains, entities, reserved, ...selectors].reduce((sum, { length }) => sum + length, 0);

export const warnNoPorts = (value: Value, transport: Transport | undefined, report: Report): void =>
  warnEmpty(value, ['set of ports', transport && transport.points.length + transport.named.length], report);
