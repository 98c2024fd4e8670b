// Programs on interfaces. Early denial on one of the host's own: a link under links/xdp<number>. On those that are a workload's own, or
// that its traffic is forwarded through (uplinks): by links (tcx, Linux 6.6), which are pinned under links/if<number> or links/up<number>, or
// as filters of a clsact, where their programs are pinned in that place. Whose an interface is stands in the map
// `interfaces`; an entry without an endpoint lets everything pass, until a generation that knows the endpoint is in force.
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fixedEndpoint, layouts } from '../../compiler/ir/abi.ts';
import { encode } from '../../compiler/ir/layout.ts';
import { attachType, tcPoint } from '../ffi/constants.ts';
import { isCode } from '../ffi/errno.ts';
import {
  linkCreate,
  linkDetach,
  linkUpdate,
  mapDelete,
  mapLookup,
  mapNextKey,
  mapUpdate,
  objectGet,
  objectInfo,
  objectPin,
  tcAttach,
  tcDetach,
} from '../ffi/libbpf.ts';
import { names, type Pins } from './bpffs.ts';
import { using } from './descriptor.ts';
import { failed, type Result, success } from './failure.ts';
import { probe } from './features.ts';
import type { Loaded } from './load.ts';
import type { MapSource } from './tables.ts';

/**
 * An interface of this network namespace; `before`: bytes of its packets before their IP header. `isUplink`: whoever has it is on this
 * machine's side of it, else at its other end.
 */
export type Interface = { readonly index: number; readonly name: string; readonly before: number; readonly isUplink?: boolean };
/** Whose an interface is; `hasCgroup`: the sockets behind it are governed by programs on a cgroup as well. */
export type OwnedInterface = Interface & { readonly endpoint: number; readonly hasCgroup: boolean };

const places = [
  { type: attachType.tcxIngress, point: tcPoint.ingress },
  { type: attachType.tcxEgress, point: tcPoint.egress },
] as const;
type Program = (typeof places)[number] & { readonly name: string };

/** What a workload sends comes in at the host's side of its interface, and goes out at an uplink. */
const programsOf = ({ isUplink }: Pick<Interface, 'isUplink'>): readonly Program[] =>
  places.map((place) => {
    const comesIn = place.point === tcPoint.ingress;
    if (isUplink) return { ...place, name: comesIn ? 'pol_uplink_to' : 'pol_uplink_from' };
    return { ...place, name: comesIn ? 'pol_tc_from' : 'pol_tc_to' };
  });

const folderOf = (pins: Pins, { index, isUplink }: Pick<Interface, 'index' | 'isUplink'>): string =>
  join(pins.links, `${isUplink ? 'up' : 'if'}${index}`);
const word = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);

/** Numbers of the interfaces that something is attached to, by any run. */
export const attachedInterfaces = (pins: Pins): readonly number[] =>
  names(pins.links).flatMap((folder) => (/^(?:if|up)\d+$/.test(folder) ? [Number(folder.slice(2))] : []));
/** Is something attached to it, as what it is now? */
export const isAttached = (pins: Pins, place: Interface): boolean => existsSync(folderOf(pins, place));

/** struct bpf_link_info: 16 bytes, then of tcx the interface's number, which is 0 once it is gone. */
const linkInfo = { bytes: 24, interfaceOffset: 16 } as const;

/** Puts `program` in the place of a pinned link's; false if there is no link, or one whose interface is gone. */
function replaced(pin: string, program: number): boolean {
  if (!existsSync(pin)) return false;
  try {
    return using(objectGet(pin), (link) => {
      if (objectInfo(link, linkInfo.bytes).getUint32(linkInfo.interfaceOffset, true) === 0) return false;
      linkUpdate(link, program);
      return true;
    });
  } catch (error) {
    if (isCode(error, 'ENOLINK', 'EINVAL')) return false;
    throw error;
  }
}

function attachOne(pin: string, { index }: Interface, { program, fd }: { readonly program: Program; readonly fd: number }): void {
  if (probe('tcx') !== undefined) {
    tcAttach({ interface: index, point: program.point }, fd);
    rmSync(pin, { force: true });
    objectPin(fd, pin);
  } else if (!replaced(pin, fd)) {
    rmSync(pin, { force: true });
    using(linkCreate({ program: fd, target: index, type: program.type }), (link) => objectPin(link, pin));
  }
}

/** An interface that nobody owns yet is known, so that what comes by is not refused as from nowhere. */
function introduce(table: number, place: Interface): void {
  const key = word(place.index);
  if (!mapLookup(table, key, new Uint8Array(layouts.interface.size)))
    mapUpdate(table, key, entryOf({ ...place, endpoint: 0, hasCgroup: false }));
}

/** Attaches to an interface, or takes over what an earlier run attached there. Until `own` says whose it is, all passes. */
export function attachInterface(loaded: Pick<Loaded, 'programs' | 'pins'>, maps: MapSource, place: Interface): Result<undefined> {
  const { pins } = loaded;
  const table = maps.get('interfaces');
  if (table === undefined) return success(undefined);
  const folder = folderOf(pins, place);
  introduce(table, place);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const program of programsOf(place)) {
    try {
      const fd = loaded.programs.get(program.name);
      if (fd === undefined) throw new Error('the programs of the bundle are older: build it again');
      attachOne(join(folder, program.name), place, { program, fd });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      detachInterface(pins, maps, place.index);
      return failed({ kind: 'not-attached', cgroup: `interface ${place.name}`, program: program.name, reason });
    }
  }
  // What it was before; a filter of that stood where the new one stands.
  detachLinks(folderOf(pins, { index: place.index, isUplink: !place.isUplink }));
  return success(undefined);
}

/** In the place of an endpoint: several workloads have the interface (at an uplink, also the host), and their addresses say who it is. */
const shared = 0xffffffff;

const entryOf = ({ endpoint, before, hasCgroup }: OwnedInterface): Uint8Array =>
  encode(layouts.interface, { endpoint, before, has_cgroup: hasCgroup ? 1 : 0 });

/** Says whose the interfaces are. What comes by is from now on decided for these endpoints. */
export function ownInterfaces(maps: MapSource, owned: readonly OwnedInterface[]): void {
  const [table, back, shares] = [maps.get('interfaces'), maps.get('interface_of'), maps.get('track_shares')];
  if (table === undefined || back === undefined) return;
  const sharers = new Map<number, number>();
  for (const { index } of owned) sharers.set(index, (sharers.get(index) ?? 0) + 1);
  for (const each of owned) {
    mapUpdate(back, word(each.endpoint), word(each.index));
    const isOwn = sharers.get(each.index) === 1 && !each.isUplink;
    mapUpdate(table, word(each.index), entryOf(isOwn ? each : { ...each, endpoint: shared }));
  }
  // Who left an interface that others still have.
  const now = new Set(owned.map(({ endpoint }) => endpoint));
  for (const endpoint of endpointsIn(back)) if (!now.has(endpoint)) mapDelete(back, word(endpoint));
  if (shares === undefined) return;
  // Connections of who left are counted until they are over.
  const count = new Uint8Array(8);
  for (const endpoint of endpointsIn(shares))
    if (
      endpoint !== fixedEndpoint.none &&
      !now.has(endpoint) &&
      mapLookup(shares, word(endpoint), count) &&
      count.every((byte) => byte === 0)
    )
      mapDelete(shares, word(endpoint));
}

/** Ends the links that are pinned in a folder, and removes it. */
function detachLinks(folder: string): void {
  for (const name of names(folder)) {
    try {
      using(objectGet(join(folder, name)), linkDetach);
    } catch (error) {
      // No link but a program, or a link whose interface is gone.
      if (!isCode(error, 'EBADF', 'EINVAL', 'ENOENT', 'ENOLINK', 'EOPNOTSUPP')) throw error;
    }
  }
  rmSync(folder, { recursive: true, force: true });
}

/** Takes everything off an interface; nothing happens where nothing is attached, or the interface is gone. */
export function detachInterface(pins: Pins, maps: MapSource, index: number): void {
  for (const isUplink of [false, true]) detachLinks(folderOf(pins, { index, isUplink }));
  for (const { point } of places) tcDetach({ interface: index, point });
  forget(maps, index);
}

/** Keys of a table of endpoints. */
function endpointsIn(table: number): readonly number[] {
  const keys: Uint8Array[] = [];
  const next = new Uint8Array(4);
  while (mapNextKey(table, keys.at(-1) ?? null, next)) keys.push(next.slice());
  return keys.map((key) => new DataView(key.buffer).getUint32(0, true));
}

function forget(maps: MapSource, index: number): void {
  const [table, back] = [maps.get('interfaces'), maps.get('interface_of')];
  const entry = new Uint8Array(layouts.interface.size);
  if (table === undefined || back === undefined || !mapLookup(table, word(index), entry)) return;
  const at = new Uint8Array(4);
  for (const endpoint of endpointsIn(back))
    if (mapLookup(back, word(endpoint), at) && Buffer.compare(at, word(index)) === 0) mapDelete(back, word(endpoint));
  mapDelete(table, word(index));
}

const earlyProgram = 'pol_xdp';
const earlyFolder = (pins: Pins, index: number): string => join(pins.links, `xdp${index}`);

/** Numbers of the interfaces where packets are denied early, by any run. */
export const earlyInterfaces = (pins: Pins): readonly number[] =>
  names(pins.links).flatMap((folder) => (/^xdp\d+$/.test(folder) ? [Number(folder.slice(3))] : []));

/** Denies early what comes in at an interface of the host, or takes over where an earlier run did. */
export function attachEarly({ programs: loaded, pins }: Pick<Loaded, 'programs' | 'pins'>, { index, name }: Interface): Result<undefined> {
  const program = loaded.get(earlyProgram);
  if (program === undefined) return success(undefined);
  const pin = join(earlyFolder(pins, index), earlyProgram);
  mkdirSync(earlyFolder(pins, index), { recursive: true, mode: 0o700 });
  try {
    if (replaced(pin, program)) return success(undefined);
    rmSync(pin, { force: true });
    using(linkCreate({ program, target: index, type: attachType.xdp }), (link) => objectPin(link, pin));
    return success(undefined);
  } catch (error) {
    rmSync(earlyFolder(pins, index), { recursive: true, force: true });
    const busy = isCode(error, 'EBUSY') ? 'somebody else has a program at XDP there' : undefined;
    const reason = busy ?? (error instanceof Error ? error.message : String(error));
    return failed({ kind: 'not-attached', cgroup: `interface ${name}`, program: earlyProgram, reason });
  }
}

/** Ends early denial at an interface; nothing happens where there was none. */
export const detachEarly = (pins: Pins, index: number): void => detachLinks(earlyFolder(pins, index));
