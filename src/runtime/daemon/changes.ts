// What may change while policyd runs: the bundle, the inventory, workloads of `policyd exec`, the machine's cgroups and
// addresses. Each change is put in force whole, or refused with what was in force kept; a refusal stays in `status`
// until the next change of the same thing.
import { join } from 'node:path';
import { cgroupMounts, resolveCgroup } from '../inventory/cgroup.ts';
import { displayName, type Inventory } from '../inventory/inventory.ts';
import { type Machine, machineNow, machineState, resolvedState, settled } from '../inventory/resolve.ts';
import { type Watch, watchFile } from '../inventory/watch.ts';
import { cgroupExists } from '../kernel/cgroups.ts';
import type { Hold } from '../kernel/host.ts';
import { type Bundle, forgotten } from '../policy/bundle.ts';
import type { TrustedKey } from '../policy/trust.ts';
import type { Confirmation } from './confirmation.ts';
import { type DynamicWorkload, dynamicWorkload, isOver, removeEmptyCgroup, resolvedWorkload } from './dynamic.ts';
import type { Enforcement, InForce } from './enforcement.ts';
import { loadBundle, loadInventory } from './inputs.ts';
import type { RegisterRequest } from './protocol.ts';
import { errorText, Refusal, refusal } from './refusal.ts';
import { savedWorkloads } from './saved.ts';
import { loadSaved, type StateFolder, save } from './state-folder.ts';
import type { RefusedChange } from './status.ts';

type Wanted = { readonly bundle: Bundle; readonly inventory: Inventory; readonly dynamic: readonly DynamicWorkload[] };

export type ChangesOptions = {
  readonly enforcement: Enforcement;
  readonly folder: StateFolder;
  /** Paths. */
  readonly bundle: string;
  readonly inventory: string;
  /** Only what one of them signed is put in force; absent: any bundle. */
  readonly trusted?: readonly TrustedKey[] | undefined;
  /** Programs that are loaded with those of every bundle. */
  readonly observers: Bundle['objects'];
  readonly onApplied: (inForce: InForce) => void;
  readonly confirmation: Confirmation;
  /** Nothing was pinned when this policyd began. */
  readonly fresh: boolean;
  /** What nobody confirmed was all that there ever was: everything is to be taken out of the kernel. */
  readonly onNothingLeft: () => void;
  readonly log: (line: string) => void;
};

/** Milliseconds between two looks at cgroups and addresses. */
const sweepInterval = 1000;

export class Changes {
  private readonly options: ChangesOptions;
  private readonly refusedChanges = new Map<RefusedChange['what'], RefusedChange>();
  private wanted: Wanted | undefined;
  private state = '';
  private watches: Watch[] = [];

  constructor(options: ChangesOptions) {
    this.options = options;
  }

  /** Puts both files in force; throws what is wrong with them or with this machine. */
  start(bundle: Bundle, inventory: Inventory): InForce {
    const saved = savedWorkloads(loadSaved(this.options.folder, 'workloads'));
    const dynamic = saved.filter((workload) => cgroupExists(workload.cgroup) && !isOver(workload));
    return this.apply({ bundle, inventory, dynamic }, 'refuse');
  }

  /** Follows the files and the machine until `close`. */
  follow(): void {
    const { bundle, inventory } = this.options;
    const sweep = setInterval(() => this.sweep(), sweepInterval).unref();
    this.watches = [
      // Every byte of a bundle is held against a hash: what is half written is not taken for a whole one.
      watchFile(join(bundle, 'manifest.json'), () => this.reload('bundle'), { atOnce: () => this.isTakenOver() }),
      watchFile(inventory, () => this.reload('inventory')),
      { close: () => clearInterval(sweep) },
    ];
  }

  close(): void {
    for (const watch of this.watches) watch.close();
    this.watches = [];
  }

  refused(): readonly RefusedChange[] {
    return [...this.refusedChanges.values()];
  }

  /** In force when this returns. */
  register(request: RegisterRequest): void {
    const { dynamic } = this.now();
    const found = resolveCgroup({ kind: 'path', path: request.cgroup }, cgroupMounts());
    if (!found.ok) throw refusal(`workload \`${displayName(request)}\`: ${found.problem}`);
    this.apply({ dynamic: [...dynamic, dynamicWorkload(request)] }, 'leave');
    this.options.log(`workload \`${displayName(request)}\` came with \`policyd exec\``);
  }

  unregister(gone: { readonly name: string; readonly namespace?: string }): void {
    const { dynamic } = this.now();
    const rest = dynamic.filter((workload) => displayName(workload) !== displayName(gone));
    if (rest.length < dynamic.length) this.apply({ dynamic: rest }, 'leave');
    this.options.log(`workload \`${displayName(gone)}\` of \`policyd exec\` ended`);
  }

  /** A service of systemd is about to start: its cgroup is there, and governed when this returns. */
  govern(unit: string): void {
    const { resolved } = this.apply({}, 'leave');
    const named = resolved.workloads.filter((workload) => workload.unit === unit);
    if (named.length === 0)
      throw refusal(`no workload of the inventory has the unit \`${unit}\``, 'it is started when one has, or without its drop-in');
    if (!named.some(({ cgroup }) => cgroup)) throw refusal(`the cgroup of unit \`${unit}\` was not found in any slice`);
    this.options.log(`unit \`${unit}\` starts and is governed`);
  }

  /** Reads a file again and takes it over, or says why not. */
  reload(what: RefusedChange['what']): void {
    const { bundle, inventory } = this.options;
    this.attempt(what, () => {
      if (what === 'bundle') this.applyBundle();
      else this.apply({ inventory: loadInventory(inventory) }, 'refuse');
      return `${what} ${what === 'bundle' ? bundle : inventory} changed and was taken over`;
    });
  }

  /** A bundle that was moved into its place is there whole: then there is nothing to wait for. False: to be tried again, and told. */
  private isTakenOver(): boolean {
    try {
      this.applyBundle();
    } catch {
      return false;
    }
    this.refusedChanges.delete('bundle');
    this.options.log(`bundle ${this.options.bundle} changed and was taken over`);
    return true;
  }

  /** Goes the way of a change of the bundle up to its end, and changes nothing; each `round` another part. False: there is no way to go. */
  rehearse(round: number): boolean {
    const { trusted, observers, bundle: folder, enforcement } = this.options;
    const { bundle } = this.now();
    const place = round % Math.max(1, bundle.parts.length);
    try {
      enforcement.rehearse(loadBundle(folder, { trusted, observers, before: forgotten(bundle, place) }), place);
      return true;
    } catch {
      // The bundle is being replaced: that is told by who follows it.
      return false;
    }
  }

  private now(): Wanted {
    if (!this.wanted) throw new Error('policyd bug: nothing is in force yet');
    return this.wanted;
  }

  private apply(change: Partial<Wanted>, missing: Machine['missing']): InForce {
    const next = { ...this.wanted, ...change };
    if (!next.bundle || !next.inventory || !next.dynamic) throw new Error('policyd bug: a first change without all parts');
    const { bundle, inventory, dynamic } = next;
    const machine = machineNow(missing);
    const { confirmation, enforcement } = this.options;
    const [before, holds] = [this.wanted, [] as Hold[]];
    const inForce = enforcement.apply(
      { bundle, inventory, dynamic: dynamic.map((workload) => resolvedWorkload(workload, machine.mounts)) },
      machine,
      () => {
        const hold = confirmation.holdOf(bundle, change.bundle !== undefined);
        holds.push(hold);
        return hold;
      },
    );
    confirmation.took(bundle, holds[0], () => this.goBack(bundle, before && replaced(change, before)));
    this.wanted = { bundle, dynamic, inventory: settled(inventory, inForce.resolved) };
    // Of what was put in force, not of now: a cgroup that was made anew meanwhile is then seen by the next sweep.
    this.state = resolvedState(inventory, inForce.resolved);
    if (change.dynamic) save(this.options.folder, 'workloads', dynamic);
    this.options.onApplied(inForce);
    return inForce;
  }

  /** Everything else stays as it was resolved: what changes on the machine is seen by the sweep. */
  private applyBundle(): void {
    const { trusted, observers, bundle: folder } = this.options;
    const before = this.now();
    const bundle = loadBundle(folder, { trusted, observers, before: before.bundle });
    // Policies for the host have to be confirmed, and are attached elsewhere.
    if (bundle.manifest.host !== undefined || before.bundle.manifest.host !== undefined) {
      this.apply({ bundle }, 'leave');
      return;
    }
    const { inForce } = this.options.enforcement;
    if (!inForce) throw new Error('policyd bug: nothing is in force yet');
    const now = this.options.enforcement.apply({ ...inForce.desired, bundle }, 'unchanged');
    this.wanted = { ...before, bundle };
    this.options.onApplied(now);
  }

  /** The policies for the host of `bundle` hold until somebody ends them. */
  confirm(): void {
    const { confirmation, enforcement, log } = this.options;
    enforcement.holdHost(confirmation.confirm());
    log('the policies for the host were confirmed');
  }

  /** What nobody confirmed makes room for what was there before, or for what was confirmed last. */
  private goBack(bundle: Bundle, before: Partial<Wanted> | undefined): void {
    const { confirmation, enforcement, fresh, onNothingLeft } = this.options;
    const last = before ? undefined : confirmation.confirmed();
    const message = 'its policies for the host were not confirmed in time';
    this.options.log(`${message}: going back`);
    if (!before && !last && fresh) {
      onNothingLeft();
      return;
    }
    // Whatever comes now, the host is free of them.
    enforcement.holdHost(confirmation.abandon(bundle));
    this.attempt('bundle', () => {
      if (before ?? last) this.apply(before ?? { ...(last && { bundle: last }) }, 'leave');
      return (before ?? last) ? 'what was in force before is in force again' : 'no policy governs the host any more';
    });
    this.refusedChanges.set('bundle', { what: 'bundle', since: new Date().toISOString(), messages: [message] });
  }

  private attempt(what: RefusedChange['what'], change: () => string): void {
    const { log } = this.options;
    try {
      const done = change();
      this.refusedChanges.delete(what);
      log(done);
    } catch (error) {
      const messages = error instanceof Refusal ? error.complaints.map(({ message }) => message) : [errorText(error)];
      this.refusedChanges.set(what, { what, since: new Date().toISOString(), messages });
      for (const message of messages) log(`changed ${what} refused, the old one stays in force: ${message}`);
    }
  }

  /** Workloads whose command died, cgroups that went or were made anew (a restarted service), addresses of the host. */
  private sweep(): void {
    const { dynamic, inventory } = this.now();
    const over = dynamic.filter(isOver);
    const state = machineState(inventory, machineNow('leave'));
    if (over.length === 0 && state === this.state) return;
    // Remembered even if it cannot be put in force: it is tried again when something changes, not every second.
    this.state = state;
    this.attempt('inventory', () => {
      this.apply({ dynamic: dynamic.filter((workload) => !over.includes(workload)) }, 'leave');
      for (const { cgroup } of over) removeEmptyCgroup(cgroup);
      return 'cgroups, addresses or workloads of this machine changed: taken over';
    });
  }
}

/** What a change took the place of. */
const replaced = (change: Partial<Wanted>, { bundle, inventory }: Wanted): Partial<Wanted> => ({
  ...(change.bundle && { bundle }),
  ...(change.inventory && { inventory }),
});
