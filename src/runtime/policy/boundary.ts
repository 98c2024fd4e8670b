// The questions that a bundle brings, as endpoints and entries of kernel tables: the same materialization as of an inventory,
// for workloads that exist only here. Pure; kernel/verify.ts asks them of the programs.
import { fixedCause, verdictAction, verdictFlag } from '../../compiler/ir/abi.ts';
import type { BoundaryEndpoint, BoundaryPoint, BoundaryTable } from '../../compiler/ir/bundle.ts';
import { parseAddress } from '../../compiler/space/address.ts';
import { hostKey } from '../../compiler/space/labels.ts';
import { transportPoints } from '../../compiler/space/transport.ts';
import type { CauseNumbers, InventoryEndpoint } from './generation.ts';
import type { Peer } from './lookup.ts';
import type { Entry } from './verdict-table.ts';

/** Endpoint ids of no inventory. */
const firstId = 16;

/** The first number of a table that points nowhere, as text. */
export function boundaryFault({ endpoints, points }: BoundaryTable): string | undefined {
  const isEndpoint = (index: number): boolean => index < endpoints.length;
  if (!points.every(({ subject, peer }) => isEndpoint(subject) && isEndpoint(peer)))
    return 'a question names an endpoint that does not exist';
  if (points.some(({ point }) => point >= transportPoints)) return 'a question names a port that does not exist';
  return endpoints.some((end) => end.kind === 'address' && parseAddress(end.address) === undefined)
    ? 'an end of a question is no address'
    : undefined;
}

export const boundaryId = (index: number): number => firstId + index;

/** Index -> endpoint; addresses are none. */
export const boundaryEndpoints = ({ endpoints }: BoundaryTable): readonly InventoryEndpoint[] =>
  endpoints.flatMap((end, index): readonly InventoryEndpoint[] => {
    const id = boundaryId(index);
    if (end.kind === 'address') return [];
    if (end.kind === 'reserved') {
      const isHost = end.entities.includes('host');
      return [{ id, kind: 'reserved', entities: end.entities, ...(isHost && { subject: { [hostKey]: '' } }) }];
    }
    return [{ id, kind: 'workload', labels: end.labels, namedPorts: [], local: true }];
  });

export function boundaryPeer(end: BoundaryEndpoint | undefined, index: number): Peer {
  const address = end?.kind === 'address' ? parseAddress(end.address) : undefined;
  return address === undefined ? { kind: 'endpoint', id: boundaryId(index) } : { kind: 'address', address };
}

/** Causes by plain numbers: nothing of this is counted. */
export function boundaryCauses(): CauseNumbers & { readonly numberOf: (cause: BoundaryPoint['cause']) => number } {
  const numbers = new Map<string, number>();
  const number = (key: string): number => {
    const found = numbers.get(key) ?? fixedCause.firstDynamic + numbers.size;
    numbers.set(key, found);
    return found;
  };
  const rule = (id: number): number => number(`rule ${id}`);
  const defaultDeny = (policies: readonly number[]): number => number(`default-deny ${policies.join(' ')}`);
  const numberOf = (cause: BoundaryPoint['cause']): number => {
    if (cause.kind === 'rule') return rule(cause.rule);
    return cause.kind === 'default-deny' ? defaultDeny(cause.policies) : fixedCause.defaultAllow;
  };
  return { rule, defaultDeny, numberOf };
}

const refusing: number = verdictAction.deny;

/** What an entry tells people. */
export function toldBy({ action, flags }: Pick<Entry, 'action' | 'flags'>): BoundaryPoint['action'] {
  if (action === refusing || action === verdictAction.absent) return (flags & verdictFlag.silent) === 0 ? 'denied' : 'dropped';
  return (flags & verdictFlag.audited) === 0 ? 'allowed' : 'audited';
}
