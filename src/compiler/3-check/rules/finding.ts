// What a finding about whole policies sees.
import type { Report } from '../../diagnostics/diagnostic.ts';
import type { ResolvedPolicy } from '../../ir/resolved.ts';
import type { Policy, Rule } from '../../ir/typed.ts';
import type { Labels } from '../../space/labels.ts';
import type { DeclaredSet } from '../sets.ts';

export type CheckOptions = {
  /** `YYYY-MM-DD`: what should not hold any more on this day is a finding. */
  readonly asOf?: string;
  /** The endpoints that there are: a selector that matches none of them is a finding. */
  readonly inventory?: readonly Labels[];
};

export type Checked = {
  readonly resolved: ResolvedPolicy;
  /** Index = declaration. */
  readonly sets: readonly (DeclaredSet | undefined)[];
  readonly policies: readonly Policy[];
  /** Without those that have a mistake: their place is not their RuleId. */
  readonly rules: readonly Rule[];
  readonly options: CheckOptions;
};

/** Reports one kind of findings. */
export type Finding = (unit: Checked, report: Report) => void;
