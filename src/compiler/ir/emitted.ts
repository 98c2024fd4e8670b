// Emitted: everything a bundle holds except the objects, still in memory. 6-emit hands it over, 7-build writes it; two
// emitted policies are equal exactly when their bundles are.
import type { BoundaryTable, MetricDefinition, PolicyProgram, PolicyText, Requirement, SourceTable, StaticTable } from './bundle.ts';

/** A template program, by its path below `bpf/templates` without `.bpf.c`; its object is `<last part>.o`. */
export const templateNames = [
  'net/cgroup_skb',
  'net/connect',
  'net/tc',
  'net/xdp',
  'net/service',
  'net/verify',
  'l7/stream',
  'l7/receive',
  'l7/send',
  'l7/dns',
  'l7/tls',
  'run/exec',
] as const;
export type TemplateName = (typeof templateNames)[number];

/** Contents of one static kernel table. `entries`: points, prefixes or states. */
export type Image = { readonly table: StaticTable; readonly entries: number; readonly bytes: Uint8Array };

/** How large a table is. `bytes`: of its image. */
export type TableSize = Omit<Image, 'bytes'> & { readonly bytes: number };

/** What the cost of a policy is read from. */
export type KernelNeeds = { readonly tables: readonly TableSize[]; readonly templates: readonly TemplateName[] };

/** Everything that a bundle holds but the objects: the same for the same policy on every machine. */
export type Emitted = {
  readonly program: PolicyProgram;
  readonly sources: SourceTable;
  readonly metrics: readonly MetricDefinition[];
  readonly text: PolicyText;
  readonly boundary: BoundaryTable;
  readonly requirements: readonly Requirement[];
  /** What the policies for the host mean, as text; absent without any. */
  readonly host?: string;
  /** One of each StaticTable, in the order ports, prefixes, http, dns, tls, exec. */
  readonly images: readonly Image[];
  /** The templates this policy needs, in the order of `templateNames`. */
  readonly templates: readonly TemplateName[];
};
