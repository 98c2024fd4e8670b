// What one line of recorded traffic says, as far as policy is concerned. Lines are those of `hubble observe -o json` and of Hubble's
// exporter (their fields have the names of flow.proto, zero values are left out, 64-bit numbers are texts), and of `policyd observe --json`.

/** One end of a recorded flow. Equal ones of one reader are one object. */
export type RecordedEnd = {
  /** Of Hubble's endpoint: unique on its node. 0: not said. */
  readonly id: number;
  /** Numeric identity; the reserved ones are below 256. 0: not said. */
  readonly identity: number;
  readonly namespace: string;
  readonly cluster: string;
  /** `k8s:app=web`, `reserved:host`, `cidr:10.0.0.0/8`; of our own export without `k8s:`. */
  readonly labels: readonly string[];
  readonly pod: string;
  /** The first of its workloads. */
  readonly workload: string;
  readonly workloadKind: string;
};

export type RecordedHttp = {
  readonly method: string;
  readonly url: string;
  readonly protocol: string;
  /** Absent: not recorded. */
  readonly headers?: readonly { readonly key: string; readonly value: string }[];
};
export type RecordedDns = { readonly query: string; readonly types: readonly string[] };
export type RecordedKafka = { readonly key: string; readonly topic: string };
export type RecordedLayer7 = { readonly type: string } & (
  | { readonly kind: 'http'; readonly http: RecordedHttp }
  | { readonly kind: 'dns'; readonly dns: RecordedDns }
  | { readonly kind: 'kafka'; readonly kafka: RecordedKafka }
  /** A protocol that this reader does not know. */
  | { readonly kind: 'other' }
);

/** `isOwn`: the line is of our own export. `reason`: why something was undecidable, or ended; empty: nothing was. */
export type RecordedAttribution = { readonly isOwn: boolean; readonly reason: string };
export const noAttribution: RecordedAttribution = { isOwn: false, reason: '' };

/** Microseconds since 1970 of a line that says no time, or none that can be read. */
export const noTime = Number.NaN;

export type RecordedFlow = {
  /** Microseconds since 1970. */
  readonly time: number;
  readonly verdict: string;
  /** `POLICY_DENIED`, or a number as text where only that is said; empty: none. */
  readonly dropReason: string;
  readonly source: RecordedEnd;
  readonly destination: RecordedEnd;
  readonly sourceAddress: string;
  readonly destinationAddress: string;
  readonly sourceNames: readonly string[];
  readonly destinationNames: readonly string[];
  /** `TCP`, `UDP`, `SCTP`, `ICMPv4`, `ICMPv6`, `VRRP`, `IGMP`; empty: not said. */
  readonly protocol: string;
  /** Destination port; of ICMP type * 256 + code. */
  readonly port: number;
  readonly syn: boolean;
  readonly ack: boolean;
  /** `L3_L4`, `L7`, `SOCK`; empty: not said. */
  readonly type: string;
  /** Number of the monitor's message, and of its kind; -1: not said. */
  readonly eventType: number;
  readonly subType: number;
  /** `INGRESS`, `EGRESS`; empty: not said. */
  readonly direction: string;
  readonly isReply: boolean | undefined;
  readonly traceReason: string;
  readonly layer7: RecordedLayer7 | undefined;
  /** Of our own export; empty elsewhere. */
  readonly attribution: RecordedAttribution;
  /** How many flows the line stands for: the exporter's aggregation. */
  readonly count: number;
};

export type RecordedProcess = {
  readonly time: number;
  readonly verdict: string;
  readonly dropReason: string;
  readonly source: RecordedEnd;
  readonly binary: string;
  /** Absent: not recorded. */
  readonly user?: number;
  /** Only the beginning of the path is recorded. */
  readonly isCut: boolean;
  /** Why the program could not be told then; empty: it could. */
  readonly reason: string;
};

/** One line. Texts in it may be parts of a larger text: whoever keeps one copies it. */
export type Line =
  | { readonly kind: 'flow'; readonly flow: RecordedFlow }
  | { readonly kind: 'process'; readonly process: RecordedProcess }
  /** Events that were not recorded because there were too many. */
  | { readonly kind: 'lost'; readonly count: number }
  /** States of nodes, agent and debug events. */
  | { readonly kind: 'other' }
  | { readonly kind: 'blank' }
  | { readonly kind: 'bad'; readonly reason: string };

export const nowhere: RecordedEnd = {
  id: 0,
  identity: 0,
  namespace: '',
  cluster: '',
  labels: [],
  pod: '',
  workload: '',
  workloadKind: '',
};

/** Numbers of protocols that Hubble names and that have no ports. */
export const otherProtocols: Readonly<Record<string, number>> = { VRRP: 112, IGMP: 2 };
/** Keys of `l4` whose destination is a port. */
export const isPorted = (protocol: string): boolean => protocol === 'TCP' || protocol === 'UDP' || protocol === 'SCTP';
