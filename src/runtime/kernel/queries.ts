// DNS queries and answers as the programs counted them: by type, and by what became of them. One value per CPU, added up here; pinned, so they go
// on after a restart.
import { limits } from '../../compiler/ir/abi.ts';
import { mapLookup, possibleCpus } from '../ffi/libbpf.ts';
import { countsByKey, summed } from './per-cpu.ts';

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
  return Array.from({ length: 2 * (limits.queryTypes + 2) }, (_, index) => index).flatMap((index) => {
    mapLookup(fd, new Uint8Array(Uint32Array.of(index).buffer), values);
    const [count = 0n] = summed(values, 1, cpus);
    return count === 0n ? [] : [{ type: typeOf(index >> 1), denied: (index & 1) === 1, count }];
  });
}

const knownType = (type: number): number | 'other' => (type < limits.queryTypes ? type : 'other');

/** `code`: of the response; `addresses`: how many are in it. */
export type AnswerCount = { readonly type: number | 'other'; readonly code: number; readonly addresses: number; readonly count: bigint };

/** `fd`: the map `dns_responses`. */
export function readAnswerCounts(fd: number): readonly AnswerCount[] {
  return countsByKey(fd, 4).map(({ key, count }) => {
    const word = key.getUint32(0, true);
    return { type: knownType(word >>> 16), code: (word >> 8) & 0xff, addresses: word & 0xff, count };
  });
}

/** Records of answers: `asked` is the type of the question, `type` that of the record. */
export type RecordCount = { readonly asked: number | 'other'; readonly type: number | 'other'; readonly count: bigint };

/** `fd`: the map `dns_response_types`. */
export function readRecordCounts(fd: number): readonly RecordCount[] {
  return countsByKey(fd, 4).map(({ key, count }) => {
    const word = key.getUint32(0, true);
    return { asked: knownType(word >>> 16), type: knownType(word & 0xffff), count };
  });
}
