// The addresses among the peers of a rule, and the entities that are nothing else.
import type { EntityName, PeerSet } from '../../../ir/typed.ts';
import { type AddressSet, ipv4Space, ipv6Space } from '../../../space/address.ts';
import { isEmpty, union } from '../../../space/interval.ts';
import type { ImportOptions } from '../../importer.ts';
import type { Say } from './refuse.ts';

/** The world is all that nothing manages: what blocks of addresses are about. */
const worlds: Readonly<Partial<Record<EntityName, AddressSet>>> = {
  world: union(ipv4Space, ipv6Space),
  'world-ipv4': ipv4Space,
  'world-ipv6': ipv6Space,
};

export const isWorld = (name: EntityName): boolean => worlds[name] !== undefined;

/** What blocks say; with `policy-cidr-match-mode=nodes,pods` they are about those, too. */
export function addressesOf({ networks, anyNetworks, entities }: PeerSet, { addressesMatch }: ImportOptions, say: Say): AddressSet {
  const outside = entities.reduce((set, name) => union(set, worlds[name] ?? []), networks);
  const [said, other] = addressesMatch.workloads ? [anyNetworks, outside] : [outside, anyNetworks];
  const flag = `\`--agent policy-cidr-match-mode=${addressesMatch.workloads ? '' : 'nodes,pods'}\``;
  if (!isEmpty(other)) {
    const what = addressesMatch.workloads ? 'addresses without `including workloads`' : '`including workloads`';
    say(
      what,
      `its blocks are about ${addressesMatch.workloads ? 'workloads and nodes, too' : 'the world alone'}, but for an agent with ${flag}`,
    );
  }
  return said;
}
