// What became of names in DNS answers, as the programs counted it (bpf/templates/include/learn.h). One value per CPU, added up here.
import { nameCount } from '../../compiler/ir/abi.ts';
import { mapLookup, possibleCpus } from '../ffi/libbpf.ts';

export type NameEvent = keyof typeof nameCount;
export const nameEvents = Object.keys(nameCount) as readonly NameEvent[]; // the keys of the object in abi.ts

/** How often a name of an address was learned or expired, and an answer refused or not to be read. `fd`: the map `name_counts`. */
export function readNameCounts(fd: number): readonly { readonly event: NameEvent; readonly count: number }[] {
  const cpus = possibleCpus();
  const values = new Uint8Array(8 * cpus);
  const view = new DataView(values.buffer);
  return nameEvents.map((event) => {
    mapLookup(fd, new Uint8Array(Uint32Array.of(nameCount[event]).buffer), values);
    let count = 0n;
    for (let cpu = 0; cpu < cpus; cpu++) count += view.getBigUint64(cpu * 8, true);
    return { event, count: Number(count) };
  });
}
