// Which rules the metrics show: those in force, and for a while those that were, so that the last verdicts of a removed
// rule are still scraped and its series then goes away.

/** Milliseconds that a rule is shown after it was removed. */
const retirement = 15 * 60_000;

/** `Part`: rules that come and go together. */
export class ShownRules<Part> {
  private parts: ReadonlySet<Part> = new Set();
  /** Cause -> how many rules in force have it. */
  private readonly current = new Map<number, number>();
  private readonly retired = new Map<number, number>();

  /** `parts`: in force from now on; `causesOf`: of the rules of one. */
  change(parts: readonly Part[], causesOf: (part: Part) => readonly number[], now: number = Date.now()): void {
    const next = new Set(parts);
    for (const part of next) if (!this.parts.has(part)) for (const cause of causesOf(part)) this.add(cause);
    for (const part of this.parts) if (!next.has(part)) for (const cause of causesOf(part)) this.remove(cause, now);
    this.parts = next;
  }

  private add(cause: number): void {
    this.current.set(cause, (this.current.get(cause) ?? 0) + 1);
    this.retired.delete(cause);
  }

  private remove(cause: number, now: number): void {
    const rest = (this.current.get(cause) ?? 0) - 1;
    if (rest > 0) {
      this.current.set(cause, rest);
      return;
    }
    this.current.delete(cause);
    this.retired.set(cause, now + retirement);
  }

  isShown(cause: number, now: number = Date.now()): boolean {
    return this.current.has(cause) || (this.retired.get(cause) ?? 0) > now;
  }
}
