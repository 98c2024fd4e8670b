// TypedPolicy: well-formed rules over value sets. It is what 3-check hands over, what the oracle evaluates, and the
// last form that is still about what was written; everything after it is an optimisation that must agree.
import type { Span } from '../base/source.ts';
import type { Domains, LineMatch } from '../domains/domain.ts';
import type { Address, AddressSet } from '../space/address.ts';
import type { Selector } from '../space/labels.ts';
import type { Pattern } from '../space/pattern.ts';
import type { TransportProtocol, TransportSet } from '../space/transport.ts';
import type { ReservedName } from './event.ts';
import type { PolicyId, RuleId } from './ids.ts';
import type { TestEvent } from './test-case.ts';

/** Where a rule stands in a policy. `process` rules have a class of their own (`exec`, `read` ...). */
export type Section = 'ingress' | 'egress' | 'process';
export type Direction = Exclude<Section, 'process'>;

/** In deciding order inside one priority. `drop` only of network rules, `kill` only of process rules, `pass` without content. */
export const actions = ['kill', 'drop', 'deny', 'allow', 'pass'] as const;
export type Action = (typeof actions)[number];
/** Does a rule match content that could not be read? Only what refuses does. */
export const matchesUndecidable = (action: Action): boolean => action === 'kill' || action === 'drop' || action === 'deny';
/** In deciding order. */
export const tiers = ['admin', 'normal', 'baseline', 'fallback'] as const;
export type Tier = (typeof tiers)[number];

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
  /** Addresses of whatever has them, workloads and nodes too (`including workloads`). */
  readonly anyNetworks: AddressSet;
  /** DNS names (lower case, no dot at the end) of addresses outside everything managed. */
  readonly domains: readonly Pattern[];
  readonly entities: readonly EntityName[];
  /** `all except host`: what is left of the reserved endpoints. */
  readonly reserved?: readonly ReservedSet[];
};
/**
 * Reserved endpoints that have this name (absent: any name, or none), none of `except`, and labels that `labels` selects
 * (absent: any). Of `kube-apiserver` also addresses of nothing managed where the API server stands.
 */
export type ReservedSet = { readonly name?: ReservedName; readonly except: readonly ReservedName[]; readonly labels?: Selector };
/** Reserved endpoints beside the host that policies can govern. */
export const governedNames = ['health', 'ingress', 'init'] as const satisfies readonly ReservedName[];

/**
 * The destination's port of that name and protocol; an endpoint without it is not matched. `http..9000`: that port, and those
 * behind it as far as 9000.
 */
export type NamedPort = { readonly protocol: TransportProtocol; readonly name: string };
export function namedRange(written: string): { readonly name: string; readonly last?: number } {
  const [name = '', last] = written.split('..');
  return last === undefined ? { name } : { name, last: Number(last) };
}
export type Transport = { readonly points: TransportSet; readonly named: readonly NamedPort[] };

/** A match on the content of a domain's event: one of the lines holds. Never empty. */
export type DomainMatch = { readonly domain: string; readonly lines: readonly LineMatch[] };

/** The value of an annotation, in canonical text: dates `2026-12-31`, durations in ms, sizes in bytes, rates per second. */
export const literalTypes = ['text', 'word', 'number', 'date', 'duration', 'size', 'rate', 'address'] as const;
export type LiteralType = (typeof literalTypes)[number];
export type Literal = { readonly type: LiteralType; readonly text: string };
export type Annotation = { readonly name: string; readonly values: readonly Literal[]; readonly span: Span };

/** What an allowed flow still needs; other agents fulfil more than the kernel can (`listener`: an Envoy listener that it goes through). */
export const requirements = [
  'encryption',
  'authentication',
  'listener',
  'tls-termination',
  'tls-origination',
  'server-name',
  'header-action',
  'header-secret',
  'groups',
] as const;
export type RequirementName = (typeof requirements)[number];
/** `text`: which one, in the words of who fulfils it. */
export type NamedRequirement = { readonly name: RequirementName; readonly text?: string };

type RuleBase = {
  readonly id: RuleId;
  readonly policy: PolicyId;
  readonly span: Span;
  /** Where the `rules` block that it stands in is used; absent of rules that stand in the policy. */
  readonly usedAt?: Span;
  /** The rule as written, on one line: shown by diff, observe and status. */
  readonly text: string;
  /** `@name("...")`: by which tests name it. */
  readonly name?: string;
  readonly action: Action;
  /** Inside its policy's tier and priority; lower first. */
  readonly priority: number;
  /** Not enforced, only reported: the rule's own mode, or its policy's. */
  readonly audit: boolean;
  readonly log?: { readonly text: string /** Records a second at most. */; readonly rate?: number };
  readonly require: readonly NamedRequirement[];
  readonly annotations: readonly Annotation[];
};
export type NetworkRule = RuleBase & {
  readonly section: Direction;
  readonly peers: PeerSet;
  readonly transport: Transport;
  /** Absent: every request. */
  readonly layer7?: DomainMatch;
};
export type ProcessRule = RuleBase & {
  readonly section: 'process';
  readonly match: DomainMatch;
  /** Of `deny`: the errno that the caller sees, where the hook can give one. Of `kill`: the signal. */
  readonly errno?: string;
  readonly signal?: string;
};
export type Rule = NetworkRule | ProcessRule;

/**
 * Whom a policy governs: workloads, the host itself, or both. `reserved`: which of the host and of the endpoints of
 * `governedNames`; absent: `init`, where a workload without labels would be governed.
 */
export type Subject = { readonly workloads: Selector; readonly host: boolean; readonly reserved?: readonly ReservedSet[] };

export type Policy = {
  readonly id: PolicyId;
  /** Unique in the compiled unit. */
  readonly name: string;
  readonly span: Span;
  readonly subject: Subject;
  readonly tier: Tier;
  readonly priority: number;
  /** Its default deny, and every rule that does not say otherwise, is only reported. */
  readonly audit: boolean;
  /**
   * The sections that bring default deny, empty ones too (grammar/README.md, "Default"); never outside tier normal. For
   * `process`: the domains of `default deny CLASS`.
   */
  readonly defaultDeny: { readonly ingress: boolean; readonly egress: boolean; readonly process: readonly string[] };
  readonly annotations: readonly Annotation[];
};

/** `denied` is also fulfilled by `dropped` and `killed`; what is `audited` is not `allowed`: it will be cut off. */
export const expectedVerdicts = ['allowed', 'denied', 'audited', 'dropped', 'killed'] as const;
export type ExpectedVerdict = (typeof expectedVerdicts)[number];

/** One line of a `test` block. `rule`: the `@name` of the deciding rule. */
export type TestCase = {
  readonly test: string;
  readonly span: Span;
  readonly event: TestEvent;
  readonly expected: {
    readonly verdict: ExpectedVerdict;
    readonly by?: string;
    readonly rule?: string;
    readonly byDefault?: true;
  };
};

/**
 * One statement of an `invariant` block. `no`: every such event is denied; `every`: every such event is allowed; `only`: every
 * such event of another source (or subject) than the given one is denied.
 */
export type Quantifier = 'no' | 'every' | 'only';
/** `A except B`, of any kinds: what is a peer of the one and not of the other. */
export type Ends = { readonly of: PeerSet; readonly except?: PeerSet };
export type Invariant = {
  readonly name: string;
  readonly span: Span;
  readonly text: string;
  readonly quantifier: Quantifier;
} & (
  | {
      readonly kind: 'flow';
      readonly source: Ends;
      readonly destination: Ends;
      readonly transport: Transport;
      /** Absent: the connection. */
      readonly request?: DomainMatch;
    }
  | { readonly kind: 'process'; readonly subject: Subject; readonly match: DomainMatch }
);

/** What clients name, and the port of the backends: a number, or the name of one of each backend's own. */
export type ServicePort = { readonly protocol: 'tcp' | 'udp'; readonly port: number; readonly target: number | string };
/**
 * Addresses that nobody has: a connection to one goes to a backend, chosen where it is made. Policy is asked about the
 * backend, so services have no part in any verdict.
 */
export type Service = {
  /** Unique in the compiled unit. */
  readonly name: string;
  readonly span: Span;
  readonly backends: Selector;
  /** Ascending. */
  readonly addresses: readonly Address[];
  /** Every connection of a client goes to the same backend, as long as that is there. */
  readonly affinity: boolean;
  readonly ports: readonly ServicePort[];
};

/** A policy that is right, as values: rules over sets, its tests and invariants. Its meaning is `verdictOf`. */
export type TypedPolicy = {
  /** What the content of events can be. */
  readonly domains: Domains;
  readonly policies: readonly Policy[];
  /** Index = RuleId. */
  readonly rules: readonly Rule[];
  readonly tests: readonly TestCase[];
  readonly invariants: readonly Invariant[];
  /** In the order of their names. */
  readonly services: readonly Service[];
};
