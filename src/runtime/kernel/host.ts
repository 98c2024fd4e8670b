// The machine itself as the subject of policies: programs on the root of all cgroups, and the table `host`, which says which of the
// sockets outside of every workload it is about, and until when. INVARIANT: programs come to the root only where a generation is in
// force, for without one they deny everything.
import { readFileSync, statSync } from 'node:fs';
import { layouts } from '../../compiler/ir/abi.ts';
import { encode } from '../../compiler/ir/layout.ts';
import { mapLookup, mapUpdate } from '../ffi/libbpf.ts';
import { type Cgroup, cgroupId, cgroupMount } from './cgroups.ts';
import { u32 } from './entries.ts';
import type { MapSource } from './tables.ts';

/** Nanoseconds of CLOCK_MONOTONIC, as programs read it. */
export const monotonicNow = (): bigint => process.hrtime.bigint();

/** `until`: when it ends by itself, nanoseconds of CLOCK_MONOTONIC; 0 = never. */
export type HostRule = { readonly until: bigint };
/** What is in force: `isOver` when its time has passed without a word. */
export type HostState = HostRule & { readonly isOver: boolean; readonly exempt: bigint };

/** The root of all cgroups. Throws where there is no cgroup v2. */
export function rootCgroup(): Cgroup {
  const path = cgroupMount();
  if (path === undefined) throw new Error('this machine has no cgroup v2 hierarchy mounted');
  return { id: cgroupId(path), path, name: '/' };
}

/** The cgroup of this process, by its path from the root; undefined where that is the root, which cannot be left alone. */
export function ownCgroup(): Cgroup | undefined {
  const name = /^0::(.+)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1];
  const root = cgroupMount();
  if (root === undefined || name === undefined || name === '/' || name.startsWith('/..')) return undefined;
  return { id: cgroupId(`${root}${name}`), path: `${root}${name}`, name };
}

const ownNetwork = (): number => statSync('/proc/self/ns/net').ino;

/** Makes the host a subject, or ends that at once (undefined). */
export function governHost(maps: MapSource, rule: HostRule | undefined): void {
  const table = maps.get('host');
  if (table === undefined) return;
  const value = rule ? { until: rule.until, exempt: ownCgroup()?.id ?? 0n, network: ownNetwork() } : { until: 0n, exempt: 0n, network: 0 };
  mapUpdate(table, u32(0), encode(layouts.host, value));
}

const offsetOf = (name: 'until' | 'exempt' | 'network'): number => layouts.host.fields.find((field) => field.name === name)?.offset ?? 0;
const places = { until: offsetOf('until'), exempt: offsetOf('exempt'), network: offsetOf('network') };

/** Undefined where no policy governs the host. */
export function hostState(maps: MapSource): HostState | undefined {
  const table = maps.get('host');
  const bytes = new Uint8Array(layouts.host.size);
  if (table === undefined || !mapLookup(table, u32(0), bytes)) return undefined;
  const view = new DataView(bytes.buffer);
  const [until, exempt] = [view.getBigUint64(places.until, true), view.getBigUint64(places.exempt, true)];
  if (view.getUint32(places.network, true) === 0) return undefined;
  return { until, exempt, isOver: until !== 0n && monotonicNow() >= until };
}
