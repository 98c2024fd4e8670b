// Which selectors match which labels. Conditions `key is one of [...]` are indexed by key and value, so that an endpoint
// is asked only about the selectors that its labels can satisfy; endpoints with equal labels are asked once.
import { type Labels, type Requirement, type Selector, selects } from '../../compiler/space/labels.ts';

/** Answers with indices of selectors, ascending. */
export type Membership = (labels: Labels) => readonly number[];

const pair = (key: string, value: string): string => JSON.stringify([key, value]);

type OneOf = Extract<Requirement, { kind: 'one-of' }>;
const pairsOf = ({ key, values }: OneOf): readonly string[] => values.map((value) => pair(key, value));
const isOneOf = (requirement: Requirement): requirement is OneOf => requirement.kind === 'one-of';

/** Pair -> how many conjunctions ask for it. */
function mentions(selectors: readonly Selector[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const selector of selectors)
    for (const name of selector.flat().filter(isOneOf).flatMap(pairsOf)) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/** Indexes each conjunction by the condition whose pairs the fewest others ask for: what all ask for (a cluster) tells nothing. */
function indexOf(selectors: readonly Selector[]): {
  readonly byPair: ReadonlyMap<string, readonly number[]>;
  readonly others: readonly number[];
} {
  const counts = mentions(selectors);
  const byPair = new Map<string, number[]>();
  const others: number[] = [];
  const asked = (pairs: readonly string[]): number => pairs.reduce((sum, name) => sum + (counts.get(name) ?? 0), 0);
  selectors.forEach((selector, index) => {
    for (const conjunction of selector) {
      const choices = conjunction.filter(isOneOf).map(pairsOf);
      const [first] = choices;
      if (!first) others.push(index);
      for (const name of choices.reduce((best, one) => (asked(one) < asked(best) ? one : best), first ?? [])) {
        const list = byPair.get(name);
        if (list) list.push(index);
        else byPair.set(name, [index]);
      }
    }
  });
  return { byPair, others };
}

/** Prepares `selectors` for many questions. */
export function membershipOf(selectors: readonly Selector[]): Membership {
  const { byPair, others } = indexOf(selectors);
  const known = new Map<string, readonly number[]>();
  return (labels) => {
    const entries = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
    const key = JSON.stringify(entries);
    const found = known.get(key);
    if (found) return found;
    const candidates = new Set([...others, ...entries.flatMap(([name, value]) => byPair.get(pair(name, value)) ?? [])]);
    const matched = [...candidates].filter((index) => selects(selectors[index] ?? [], labels)).sort((a, b) => a - b);
    known.set(key, matched);
    return matched;
  };
}
