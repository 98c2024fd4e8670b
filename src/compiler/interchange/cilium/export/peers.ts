// Peers of a rule as Cilium's: each kind of them is a rule of its own.
import type { ReservedName } from '../../../ir/event.ts';
import type { EntityName, NetworkRule, ReservedSet } from '../../../ir/typed.ts';
import { plainBlocks } from '../../address-blocks.ts';
import type { ImportOptions, JsonObject } from '../../importer.ts';
import { addressesOf } from '../../kubernetes/export/addresses.ts';
import { isSayable, peerSelector, selectorOf } from './labels.ts';
import { alternatives, nameOf } from './patterns.ts';

const everyReserved: readonly ReservedName[] = ['health', 'host', 'ingress', 'init', 'kube-apiserver', 'remote-node', 'unmanaged'];
/** Entities that are blocks of addresses in its API. */
const families: readonly EntityName[] = ['world-ipv4', 'world-ipv6'];

/** One object for each kind of peers; anybody is the entity `all`. */
export function peersOf(
  { section, peers, action }: NetworkRule,
  options: ImportOptions,
  say: (what: string, reason?: string) => void,
): readonly JsonObject[] {
  const { selectors, domains, entities, reserved = [] } = peers;
  const key = (kind: string): string => `${section === 'ingress' ? 'from' : 'to'}${kind}`;
  if (entities.includes('all')) return [{ [key('Entities')]: ['all'] }];
  if (!selectors.flat().every(isSayable)) say('keys or values of labels that Kubernetes does not know');
  if (domains.length > 0 && action !== 'allow') say('names of destinations in a rule that refuses');
  const endpoints = [...selectors.flat().filter(isSayable).map(peerSelector), ...reserved.flatMap((set) => reservedSelectors(set, say))];
  const blocks = plainBlocks(addressesOf({ ...peers, entities: entities.filter((name) => families.includes(name)) }, options, say));
  const names = domains.flatMap(alternatives).map(nameOf);
  if (names.includes(undefined)) say('a pattern of names that wildcards do not say');
  const nodes = reserved.filter(({ name, labels }) => labels && name === 'remote-node').flatMap(({ labels = [] }) => labels);
  if (nodes.length > 0 && !options.nodeLabels)
    say('nodes by their labels', 'its agent does not know them: export for `--agent enable-node-selector-labels=true`');
  const lists: Readonly<Record<string, readonly (string | JsonObject)[]>> = {
    [key('Endpoints')]: endpoints,
    [key('Nodes')]: nodes.map((one) => selectorOf(one)),
    [key('CIDR')]: [...new Set(blocks)],
    [key('Entities')]: entitiesOf(entities, reserved),
    ...(section === 'egress' && { toFQDNs: names.flatMap((name) => name ?? []) }),
  };
  return Object.entries(lists).flatMap(([name, list]) => (list.length > 0 ? [{ [name]: list }] : []));
}

/** `cluster` of this language is that of all clusters. */
function entitiesOf(entities: readonly EntityName[], reserved: readonly ReservedSet[]): readonly string[] {
  const named = entities.filter((name) => !families.includes(name)).map((name) => (name === 'cluster' ? 'cluster-mesh' : name));
  const whole = reserved.filter(({ except, labels }) => except.length === 0 && !labels);
  return [...new Set([...named, ...whole.flatMap(({ name }) => name ?? everyReserved)])];
}

/** Reserved endpoints but some: by their labels. */
function reservedSelectors({ name, except, labels }: ReservedSet, say: (what: string) => void): readonly JsonObject[] {
  if (labels && name !== 'remote-node') say(`nodes of \`${name ?? 'any entity'}\` by their labels`);
  if (labels || except.length === 0) return [];
  const names = name === undefined ? everyReserved.filter((one) => !except.includes(one)) : [name];
  const not = except.map((one): JsonObject => ({ key: `reserved:${one}`, operator: 'DoesNotExist' }));
  return names.map((one) => ({ matchLabels: { [`reserved:${one}`]: '' }, matchExpressions: not }));
}
