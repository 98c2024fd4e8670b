// Peers of one rule as policy text.
import { type AddressSet, formatPrefix, type Prefix, parsePrefix, prefixInterval } from '../../space/address.ts';
import { intervals, isEmpty, subtract } from '../../space/interval.ts';
import { blocksRefusal } from '../agent.ts';
import { entriesOf, type Field, has, hasEmptyList, itemsOf, member, textIn, textOf } from '../fields.ts';
import { type Facts, groupOf } from '../importer.ts';
import { isAbout, isPositive, type LabelTest, selectorText, selectsLabels, testsIn } from '../labels.ts';
import { distinct, listed } from '../texts.ts';
import { entityText, isOfReserved, unrestrictedPeers } from './entities.ts';
import { nameText, patternText } from './names.ts';
import type { Reading } from './reading.ts';
import { servicePeers } from './services.ts';

export type Direction = 'ingress' | 'egress';
export const side = (direction: Direction): 'from' | 'to' => (direction === 'ingress' ? 'from' : 'to');

export const peerKinds = ['Endpoints', 'CIDR', 'CIDRSet', 'Entities', 'Services', 'FQDNs', 'Groups', 'Nodes'] as const;
export type PeerKind = (typeof peerKinds)[number];

const ofSide = (word: 'from' | 'to'): Readonly<Record<PeerKind, string>> => ({
  Endpoints: `${word}Endpoints`,
  CIDR: `${word}CIDR`,
  CIDRSet: `${word}CIDRSet`,
  Entities: `${word}Entities`,
  Services: `${word}Services`,
  FQDNs: `${word}FQDNs`,
  Groups: `${word}Groups`,
  Nodes: `${word}Nodes`,
});
/** Names of the fields that hold peers: a name that is put together at each visit is looked up slowly. */
export const peerFields: Readonly<Record<Direction, Readonly<Record<PeerKind, string>>>> = {
  ingress: ofSide('from'),
  egress: ofSide('to'),
};

/** Lists of these that are there and empty select nobody, whatever stands beside them. */
const closing = ['Endpoints', 'Nodes', 'Entities', 'CIDR', 'CIDRSet', 'FQDNs'] as const;

/** Undefined: the rule names no peers, which is anybody where it names ports. An empty list: nobody. */
export function peersOf(rule: Field, direction: Direction, reading: Reading): readonly string[] | undefined {
  const fields = peerFields[direction];
  if (closing.some((kind) => hasEmptyList(rule, fields[kind]))) return [];
  // A rule with peers of several kinds is refused (validate.ts).
  const kind = peerKinds.find((one) => itemsOf(rule, fields[one]).length > 0);
  if (kind === undefined) return undefined;
  const found = itemsOf(rule, fields[kind]).flatMap((field) => peersOfKind[kind](field, reading));
  // Who names services that do not exist, and ports, is read as naming ports alone.
  return kind === 'Services' && found.length === 0 && has(rule, 'toPorts') ? undefined : distinct(found);
}

const peersOfKind: Readonly<Record<PeerKind, (field: Field, reading: Reading) => readonly string[]>> = {
  Endpoints: (field, reading) => endpointPeers(field, reading),
  CIDR: (field, reading) => blockTexts(field, reading),
  CIDRSet: (field, reading) => blockSetTexts(field, reading),
  Entities: (field, { context }) => entityText(textIn(field) ?? '', context.options) ?? [],
  Services: servicePeers,
  FQDNs: (field) => [domainText(field)].filter((text) => text !== undefined),
  // Addresses of other clouds' groups are found when the policy is applied.
  Groups: () => [],
  Nodes: (field) => nodePeers(field),
};

// --- endpoints --------------------------------------------------------------------------------------------------------

const inNamespace = (name: string | undefined): LabelTest => ({
  about: { kind: 'namespace' },
  ...(name === undefined ? { operator: 'Exists', values: [] } : { operator: 'In', values: [name] }),
});

const known = new WeakMap<Facts, Map<string, readonly string[]>>();

/** The same selectors stand in many policies. */
export function endpointPeers(selector: Field, reading: Reading): readonly string[] {
  const { facts } = reading.context;
  const ofAll = known.get(facts) ?? new Map<string, readonly string[]>();
  known.set(facts, ofAll);
  const key = `${reading.namespace} ${JSON.stringify(selector.value)}`;
  const found = ofAll.get(key);
  if (found) return found;
  const peers = readEndpoints(selector, reading);
  if (!peers) reading.unsupported(selector, 'endpoints of two entities at once');
  else ofAll.set(key, peers);
  return peers ?? [];
}

/** Without a namespace a selector is about that of the policy, or about every pod; without a cluster, about this one. */
function readEndpoints(selector: Field, reading: Reading): readonly string[] | undefined {
  const tests = testsIn(selector);
  return isOfReserved(tests) ? unrestrictedPeers(tests, reading.context.options) : restrictedPeers(tests, reading);
}

function restrictedPeers(tests: readonly LabelTest[], { namespace, context }: Reading): readonly string[] | undefined {
  const { defaultLocalCluster, clusterName } = context.options;
  const isLocal = defaultLocalCluster && !isAbout(tests, 'cluster');
  const isPlaced = isAbout(tests, 'namespace', 'namespace-label');
  const all: readonly LabelTest[] = [
    ...tests,
    ...(isPlaced ? [] : [inNamespace(namespace)]),
    ...(isLocal ? [{ about: { kind: 'cluster' } as const, operator: 'In' as const, values: [clusterName] }] : []),
  ];
  if (!all.some(isPositive)) return unrestrictedPeers(all, context.options);
  // Every pod of a cluster is in a namespace.
  const told = isLocal && namespace === undefined && !isPlaced ? all.filter(({ about }) => about.kind !== 'namespace') : all;
  const text = selectorText(told);
  return text === undefined ? [] : [text];
}

/** Other nodes, by their labels. */
function nodePeers(selector: Field): readonly string[] {
  const tests = testsIn(selector).filter(({ about }) => about.kind !== 'reserved');
  return nodeText(tests, 'remote-node');
}

/** The nodes of an entity that have labels. */
export function nodeText(tests: readonly LabelTest[], entity: string): readonly string[] {
  if (tests.length === 0) return [entity];
  const text = selectorText(tests);
  return text === undefined ? [] : [`${text} in entity "${entity}"`];
}

// --- addresses and names ----------------------------------------------------------------------------------------------

const prefixOf = (field: Field): Prefix | undefined => parsePrefix(textIn(field) ?? '');

function withWorkloads(text: string, field: Field, reading: Reading): string {
  const { options } = reading.context;
  const refusal = blocksRefusal(options);
  if (refusal !== undefined) reading.unsupported(field, refusal);
  return options.addressesMatch.workloads ? `${text} including workloads` : text;
}

function blockTexts(field: Field, reading: Reading): readonly string[] {
  const prefix = prefixOf(field);
  return prefix ? [withWorkloads(formatPrefix(prefix), field, reading)] : [];
}

const setOf = (prefixes: readonly Prefix[]): AddressSet => intervals(prefixes.map(prefixInterval));

/** Blocks without others; each `except` is of its own entry. */
function blockSetTexts(entry: Field, reading: Reading): readonly string[] {
  const out = itemsOf(entry, 'except').flatMap((field) => prefixOf(field) ?? []);
  return blocksIn(entry, reading).flatMap((block) => {
    const inside = out.filter((one) => !isEmpty(subtract(setOf([one]), subtract(setOf([one]), setOf([block])))));
    if (isEmpty(subtract(setOf([block]), setOf(inside)))) return [];
    const text = formatPrefix(block);
    const except = inside.length === 0 ? '' : ` except ${listed(distinct(inside.map(formatPrefix)))}`;
    return [withWorkloads(`${text}${except}`, entry, reading)];
  });
}

function blocksIn(entry: Field, reading: Reading): readonly Prefix[] {
  const block = prefixOf(member(entry, 'cidr'));
  if (block) return [block];
  const groups = (reading.context.facts.documents.get('cilium.io/CiliumCIDRGroup') ?? []).filter(({ apiVersion }) => isRead(apiVersion));
  const reference = textOf(entry, 'cidrGroupRef');
  const selector = member(entry, 'cidrGroupSelector');
  const tests = testsIn(selector);
  const chosen = groups.filter(({ name, value }) => {
    if (reference !== undefined) return name === reference;
    return selector.value !== undefined && selectsLabels(tests, labelsOf({ value, path: [] }));
  });
  if (chosen.length === 0) reading.warn(entry, 'no CiliumCIDRGroup of this name or with these labels is there');
  return chosen.flatMap(({ value }) =>
    itemsOf(member({ value, path: [] }, 'spec'), 'externalCIDRs').flatMap((field) => prefixOf(field) ?? []),
  );
}

const isRead = (apiVersion: string): boolean => groupOf(apiVersion).version.startsWith('v2');

const labelsOf = (object: Field): Readonly<Record<string, string>> =>
  Object.fromEntries(
    entriesOf(member(member(object, 'metadata'), 'labels')).flatMap(([key, value]) =>
      textIn(value) === undefined ? [] : [[key, textIn(value) ?? '']],
    ),
  );

function domainText(field: Field): string | undefined {
  const [name, pattern] = [textOf(field, 'matchName'), textOf(field, 'matchPattern')];
  return name === undefined ? patternText(pattern ?? '') : nameText(name);
}
