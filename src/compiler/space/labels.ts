// Label sets and what selects them. A namespace and a cluster are labels under reserved keys, so that one algebra
// serves all; `@` cannot stand in a key that a user writes.

/** Label key -> value of one endpoint. `@namespace`, `@cluster` and `@namespace/KEY` stand beside the user's labels. */
export type Labels = Readonly<Record<string, string>>;

/** The reserved key under which an endpoint's namespace stands among its labels. */
export const namespaceKey = '@namespace';
export const clusterKey = '@cluster';
/** The cluster of whatever names none: as agents call theirs unless told otherwise. */
export const defaultCluster = 'default';
/** The reserved key of a label of the endpoint's namespace. */
export const namespaceLabelKey = (key: string): string => `${namespaceKey}/${key}`;

/** The reserved key that the labels of the host have, and no others. */
export const hostKey = '@host';

/** One condition on one label. An absent key satisfies `not-one-of` (as in Kubernetes) and `absent`. */
export type Requirement =
  | { readonly kind: 'one-of'; readonly key: string; readonly values: readonly string[] }
  | { readonly kind: 'not-one-of'; readonly key: string; readonly values: readonly string[] }
  | { readonly kind: 'exists'; readonly key: string }
  | { readonly kind: 'absent'; readonly key: string };

/** Disjunction of conjunctions. `[]` selects nothing, `[[]]` every label set. */
export type Selector = readonly (readonly Requirement[])[];

const isOfHost = (conjunction: Selector[number]): boolean => conjunction.some(({ key }) => key === hostKey);

/** Does `selector` select an endpoint with these labels? The host is selected by what names it: everything else is about workloads. */
export function selects(selector: Selector, labels: Labels): boolean {
  const isHost = Object.hasOwn(labels, hostKey);
  for (const conjunction of selector) if ((!isHost || isOfHost(conjunction)) && allHold(conjunction, labels)) return true;
  return false;
}

/** Asked very often: no function is made for it. */
function allHold(conjunction: Selector[number], labels: Labels): boolean {
  for (const requirement of conjunction) if (!holds(requirement, labels)) return false;
  return true;
}

/** Can it select a host at all? */
export const canSelectHost = (selector: Selector): boolean => selector.some(isOfHost);

function holds(requirement: Requirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined;
  switch (requirement.kind) {
    case 'one-of':
      return value !== undefined && requirement.values.includes(value);
    case 'not-one-of':
      return value === undefined || !requirement.values.includes(value);
    case 'exists':
      return value !== undefined;
    case 'absent':
      return value === undefined;
  }
}
