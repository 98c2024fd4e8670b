// `all except X`, `world except 10.0.0.0/8`: entities without some of their workloads, addresses or reserved endpoints.
// An entity is taken apart into these three, which have their own difference.
import type { EntityName, PeerSet } from '../ir/typed.ts';
import { type AddressSet, ipv4Space, ipv6Space } from '../space/address.ts';
import { intervals, subtract, union } from '../space/interval.ts';
import type { Selector } from '../space/labels.ts';
import { complement, everyWorkload, intersection, unionOf } from './selectors.ts';

type Atoms = { readonly workloads: Selector; readonly outside: AddressSet; readonly reserved: readonly EntityName[] };

const reservedNames: readonly EntityName[] = ['health', 'host', 'ingress', 'init', 'kube-apiserver', 'remote-node', 'unmanaged'];
const everyAddress = union(ipv4Space, ipv6Space);
const nobody: Selector = [];
const nowhere: AddressSet = [];

function atomsOf(name: EntityName): Atoms {
  switch (name) {
    case 'all':
      return { workloads: everyWorkload, outside: everyAddress, reserved: reservedNames };
    case 'cluster':
      return { workloads: everyWorkload, outside: nowhere, reserved: reservedNames };
    case 'world':
      return { workloads: nobody, outside: everyAddress, reserved: [] };
    case 'world-ipv4':
      return { workloads: nobody, outside: ipv4Space, reserved: [] };
    case 'world-ipv6':
      return { workloads: nobody, outside: ipv6Space, reserved: [] };
    default:
      return { workloads: nobody, outside: nowhere, reserved: [name] };
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
  const reserved = from.reserved.filter((name) => !each.some((one) => one.reserved.includes(name)));
  return { selectors: selector.length > 0 ? [selector] : [], networks: outside, anyNetworks: [], domains: [], entities: reserved };
}
