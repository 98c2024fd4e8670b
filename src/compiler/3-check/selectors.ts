// Algebra of selectors in disjunctive normal form. Equal conjunctions have equal texts: keys are sorted, values are
// sorted and unique, what contradicts itself is gone. An absent key satisfies `not-one-of`, so that the complement of
// `one-of` is exactly `not-one-of`.
import type { Requirement, Selector } from '../space/labels.ts';

type Conjunction = readonly Requirement[];

/** Conjunctions of one selector; more are refused (`check/set-too-large`). */
export const mostConjunctions = 4096;

export const everyWorkload: Selector = [[]];

/** What a conjunction says of one key. */
type Facts = { present?: boolean; only?: ReadonlySet<string>; readonly never: Set<string> };

/** The requirements on one key; undefined when nothing can fulfil them. */
function requirementsOf(key: string, { present, only, never }: Facts): readonly Requirement[] | undefined {
  if (only) {
    const values = [...only].filter((value) => !never.has(value)).sort();
    return present === false || values.length === 0 ? undefined : [{ kind: 'one-of', key, values }];
  }
  if (present === false) return [{ kind: 'absent', key }];
  const excluded: readonly Requirement[] = never.size > 0 ? [{ kind: 'not-one-of', key, values: [...never].sort() }] : [];
  return present ? [{ kind: 'exists', key }, ...excluded] : excluded;
}

/** Notes a requirement; false when it contradicts what is known. */
function note(facts: Facts, requirement: Requirement): boolean {
  switch (requirement.kind) {
    case 'one-of': {
      const { only } = facts;
      facts.only = new Set(only ? requirement.values.filter((value) => only.has(value)) : requirement.values);
      return facts.only.size > 0;
    }
    case 'not-one-of':
      for (const value of requirement.values) facts.never.add(value);
      return true;
    case 'exists':
    case 'absent': {
      const present = requirement.kind === 'exists';
      const agrees = facts.present === undefined || facts.present === present;
      facts.present = present;
      return agrees;
    }
  }
}

/** The conjunction in normal form; undefined when nothing can fulfil it. */
export function conjunction(requirements: Conjunction): Conjunction | undefined {
  const [only, another] = requirements;
  if (only?.kind === 'one-of' && !another && only.values.length === 1) return requirements;
  const byKey = new Map<string, Facts>();
  for (const requirement of requirements) {
    const facts = byKey.get(requirement.key) ?? { never: new Set() };
    byKey.set(requirement.key, facts);
    if (!note(facts, requirement)) return undefined;
  }
  const keys = [...byKey.keys()].sort();
  const parts = keys.map((key) => requirementsOf(key, byKey.get(key) ?? { never: new Set() }));
  return parts.every((part) => part !== undefined) ? parts.flatMap((part) => part ?? []) : undefined;
}

/** The selector of these conjunctions: each once, in the order of their texts; all else is in the empty one. */
function canonical(conjunctions: readonly Conjunction[]): Selector {
  if (conjunctions.some((one) => one.length === 0)) return everyWorkload;
  const byText = new Map(conjunctions.map((one) => [JSON.stringify(one), one]));
  return [...byText].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, one]) => one);
}

export const unionOf = (parts: readonly Selector[]): Selector => {
  const [first] = parts;
  return parts.length === 1 && first ? first : canonical(parts.flat());
};

const possible = (requirements: Conjunction): readonly Conjunction[] => {
  const one = conjunction(requirements);
  return one ? [one] : [];
};

/** What both select; undefined when the result has too many conjunctions. */
export function intersection(a: Selector, b: Selector): Selector | undefined {
  if (a.length * b.length > mostConjunctions * 4) return undefined;
  const both = canonical(a.flatMap((x) => b.flatMap((y) => possible([...x, ...y]))));
  return both.length > mostConjunctions ? undefined : both;
}

function negated(requirement: Requirement): Requirement {
  switch (requirement.kind) {
    case 'one-of':
      return { ...requirement, kind: 'not-one-of' };
    case 'not-one-of':
      return { ...requirement, kind: 'one-of' };
    case 'exists':
      return { ...requirement, kind: 'absent' };
    case 'absent':
      return { ...requirement, kind: 'exists' };
  }
}

/** What `selector` does not select (de Morgan); undefined when the result has too many conjunctions. */
export function complement(selector: Selector): Selector | undefined {
  let rest: Selector | undefined = everyWorkload;
  for (const one of selector) {
    rest = intersection(rest, canonical(one.map((requirement) => [negated(requirement)])));
    if (rest === undefined) return undefined;
  }
  return rest;
}

/** Is everything that `a` selects surely selected by `b`? By one conjunction of `b` for each of `a`: a little less than exact. */
export const isWithin = (a: Selector, b: Selector): boolean =>
  a.every((one) => b.some((other) => other.every((requirement) => conjunction([...one, negated(requirement)]) === undefined)));
