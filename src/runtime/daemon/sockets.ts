// Sockets that policy does not see: made before their process came into its cgroup, they keep the cgroup that they were
// made in. Found by comparing the sockets that a workload's processes hold with the cgroup that ss(8) prints for each.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupMounts } from '../inventory/cgroup.ts';
import { isBelow } from '../kernel/cgroups.ts';
import type { WorkloadStatus } from './status.ts';

export type OldSocket = { readonly workload: string; readonly pid: number; readonly socket: string };
export type OldSockets =
  | { readonly checked: true; readonly found: readonly OldSocket[] }
  | { readonly checked: false; readonly reason: string };

/** What the kernel says of one socket. `cgroup`: from the cgroup root. */
type KernelSocket = { readonly shown: string; readonly cgroup: string };

/** Looks through all sockets of this network namespace; those of other namespaces are not seen. */
export function oldSockets(workloads: readonly WorkloadStatus[]): OldSockets {
  const { v2 } = cgroupMounts();
  const local = workloads.flatMap(({ name, cgroup }) => (cgroup === undefined ? [] : [{ name, cgroup }]));
  if (v2 === undefined || local.length === 0) return { checked: true, found: [] };
  const { stdout, status, error } = spawnSync('ss', ['-H', '-t', '-u', '-a', '-n', '-e', '--cgroup'], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (error || status !== 0) return { checked: false, reason: '`ss --cgroup` does not run (package iproute2)' };
  const sockets = parseSockets(stdout);
  const found = local.flatMap(({ name, cgroup }) => {
    const governed = (path: string) => local.some((other) => path === other.cgroup || isBelow(path, other.cgroup));
    return socketsIn(cgroup).flatMap(({ pid, inode }) => {
      const socket = sockets.get(inode);
      return socket && !governed(join(v2, socket.cgroup)) ? [{ workload: name, pid, socket: socket.shown }] : [];
    });
  });
  return { checked: true, found };
}

/** `tcp LISTEN 0 511 0.0.0.0:80 0.0.0.0:* ino:123 sk:1 cgroup:/a/b <->`; a cgroup that is gone is `unreachable:1f`. */
export function parseSockets(text: string): ReadonlyMap<string, KernelSocket> {
  const sockets = new Map<string, KernelSocket>();
  for (const line of text.split('\n')) {
    const inode = / ino:(\d+) /.exec(line)?.[1];
    const cgroup = / cgroup:(\S+)/.exec(line)?.[1];
    if (inode === undefined || cgroup === undefined) continue;
    const [protocol, state, , , from, to] = line.split(/\s+/);
    sockets.set(inode, { shown: `${protocol} ${state} ${from} ${to}`, cgroup });
  }
  return sockets;
}

/** Socket inodes that processes in a cgroup and below hold; what ends meanwhile is left out. */
function socketsIn(cgroup: string): readonly { readonly pid: number; readonly inode: string }[] {
  const here = lines(join(cgroup, 'cgroup.procs')).flatMap((pid) =>
    list(`/proc/${pid}/fd`).flatMap((fd) => {
      const inode = /^socket:\[(\d+)\]$/.exec(link(`/proc/${pid}/fd/${fd.name}`))?.[1];
      return inode === undefined ? [] : [{ pid: Number(pid), inode }];
    }),
  );
  const below = list(cgroup)
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => socketsIn(join(cgroup, name)));
  return [...here, ...below];
}

const orEmpty = <T>(read: () => T, empty: T): T => {
  try {
    return read();
  } catch {
    return empty;
  }
};
const lines = (file: string): readonly string[] => orEmpty(() => readFileSync(file, 'utf8').split('\n').filter(Boolean), []);
const list = (folder: string) => orEmpty(() => readdirSync(folder, { withFileTypes: true }), []);
const link = (path: string): string => orEmpty(() => readlinkSync(path), '');
