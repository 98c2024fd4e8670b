// With an inventory: a selector that matches nobody who is there.
import { selects } from '../../space/labels.ts';
import { selectorOf } from '../labels.ts';
import type { UnitFinding } from './finding.ts';

/** Warns of selectors that match no endpoint of the inventory. */
export const warnUnmatched: UnitFinding = ({ files, options: { inventory } }, report) => {
  if (!inventory) return;
  const known = new Map<string, boolean>();
  for (const value of files.flatMap(({ selectors }) => selectors)) {
    // What is wrong with it was said already.
    const selector = selectorOf(value, () => undefined) ?? [[]];
    const text = JSON.stringify(selector);
    const matches = known.get(text) ?? inventory.some((labels) => selects(selector, labels));
    known.set(text, matches);
    if (!matches)
      report('check/unknown-label', value.span, { what: 'no endpoint of the inventory is selected here', suggestion: undefined });
  }
};
