// Peers of a rule as ClusterNetworkPolicy has them: pods anywhere; of egress also nodes, addresses and names.
import { entityNames, type NetworkRule, type ReservedSet } from '../../../ir/typed.ts';
import type { Requirement } from '../../../space/labels.ts';
import { plainBlocks } from '../../address-blocks.ts';
import { alternatives, nameOf } from '../../cilium/export/patterns.ts';
import type { ImportOptions, JsonObject } from '../../importer.ts';
import { labelSelector } from '../../label-selector.ts';
import { outside } from '../cluster-network-policy.ts';
import { addressesOf, isWorld } from './addresses.ts';
import { clusterOf, namespaceSelector, type Pods, podSelector, podsOf } from './pods.ts';
import type { Say } from './refuse.ts';

type Writing = { readonly options: ImportOptions; readonly say: Say };

/** Entries of `from` or `to`; lists in them are as long as the API takes them. */
export function clusterPeers({ section, action, peers }: NetworkRule, options: ImportOptions, say: Say): readonly JsonObject[] {
  const { selectors, domains, entities, reserved = [] } = peers;
  const pods = selectors.flat().flatMap((one) => podsOf(one, say) ?? []);
  // Cilium's engine takes `namespaces` without a label that has to be there for all that is in none, too.
  const isOpen = options.baseline === 'cilium' && pods.some(isRefusing) && outside.every((name) => entities.some((one) => one === name));
  const named = isOpen ? [] : entities.filter((name) => !isWorld(name));
  const addresses = addressesOf(isOpen ? { ...peers, entities: [] } : peers, options, say);
  const written = pods.flatMap((one) => podsEntry(one, isOpen, { options, say }));
  if (section === 'ingress') {
    if (addresses.length > 0) say('sources by their addresses', 'its rules of ingress know pods alone');
    sayReserved(named, reserved, say);
    return written;
  }
  const isNodes = (set: ReservedSet): boolean => set.name === 'remote-node' && set.except.length === 0;
  const areNodesKnown = options.nodeLabels && options.baseline === 'cilium';
  const nodes = areNodesKnown ? reserved.filter(isNodes) : [];
  const everyNode = areNodesKnown && named.includes('remote-node');
  sayReserved(
    everyNode ? named.filter((name) => name !== 'remote-node') : named,
    reserved.filter((set) => !nodes.includes(set)),
    say,
  );
  if (domains.length > 0 && action !== 'allow') say('names of destinations in a rule that does not allow', 'it only accepts them');
  const names = action === 'allow' ? domains.flatMap(alternatives).flatMap((one) => domainName(one, say)) : [];
  return [
    ...written,
    ...(everyNode
      ? [{ nodes: {} }]
      : nodes.flatMap(({ labels = [[]] }) => labels.map((one): JsonObject => ({ nodes: labelSelector(one) })))),
    ...inParts(plainBlocks(addresses)).map((networks): JsonObject => ({ networks })),
    ...inParts(names).map((domainNames): JsonObject => ({ domainNames })),
  ];
}

function sayReserved(named: readonly string[], reserved: readonly ReservedSet[], say: Say): void {
  const reason = 'its peers are pods, and of egress addresses and names';
  for (const entity of entityNames) if (named.includes(entity)) say(`\`${entity}\``, reason);
  if (reserved.length > 0) say('entities without some, or with labels', reason);
}

/** Does it ask for no label that has to be there? */
const isRefusing = ({ labels, cluster, namespace }: Pods): boolean =>
  labels.length + cluster.length === 0 && namespace.length > 0 && !namespace.some(isPositive);
const isPositive = ({ kind }: Requirement): boolean => kind === 'one-of' || kind === 'exists';

function podsEntry(pods: Pods, isOpen: boolean, { options, say }: Writing): readonly JsonObject[] {
  const cluster = clusterOf(pods, options);
  if (cluster === 'any') {
    const isByNamespace = pods.labels.length === 0 && (isOpen || !isRefusing(pods));
    return [isByNamespace ? { namespaces: namespaceSelector(pods) } : { pods: podsSelector(pods) }];
  }
  if (cluster === 'here' && pods.namespace.length === 0 && options.defaultLocalCluster)
    return [{ pods: { podSelector: podSelector(pods) } }];
  say('pods of one cluster by their namespaces', 'who names namespaces means those of every cluster');
  return [];
}

export const podsSelector = (pods: Pods): JsonObject => ({ namespaceSelector: namespaceSelector(pods), podSelector: podSelector(pods) });

/** `*.example.com` is every name below it. */
function domainName(pattern: Parameters<typeof nameOf>[0], say: Say): readonly string[] {
  const name = nameOf(pattern);
  const text = name && ('matchName' in name ? name.matchName : name.matchPattern.replace(/^\*\*\./, '*.'));
  const isBelow = name !== undefined && 'matchPattern' in name && name.matchPattern.startsWith('**.');
  const isName = text !== undefined && /^(\*\.)?([a-z0-9]([-a-z0-9_]*[a-z0-9])?\.)+[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(text);
  if (isName && isBelow === text.startsWith('*.')) return [text];
  say('these names of destinations', 'it knows whole names, and all below one');
  return [];
}

const longest = 25;

/** As many as stand in one list. */
export const inParts = <T>(list: readonly T[]): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(list.length / longest) }, (_, i) => list.slice(i * longest, (i + 1) * longest));
