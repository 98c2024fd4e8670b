// With an inventory: a set of workloads that is written and matches nobody who is there.

import type { Span } from '../../base/source.ts';
import { type Selector, selects } from '../../space/labels.ts';
import type { Checked, Finding } from './finding.ts';

type Written = { readonly selector: Selector; readonly span: Span };

/** The sets of workloads that are written out, where they are; names stand for their declarations. */
function* written({ resolved, sets, policies, rules }: Checked): Generator<Written> {
  for (const [index, { value }] of resolved.declarations.entries()) {
    const set = sets[index];
    if (set?.kind === 'workload' && value.kind !== 'declared') yield { selector: set.set, span: value.span };
  }
  for (const { id, subject } of policies) {
    const value = resolved.policies[id]?.subject;
    if (value && value.kind !== 'declared' && subject.workloads.length > 0) yield { selector: subject.workloads, span: value.span };
  }
  for (const rule of rules) {
    const resolvedRule = resolved.rules[rule.id];
    if (rule.section === 'process' || resolvedRule?.section === 'process') continue;
    const value = resolvedRule?.peers;
    if (value && value.kind !== 'declared') for (const selector of rule.peers.selectors) yield { selector, span: value.span };
  }
}

/** Warns of sets of workloads that match no endpoint of the inventory. */
export const warnUnmatched: Finding = (unit, report) => {
  const { inventory } = unit.options;
  if (!inventory) return;
  const known = new Map<string, boolean>();
  for (const { selector, span } of written(unit)) {
    const text = JSON.stringify(selector);
    const matches = known.get(text) ?? inventory.some((labels) => selects(selector, labels));
    known.set(text, matches);
    if (!matches) report('check/unknown-label', span, { what: 'no endpoint of the inventory is selected here', suggestion: undefined });
  }
};
