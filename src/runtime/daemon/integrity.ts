// Looks, on a timer and when it is asked, whether the kernel still holds what was put there and decides as the bundle says. What
// differs is logged, shown in status and metrics, and written again where that was asked for.
import type { Drift } from '../kernel/drift.ts';
import type { Enforcement } from './enforcement.ts';

export type Integrity = {
  /** When it was looked last; absent: not yet. */
  readonly checked?: string;
  /** Questions that the programs answered as the oracle does. */
  readonly questions: number;
  /** Tables that held something else at the last look, before any repair. */
  readonly drift: readonly Drift[];
  /** Since policyd began. */
  readonly repairs: number;
};

export type IntegrityOptions = {
  /** Milliseconds between two looks; 0 = only when asked. */
  readonly verifyEvery: number;
  readonly repair: boolean;
  readonly log: (line: string) => void;
};

const tablesText = (drift: readonly Drift[]): string => drift.map(({ table, entries }) => `${table} (${entries})`).join(', ');

export class IntegrityCheck {
  private readonly enforcement: Enforcement;
  private readonly options: IntegrityOptions;
  private last: Integrity = { questions: 0, drift: [], repairs: 0 };
  private timer: NodeJS.Timeout | undefined;

  constructor(enforcement: Enforcement, options: IntegrityOptions) {
    this.enforcement = enforcement;
    this.options = options;
  }

  follow(): void {
    const { verifyEvery, repair, log } = this.options;
    if (verifyEvery === 0) return;
    this.timer = setInterval(() => {
      try {
        this.check(repair);
      } catch (error) {
        log(`the tables in the kernel could not be checked: ${error instanceof Error ? error.message : String(error)}`);
      }
    }, verifyEvery).unref();
  }

  close(): void {
    clearInterval(this.timer);
  }

  state(): Integrity {
    return { ...this.last, questions: this.enforcement.inForce?.verified ?? 0 };
  }

  /** Asks the questions of the bundle again, and looks. Throws a Refusal where the programs answer otherwise than the bundle says. */
  verify(repair: boolean): Integrity {
    this.enforcement.verifyAgain();
    return this.check(repair);
  }

  /** The questions have tables of their own, which nobody can have changed: they are not asked each time. */
  private check(repair: boolean): Integrity {
    const { log } = this.options;
    const drift = this.enforcement.drift();
    const { repairs } = this.last;
    this.last = { ...this.state(), checked: new Date().toISOString(), drift, repairs };
    if (drift.length === 0) return this.last;
    log(`somebody changed tables in the kernel: ${tablesText(drift)}`);
    if (!repair) return this.last;
    this.enforcement.rewrite();
    log('the tables were written again');
    this.last = { ...this.last, repairs: repairs + 1 };
    return this.last;
  }
}
