// Workloads that `policyd exec` brought: on top of the inventory, kept over a restart of the daemon, gone when their
// command says so or, if that died, when their cgroup is empty.
import { readFileSync, rmdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type CgroupMounts, resolveCgroup } from '../inventory/cgroup.ts';
import type { ResolvedWorkload } from '../inventory/resolve.ts';
import type { RegisterRequest } from './protocol.ts';
import { refusal } from './refusal.ts';

/** `ownerStart`: when the owner process began (ticks since boot), so that its number is not taken for another process'. */
export type DynamicWorkload = Omit<RegisterRequest, 'op'> & { readonly ownerStart: string };

/** Field 22 of /proc/PID/stat; undefined if there is no such process. */
export function startOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')[19];
  } catch {
    return undefined;
  }
}

export function dynamicWorkload({ op: _, ...request }: RegisterRequest): DynamicWorkload {
  const ownerStart = startOf(request.owner);
  if (ownerStart === undefined) throw refusal(`process ${request.owner}, which registers \`${request.name}\`, does not exist`);
  return { ...request, ownerStart };
}

/** As the inventory would have it. A cgroup that is gone leaves a workload without one. */
export function resolvedWorkload({ name, namespace, labels, cgroup: path }: DynamicWorkload, mounts: CgroupMounts): ResolvedWorkload {
  const found = resolveCgroup({ kind: 'path', path }, mounts);
  return {
    name,
    ...(namespace !== undefined && { namespace }),
    labels,
    local: true,
    ...(found.ok && { cgroup: found.cgroup }),
    addresses: [],
    ports: [],
    origin: 'policyd exec',
  };
}

/** Is there a process in the cgroup or below it? */
export function isPopulated(cgroup: string): boolean {
  try {
    return /^populated 1$/m.test(readFileSync(join(cgroup, 'cgroup.events'), 'utf8'));
  } catch {
    return false;
  }
}

/** Nobody will unregister it and nothing runs in it any more. */
export const isOver = ({ owner, ownerStart, cgroup }: DynamicWorkload): boolean => startOf(owner) !== ownerStart && !isPopulated(cgroup);

/** Removes an empty cgroup, and the folder of all such cgroups when it was the last. */
export function removeEmptyCgroup(path: string): void {
  for (const folder of [path, dirname(path)]) {
    if (!statSync(folder, { throwIfNoEntry: false })) continue;
    try {
      rmdirSync(folder);
    } catch {
      return;
    }
  }
}
