// Equality of plain values: objects, lists and what stands in them. What two of them share is compared by being the same.

/** Do they hold the same, in whatever order their keys stand? A key whose value is undefined is as none. */
export function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((one, i) => isEqual(one, b[i]));
  if (Array.isArray(b)) return false;
  for (const key of Object.keys(a)) if (!isEqual(valueAt(a, key), valueAt(b, key))) return false;
  for (const key of Object.keys(b)) if (valueAt(b, key) !== undefined && !Object.hasOwn(a, key)) return false;
  return true;
}

const valueAt = (object: object, key: string): unknown => (Object.hasOwn(object, key) ? Reflect.get(object, key) : undefined);
