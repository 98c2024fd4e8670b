// The default denies that a policy brings, one by one: what coverage counts and mutants take away.
import type { Policy, Section } from '../ir/typed.ts';

/** A default deny that a policy brings: to a direction, or to a class of what processes do. */
export type DefaultDeny = { readonly policy: Policy; readonly section: Section /** Of `process`. */; readonly domain?: string };

/** The default denies of a policy, in order. */
export const defaultDenies = (policy: Policy): readonly DefaultDeny[] => [
  ...(['ingress', 'egress'] as const).filter((section) => policy.defaultDeny[section]).map((section) => ({ policy, section })),
  ...policy.defaultDeny.process.map((domain) => ({ policy, section: 'process' as const, domain })),
];
