// A policy for the host can lock its administrator out for good, for enforcement outlives policyd. So one that is new to this machine
// holds for a time only, until somebody says that it may stay (`policyd confirm`): the kernel ends it by itself, whatever has become of
// policyd, and policyd puts what was in force before in its place. What was confirmed is kept over reboots, as the bundle that it was.
import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Hold, HostRule } from '../kernel/host.ts';
import { monotonicNow } from '../kernel/revision.ts';
import type { Bundle } from '../policy/bundle.ts';
import type { TrustedKey } from '../policy/trust.ts';
import { loadBundle } from './inputs.ts';
import { errorText, refusal } from './refusal.ts';

/** `until`: when it goes back, a date; `left`: seconds. */
export type PendingConfirmation = { readonly until: string; readonly left: number };

export type ConfirmationOptions = {
  /** Milliseconds that a new policy for the host has; absent: none is taken. */
  readonly confirm?: number | undefined;
  /** Folder. */
  readonly confirmations: string;
  readonly trusted?: readonly TrustedKey[] | undefined;
  /** Programs that are loaded with those of every bundle. */
  readonly observers?: Bundle['objects'];
  readonly log: (line: string) => void;
};

/** `goBack`: puts what was there before the first of what waits in force. `deadline`: nanoseconds of CLOCK_MONOTONIC. */
type Pending = { readonly bundle: Bundle; readonly goBack: () => void; readonly deadline: bigint; readonly timer: NodeJS.Timeout };

const million = 1_000_000n;
const forGood: HostRule = { until: 0n };
/** Over since the machine was started. */
const over: HostRule = { until: 1n };

export class Confirmation {
  private readonly options: ConfirmationOptions;
  private pending: Pending | undefined;
  /** Hash of what the policies for the host mean that were confirmed; null: not looked for yet. */
  private known: string | undefined | null = null;
  /** Of those that nobody confirmed, and that nothing could take the place of. */
  private abandoned: string | undefined;

  constructor(options: ConfirmationOptions) {
    this.options = options;
  }

  /**
   * Asked before a bundle that governs this host is put in force; `isAsked`: somebody gave it now. Throws a Refusal where its policies
   * for the host are new and nobody waits for a word.
   */
  holdOf({ manifest: { host } }: Bundle, isAsked: boolean): Hold {
    if (host === this.confirmedHost()) return { rule: forGood, isNew: false };
    if (this.pending && this.pending.bundle.manifest.host === host) return { rule: { until: this.pending.deadline }, isNew: false };
    if (host === this.abandoned && !isAsked) return { rule: over, isNew: false };
    const { confirm } = this.options;
    if (confirm === undefined)
      throw refusal(
        'the bundle governs the host itself, by policies that nobody has confirmed on this machine',
        'a wrong one can lock you out: `policyd run --confirm 60s` puts it in force, and goes back unless `policyd confirm` is said in time',
      );
    return { rule: { until: monotonicNow() + BigInt(confirm) * million }, isNew: true };
  }

  /** A bundle was put in force for as long as `hold` says, or does not govern this host. `goBack` is called when its time is over. */
  took(bundle: Bundle, hold: Hold | undefined, goBack: () => void): void {
    const { pending } = this;
    if (hold && !hold.isNew && hold.rule.until > over.until) {
      if (pending) this.pending = { ...pending, bundle };
      return;
    }
    this.forget();
    if (!hold?.isNew) return;
    // Whatever is tried one after the other, what comes back is what was there before the first of it.
    const all = (): void => {
      goBack();
      pending?.goBack();
    };
    const deadline = hold.rule.until;
    const timer = setTimeout(() => this.giveUp(), Math.max(0, Number((deadline - monotonicNow()) / million)));
    this.pending = { bundle, goBack: all, deadline, timer };
    const { until = '' } = this.state() ?? {};
    this.options.log(`the policies for the host hold until ${until}: \`policyd confirm\` keeps them, else what was before comes back`);
  }

  state(): PendingConfirmation | undefined {
    if (!this.pending) return undefined;
    const milliseconds = Math.max(0, Number((this.pending.deadline - monotonicNow()) / million));
    return { until: new Date(Date.now() + milliseconds).toISOString(), left: Math.ceil(milliseconds / 1000) };
  }

  /** Somebody said that it may stay. Throws a Refusal where nothing waits, or it cannot be kept. */
  confirm(): HostRule {
    const { pending } = this;
    if (!pending) throw refusal('nothing waits for a confirmation');
    if (monotonicNow() >= pending.deadline) throw refusal('too late: its time is over, and what was in force before comes back');
    this.keep(pending.bundle);
    this.forget();
    return forGood;
  }

  /** Goes back at once, if something waits. */
  giveUp(): void {
    const { pending } = this;
    this.forget();
    pending?.goBack();
  }

  /** Nothing can take its place, so it holds no more. */
  abandon({ manifest: { host } }: Bundle): HostRule {
    this.abandoned = host;
    return over;
  }

  /** The bundle that was confirmed last on this machine, as far as it can still be read and trusted. */
  confirmed(): Bundle | undefined {
    if (!existsSync(this.folder())) return undefined;
    try {
      const { trusted, observers } = this.options;
      return loadBundle(this.folder(), { trusted, observers });
    } catch (error) {
      this.options.log(`warning: what was confirmed before cannot be read: ${errorText(error)}`);
      return undefined;
    }
  }

  private confirmedHost(): string | undefined {
    if (this.known === null) this.known = this.confirmed()?.manifest.host;
    return this.known;
  }

  private folder(): string {
    return join(this.options.confirmations, 'confirmed');
  }

  private forget(): void {
    clearTimeout(this.pending?.timer);
    this.pending = undefined;
  }

  /** Keeps the bundle as it is on disk, if that is still the one. */
  private keep({ directory, manifest }: Bundle): void {
    const draft = `${this.folder()}.new`;
    try {
      mkdirSync(this.options.confirmations, { recursive: true, mode: 0o700 });
      rmSync(draft, { recursive: true, force: true });
      cpSync(directory, draft, { recursive: true });
      if (loadBundle(draft, { trusted: this.options.trusted }).manifest.host !== manifest.host)
        throw new Error('the bundle on disk is another one by now');
      rmSync(this.folder(), { recursive: true, force: true });
      renameSync(draft, this.folder());
      this.known = manifest.host;
    } catch (error) {
      rmSync(draft, { recursive: true, force: true });
      throw refusal(
        `cannot keep in ${this.options.confirmations} what was confirmed: ${errorText(error)}`,
        'it still goes back when its time is over',
      );
    }
  }
}
