// What the kernel says that it holds for the inner maps of generation tables (`memlock` of bpftool's listing).
import { execFileSync } from 'node:child_process';
import { limits } from '../../src/compiler/ir/abi.ts';
import { mapLookup } from '../../src/runtime/ffi/libbpf.ts';
import { type TableName, tableNames } from '../../src/runtime/kernel/tables.ts';

type Listed = { readonly id: number; readonly bytes_memlock: number };

/** Ids of the inner maps of a slot. */
function innerIds(outer: number, name: TableName, slot: number): readonly number[] {
  const ids: number[] = [];
  const id = new Uint8Array(4);
  const most = name === 't_memory' ? limits.memoryPages : 1;
  const first = slot * most;
  for (let page = first; page < first + most && mapLookup(outer, new Uint8Array(Uint32Array.of(page).buffer), id); page++)
    ids.push(new DataView(id.buffer).getUint32(0, true));
  return ids;
}

/** Bytes of the maps of a generation; the other slot's, which a change is written into, are not counted. */
export function innerMapBytes(maps: ReadonlyMap<string, number>, revision: number): number {
  const listed: readonly Listed[] = JSON.parse(execFileSync('bpftool', ['-j', 'map', 'list'], { encoding: 'utf8', maxBuffer: 1 << 26 }));
  const bytes = new Map(listed.map(({ id, bytes_memlock }) => [id, bytes_memlock]));
  const ids = tableNames.flatMap((name) => {
    const outer = maps.get(name);
    return outer === undefined ? [] : innerIds(outer, name, revision % limits.slots);
  });
  return ids.reduce((sum, id) => sum + (bytes.get(id) ?? 0), 0);
}
