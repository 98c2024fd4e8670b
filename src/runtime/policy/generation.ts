// A generation: what one bundle and one inventory make together, ready to be written into kernel tables. The types that
// `materialize`, the loader and the tests share; the meaning of each table is stated in compiler/ir/abi.ts.
import type { ReservedName } from '../../compiler/ir/event.ts';
import type { Labels } from '../../compiler/space/labels.ts';
import type { TransportProtocol } from '../../compiler/space/transport.ts';
import type { Choices } from './choices.ts';
import type { PolicySet } from './policy-index.ts';
import type { Row } from './rows.ts';
import type { Verdicts } from './verdict-table.ts';

/** A port that a workload gave a name; `port` 1..65535. */
export type NamedEndpointPort = { readonly protocol: TransportProtocol; readonly name: string; readonly port: number };

/** One endpoint of the inventory; `id` is the kernel's endpoint id. Only a local workload can be a subject, and the host. */
export type InventoryEndpoint =
  | {
      readonly id: number;
      readonly kind: 'workload';
      readonly labels: Labels;
      readonly namedPorts: readonly NamedEndpointPort[];
      readonly local: boolean;
    }
  /** `subject`: labels of the host, which alone of them policies can govern. */
  | { readonly id: number; readonly kind: 'reserved'; readonly entities: readonly ReservedName[]; readonly subject?: Labels };

/** What an endpoint is called in flows and status. */
export type NamedEndpoint = {
  readonly id: number;
  readonly kind: 'workload' | 'reserved';
  readonly name: string;
  readonly namespace?: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Of a workload, under reserved keys: its cluster, and the labels of its namespace. */
  readonly placeLabels?: Labels;
  readonly entities: readonly ReservedName[];
};

/** Numbers for deciders, `>= fixedCause.firstDynamic`; the same question has the same answer for good. */
export type CauseNumbers = {
  /** RuleId of the bundle -> cause. */
  readonly rule: (rule: number) => number;
  /** PolicyIds of the bundle, ascending -> cause of the default deny that they bring together. */
  readonly defaultDeny: (policies: readonly number[]) => number;
};

export type GenerationInput = {
  readonly policies: PolicySet;
  /** The bundle's image `ports`. */
  readonly ports: Uint8Array;
  readonly endpoints: readonly InventoryEndpoint[];
  readonly causes: CauseNumbers;
};

/** Values of `t_endpoints`: `subjectClass` 0 = not local, or no policy selects it. */
export type EndpointClasses = { readonly id: number; readonly subjectClass: number; readonly peerClass: number };
/**
 * A section of a subject class; `section` as in abi.ts. `choices`: the row of choices of port classes, by which they choose of
 * `rows`. `bases`: the first of two verdicts, of networks and of endpoints that choose nothing. `starts`: of a process section, the
 * verdict of the first class of program starts.
 */
export type SectionTable = {
  readonly subjectClass: number;
  readonly section: number;
  readonly choices: number;
  readonly rows: readonly number[];
  readonly bases: number;
  readonly starts: number;
};

/** What memory/image.ts makes the decision memory of. */
export type GenerationTables = {
  readonly endpoints: readonly EndpointClasses[];
  /** Peer classes of networks come first, then those of names, then those of endpoints. */
  readonly networks: number;
  readonly names: number;
  /** Three of each subject class, in the order of its sections, from class 1 on. */
  readonly sections: readonly SectionTable[];
  readonly rows: readonly Row[];
  readonly choices: Choices;
  /** Word 0 is absent. */
  readonly verdicts: Verdicts;
  /** The bundle's image, with classes of their own for the points that named ports stand for. */
  readonly ports: Uint8Array;
};

/** A generation that does not fit the kernel tables: too much policy times too many different endpoints. */
export class GenerationLimit extends Error {
  override readonly name = 'GenerationLimit';
  readonly what: string;
  readonly found: number;
  readonly limit: number;

  constructor(what: string, found: number, limit: number) {
    super(`${found} ${what} are more than the kernel tables hold (${limit})`);
    this.what = what;
    this.found = found;
    this.limit = limit;
  }
}
