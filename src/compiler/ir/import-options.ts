// How documents of Kubernetes and its like are meant where their readers differ: a bundle keeps it beside their texts.

/** How the documents are meant; the defaults are the upstream agents' own. */
export type ImportOptions = {
  /** What happens to unknown fields: refused (`kubectl apply`), dropped (API server), or nothing is held against a schema. */
  readonly schema: 'strict' | 'prune' | 'off';
  /** The name of the cluster that the documents are applied in. */
  readonly clusterName: string;
  /** Do selectors without a cluster mean the local one (`--policy-default-local-cluster`)? */
  readonly defaultLocalCluster: boolean;
  /** May the host reach the workloads on it, below every tier (`--allow-localhost`)? */
  readonly allowLocalhost: boolean;
  /** `--enable-policy`. */
  readonly enforcement: 'default' | 'always' | 'never';
  /** Do address blocks match workloads and nodes, too (`--policy-cidr-match-mode`)? */
  readonly addressesMatch: { readonly workloads: boolean; readonly nodes: boolean };
  /** `--enable-node-selector-labels`. */
  readonly nodeLabels: boolean;
  readonly ipv6: boolean;
  /** Is an allowed Baseline rule stronger than the isolation that a NetworkPolicy brings (Cilium), or weaker (Kubernetes' text)? */
  readonly baseline: 'cilium' | 'kubernetes';
};
