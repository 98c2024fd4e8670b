// Events and verdicts: what happens on a machine, and what policy says of it. An event carries everything a verdict
// depends on; a verdict is a function of (rules, event) and nothing else.
import type { Address } from '../space/address.ts';
import type { Labels } from '../space/labels.ts';
import type { TransportPoint, TransportProtocol } from '../space/transport.ts';
import type { PolicyId, RuleId } from './ids.ts';

/** One end of a flow. */
export type Endpoint =
  /** A workload known to the inventory, here or elsewhere. `id` tells endpoints apart: what one sends to itself is allowed. */
  | {
      readonly kind: 'workload';
      readonly id: string;
      readonly labels: Labels;
      readonly namedPorts?: readonly { readonly protocol: TransportProtocol; readonly name: string; readonly port: number }[];
    }
  /** The host, another node, the API server ...: an endpoint known by reserved names. */
  | { readonly kind: 'reserved'; readonly entities: readonly ReservedName[] }
  /** An address that belongs to nothing managed: the world. */
  | { readonly kind: 'address'; readonly address: Address };

/** Entities that an endpoint can *be*; `all`, `cluster` and `world*` are sets of endpoints. */
export type ReservedName = 'health' | 'host' | 'ingress' | 'init' | 'kube-apiserver' | 'remote-node' | 'unmanaged';

/** Content of a layer-7 request or of an exec, as its domain reads it. */
export type Content =
  /** Canonical text of the domain: http `METHOD SP normalised-path`, exec the resolved path. */
  | { readonly kind: 'text'; readonly text: string }
  /** Encrypted, another protocol, over a limit, or ambiguous. */
  | { readonly kind: 'undecidable'; readonly reason: string };

export type FlowEvent = {
  readonly kind: 'flow';
  readonly source: Endpoint;
  readonly destination: Endpoint;
  readonly point: TransportPoint;
  /** Absent: the question is whether the connection itself is admitted (grammar/README.md, "Connections"). */
  readonly request?: { readonly domain: string; readonly content: Content };
};
export type ExecEvent = { readonly kind: 'exec'; readonly subject: Endpoint; readonly content: Content };
export type PolicyEvent = FlowEvent | ExecEvent;

/** Who decided. */
export type Cause =
  | { readonly kind: 'rule'; readonly rule: RuleId /** An undecidable condition made this deny rule match. */; readonly undecidable?: true }
  | { readonly kind: 'default-deny'; readonly policies: readonly PolicyId[] }
  /** No policy brought default deny and no rule matched. */
  | { readonly kind: 'default-allow' }
  /** What an endpoint sends to itself. */
  | { readonly kind: 'self' };

export type Verdict = { readonly action: 'allowed' | 'denied'; readonly cause: Cause };
