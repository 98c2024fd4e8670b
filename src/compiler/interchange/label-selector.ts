// Requirements of labels as the API's selectors.
import type { Requirement } from '../space/labels.ts';
import type { JsonObject } from './importer.ts';

const operators = { 'one-of': 'In', 'not-one-of': 'NotIn', exists: 'Exists', absent: 'DoesNotExist' } as const;

/** `matchLabels` where a label must have one value, `matchExpressions` of all else; of several about one label all hold. */
export function labelSelector(requirements: readonly Requirement[], keyOf = (key: string): string => key): JsonObject {
  const equal = new Map<string, string>();
  const expressions: JsonObject[] = [];
  for (const requirement of requirements) {
    const key = keyOf(requirement.key);
    const values = 'values' in requirement ? requirement.values : undefined;
    const [value, ...others] = values ?? [];
    if (requirement.kind === 'one-of' && value !== undefined && others.length === 0 && !equal.has(key)) equal.set(key, value);
    else expressions.push({ key, operator: operators[requirement.kind], ...(values && { values }) });
  }
  return {
    ...(equal.size > 0 && { matchLabels: Object.fromEntries(equal) }),
    ...(expressions.length > 0 && { matchExpressions: expressions }),
  };
}

const word = '[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?';
const keyPattern = new RegExp(`^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?${word}$`);
const valuePattern = new RegExp(`^(${word})?$`);

/** Does the API take this key, and these values of it? */
export const isLabelKey = (key: string): boolean => keyPattern.test(key);
export const areLabelValues = (requirement: Requirement): boolean =>
  !('values' in requirement) || requirement.values.every((value) => valuePattern.test(value));
