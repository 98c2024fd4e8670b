// DNS queries as the programs counted them, by type and by what became of them. One value per CPU, added up here; pinned, so they go
// on after a restart.
import { limits } from '../../compiler/ir/abi.ts';
import { mapLookup, possibleCpus } from '../ffi/libbpf.ts';

/** `type`: its number; `other`: a higher one; `unreadable`: no query could be read. */
export type QueryCount = { readonly type: number | 'other' | 'unreadable'; readonly denied: boolean; readonly count: bigint };

const typeOf = (place: number): QueryCount['type'] => {
  if (place < limits.queryTypes) return place;
  return place === limits.queryTypes ? 'other' : 'unreadable';
};

/** Those that were ever raised. `fd`: the map `dns_queries`. */
export function readQueryCounts(fd: number): readonly QueryCount[] {
  const cpus = possibleCpus();
  const values = new Uint8Array(8 * cpus);
  const view = new DataView(values.buffer);
  return Array.from({ length: 2 * (limits.queryTypes + 2) }, (_, index) => index).flatMap((index) => {
    mapLookup(fd, new Uint8Array(Uint32Array.of(index).buffer), values);
    let count = 0n;
    for (let cpu = 0; cpu < cpus; cpu++) count += view.getBigUint64(cpu * 8, true);
    return count === 0n ? [] : [{ type: typeOf(index >> 1), denied: (index & 1) === 1, count }];
  });
}
