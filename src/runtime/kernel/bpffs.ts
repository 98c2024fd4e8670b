// The folder in the BPF file system that keeps programs, maps and attachments alive when policyd is not: enforcement
// outlives the process. It holds `maps`, `programs`, `links/<cgroup id>`, empty folders `abi-<version>` and `counts-<hash>` that say
// whose layouts these are, and what aside.ts moved aside; nothing else in it is ever touched.
import { mkdirSync, readdirSync, rmdirSync, statfsSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { abiVersion } from '../../compiler/ir/abi.ts';
import { attachType, tcPoint } from '../ffi/constants.ts';
import { isCode } from '../ffi/errno.ts';
import { linkDetach, mount, objectGet, programDetach, tcDetach } from '../ffi/libbpf.ts';
import { countsMark, dropAsides, moveAside, takeCounts } from './aside.ts';
import { closeFd } from './descriptor.ts';
import { failed, type Result, success } from './failure.ts';

/** Where pins are kept unless told otherwise. */
export const defaultPins = '/sys/fs/bpf/policyc';
const mountPoint = '/sys/fs/bpf';
/** BPF_FS_MAGIC of linux/magic.h. */
const bpffsMagic = 0xcafe4a11;

export type Pins = { readonly root: string; readonly maps: string; readonly programs: string; readonly links: string };

/** `countsKept`: false where a policyd with other layouts was here, whose counts cannot be gone on with. */
export type OpenedPins = Pins & { readonly countsKept: boolean };

export const pinsAt = (root: string): Pins => ({
  root,
  maps: join(root, 'maps'),
  programs: join(root, 'programs'),
  links: join(root, 'links'),
});

/** Names in a folder; [] if there is none. */
export function names(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  }
}

function onBpffs(path: string): boolean {
  try {
    return statfsSync(path).type === bpffsMagic;
  } catch (error) {
    if (!isCode(error, 'ENOENT') || path === '/') return false;
    return onBpffs(dirname(path));
  }
}

/** Mounts the BPF file system at its usual place if `root` lies there and nobody has; undefined = `root` is on one. */
function mounted(root: string): string | undefined {
  if (onBpffs(root)) return undefined;
  if (root !== mountPoint && !root.startsWith(`${mountPoint}/`)) return `${root} is not on a BPF file system`;
  try {
    mount('bpf', mountPoint);
  } catch (error) {
    return `${mountPoint} is no BPF file system and mounting one failed: ${error instanceof Error ? error.message : String(error)}`;
  }
  return undefined;
}

/** The layout version of what is pinned under `root`: 'none' if nothing is, undefined if it is not ours. */
export function pinnedAbi(root: string): number | 'none' | undefined {
  const found = names(root);
  if (found.length === 0) return 'none';
  const marker = found.find((name) => /^abi-\d+$/.test(name));
  // Ended between moving another version's pins aside and making its own.
  if (marker === undefined && found.some((name) => name.startsWith('aside-'))) return 'none';
  return marker === undefined ? undefined : Number(marker.slice('abi-'.length));
}

/** Makes the folders, or takes over those of an earlier run; what has other layouts is moved aside. Refuses what is not ours. */
export function openPins(root: string): Result<OpenedPins> {
  const problem = mounted(root);
  if (problem !== undefined) {
    const help = `mount one: mount -t bpf bpf ${mountPoint}`;
    return failed({ kind: 'unsupported', feature: 'bpffs', since: 'Linux 4.4', reason: problem, help, rules: [] });
  }
  const found = pinnedAbi(root);
  if (found === undefined) return failed({ kind: 'foreign-pins', pins: root });
  if (found !== 'none' && found !== abiVersion) moveAside(root, `abi-${found}`);
  const pins = pinsAt(root);
  for (const folder of [join(root, `abi-${abiVersion}`), join(root, countsMark), pins.maps, pins.programs, pins.links])
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  return success({ ...pins, countsKept: takeCounts(root, pins.maps) });
}

/** Everything is this version's by now: what another one left, and programs that `programs` does not name, go. */
export function dropForeign({ root, programs: folder }: Pins, programs: ReadonlyMap<string, number>): void {
  dropAsides(root);
  for (const name of names(folder)) if (!programs.has(name)) unlinkSync(join(folder, name));
}

/** What `unload` removed. */
export type Removed = { readonly links: number; readonly programs: number; readonly maps: number };

/** Runs `action` on the pinned object; a machine without libbpf, or an object of another kind, is no obstacle to removing the pin. */
function withPinned(path: string, action: (fd: number) => void): void {
  try {
    const fd = objectGet(path);
    try {
      action(fd);
    } finally {
      closeFd(fd);
    }
  } catch {
    // The pin goes away all the same, and with it the last reference.
  }
}

function removeFolder(folder: string, before: (path: string) => void = () => {}): number {
  const found = names(folder);
  for (const name of found) {
    before(join(folder, name));
    unlinkSync(join(folder, name));
  }
  removeEmpty(folder);
  return found.length;
}

function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    if (!isCode(error, 'ENOENT', 'ENOTEMPTY')) throw error;
  }
}

/** What was attached to the interface that a folder of links is named after, where there are no links to interfaces. */
function detachFilters(target: string): void {
  const index = /^if(\d+)$/.exec(target)?.[1];
  if (index === undefined) return;
  try {
    for (const point of Object.values(tcPoint)) tcDetach({ interface: Number(index), point });
  } catch {
    // A machine without libbpf.
  }
}

/** Detaches and removes everything under `root` that policyd (of any version) made. Idempotent; needs no bundle. */
export function unload(root: string): Removed {
  if (!onBpffs(root)) return { links: 0, programs: 0, maps: 0 };
  const pins = pinsAt(root);
  const targets = names(pins.links);
  const links = targets.reduce((sum, target) => sum + removeFolder(join(pins.links, target), (path) => withPinned(path, linkDetach)), 0);
  for (const target of targets) detachFilters(target);
  removeEmpty(pins.links);
  for (const [name, map, type] of [
    ['pol_stream_verdict', 'http_sockets', attachType.skSkbStreamVerdict],
    ['pol_stream_send', 'http_senders', attachType.skMsgVerdict],
    ['pol_dns_send', 'dns_senders', attachType.skMsgVerdict],
    ['pol_tls_receive', 'tls_sockets', attachType.skSkbStreamVerdict],
    ['pol_tls_send', 'tls_senders', attachType.skMsgVerdict],
  ] as const)
    withPinned(join(pins.programs, name), (program) =>
      withPinned(join(pins.maps, map), (target) => programDetach({ program, target, type })),
    );
  const programs = removeFolder(pins.programs);
  const maps = removeFolder(pins.maps);
  dropAsides(root);
  for (const marker of names(root).filter((name) => /^(abi-\d+|counts-[0-9a-f]+)$/.test(name))) removeEmpty(join(root, marker));
  removeEmpty(root);
  return { links, programs, maps };
}
