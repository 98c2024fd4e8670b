// Events and a cause table for the tests of records and metrics.
import { eventDomain, eventProtocol, hubbleVerdict, layouts, matchType, section, undecidableReason } from '../../../src/compiler/ir/abi.ts';
import type { SourceTable } from '../../../src/compiler/ir/bundle.ts';
import { encode } from '../../../src/compiler/ir/layout.ts';
import { addressBytes, parseAddress } from '../../../src/compiler/space/address.ts';
import { CauseTable } from '../../../src/runtime/events/causes.ts';
import {
  type EventDirection,
  type EventDomain,
  type EventMatch,
  type EventProtocol,
  type EventReason,
  type EventVerdict,
  type VerdictEvent,
  verdictEventOf,
} from '../../../src/runtime/events/verdict-event.ts';

import { policySource, ruleSource, writtenIn } from '../../harness/sample-policy.ts';

export const sources: SourceTable = {
  policies: [
    { ...policySource('cart-access', 'shop.policy', 3), annotations: [{ name: 'owner', values: ['team-checkout'] }] },
    { ...policySource('no-shell', 'base.policy', 1), tier: 'admin' },
  ],
  rules: [
    ruleSource({
      ...{ file: 'shop.policy', line: 5, action: 'allow', section: 'ingress' },
      text: 'allow from storefront at tcp 8080 http { GET "/cart/{id}" }',
    }),
    ruleSource({ file: 'shop.policy', line: 6, action: 'deny', section: 'egress', text: 'deny to world' }),
    ruleSource({ policy: 1, file: 'base.policy', line: 4, action: 'deny', section: 'process', text: 'deny exec "/bin/sh"' }),
    ruleSource({
      ...{ file: 'shop.policy', line: 7, action: 'deny', section: 'egress', text: 'audit to office', audit: true, priority: -5 },
      ...{
        name: 'office',
        log: 'office was called',
        annotations: [
          { name: 'until', values: ['2026-06-30'] },
          { name: 'cost-centre', values: ['7'] },
        ],
      },
    }),
  ],
};
export const causes = new CauseTable();
const numbers = causes.numbersOf(writtenIn(sources));
export const cause = {
  cart: numbers.rule(0),
  world: numbers.rule(1),
  shell: numbers.rule(2),
  office: numbers.rule(3),
  both: numbers.defaultDeny([0, 1]),
};

export type EventParts = {
  readonly cause: number;
  readonly direction: EventDirection;
  readonly protocol: EventProtocol;
  readonly match: EventMatch;
  readonly verdict: EventVerdict;
  readonly domain?: EventDomain;
  readonly reason?: EventReason;
  readonly subject?: number;
  readonly peer?: number;
  readonly source?: string;
  readonly destination?: string;
  readonly ports?: readonly [number, number];
  readonly tcpFlags?: number;
  readonly text?: string;
};

/** Encoded as the kernel does, and decoded as the daemon does. */
export function event(parts: EventParts): VerdictEvent {
  const bytes = (text: string | undefined) => addressBytes(parseAddress(text ?? '10.0.0.1') ?? 0n);
  const text = new TextEncoder().encode(parts.text ?? '');
  const encoded = encode(layouts.event, {
    time: 1_000_000_005n,
    cause: parts.cause,
    revision: 4,
    subject: parts.subject ?? 16,
    peer: parts.peer ?? 0,
    source: bytes(parts.source),
    destination: bytes(parts.destination),
    source_port: parts.ports?.[0] ?? 0,
    destination_port: parts.ports?.[1] ?? 0,
    direction: section[parts.direction],
    protocol: eventProtocol[parts.protocol],
    match: matchType[parts.match],
    verdict: hubbleVerdict[parts.verdict],
    domain: eventDomain[parts.domain ?? 'packet'],
    reason: undecidableReason[parts.reason ?? 'none'],
    tcp_flags: parts.tcpFlags ?? 0,
    pid: 77,
    uid: 1000,
    connection: 9n,
    request: 4,
    text_length: text.length,
    text: text.subarray(0, 256),
  });
  return verdictEventOf(new DataView(encoded.buffer));
}
