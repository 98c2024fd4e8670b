/** What a user asked for cannot be done as asked: one line, and exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
