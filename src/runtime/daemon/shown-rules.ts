// Which rules the metrics show: those in force, and for a while those that were, so that the last verdicts of a removed
// rule are still scraped and its series then goes away.

/** Milliseconds that a rule is shown after it was removed. */
const retirement = 15 * 60_000;

export class ShownRules {
  private current: ReadonlySet<number> = new Set();
  private readonly retired = new Map<number, number>();

  /** `causes`: of the rules in force from now on. */
  change(causes: readonly number[], now: number = Date.now()): void {
    const next = new Set(causes);
    for (const cause of this.current) if (!next.has(cause)) this.retired.set(cause, now + retirement);
    for (const cause of next) this.retired.delete(cause);
    this.current = next;
  }

  isShown(cause: number, now: number = Date.now()): boolean {
    return this.current.has(cause) || (this.retired.get(cause) ?? 0) > now;
  }
}
