// The machine itself as the subject of policies: programs on the root of all cgroups, and the table `host`, which says which of the
// sockets outside of every workload it is about, and until when. INVARIANT: programs come to the root only where a generation is in
// force, for without one they deny everything.
import { readFileSync, statSync } from 'node:fs';
import { layouts } from '../../compiler/ir/abi.ts';
import { encode } from '../../compiler/ir/layout.ts';
import { mapLookup, mapUpdate } from '../ffi/libbpf.ts';
import { type Cgroup, cgroupId, cgroupMount } from './cgroups.ts';
import { u32 } from './entries.ts';
import { currentRevision, formerRevision, monotonicNow } from './revision.ts';
import type { MapSource } from './tables.ts';

/** `until`: when policies for the host that nobody has confirmed end by themselves, nanoseconds of CLOCK_MONOTONIC; 0 = never. */
export type HostRule = { readonly until: bigint };
/** How long the policies of a bundle for the host may hold; `isNew`: a time of its own begins with it. */
export type Hold = { readonly rule: HostRule; readonly isNew: boolean };
/** What is in force: `isOver` when its time has passed without a word; `former`: then those that were confirmed before hold again. */
export type HostState = HostRule & { readonly isOver: boolean; readonly former: boolean; readonly exempt: bigint };

/** The root of all cgroups. Throws where there is no cgroup v2. */
export function rootCgroup(): Cgroup {
  const path = cgroupMount();
  if (path === undefined) throw new Error('this machine has no cgroup v2 hierarchy mounted');
  return { id: cgroupId(path), path, name: '/' };
}

/** Programs that see what the host does see everything below the root, workloads too. */
export function hostPlace(): { readonly cgroup: bigint; readonly path: string } {
  const { id, path } = rootCgroup();
  return { cgroup: id, path };
}

/** The cgroup of this process, by its path from the root; undefined where that is the root, which cannot be left alone. */
export function ownCgroup(): Cgroup | undefined {
  const name = /^0::(.+)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1];
  const root = cgroupMount();
  if (root === undefined || name === undefined || name === '/' || name.startsWith('/..')) return undefined;
  return { id: cgroupId(`${root}${name}`), path: `${root}${name}`, name };
}

const ownNetwork = (): number => statSync('/proc/self/ns/net').ino;

const nobody = { until: 0n, exempt: 0n, network: 0, since: 0 };
const offsetOf = (name: keyof typeof nobody): number => layouts.host.fields.find((field) => field.name === name)?.offset ?? 0;

function hostOf(maps: MapSource): typeof nobody | undefined {
  const table = maps.get('host');
  const view = new DataView(new ArrayBuffer(layouts.host.size));
  if (table === undefined || !mapLookup(table, u32(0), new Uint8Array(view.buffer))) return undefined;
  return {
    until: view.getBigUint64(offsetOf('until'), true),
    exempt: view.getBigUint64(offsetOf('exempt'), true),
    network: view.getUint32(offsetOf('network'), true),
    since: view.getUint32(offsetOf('since'), true),
  };
}

/**
 * Makes the host a subject, or ends that at once (undefined). A time counts for the generations to come, and for those before that
 * nobody has confirmed either: so whichever comes back, what was never confirmed does not hold for good.
 */
export function governHost(maps: MapSource, rule: HostRule | undefined): void {
  const [table, before] = [maps.get('host'), hostOf(maps)];
  if (table === undefined || !before) return;
  const isConfirmed = before.network !== 0 && before.until === 0n;
  const since = isConfirmed ? currentRevision(maps) + 1 : before.since;
  const value = rule ? { until: rule.until, exempt: ownCgroup()?.id ?? 0n, network: ownNetwork(), since } : nobody;
  mapUpdate(table, u32(0), encode(layouts.host, value));
}

/** Undefined where no policy governs the host. */
export function hostState(maps: MapSource): HostState | undefined {
  const host = hostOf(maps);
  if (!host || host.network === 0) return undefined;
  const { until, exempt, since } = host;
  const isOver = until !== 0n && monotonicNow() >= until;
  return { until, exempt, isOver, former: until !== 0n && formerRevision(maps) < since };
}

/** Is the host governed now by what nobody has confirmed? */
export function isUnconfirmed(maps: MapSource): boolean {
  const state = hostState(maps);
  return state !== undefined && state.until !== 0n && !(state.isOver && state.former);
}
