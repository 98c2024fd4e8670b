// Events and verdicts: what happens on a machine, and what policy says of it. An event carries everything a verdict
// depends on; a verdict is a function of (rules, event) and nothing else.
import type { Content } from '../domains/domain.ts';
import type { Address } from '../space/address.ts';
import type { Labels } from '../space/labels.ts';
import type { TransportPoint, TransportProtocol } from '../space/transport.ts';
import type { PolicyId, RuleId } from './ids.ts';

export type { Content } from '../domains/domain.ts';

/** One end of a flow. */
export type Endpoint =
  /**
   * A workload known to the inventory, here or elsewhere. `id` tells endpoints apart: what one sends to itself is allowed.
   * `address`: the one that the flow uses, where known; only networks `including workloads` ask for it.
   */
  | {
      readonly kind: 'workload';
      readonly id: string;
      readonly labels: Labels;
      readonly address?: Address;
      readonly namedPorts?: readonly { readonly protocol: TransportProtocol; readonly name: string; readonly port: number }[];
    }
  /** The host, another node, the API server ...: an endpoint known by reserved names. `labels`: of the node. */
  | { readonly kind: 'reserved'; readonly entities: readonly ReservedName[]; readonly labels?: Labels; readonly address?: Address }
  /**
   * An address that belongs to nothing managed: the world. `names`: the DNS names known for it when the flow began, lower
   * case, without a dot at the end, from servers that a `dns` rule of the subject allows. `isApiServer`: the API server stands there.
   */
  | { readonly kind: 'address'; readonly address: Address; readonly names?: readonly string[]; readonly isApiServer?: true };

/** Entities that an endpoint can *be*; `all`, `cluster` and `world*` are sets of endpoints. */
export type ReservedName = 'health' | 'host' | 'ingress' | 'init' | 'kube-apiserver' | 'remote-node' | 'unmanaged';

export type FlowEvent = {
  readonly kind: 'flow';
  readonly source: Endpoint;
  readonly destination: Endpoint;
  /** ICMP type and code stand in the point, too. */
  readonly point: TransportPoint;
  /** A request on the connection; absent: the connection itself (is it admitted?). */
  readonly request?: { readonly domain: string; readonly content: Content };
};
/** What a process does. `domain`: its class (`exec`, `read`, `syscall` ...). The subject is a workload or `host`. */
export type ProcessEvent = { readonly kind: 'process'; readonly domain: string; readonly subject: Endpoint; readonly content: Content };
/** What policies are asked about: a connection or a request on it, or what a process does. */
export type PolicyEvent = FlowEvent | ProcessEvent;

/** Who decided. */
export type Cause =
  | { readonly kind: 'rule'; readonly rule: RuleId /** An undecidable condition made this rule match. */; readonly undecidable?: true }
  /** `policies` is empty only for an endpoint `init`, which is always in default deny. */
  | { readonly kind: 'default-deny'; readonly policies: readonly PolicyId[] }
  /** No policy brought default deny and no rule matched. */
  | { readonly kind: 'default-allow' }
  /** What an endpoint sends to itself. */
  | { readonly kind: 'self' };

/** What is asked of the rules, once without what is in audit mode and once with it. */
export type Decided = { readonly action: 'allowed' | 'denied'; readonly cause: Cause };
/**
 * What is enforced. `audit`: what would be with everything in audit mode enforced, where that is another action. Enforced
 * allowed and audit denied is reported as AUDIT; the reverse stays denied, with a note.
 */
export type Verdict = Decided & { readonly audit?: Decided };
