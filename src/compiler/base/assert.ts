// Our own mistakes. A policy that is wrong is a Diagnostic; these two are for what must never happen.

/** Throws when `condition` does not hold: a bug of ours, never the user's. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`policyc bug: ${message}`);
}

/** Ends a `switch` over a discriminated union: the compiler lists every place that a new member has to be decided in. */
export function unreachable(value: never): never {
  throw new Error(`policyc bug: unexpected ${JSON.stringify(value)}`);
}
