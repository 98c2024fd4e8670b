// Which selectors match which labels. Conditions `key is one of [...]` are indexed by key and value, so that an endpoint
// is asked only about the selectors that its labels can satisfy; endpoints with equal labels are asked once.
import { type Labels, type Requirement, type Selector, selects } from '../../compiler/space/labels.ts';

/** Answers with indices of selectors, ascending. */
export type Membership = (labels: Labels) => readonly number[];

const pair = (key: string, value: string): string => JSON.stringify([key, value]);

/** The condition to look a conjunction up by: the one with the fewest values. */
function mostTelling(conjunction: readonly Requirement[]): Extract<Requirement, { kind: 'one-of' }> | undefined {
  return conjunction.reduce<Extract<Requirement, { kind: 'one-of' }> | undefined>((best, requirement) => {
    if (requirement.kind !== 'one-of') return best;
    return best && best.values.length <= requirement.values.length ? best : requirement;
  }, undefined);
}

/** Prepares `selectors` for many questions. */
export function membershipOf(selectors: readonly Selector[]): Membership {
  const byPair = new Map<string, number[]>();
  const unindexed: number[] = [];
  selectors.forEach((selector, index) => {
    for (const conjunction of selector) {
      const telling = mostTelling(conjunction);
      if (!telling) unindexed.push(index);
      for (const value of telling?.values ?? []) {
        const key = pair(telling?.key ?? '', value);
        const list = byPair.get(key);
        if (list) list.push(index);
        else byPair.set(key, [index]);
      }
    }
  });
  const known = new Map<string, readonly number[]>();
  return (labels) => {
    const entries = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
    const key = JSON.stringify(entries);
    const found = known.get(key);
    if (found) return found;
    const candidates = new Set([...unindexed, ...entries.flatMap(([name, value]) => byPair.get(pair(name, value)) ?? [])]);
    const matched = [...candidates].filter((index) => selects(selectors[index] ?? [], labels)).sort((a, b) => a - b);
    known.set(key, matched);
    return matched;
  };
}
