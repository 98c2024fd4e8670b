// Control groups as the kernel programs see them: by number (the folder's inode), in a tree. Which cgroup an inventory
// entry means is decided in inventory/cgroup.ts; here are those that policyd makes itself and the order of the tree.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { isCode } from '../ffi/errno.ts';

/** A cgroup that exists: `id` is the kernel's number of it, `path` its folder, `name` its path from the cgroup root. */
export type Cgroup = { readonly id: bigint; readonly path: string; readonly name: string };

/** The mount point of cgroup v2, from the mount table (blanks are `\040` there); undefined where there is none. */
export function cgroupMount(): string | undefined {
  const line = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .find((mount) => mount.split(' ')[2] === 'cgroup2');
  return line?.split(' ')[1]?.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** The kernel's number of the cgroup at `path`; throws ENOENT if it is gone. */
export const cgroupId = (path: string): bigint => statSync(path, { bigint: true }).ino;

export const cgroupExists = (path: string): boolean => existsSync(path);

/** Is `path` strictly below `ancestor`? */
export const isBelow = (path: string, ancestor: string): boolean => path !== ancestor && path.startsWith(`${ancestor}/`);

/** The cgroups that no other one of the list contains: only these are attached to. */
export const outermost = <T extends { readonly path: string }>(cgroups: readonly T[]): readonly T[] =>
  cgroups.filter(({ path }) => !cgroups.some((other) => isBelow(path, other.path)));

/** `path` and everything above it, innermost first, up to the mount point. */
export function lineage(path: string): readonly string[] {
  const root = cgroupMount();
  if (root === undefined || (path !== root && !isBelow(path, root))) return [path];
  return path === root ? [root] : [path, ...lineage(dirname(path))];
}

/** Makes (or finds) a cgroup at `name` below the mount point. */
export function createCgroup(name: string): Cgroup {
  const root = cgroupMount();
  if (root === undefined) throw new Error('this machine has no cgroup v2 hierarchy mounted');
  const path = join(root, name);
  mkdirSync(path, { recursive: true });
  return { id: cgroupId(path), path, name: `/${relative(root, path)}` };
}

/** Processes directly in the cgroup. */
export const processesIn = (path: string): readonly number[] =>
  readFileSync(join(path, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);

/** Moves a process (0: this one) into the cgroup; its children from now on start there. */
export const moveProcess = (path: string, pid = 0): void => writeFileSync(join(path, 'cgroup.procs'), String(pid));

/** Removes the cgroup with everything below it; false if a process is still there. A missing one counts as removed. */
export function removeCgroup(path: string): boolean {
  try {
    for (const entry of readdirSync(path, { withFileTypes: true }))
      if (entry.isDirectory() && !removeCgroup(join(path, entry.name))) return false;
    rmdirSync(path);
    return true;
  } catch (error) {
    if (isCode(error, 'ENOENT')) return true;
    if (isCode(error, 'EBUSY')) return false;
    throw error;
  }
}
