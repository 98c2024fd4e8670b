// The record types: Hubble's Flow under the names that `hubble observe -o json` prints (zero values left out, 64-bit
// numbers as strings), and beside it a process verdict, which is no flow. What Hubble has no field for — the rule, the
// build, why a condition could not be decided — stands under `extensions`.
import type { AnnotationText } from '../../compiler/ir/bundle.ts';
import type { PolicyPlace } from '../events/causes.ts';
import type { DropReason, VerdictName } from './names.ts';

export type FlowEndpoint = {
  readonly ID?: number;
  readonly identity?: number;
  readonly cluster_name?: string;
  readonly namespace?: string;
  readonly labels: readonly string[];
  readonly pod_name?: string;
  readonly workloads?: readonly { readonly name: string; readonly kind: string }[];
};

export type Ports = { readonly source_port?: number; readonly destination_port?: number };
export type Layer4 =
  | { readonly TCP: Ports & { readonly flags?: Readonly<Record<string, true>> } }
  | { readonly UDP: Ports }
  | { readonly SCTP: Ports }
  | { readonly ICMPv4: { readonly type?: number; readonly code?: number } }
  | { readonly ICMPv6: { readonly type?: number; readonly code?: number } };

/** Hubble's flow.Policy. */
export type FlowPolicy = { readonly name: string; readonly labels?: readonly string[]; readonly revision: string; readonly kind: string };

/** What a ClientHello says; without a server name there was none, or none could be read. */
export type FlowTls = { readonly server_name?: string; readonly protocols: readonly string[] };

/** A query; one that cannot be read has no name and no types. */
export type FlowDns = {
  readonly query: string;
  readonly qtypes: readonly string[];
  /** Of an answer: a code of 0 is left out, as all zero values. */
  readonly rcode?: number;
  readonly ips?: readonly string[];
  readonly ttl?: number;
  readonly cnames?: readonly string[];
  readonly rrtypes?: readonly string[];
};

/** A request, or the response to it: that has a `code`. */
export type FlowHttp = { readonly code?: number; readonly method: string; readonly url: string; readonly protocol: string };

/** Who decided, in full; the same for flows and processes. */
export type Attribution = {
  readonly '@type': 'type.googleapis.com/policyc.Attribution';
  readonly decided: 'rule' | 'default-deny' | 'default-allow' | 'self' | 'policyd' | 'unknown';
  readonly policies: readonly PolicyPlace[];
  readonly rule?: {
    readonly text: string;
    readonly file: string;
    readonly line: number;
    readonly action: string;
    readonly audit?: true;
    /** Its `@name`. */
    readonly name?: string;
    /** The text of its `log`. */
    readonly log?: string;
    readonly annotations?: readonly AnnotationText[];
  };
  /** Of a connection of TLS. */
  readonly tls?: FlowTls;
  /** Why a condition was undecidable, or a packet refused by the program itself. */
  readonly reason?: string;
  /** The bundle under which the verdict fell. */
  readonly build?: string;
};

export type Flow = {
  readonly time: string;
  readonly uuid: string;
  readonly verdict: VerdictName;
  readonly drop_reason?: number;
  readonly IP: { readonly source: string; readonly destination: string; readonly ipVersion: 'IPv4' | 'IPv6' };
  readonly l4?: Layer4;
  readonly source: FlowEndpoint;
  readonly destination: FlowEndpoint;
  readonly Type: 'L3_L4' | 'L7';
  readonly node_name: string;
  /** `latency_ns`: of an HTTP response, from the verdict on its request to its status. */
  readonly l7?: { readonly type: 'REQUEST' | 'RESPONSE'; readonly latency_ns?: string } & (
    | { readonly http: FlowHttp }
    | { readonly dns: FlowDns }
    /** Hubble has no record for TLS: what it says stands under `extensions`. */
    | Readonly<Record<never, never>>
  );
  readonly event_type: { readonly type: number; readonly sub_type?: number };
  readonly traffic_direction: 'INGRESS' | 'EGRESS';
  readonly policy_match_type?: number;
  readonly is_reply: boolean;
  readonly drop_reason_desc?: DropReason;
  readonly egress_allowed_by?: readonly FlowPolicy[];
  readonly ingress_allowed_by?: readonly FlowPolicy[];
  readonly egress_denied_by?: readonly FlowPolicy[];
  readonly ingress_denied_by?: readonly FlowPolicy[];
  /** The text of the deciding rule's `log`. */
  readonly policy_log?: readonly string[];
  /** Where the deciding rule (or the policy that brought the default deny) is written. */
  readonly file?: { readonly name: string; readonly line: number };
  readonly extensions: Attribution;
  readonly Summary: string;
};

/** A verdict on an exec. `verdict` DROPPED: the process was killed before its first instruction. */
export type ProcessVerdict = {
  readonly time: string;
  readonly uuid: string;
  readonly verdict: VerdictName;
  readonly drop_reason_desc?: DropReason;
  readonly source: FlowEndpoint;
  readonly process: { readonly pid: number; readonly uid: number; readonly binary: string; readonly truncated?: true };
  readonly node_name: string;
  readonly file?: { readonly name: string; readonly line: number };
  readonly extensions: Attribution;
  readonly Summary: string;
};

/** Events that were left out, as Hubble's exporter writes it. */
export type LostEvents = {
  readonly source: 'PERF_EVENT_RING_BUFFER' | 'OBSERVER_EVENTS_QUEUE' | 'HUBBLE_RING_BUFFER';
  readonly num_events_lost: string;
};

/** One line of `policyd observe --json` (Hubble: ExportEvent). */
export type FlowRecord = { readonly flow: Flow; readonly node_name: string; readonly time: string };
export type ProcessRecord = { readonly process: ProcessVerdict; readonly node_name: string; readonly time: string };
export type VerdictRecord = FlowRecord | ProcessRecord;
export type LostRecord = { readonly lost_events: LostEvents; readonly node_name: string; readonly time: string };

/** The verdict itself, of either kind. */
export const verdictOf = (record: VerdictRecord): Flow | ProcessVerdict => ('flow' in record ? record.flow : record.process);
