// Where cgroup v2 is mounted, and which cgroup an inventory entry means. The mount is found in the mount table, never
// assumed: on hybrid machines it lies in a folder below the v1 hierarchies.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, normalize, relative } from 'node:path';
import type { CgroupReference } from './inventory.ts';

/** Mount points of control groups: `v2` absent on machines without it. */
export type CgroupMounts = { readonly v2?: string; readonly v1: readonly string[] };

/** A cgroup that exists: `id` is the kernel's number of it, `path` its folder, `name` its path from the cgroup root. */
export type Cgroup = { readonly id: bigint; readonly path: string; readonly name: string };

/** `stopped`: no mistake, the unit does not run now. */
export type CgroupResult =
  | { readonly ok: true; readonly cgroup: Cgroup }
  | { readonly ok: false; readonly problem: string; readonly stopped?: true };

/** Where the kernel's tables are read; another folder in tests. */
export type ProcFolder = { readonly proc: string };
const machine: ProcFolder = { proc: '/proc' };

const unescaped = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/** Reads the mount table (`man 5 fstab`: blanks are `\040`). */
export function cgroupMounts({ proc }: ProcFolder = machine): CgroupMounts {
  const mounts = readFileSync(join(proc, 'self/mounts'), 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .map(([, point = '', type = '']) => ({ point: unescaped(point), type }));
  const v2 = mounts.find(({ type }) => type === 'cgroup2')?.point;
  return { ...(v2 !== undefined && { v2 }), v1: mounts.filter(({ type }) => type === 'cgroup').map(({ point }) => point) };
}

/** Finds the cgroup that `reference` means; never the root. */
export function resolveCgroup(reference: CgroupReference, mounts: CgroupMounts, from: ProcFolder = machine): CgroupResult {
  if (mounts.v2 === undefined) return { ok: false, problem: 'this machine has no cgroup v2 hierarchy mounted' };
  switch (reference.kind) {
    case 'path':
      return byPath(reference.path, { v2: mounts.v2, v1: mounts.v1 });
    case 'pid':
      return byPid(reference.pid, mounts.v2, from);
    case 'unit':
      return byUnit(reference.unit, mounts.v2);
  }
}

/** Units of the machine's systemd stand in slices, which stand in slices; those of users, below a service, are not looked at. */
function byUnit(unit: string, v2: string): CgroupResult {
  const [found, another] = unitFolders(v2, unit);
  if (another !== undefined)
    return { ok: false, problem: `unit \`${unit}\` has two cgroups, ${found} and ${another}: name one with \`cgroup\`` };
  if (found !== undefined) return at(v2, relative(v2, found), `of unit ${unit}`);
  return { ok: false, problem: `unit \`${unit}\` does not run`, stopped: true };
}

function unitFolders(folder: string, unit: string): readonly string[] {
  const names = foldersIn(folder);
  // A name that the kernel could take for a file of its own has an underscore in front (cg_escape of systemd).
  const own = names.filter((name) => name === unit || name === `_${unit}`).map((name) => join(folder, name));
  return [...own, ...names.filter((name) => name.endsWith('.slice')).flatMap((name) => unitFolders(join(folder, name), unit))];
}

/** One that went meanwhile has none. */
function foldersIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  } catch {
    return [];
  }
}

const inside = (folder: string, path: string): boolean => path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);

function byPath(path: string, { v2, v1 }: { readonly v2: string; readonly v1: readonly string[] }): CgroupResult {
  const clean = normalize(path).replace(/(?<=.)\/$/, '');
  const old = v1.find((mount) => inside(mount, clean));
  if (inside(v2, clean)) return at(v2, relative(v2, clean), path);
  if (old !== undefined) return { ok: false, problem: `cgroup \`${path}\` is in a v1 hierarchy (${old}); policies need one below ${v2}` };
  const found = at(v2, clean, path);
  const elsewhere = clean === '/' ? undefined : v1.find((mount) => isFolder(join(mount, clean)));
  if (found.ok || elsewhere === undefined) return found;
  return { ok: false, problem: `cgroup \`${path}\` exists only in a v1 hierarchy (${elsewhere}); policies need one below ${v2}` };
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

function at(v2: string, name: string, shown: string): CgroupResult {
  const path = join(v2, name.replace(/^\/+/, ''));
  if (path === v2) return { ok: false, problem: `cgroup \`${shown}\` is the root of all: it cannot be a workload` };
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (!found?.isDirectory()) return { ok: false, problem: `cgroup \`${shown}\` does not exist below ${v2}` };
  return { ok: true, cgroup: { id: found.ino, path, name: `/${relative(v2, path)}` } };
}

function byPid(pid: number, v2: string, { proc }: ProcFolder): CgroupResult {
  const table = readTable(join(proc, String(pid), 'cgroup'));
  if (table === undefined) return { ok: false, problem: `process ${pid} does not exist` };
  const lines = table.split('\n').map((line) => line.split(':'));
  const name = lines
    .find(([hierarchy]) => hierarchy === '0')
    ?.slice(2)
    .join(':');
  if (name === undefined) return { ok: false, problem: `process ${pid} is in no v2 cgroup, only in v1 ones` };
  if (name.startsWith('/..')) {
    return { ok: false, problem: `process ${pid} is in a cgroup outside this cgroup namespace: run policyd outside the container` };
  }
  const v1 = lines.find(([hierarchy, , path]) => hierarchy !== '0' && hierarchy !== '' && path !== undefined && path !== '/');
  if (name === '/' && v1) {
    return {
      ok: false,
      problem: `process ${pid} is in a cgroup of its own only in v1 (\`${v1.slice(2).join(':')}\`), in v2 it is in the root`,
    };
  }
  if (name === '/') return { ok: false, problem: `process ${pid} is in the root cgroup: it cannot be a workload` };
  return at(v2, name, `of process ${pid}`);
}

function readTable(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
