// The bundle: what policyc hands to policyd, a folder. Everything in it is the same on every machine; what depends on
// a machine (endpoints, their classes, rows of verdicts) is made by the runtime from `PolicyProgram`.
//
//   manifest.json   Manifest: format version, hashes of every other file, requirements
//   program.json    ProgramFrame: numbers of classes, services
//   parts/*.json    PartContent: a few policies each, with their rules; called by what is in them, so that one that is known is not read
//   lines.bin       lines of all parts (part-lines.ts), words of 32 bits, lowest byte first
//   metrics.json    MetricDefinition[]
//   boundary.json   BoundaryTable: what the oracle says at the edges of the rules, asked of the kernel before a switch
//   text.json       PolicyText: what it was built from, so that it can be compared
//   images/*.bin    bytes of the static kernel tables
//   objects/*.o     the template programs this policy needs
//   signature.json  BundleSignatures, where it was signed: of the build hash, which covers all the others

import type { Labels, Selector } from '../space/labels.ts';
import type { RequestDomain } from './abi.ts';
import type { ReservedName } from './event.ts';
import type { ImportOptions } from './import-options.ts';
import type { Action, Direction, EntityName, NamedPort, ReservedSet, Section, Tier } from './typed.ts';

export const bundleFormat = 6;

/** Stands beside the manifest, and is in no hash. `key`: hash of the public key (SPKI, DER) in hex; `signature`: Ed25519, base64. */
export type BundleSignatures = { readonly signatures: readonly { readonly key: string; readonly signature: string }[] };
export const signatureFile = 'signature.json';
/** What is signed: a build, and that it is one, so that no other signature of the key is taken for it. */
export const signedMessage = (build: string): string => `policyc bundle ${build}\n`;

/** `file` is relative to the bundle; `sha256` in hex. */
export type FileEntry = { readonly file: string; readonly sha256: string };
export type StaticTable = 'ports' | 'prefixes' | RequestDomain | 'exec';
export type ImageEntry = FileEntry & { readonly table: StaticTable; readonly entries: number };
export type ObjectEntry = FileEntry & { readonly template: string };

/** What a kernel or machine must have for these rules; refused by name at load where it is missing. */
export type Requirement = { readonly feature: FeatureName; readonly rules: readonly number[] };
/** `ingress-icmp`: a cgroup never sees ICMP to a workload (it needs a hook on an interface of the workload's own). `dns-stream`: queries over tcp. `tls-stream`: connections of TLS, both ways. `host`: policies for the machine itself. */
export type FeatureName =
  | 'cgroup-skb'
  | 'cgroup-connect'
  | 'service-translation'
  | 'http-ingress'
  | 'http-egress'
  | 'dns-stream'
  | 'tls-stream'
  | 'exec-signal'
  | 'ingress-icmp'
  | 'host';

/** `rules`: first and last RuleId of each range. */
export type RequiredFeature = { readonly feature: FeatureName; readonly rules: readonly number[] };

export type Manifest = {
  readonly format: typeof bundleFormat;
  readonly abi: number;
  /** sha256 over all other content: names the build in verdicts and status. */
  readonly build: string;
  /** sha256 of what the policies for the host mean; absent without any. Another one has to be confirmed on each machine. */
  readonly host?: string;
  readonly requirements: readonly RequiredFeature[];
  readonly files: {
    readonly program: FileEntry;
    readonly metrics: FileEntry;
    readonly text: FileEntry;
    readonly boundary: FileEntry;
    readonly lines: FileEntry;
  };
  /** Hashes of parts (`partFile`): together all policies, in the order of their numbers, and all rules. */
  readonly parts: readonly string[];
  readonly images: readonly ImageEntry[];
  readonly objects: readonly ObjectEntry[];
};

/**
 * A rule over classes. Lists are ascending; `rules` is in deciding order: the first that matches decides, but a `pass` only
 * takes the rest of its tier away.
 */
export type ProgramRule = {
  /** RuleId: index into SourceTable.rules. */
  readonly rule: number;
  /** Index into PolicyProgram.selectors. */
  readonly subject: number;
  readonly section: Section;
  readonly tier: Tier;
  readonly action: Action;
  /** Not enforced, only reported. */
  readonly audit: boolean;
  /** Absent in `process`. Indices of selectors; network classes; entity names. */
  readonly peers?: {
    readonly selectors: readonly number[];
    readonly networkClasses: readonly number[];
    readonly entities: readonly EntityName[];
    readonly reserved?: readonly ReservedSet[];
    /** Classes of names; absent without `domain`. */
    readonly names?: readonly number[];
  };
  readonly ports?: { readonly classes: readonly number[]; readonly named: readonly NamedPort[] };
  /**
   * Request or exec classes that match, but for those where a rule before it has always decided; an undecidable one (class 0)
   * follows from the action. Absent on network rules: every request.
   */
  readonly content?: { readonly domain: string; readonly classes: readonly number[] };
  /** PolicyMatchType of an L3/L4 verdict by this rule. */
  readonly match: number;
};

export type ProgramPolicy = {
  readonly subject: number;
  /** Its default deny is only reported. */
  readonly audit: boolean;
  readonly defaultDeny: { readonly ingress: boolean; readonly egress: boolean; readonly process: readonly string[] };
};

/** What clients name, and the port of the backends: a number, or the name of one of each backend's own. */
export type ProgramServicePort = { readonly protocol: 'tcp' | 'udp'; readonly port: number; readonly target: number | string };
export type ProgramService = {
  readonly name: string;
  /** Index into PolicyProgram.selectors. */
  readonly backends: number;
  /** In canonical text; no two services have an address, protocol and port in common. */
  readonly addresses: readonly string[];
  /** Connections of one client go to one backend. */
  readonly affinity: boolean;
  readonly ports: readonly ProgramServicePort[];
};

export type PolicyProgram = {
  /** Distinct selectors of subjects and peers. */
  readonly selectors: readonly Selector[];
  /** Index = PolicyId. */
  readonly policies: readonly ProgramPolicy[];
  readonly rules: readonly ProgramRule[];
  readonly services: readonly ProgramService[];
  /**
   * Number of classes of each static dimension. Network class 0 is the IPv4 and 1 the IPv6 world outside all longer blocks
   * of the prefix table; `http`, `dns`, `tls` and `exec` count class 0 (undecidable) and are at least 2: some text has class 1. `names`
   * is 0 where no rule is about names, else it counts 0 (none) and 1 (names of no rule).
   */
  readonly classes: {
    readonly ports: number;
    readonly networks: number;
    readonly http: number;
    readonly dns: number;
    readonly tls: number;
    readonly exec: number;
    readonly names: number;
  };
  /** The network classes whose addresses are IPv6, ascending; all others are IPv4. */
  readonly ipv6Networks: readonly number[];
};

export type Place = { readonly file: string; readonly line: number };
/** Values in canonical text (ir/typed.ts, Literal). */
export type AnnotationText = { readonly name: string; readonly values: readonly string[] };

/** Annotations of the language itself that say whose a rule is. */
export const ownAnnotations: readonly string[] = ['owner', 'ticket', 'severity', 'until', 'reason'];
/** The label of the info series that shows an annotation: the language's own by their names, all others apart from them. */
export const annotationLabel = (name: string): string =>
  ownAnnotations.includes(name) ? name : `annotation_${name.toLowerCase().replaceAll('-', '_')}`;

export type PolicySource = Place & {
  readonly name: string;
  readonly tier: Tier;
  readonly priority: number;
  readonly audit: boolean;
  readonly annotations: readonly AnnotationText[];
};
export type RuleSource = Place & {
  readonly policy: number;
  readonly action: Action;
  readonly section: Section;
  readonly text: string;
  readonly priority: number;
  readonly audit: boolean;
  /** Its own, without those of its policy. */
  readonly annotations: readonly AnnotationText[];
  readonly name?: string;
  /** The text of its `log`. */
  readonly log?: string;
  /** Where the `rules` block that it stands in is used. */
  readonly usedAt?: Place;
};
export type SourceTable = { readonly policies: readonly PolicySource[]; readonly rules: readonly RuleSource[] };

/** Every file of the policy as it was, those behind imports too; `documents`: how YAML among them is meant. */
export type PolicyText = {
  readonly files: readonly { readonly path: string; readonly text: string }[];
  readonly documents: ImportOptions;
};

/** One end of a question: a workload by its labels, a reserved endpoint by its names, or an address that is nobody's. */
export type BoundaryEndpoint =
  | { readonly kind: 'workload'; readonly labels: Labels }
  | { readonly kind: 'reserved'; readonly entities: readonly ReservedName[] }
  | { readonly kind: 'address'; readonly address: string };
/** Who decided: a rule, the policies that brought a default deny, or nobody. */
export type BoundaryCause =
  | { readonly kind: 'rule'; readonly rule: number }
  | { readonly kind: 'default-deny'; readonly policies: readonly number[] }
  | { readonly kind: 'default-allow' };
/** What the oracle says of a connection at an edge of the rules; `subject`, `peer`: indices of endpoints. */
export type BoundaryPoint = {
  readonly subject: number;
  readonly direction: Direction;
  readonly peer: number;
  /** Transport point. */
  readonly point: number;
  readonly action: 'allowed' | 'denied' | 'dropped' | 'audited';
  readonly cause: BoundaryCause;
};
/** Questions with their answers, by which policyd tries a bundle in this kernel before it switches to it. */
export type BoundaryTable = { readonly endpoints: readonly BoundaryEndpoint[]; readonly points: readonly BoundaryPoint[] };

export type MetricDefinition = {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly labels: readonly string[];
};

/** What stands beside the parts. `selectors`: of services. */
export type ProgramFrame = Pick<PolicyProgram, 'selectors' | 'services' | 'classes' | 'ipv6Networks'>;
/** `subject`: index of the part's selectors. */
export type PartPolicy = ProgramPolicy & PolicySource;
/** `policy`, `selectors`: indices within the part. `networks`: blocks; `points`: first and last transport point of each range. */
export type PartRule = RuleSource &
  Pick<ProgramRule, 'match' | 'content'> & {
    readonly peers?: Omit<NonNullable<ProgramRule['peers']>, 'networkClasses'> & { readonly networks: readonly string[] };
    readonly ports?: { readonly points: readonly number[]; readonly named: readonly NamedPort[] };
  };
/** Policies that follow each other in the order of their numbers; their rules in the order of their RuleIds. */
export type PolicyPart = {
  /** Equal ones hold the same, but for the lines. */
  readonly content: string;
  readonly selectors: readonly Selector[];
  readonly policies: readonly PartPolicy[];
  readonly rules: readonly PartRule[];
};
/** A part without lines, which change with what stands above it. `usedIn`: the file of `usedAt`. */
export type PartContent = {
  readonly selectors: readonly Selector[];
  readonly policies: readonly Omit<PartPolicy, 'line'>[];
  readonly rules: readonly (Omit<PartRule, 'line' | 'usedAt'> & { readonly usedIn?: string })[];
};
/** Where the part with this hash stands. */
export const partFile = (sha256: string): string => `parts/${sha256.slice(0, 32)}.json`;
