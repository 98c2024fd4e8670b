// Which of the workloads that there are stand in a set of endpoints.
import { type Workload, workloadName } from '../ir/workload.ts';
import { type End, inEnd } from './cell.ts';

/** Workloads on the network of their node are the host, not themselves. A workload counts with any of its addresses, or with none known. */
export function workloadsIn(end: End, workloads: readonly Workload[]): readonly Workload[] {
  if (end.kind !== 'workload') return [];
  return workloads.filter((workload) => {
    const { labels, addresses, onHostNetwork } = workload;
    const endpoint = { kind: 'workload', id: '', labels } as const;
    const places = addresses.length > 0 ? addresses.map((address) => ({ ...endpoint, address })) : [endpoint];
    return !onHostNetwork && places.some((one) => inEnd(end, one));
  });
}

/** Their names, each once. */
export const namesOfWorkloads = (workloads: readonly Workload[]): readonly string[] => [...new Set(workloads.map(workloadName))].sort();
