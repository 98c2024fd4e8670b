// A cell of recorded traffic as the event that policy is asked about.

import type { Endpoint } from '../ir/event.ts';
import { parseAddress } from '../space/address.ts';
import type { End } from './ends.ts';
import type { AskedEvent } from './judge.ts';
import { openHeaders } from './layer7.ts';
import type { Cell, FlowCell } from './traffic.ts';

type Side = 'source' | 'destination';

function endpointOf({ identity, address: first, names }: End, id: string, text: string): Endpoint {
  const address = (text === '0.0.0.0' || text === '::' ? undefined : parseAddress(text)) ?? first;
  const place = address === undefined ? {} : { address };
  switch (identity.kind) {
    case 'workload':
      return { kind: 'workload', id, labels: identity.labels, ...place };
    case 'reserved':
      return { kind: 'reserved', entities: identity.entities, labels: identity.labels, ...place };
    case 'world':
      return {
        kind: 'address',
        address: address ?? 0n,
        ...(names.length > 0 && { names }),
        ...(identity.isApiServer && { isApiServer: true }),
      };
  }
}

const idOf = ({ isSelf }: FlowCell, side: Side): string => (isSelf ? 'self' : side);

/** The event of a cell, by its first record. `headers`: the fields of headers that rules test. */
export function eventOf(cell: Cell, headers: readonly string[]): AskedEvent {
  const content = cell.request?.content;
  const open = content?.kind === 'fields' ? content.open.flatMap((field) => (field === openHeaders ? headers : [field])) : [];
  if (cell.kind === 'process')
    return {
      event: {
        kind: 'process',
        domain: cell.request.domain,
        subject: endpointOf(cell.source, 'subject', ''),
        content: cell.request.content,
      },
      open,
    };
  const event = {
    kind: 'flow',
    source: endpointOf(cell.source, idOf(cell, 'source'), cell.sourceAddress),
    destination: endpointOf(cell.destination, idOf(cell, 'destination'), cell.destinationAddress),
    point: cell.point,
  } as const;
  return { event: cell.request ? { ...event, request: cell.request } : event, open };
}
