// Where programs are attached. To an outermost workload's cgroup: all of the table below, by links that are pinned under
// links/<cgroup id>, so that they outlive policyd. Once per machine: exec (links/machine) and the stream verdict (on its
// sockhash). A program that is already there from an earlier run is replaced in its place: no packet passes between.
import { mkdirSync, renameSync, rmdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { attachType } from '../ffi/constants.ts';
import { isCode } from '../ffi/errno.ts';
import { linkCreate, linkDetach, linkUpdate, objectGet, objectInfo, objectPin, programAttach } from '../ffi/libbpf.ts';
import { names, type Pins } from './bpffs.ts';
import { cgroupId } from './cgroups.ts';
import { openFolder, using } from './descriptor.ts';
import { exclusiveHolder } from './exclusive.ts';
import { type Failure, failed, type Result, success } from './failure.ts';
import type { Loaded } from './load.ts';

/** Order: connections are marked before the first packet is judged, and packets are judged before a connect is refused. */
const cgroupPrograms: readonly { readonly name: string; readonly type: number }[] = [
  { name: 'pol_sock_ops', type: attachType.cgroupSockOps },
  { name: 'pol_cgroup_ingress', type: attachType.cgroupIngress },
  { name: 'pol_cgroup_egress', type: attachType.cgroupEgress },
  { name: 'pol_connect4', type: attachType.cgroupConnect4 },
  { name: 'pol_connect6', type: attachType.cgroupConnect6 },
  { name: 'pol_sendmsg4', type: attachType.cgroupSendmsg4 },
  { name: 'pol_sendmsg6', type: attachType.cgroupSendmsg6 },
  { name: 'pol_recvmsg4', type: attachType.cgroupRecvmsg4 },
  { name: 'pol_recvmsg6', type: attachType.cgroupRecvmsg6 },
  { name: 'pol_getpeername4', type: attachType.cgroupGetpeername4 },
  { name: 'pol_getpeername6', type: attachType.cgroupGetpeername6 },
  { name: 'pol_sock_create', type: attachType.cgroupSockCreate },
  { name: 'pol_setsockopt', type: attachType.cgroupSetsockopt },
];
const execProgram = 'pol_exec';
/** Programs on sockhashes: the requests that come, and those that are sent. */
const streamPrograms = [
  { name: 'pol_stream_verdict', map: 'http_sockets', type: attachType.skSkbStreamVerdict },
  { name: 'pol_stream_send', map: 'http_senders', type: attachType.skMsgVerdict },
  { name: 'pol_dns_send', map: 'dns_senders', type: attachType.skMsgVerdict },
  { name: 'pol_tls_receive', map: 'tls_sockets', type: attachType.skSkbStreamVerdict },
  { name: 'pol_tls_send', map: 'tls_senders', type: attachType.skMsgVerdict },
] as const;
const machineFolder = 'machine';

/** What is attached to one cgroup; `alive` is false when the cgroup is gone (the kernel has then detached everything). */
export type Attachment = { readonly cgroup: bigint; readonly programs: readonly string[]; readonly alive: boolean };

/** struct bpf_link_info: type, id, prog_id, then for cgroups the cgroup's id, which is 0 once it is gone. */
const linkInfo = { bytes: 32, programOffset: 8, cgroupOffset: 16 } as const;
/** struct bpf_prog_info: type, id. */
const programInfo = { bytes: 8, idOffset: 4 } as const;

const isAlive = (path: string): boolean =>
  using(objectGet(path), (link) => objectInfo(link, linkInfo.bytes).getBigUint64(linkInfo.cgroupOffset, true) !== 0n);

/** Puts `program` in the place of the pinned link's; false if there is no link, or only a dead one (which is then removed). */
function replaced(path: string, program: number): boolean {
  try {
    using(objectGet(path), (link) => linkUpdate(link, program));
    return true;
  } catch (error) {
    if (isCode(error, 'ENOENT')) return false;
    if (!isCode(error, 'ENOLINK')) throw error;
    unlinkSync(path);
    return false;
  }
}

type Place = { readonly fd: number; readonly type: number };
const createLink = (path: string, program: number, { fd, type }: Place): void =>
  using(linkCreate({ program, target: fd, type }), (link) => objectPin(link, path));

/** Detaches at once, whoever else holds the link. Tracing links know no such order: they go with their last reference. */
function removePin(path: string): void {
  try {
    using(objectGet(path), linkDetach);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return;
    if (!isCode(error, 'ENOLINK', 'EOPNOTSUPP')) throw error;
  }
  unlinkSync(path);
}

function removeLinks(folder: string): void {
  for (const name of names(folder)) removePin(join(folder, name));
  try {
    rmdirSync(folder);
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error;
  }
}

function refusal(error: unknown, cgroup: string, { name, type }: { readonly name: string; readonly type: number }): Failure {
  const holder = isCode(error, 'EPERM') ? exclusiveHolder(cgroup, type) : undefined;
  if (holder) return { kind: 'exclusive', cgroup, program: name, ...holder };
  return { kind: 'not-attached', cgroup, program: name, reason: error instanceof Error ? error.message : String(error) };
}

/**
 * Attaches every cgroup program of `loaded` to the cgroup at `path` (an outermost workload's), or takes over what an
 * earlier run attached there. All or none: on failure what this call attached is gone again. Returns the cgroup's number.
 */
export function attachCgroup({ programs, pins }: Pick<Loaded, 'programs' | 'pins'>, path: string): Result<bigint> {
  const id = cgroupId(path);
  const folder = join(pins.links, String(id));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const made: string[] = [];
  return using(openFolder(path), (fd) => {
    for (const { name, type } of cgroupPrograms) {
      const program = programs.get(name);
      const pin = join(folder, name);
      try {
        if (program === undefined) removePin(pin);
        else if (!replaced(pin, program)) {
          createLink(pin, program, { fd, type });
          made.push(pin);
        }
      } catch (error) {
        for (const done of made) removePin(done);
        if (names(folder).length === 0) removeLinks(folder);
        return failed(refusal(error, path, { name, type }));
      }
    }
    // Of another version, which had programs that there are no more.
    for (const name of names(folder)) if (!cgroupPrograms.some((known) => known.name === name)) removePin(join(folder, name));
    return success(id);
  });
}

/** Takes everything off a cgroup; nothing happens where nothing is attached, or the cgroup is gone. */
export const detachCgroup = (pins: Pins, cgroup: bigint): void => removeLinks(join(pins.links, String(cgroup)));

/** The cgroups that something is attached to, by any run; needs neither bundle nor programs. */
export const attachments = (pins: Pins): readonly Attachment[] =>
  names(pins.links)
    .filter((folder) => /^\d+$/.test(folder))
    .map((folder) => {
      const programs = names(join(pins.links, folder));
      const alive = programs.length > 0 && programs.every((name) => isAlive(join(pins.links, folder, name)));
      return { cgroup: BigInt(folder), programs, alive };
    });

/**
 * Attaches what stands once per machine, or takes it over; what `loaded` no longer has is taken off. Sockets that are
 * in the sockhash already keep the verdict program that they came in with: it reads the same tables.
 */
export function attachMachine({ programs, maps, pins }: Loaded): Result<undefined> {
  const folder = join(pins.links, machineFolder);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const exec = programs.get(execProgram);
  const pin = join(folder, execProgram);
  try {
    if (exec === undefined) removePin(pin);
    else exchange(pin, exec);
    for (const { name, map, type } of streamPrograms) {
      const [program, target] = [programs.get(name), maps.get(map)];
      if (program !== undefined && target !== undefined) programAttach({ program, target, type });
    }
    return success(undefined);
  } catch (error) {
    return failed(refusal(error, 'this machine', { name: execProgram, type: attachType.traceRawTp }));
  }
}

/** Number of the program that a pinned link attaches; undefined where there is none. */
function attachedProgram(path: string): number | undefined {
  try {
    return using(objectGet(path), (link) => objectInfo(link, linkInfo.bytes).getUint32(linkInfo.programOffset, true));
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Tracing links take no other program: a new link replaces the old one's pin in one step. */
function exchange(path: string, program: number): void {
  // Before Linux 6.10 one program cannot be twice on a tracepoint.
  if (attachedProgram(path) === objectInfo(program, programInfo.bytes).getUint32(programInfo.idOffset, true)) return;
  const beside = `${path}-new`;
  removePin(beside);
  createLink(beside, program, { fd: 0, type: attachType.traceRawTp });
  renameSync(beside, path);
}
