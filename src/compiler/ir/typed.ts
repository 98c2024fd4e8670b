// TypedPolicy: well-formed rules over value sets. It is what 3-check hands over, what the oracle evaluates, and the
// last form that is still about what was written; everything after it is an optimisation that must agree.
import type { Span } from '../base/source.ts';
import type { AddressSet } from '../space/address.ts';
import type { Selector } from '../space/labels.ts';
import type { Pattern } from '../space/pattern.ts';
import type { TransportProtocol, TransportSet } from '../space/transport.ts';
import type { Verdict } from './event.ts';
import type { PolicyId, RuleId } from './ids.ts';
import type { TestEvent } from './test-case.ts';

/** Where a rule stands in a policy. `process` rules have a class of their own (`exec`). */
export type Section = 'ingress' | 'egress' | 'process';
export type Direction = Exclude<Section, 'process'>;
export type Action = 'allow' | 'deny';

/** Reserved peers (grammar/README.md, "Entities"); the names are Cilium's. */
export const entityNames = [
  'all',
  'cluster',
  'health',
  'host',
  'ingress',
  'init',
  'kube-apiserver',
  'remote-node',
  'unmanaged',
  'world',
  'world-ipv4',
  'world-ipv6',
] as const;
export type EntityName = (typeof entityNames)[number];

/** The other end of a network rule: a union. No `from`/`to` is `entities: ['all']`. */
export type PeerSet = {
  readonly selectors: readonly Selector[];
  /** Addresses outside everything managed; never a workload or node. */
  readonly networks: AddressSet;
  readonly entities: readonly EntityName[];
};

/** The destination's port of that name and protocol; an endpoint without it is not matched. */
export type NamedPort = { readonly protocol: TransportProtocol; readonly name: string };
export type Transport = { readonly points: TransportSet; readonly named: readonly NamedPort[] };

/** A match on the canonical text of a domain's event (http: `METHOD SP path`; exec: resolved path). */
export type DomainMatch = { readonly domain: string; readonly pattern: Pattern };

type RuleBase = {
  readonly id: RuleId;
  readonly policy: PolicyId;
  readonly span: Span;
  /** The rule as written, on one line: shown by diff, observe and status. */
  readonly text: string;
  readonly action: Action;
};
export type NetworkRule = RuleBase & {
  readonly section: Direction;
  readonly peers: PeerSet;
  readonly transport: Transport;
  /** Absent: every request. */
  readonly layer7?: DomainMatch;
};
export type ProcessRule = RuleBase & { readonly section: 'process'; readonly match: DomainMatch };
export type Rule = NetworkRule | ProcessRule;

export type Policy = {
  readonly id: PolicyId;
  /** Unique in the compiled unit. */
  readonly name: string;
  readonly span: Span;
  readonly subject: Selector;
  /** The sections that bring default deny, empty ones too (grammar/README.md, "Default"). For `process`: the domains of `default deny CLASS`. */
  readonly defaultDeny: { readonly ingress: boolean; readonly egress: boolean; readonly process: readonly string[] };
};

/** One line of a `test` block. */
export type TestCase = {
  readonly test: string;
  readonly span: Span;
  readonly event: TestEvent;
  readonly expected: { readonly verdict: Verdict['action']; readonly by?: string; readonly byDefault?: true };
};

export type TypedPolicy = {
  readonly policies: readonly Policy[];
  readonly rules: readonly Rule[];
  readonly tests: readonly TestCase[];
};
