/**
 * What a suggestion may say more widely than it was recorded. `labels`: workloads by the labels that tell them apart, not by all. `names`:
 * names instead of addresses, and any type of DNS records; neighbouring names as one pattern. `paths`: segments that look like ids
 * as `{id}`, any query and host. `ports`: many ports of one peer as a range. `addresses`: many addresses of one block as the block.
 */
export const generalizations = ['labels', 'names', 'paths', 'ports', 'addresses'] as const;
export type Generalization = (typeof generalizations)[number];
export type Generalize = ReadonlySet<Generalization>;

/** What is done unless said otherwise: what changes with every restart, deployment and customer. */
export const usualGeneralizations: readonly Generalization[] = ['labels', 'names', 'paths'];

/** So many values of one kind are taken for one of many. */
export const several = 5;
/** So many ports or addresses. */
export const many = 9;
