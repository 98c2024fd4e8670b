// What is in force without a daemon to ask: the pins tell. Needs neither bundle nor inventory.
import { closeSync } from 'node:fs';
import { join } from 'node:path';
import { objectGet } from '../ffi/libbpf.ts';
import { attachments } from '../kernel/attach.ts';
import { names, pinnedAbi, pinsAt } from '../kernel/bpffs.ts';
import { type HostState, hostState } from '../kernel/host.ts';
import { attachedInterfaces } from '../kernel/interfaces.ts';
import { currentRevision } from '../kernel/revision.ts';
import type { MapSource } from '../kernel/tables.ts';

/** Pinned maps, opened when they are asked for. */
export type PinnedMaps = MapSource & { readonly close: () => void };

export function pinnedMaps(root: string): PinnedMaps {
  const { maps } = pinsAt(root);
  const present = new Set(names(maps));
  const open = new Map<string, number>();
  const get = (name: string): number | undefined => {
    const known = open.get(name);
    if (known !== undefined || !present.has(name)) return known;
    const fd = objectGet(join(maps, name));
    open.set(name, fd);
    return fd;
  };
  return { get, close: () => open.forEach((fd) => closeSync(fd)) };
}

/** `revision` 0: programs are loaded, but no generation ever was. */
export type PinnedState = {
  readonly revision: number;
  readonly cgroups: readonly { readonly id: bigint; readonly alive: boolean }[];
  /** How many interfaces of workloads programs are attached to. */
  readonly interfaces: number;
  /** How the host is governed; absent where it is not. */
  readonly host?: HostState;
};

/** Undefined if nothing of policyd is pinned under `root`. */
export function pinnedState(root: string): PinnedState | undefined {
  if (pinnedAbi(root) === 'none') return undefined;
  const maps = pinnedMaps(root);
  try {
    const host = hostState(maps);
    return {
      ...(host && { host }),
      revision: maps.get('config') === undefined ? 0 : currentRevision(maps),
      cgroups: attachments(pinsAt(root)).map(({ cgroup, alive }) => ({ id: cgroup, alive })),
      interfaces: attachedInterfaces(pinsAt(root)).length,
    };
  } finally {
    maps.close();
  }
}
