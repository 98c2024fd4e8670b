// `all except X`, `world except 10.0.0.0/8`: entities without some of their workloads, addresses or reserved endpoints.
// An entity is taken apart into these three, which have their own difference.
import type { ReservedName } from '../ir/event.ts';
import type { EntityName, PeerSet, ReservedSet } from '../ir/typed.ts';
import { type AddressSet, ipv4Space, ipv6Space } from '../space/address.ts';
import { intervals, subtract, union } from '../space/interval.ts';
import type { Selector } from '../space/labels.ts';
import { complement, everyWorkload, intersection, unionOf } from './selectors.ts';

/** `reserved`: endpoints of this name, or of any and none. */
type Atoms = { readonly workloads: Selector; readonly outside: AddressSet; readonly reserved: ReservedName | 'every' | 'none' };

const everyAddress = union(ipv4Space, ipv6Space);
const nobody: Selector = [];
const nowhere: AddressSet = [];

function atomsOf(name: EntityName): Atoms {
  switch (name) {
    case 'all':
      return { workloads: everyWorkload, outside: everyAddress, reserved: 'every' };
    case 'cluster':
      return { workloads: everyWorkload, outside: nowhere, reserved: 'every' };
    case 'world':
      return { workloads: nobody, outside: everyAddress, reserved: 'none' };
    case 'world-ipv4':
      return { workloads: nobody, outside: ipv4Space, reserved: 'none' };
    case 'world-ipv6':
      return { workloads: nobody, outside: ipv6Space, reserved: 'none' };
    default:
      return { workloads: nobody, outside: nowhere, reserved: name };
  }
}

/** The peers of one entity without those of `removed`, which has no names and no networks including workloads; undefined when it is too large. */
export function withoutPeers(entity: EntityName, removed: PeerSet): PeerSet | undefined {
  const from = atomsOf(entity);
  const each = removed.entities.map(atomsOf);
  const others = complement(unionOf([...removed.selectors, ...each.map(({ workloads }) => workloads)]));
  const selector = others && intersection(from.workloads, others);
  if (!selector) return undefined;
  const outside = subtract(from.outside, intervals([...removed.networks, ...each.flatMap((one) => one.outside)]));
  const reserved = withoutReserved(
    entity === 'cluster' ? ['every', 'kube-apiserver'] : [from.reserved],
    each.map((one) => one.reserved),
  );
  return { selectors: selector.length > 0 ? [selector] : [], networks: outside, anyNetworks: [], domains: [], entities: [], reserved };
}

/** An endpoint of several names goes with any of them that is taken away. Of a cluster is also an API server that nothing manages. */
function withoutReserved(from: readonly Atoms['reserved'][], removed: readonly Atoms['reserved'][]): readonly ReservedSet[] {
  const except = removed.filter((name) => name !== 'every' && name !== 'none');
  return from
    .filter((name) => name !== 'none' && !removed.includes('every') && !removed.includes(name))
    .map((name) => ({ ...(name !== 'every' && name !== 'none' && { name }), except }));
}
