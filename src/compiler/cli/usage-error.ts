/** What a user asked for cannot be done as asked: one line, and exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** By its name: in a built program the commands have classes of their own (scripts/bundle-policyc.ts). */
export const isUsageError = (error: unknown): error is Error => error instanceof Error && error.name === 'UsageError';
