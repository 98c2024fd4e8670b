// One policyd: takes its locks, puts bundle and inventory in force, then serves metrics, clients and changes until it is
// ended. Ending it ends nothing in the kernel, unless unloading is asked for; a start that fails leaves what it found.
import { resolve } from 'node:path';
import { type ListenAddress, serveMetrics } from '../hubble/serve.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { names, openPins, type Removed, unload } from '../kernel/bpffs.ts';
import { missingOnMachine } from '../kernel/features.ts';
import { decideHellosAgain } from '../kernel/hellos.ts';
import { type Observed, observePorts } from '../kernel/observed.ts';
import type { Bundle } from '../policy/bundle.ts';
import type { TrustedKey } from '../policy/trust.ts';
import { Changes } from './changes.ts';
import { Confirmation } from './confirmation.ts';
import { type Control, serveControl } from './control.ts';
import { Enforcement, type InForce } from './enforcement.ts';
import { openIdentities } from './identities.ts';
import { httpObservers, loadBundle, loadInventory, loadTrustedKey } from './inputs.ts';
import { IntegrityCheck } from './integrity.ts';
import { counterRows } from './measure.ts';
import { Observation } from './observation.ts';
import { pinnedMaps } from './pinned.ts';
import { refusal, refusalOfFailures } from './refusal.ts';
import { Rehearsal } from './rehearsal.ts';
import { Report } from './report.ts';
import { clearState, lockPins, type StateFolder, stateFolderAt, takeLock } from './state-folder.ts';
import type { Status } from './status.ts';
import { YoungMemory } from './young-memory.ts';

export type DaemonOptions = {
  /** Folder and file; both are followed. */
  readonly bundle: string;
  readonly inventory: string;
  readonly metrics: ListenAddress;
  readonly pins: string;
  readonly state: string;
  /** Milliseconds between two looks at the tables in the kernel; 0 = only when asked. */
  readonly verifyEvery: number;
  /** Files of public keys: only bundles that one of them signed are put in force; none: any bundle. */
  readonly trust: readonly string[];
  /** Milliseconds that a policy for the host has until somebody confirms it; absent: none is taken that is new. */
  readonly confirm?: number | undefined;
  /** Folder that keeps what was confirmed. */
  readonly confirmations: string;
  /** What differs is written again. */
  readonly repair: boolean;
  /** Ports whose requests and DNS messages are told, whatever policy asks for. */
  readonly observe: Observed;
  readonly log: (line: string) => void;
};

export type Daemon = {
  /** Where metrics are served: the real port where 0 was asked for. */
  readonly metrics: ListenAddress;
  readonly status: () => Status;
  /** What `/metrics` serves. */
  readonly exposition: () => Promise<string>;
  /** Reads both files again. */
  readonly reload: () => void;
  /** Ends the daemon; enforcement stays unless `unload`. */
  readonly stop: (unload: boolean) => Promise<void>;
  /** When it was ended, by whomever. */
  readonly ended: Promise<End>;
};

/** `unconfirmed`: because nobody confirmed what was all that there was. */
export type End = { readonly unloaded: boolean; readonly unconfirmed: boolean };

/** What has to be undone, in the reverse order. */
type Undo = (() => void | Promise<void>)[];

async function undoAll(undo: Undo): Promise<void> {
  for (const step of undo.splice(0).reverse()) await step();
}

/** Starts a daemon, or throws a Refusal and leaves nothing behind that was not there. */
export async function startDaemon(given: DaemonOptions): Promise<Daemon> {
  const missing = missingOnMachine();
  if (missing.length > 0) throw refusalOfFailures(missing);
  const options = { ...given, bundle: resolve(given.bundle), pins: resolve(given.pins), state: resolve(given.state) };
  // Read once: who can change a key file later changes nothing.
  const trusted = given.trust.length > 0 ? given.trust.map(loadTrustedKey) : undefined;
  const observers = given.observe.http.length > 0 ? httpObservers() : [];
  const inputs = { bundle: loadBundle(options.bundle, { trusted, observers }), inventory: loadInventory(options.inventory) };
  const folder = stateFolderAt(options.state);
  const claim = claimFolders(folder, options.pins);
  const undo: Undo = [];
  if (!claim.countsKept) options.log(countsLost);
  try {
    return await assemble({ options: { ...options, trusted, observers }, folder, claim, ...inputs }, undo);
  } catch (error) {
    await undoAll(undo);
    if (claim.fresh) removeAll(folder, options.pins);
    claim.release();
    throw error;
  }
}

const countsLost =
  'warning: the policyd before counted in another form: the counts of all metrics (`hubble_*_total`, `policyc_rule_verdicts_total`) begin at 0';

/** What programs have to know, or to do, behind each switch. */
function settle({ maps, loaded }: InForce, observed: Observed): void {
  observePorts(maps, observed);
  decideHellosAgain(loaded);
}

/** Exclusive use of state and pins. `fresh`: nothing was pinned before. `countsKept`: counters go on, as far as there are any. */
type Claim = { readonly fresh: boolean; readonly countsKept: boolean; readonly release: () => void };

function claimFolders(folder: StateFolder, pins: string): Claim {
  const lock = takeLock(folder);
  try {
    // Before anything there is touched, if something is.
    const fresh = names(pins).length === 0;
    const early = fresh ? undefined : lockPins(pins);
    const opened = openPins(pins);
    if (!opened.ok) throw refusalOfFailures(opened.failures);
    const pinsLock = early ?? lockPins(pins);
    return {
      fresh,
      countsKept: opened.value.countsKept,
      release: () => {
        pinsLock.release();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

type Start = {
  readonly options: DaemonOptions & { readonly trusted?: readonly TrustedKey[] | undefined; readonly observers: Bundle['objects'] };
  readonly folder: StateFolder;
  readonly claim: Claim;
  readonly bundle: Bundle;
  readonly inventory: Inventory;
};

async function assemble({ options, folder, claim, bundle, inventory }: Start, undo: Undo): Promise<Daemon> {
  const identities = openIdentities(folder, usedCauses(options.pins));
  const enforcement = new Enforcement(options.pins, identities);
  const observation = new Observation(identities.causes, options.log);
  const confirmation = new Confirmation(options);
  const ending = endOf({ options, folder, claim, undo });
  const changes = new Changes({
    ...options,
    enforcement,
    folder,
    confirmation,
    fresh: claim.fresh,
    onApplied: (inForce) => {
      settle(inForce, options.observe);
      report.learn(inForce);
      identities.save();
      rehearsal.changed();
    },
    onNothingLeft: () => void ending.stop({ unload: true, unconfirmed: true }),
  });
  const rehearsal = new Rehearsal((round) => changes.rehearse(round), new YoungMemory());
  const integrity = new IntegrityCheck(enforcement, options);
  const report = new Report({ options, enforcement, observation, causes: identities.causes, changes, integrity, confirmation });

  const metrics = await serveMetrics(options.metrics, { metrics: () => report.exposition(), healthy: () => report.healthy() });
  if (!metrics.ok) throw refusal(metrics.problem);
  undo.push(metrics.server.close);
  report.servedAt(metrics.server.address);
  undo.push(() => enforcement.close());
  changes.start(bundle, inventory);
  undo.push(() => observation.close());
  const stop = (unload: boolean): Promise<void> => ending.stop({ unload });
  const control = await serveControl(folder.socket, controlOf({ report, integrity, observation, changes }, stop));
  undo.push(control.close);
  changes.follow();
  integrity.follow();
  rehearsal.follow();
  undo.push(...[changes, integrity, rehearsal].map((one) => () => one.close()));
  // Last, so first to be undone: who ends policyd confirms nothing.
  undo.push(() => confirmation.giveUp());
  return {
    stop,
    ended: ending.ended,
    reload: () => (['bundle', 'inventory'] as const).forEach((what) => changes.reload(what)),
    metrics: metrics.server.address,
    status: () => report.status(),
    exposition: () => report.exposition(),
  };
}

type Controlled = {
  readonly report: Report;
  readonly integrity: IntegrityCheck;
  readonly observation: Observation;
  readonly changes: Changes;
};

const controlOf = ({ report, integrity, observation, changes }: Controlled, stop: Daemon['stop']): Control => ({
  status: () => report.status(),
  names: (workload) => report.names(workload),
  verify: (repair) => integrity.verify(repair),
  history: observation.history,
  catchUp: () => observation.catchUp(),
  lostRecord: (count) => observation.lostRecord(count),
  register: (request) => changes.register(request),
  unregister: (name) => changes.unregister(name),
  govern: (unit) => changes.govern(unit),
  confirm: () => changes.confirm(),
  stop: (unload) => setImmediate(() => void stop(unload)),
});

type Ending = Pick<Start, 'options' | 'folder' | 'claim'> & { readonly undo: Undo };
type Stop = { readonly unload: boolean; readonly unconfirmed?: boolean };

/** Ends everything once, however often it is asked for; what is asked for while it ends is done, too. */
function endOf({ options, folder, claim, undo }: Ending): { readonly stop: (how: Stop) => Promise<void>; readonly ended: Promise<End> } {
  let done: (how: End) => void = () => {};
  const ended = new Promise<End>((resolveEnded) => (done = resolveEnded));
  let stopping: Promise<void> | undefined;
  const how = { unloaded: false, unconfirmed: false };
  const end = async () => {
    await undoAll(undo);
    if (how.unloaded) removeAll(folder, options.pins);
    claim.release();
    done(how);
  };
  const stop = ({ unload: unloading, unconfirmed = false }: Stop): Promise<void> => {
    how.unloaded ||= unloading;
    how.unconfirmed ||= unconfirmed;
    stopping ??= end();
    return stopping;
  };
  return { stop, ended };
}

/** Causes that pinned counters carry. */
function usedCauses(pins: string): readonly number[] {
  const maps = pinnedMaps(pins);
  try {
    return [...new Set(counterRows(maps).map(({ cause }) => cause))];
  } finally {
    maps.close();
  }
}

/** Everything that policyd ever put into the kernel under these pins, and what only made sense with it. */
export function removeAll(folder: StateFolder, pins: string): Removed {
  const removed = unload(pins);
  clearState(folder);
  return removed;
}
