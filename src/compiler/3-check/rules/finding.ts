// What findings see: one policy, or what the files of the unit say to each other.
import type { Span } from '../../base/source.ts';
import type { Report } from '../../diagnostics/diagnostic.ts';
import type { ResolvedPolicyBlock, Value } from '../../ir/resolved.ts';
import type { Annotation, NetworkRule, Policy, Rule } from '../../ir/typed.ts';
import type { Labels } from '../../space/labels.ts';
import type { DeclaredSet } from '../sets.ts';

export type CheckOptions = {
  /** `YYYY-MM-DD`: what should not hold any more on this day is a finding. */
  readonly asOf?: string;
  /** The endpoints that there are: a selector that matches none of them is a finding. */
  readonly inventory?: readonly Labels[];
};

/** A policy with its rules in the order of their places, and as it was written. */
export type CheckedPolicy = {
  readonly policy: Policy;
  /** Of the same places as the written ones; findings are only asked of policies of which none was left out. */
  readonly rules: readonly Rule[];
  readonly written: ResolvedPolicyBlock;
  /** Index of its first rule. */
  readonly first: number;
  /** With the ids of the last unit that it stood in; the one thing here that changes. */
  last?: Numbered;
};
export type Numbered = { readonly policy: Policy; readonly rules: readonly Rule[]; readonly first: number };

/** Reports one kind of findings that are about a policy by itself. */
export type PolicyFinding = (policy: CheckedPolicy, report: Report) => void;

export type SelectorValue = Value & { readonly kind: 'selector' };
/** What a selector says: a text and its key. */
/** `form`: `worker-#` of `worker-1` and of `worker-27`. */
export type LabelUse = { readonly key: string; readonly value: string; readonly form: string; readonly span: Span };
type Service = Value & { readonly kind: 'declared' };
/** `to NAME.service` of an allow rule. */
export type ServiceUse = { readonly service: Service; readonly rule: NetworkRule; readonly place: Span };

/** What of one file matters for findings about the unit. Ids are those of some unit before, not of this one. */
export type Facts = {
  readonly policies: readonly CheckedPolicy[];
  /** Rules to domains. */
  readonly named: readonly { readonly policy: CheckedPolicy; readonly rule: Rule }[];
  /** Policies that let their subject ask for names. */
  readonly asking: readonly Policy[];
  readonly services: readonly ServiceUse[];
  readonly dated: readonly { readonly what: string; readonly annotation: Annotation }[];
  readonly selectors: readonly SelectorValue[];
  readonly labels: readonly LabelUse[];
};

export type CheckedUnit = {
  /** In the order of the sources. */
  readonly files: readonly Facts[];
  /** Index = number of the declaration. */
  readonly sets: readonly (DeclaredSet | undefined)[];
  readonly options: CheckOptions;
};

/** Reports one kind of findings that are about files together. */
export type UnitFinding = (unit: CheckedUnit, report: Report) => void;
