// What a reader of other people's policies is: documents of some kinds become policy text, and every piece of that text
// knows the place in the document that it came from. The text is compiled as any other is; there is no second road.
import type { SourceText, Span } from '../base/source.ts';
import type { Report } from '../diagnostics/diagnostic.ts';
import type { ImportOptions } from '../ir/import-options.ts';
import { defaultCluster, type Labels } from '../space/labels.ts';
import type { PolicyWriter } from './writer.ts';

export type { ImportOptions } from '../ir/import-options.ts';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };
/** Keys and indices from the root of a document to one of its values. */
export type Path = readonly (string | number)[];

/** One object of the Kubernetes kind: the items of Lists are documents of their own. */
export type Document = {
  readonly source: SourceText;
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** As written; absent of objects of the whole cluster, and where the default is meant. */
  readonly namespace?: string;
  readonly value: JsonObject;
  /** Where the value at a path stands: of its key, where it has one; the nearest value above it, where it is absent. */
  readonly at: (path: Path) => Span;
};

export const defaultImportOptions: ImportOptions = {
  schema: 'strict',
  clusterName: defaultCluster,
  defaultLocalCluster: true,
  allowLocalhost: true,
  enforcement: 'default',
  addressesMatch: { workloads: false, nodes: false },
  nodeLabels: false,
  ipv6: true,
  baseline: 'cilium',
};

/** A workload that the documents state: a Pod, or the template of a Deployment, a StatefulSet ... */
export type StatedWorkload = {
  readonly namespace: string;
  readonly name: string;
  readonly kind: string;
  /** What makes it. */
  readonly owner?: { readonly kind: string; readonly name: string };
  /** Of a Pod that runs: as written. */
  readonly addresses: readonly string[];
  readonly onHostNetwork: boolean;
  readonly labels: Labels;
  readonly namedPorts: readonly { readonly protocol: string; readonly name: string; readonly port: number }[];
};
export type StatedService = {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  /** Absent of a service without a selector: its backends are `addresses`. */
  readonly selector?: Labels;
  readonly addresses: readonly string[];
};

/** What the documents of a compilation state beside policies; importers read it, none writes it. */
export type Facts = {
  /** By name: labels of namespaces, `kubernetes.io/metadata.name` included. */
  readonly namespaces: ReadonlyMap<string, Labels>;
  readonly workloads: readonly StatedWorkload[];
  readonly services: readonly StatedService[];
  /** Labels of nodes by name. */
  readonly nodes: ReadonlyMap<string, Labels>;
  /** All documents by `GROUP/KIND` (`cilium.io/CiliumCIDRGroup`), for importers that refer to other documents. */
  readonly documents: ReadonlyMap<string, readonly Document[]>;
};

export type ImportContext = { readonly options: ImportOptions; readonly facts: Facts; readonly report: Report };

/** A reader of one kind. */
export type Importer = {
  /** Of the API group without its version: `cilium.io`, `networking.k8s.io`; empty for the core group. */
  readonly group: string;
  readonly kind: string;
  /** Versions that are read. Others are reported by name. */
  readonly versions: readonly string[];
  /**
   * Writes what the document means, or reports why it means nothing: all that is wrong with it, each at its place. A document
   * with an error writes nothing.
   */
  readonly write: (document: Document, context: ImportContext, writer: PolicyWriter) => void;
};

/** The API group and the version of `cilium.io/v2`; the core group has no name. */
export function groupOf(apiVersion: string): { readonly group: string; readonly version: string } {
  const slash = apiVersion.indexOf('/');
  return { group: apiVersion.slice(0, Math.max(0, slash)), version: apiVersion.slice(slash + 1) };
}

/** `cilium.io/CiliumNetworkPolicy prod/web`. */
export function originText({ apiVersion, kind, namespace, name }: Document): string {
  const { group } = groupOf(apiVersion);
  return `${group === '' ? '' : `${group}/`}${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}
