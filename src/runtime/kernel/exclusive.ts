// Who keeps us from attaching. A program that was attached to a cgroup without BPF_F_ALLOW_MULTI forbids others there
// and (without BPF_F_ALLOW_OVERRIDE) below; the nearest such program decides (kernel/bpf/cgroup.c, hierarchy_allows_attach).
import { attachFlag } from '../ffi/constants.ts';
import { objectInfo, programById, programQuery } from '../ffi/libbpf.ts';
import { lineage } from './cgroups.ts';
import { openFolder, using } from './descriptor.ts';

export type Holder = { readonly ancestor: string; readonly holder: { readonly id: number; readonly name: string } };

/** struct bpf_prog_info up to and with its name (16 bytes at 64). */
const programInfo = { bytes: 80, nameOffset: 64, nameBytes: 16 } as const;

function programName(id: number): string {
  try {
    const info = using(programById(id), (fd) => objectInfo(fd, programInfo.bytes));
    const bytes = new Uint8Array(info.buffer, programInfo.nameOffset, programInfo.nameBytes);
    return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
  } catch {
    return 'gone meanwhile';
  }
}

/** The program on `path` or above it that refuses company for this type of attachment; undefined if there is none. */
export function exclusiveHolder(path: string, type: number): Holder | undefined {
  for (const cgroup of lineage(path)) {
    const { flags, programs } = using(openFolder(cgroup), (fd) => programQuery(fd, type));
    const [id] = programs;
    if (id === undefined) continue;
    if ((flags & attachFlag.allowMulti) !== 0) return undefined;
    if (cgroup !== path && (flags & attachFlag.allowOverride) !== 0) return undefined;
    return { ancestor: cgroup, holder: { id, name: programName(id) } };
  }
  return undefined;
}
