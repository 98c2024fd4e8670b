// How much a reviewer should care about a change, and what it reaches: the words of it. severity.ts decides.

/** From the least to the most; `none`: no verdict changes. */
export const severities = ['none', 'low', 'medium', 'high'] as const;
export type Severity = (typeof severities)[number];
/**
 * What a change reaches: `world`: addresses outside of everything managed; `namespace`: workloads of another namespace or cluster;
 * `host`: nodes and other reserved endpoints; `process`: what programs do; `flows`: recorded flows.
 */
export const scopes = ['world', 'namespace', 'host', 'process', 'flows'] as const;
export type Scope = (typeof scopes)[number];

/** `reasons`: one line each, in words. `owners`, `namespaces`: of the subject, as far as policies say them. */
export type Concern = {
  readonly severity: Severity;
  readonly reasons: readonly string[];
  readonly scopes: readonly Scope[];
  readonly owners: readonly string[];
  readonly namespaces: readonly string[];
};

/** Recorded flows that are of a class; `uncertain`: of which the record says too little to know. Times as RFC 3339. */
export type FlowCount = { readonly count: number; readonly uncertain: number; readonly first: string; readonly last: string };

export const atLeast = (severity: Severity, least: Severity): boolean => severities.indexOf(severity) >= severities.indexOf(least);
export const highest = (all: readonly Severity[]): Severity => all.reduce((one, other) => (atLeast(one, other) ? one : other), 'none');
