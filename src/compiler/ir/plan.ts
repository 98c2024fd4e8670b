// Plan: a verdict space that fits the kernel tables, with what a machine must offer to hold it.
import type { Requirement } from './bundle.ts';
import type { TemplateName } from './emitted.ts';
import type { VerdictSpace } from './verdict-space.ts';

export type Plan = {
  readonly space: VerdictSpace;
  readonly templates: readonly TemplateName[];
  readonly requirements: readonly Requirement[];
};
