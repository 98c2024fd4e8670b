// The peer of a rule -> PeerSet: a union of workloads, networks, domains and entities. Set operations other than a union
// are between parts of one kind, but for `ENTITY except X`.
import type { Report } from '../diagnostics/diagnostic.ts';
import type { Value } from '../ir/resolved.ts';
import { type EntityName, entityNames, type PeerSet, type ReservedSet } from '../ir/typed.ts';
import type { AddressSet } from '../space/address.ts';
import { intervals } from '../space/interval.ts';
import type { Selector } from '../space/labels.ts';
import type { Pattern } from '../space/pattern.ts';
import { withoutPeers } from './entity-sets.ts';
import { networks, workloads } from './kinds.ts';
import { entitySetOf, isOfEntity } from './labels.ts';
import { type Context, type Networks, refuse, setOf } from './sets.ts';
import { textKinds } from './text-kinds.ts';

/** No `from` and no `to`. */
export const anybody: PeerSet = { selectors: [], networks: [], anyNetworks: [], domains: [], entities: ['all'] };

const nowhere: AddressSet = [];
const distinct = (selectors: readonly Selector[]): readonly Selector[] => [
  ...new Map(selectors.map((one) => [JSON.stringify(one), one])).values(),
];
const joined = (sets: readonly AddressSet[]): AddressSet => (sets.length > 1 ? intervals(sets.flat()) : (sets[0] ?? nowhere));

type Parts = {
  readonly selectors: Selector[];
  readonly networks: Networks[];
  readonly domains: Pattern[];
  readonly entities: Set<EntityName>;
  readonly reserved: ReservedSet[];
};
type Kind = 'workload' | 'network' | 'domain' | 'entity' | 'other';

/** The peers of a value; undefined after a report. */
export function peersOf(value: Value, context: Context): PeerSet | undefined {
  if (value.kind === 'declared' && context.sets[value.declaration]?.kind === 'workload') return workloadsOnly(value, context);
  const parts: Parts = { selectors: [], networks: [], domains: [], entities: new Set(), reserved: [] };
  if (!collect(value, parts, context)) return undefined;
  return {
    selectors: parts.selectors.length > 1 ? distinct(parts.selectors) : parts.selectors,
    networks: joined(parts.networks.map(({ outside }) => outside)),
    anyNetworks: joined(parts.networks.map(({ any }) => any)),
    domains: parts.domains,
    entities: parts.entities.size > 0 ? entityNames.filter((name) => parts.entities.has(name)) : [],
    ...(parts.reserved.length > 0 && { reserved: parts.reserved }),
  };
}

/** What most peers are. */
function workloadsOnly(value: Value, context: Context): PeerSet | undefined {
  const selector = setOf(value, workloads, context);
  return selector && { selectors: [selector], networks: nowhere, anyNetworks: nowhere, domains: [], entities: [] };
}

const inAlgebra = {
  expected: 'workloads, networks or domains beside `and`, `except` and `not`',
  hint: () => 'of entities there are unions and differences: `all except A`; of workloads alone, declare the set as a `workload` first',
};
const peer = {
  expected: 'a peer (workload, network, domain, entity)',
  hint: ({ kind }: Value) => (kind === 'transport' || kind === 'declared' ? 'ports stand behind `at`' : undefined),
};

/** The items of a union, or the value itself. */
export const unionItems = (value: Value): readonly Value[] | undefined =>
  value.kind === 'list' ? value.items : value.kind === 'combine' && value.operator === 'or' ? value.operands : undefined;

/** Adds the parts of a value; false after a report. */
function collect(value: Value, parts: Parts, context: Context): boolean {
  const items = unionItems(value);
  if (items) {
    if (items.length === 0) context.report('check/empty-list', value.span, {});
    return items.map((item) => collect(item, parts, context)).every((one) => one) && items.length > 0;
  }
  if (value.kind === 'entity') {
    parts.entities.add(value.name);
    return true;
  }
  if (isOfEntity(value)) return added(parts.reserved, entitySetOf(value, context.report));
  const kind = kindOf(value, context);
  switch (kind) {
    case 'network':
      return added(parts.networks, setOf(value, networks, context));
    case 'workload':
      return added(parts.selectors, setOf(value, workloads, context));
    case 'domain':
      return added(parts.domains, setOf(value, textKinds.domain, context));
    case 'entity':
      return collectDifference(value, parts, context);
    case 'other':
      if (!isReported(firstLeaf(value), context)) refuse(value, peer, context);
      return false;
  }
}

/** `all except X`: the one operation that entities have. */
function collectDifference(value: Value, parts: Parts, context: Context): boolean {
  const [first, ...others] = value.kind === 'combine' && value.operator === 'except' ? value.operands : [];
  if (first?.kind !== 'entity') {
    refuse(firstLeaf(value), inAlgebra, context);
    return false;
  }
  const removed = peersOf({ kind: 'list', items: others, span: value.span }, context);
  if (!removed) return false;
  const found = notRemovable(removed);
  if (found !== undefined) {
    const hint = removed.reserved ? 'write it as a union: `all except (cluster except host)` is `[world, host]`' : undefined;
    context.report('check/wrong-kind', value.span, {
      expected: `workloads, networks or entities behind \`${first.name} except\``,
      found,
      hint,
    });
    return false;
  }
  if (isServerSplit(first.name, removed)) {
    const hint = 'the API server may stand at an address of nothing managed: say it in a rule of its own, by priority';
    context.report('check/wrong-kind', value.span, {
      expected: `other peers behind \`${first.name} except\``,
      found: isServerWritten(removed) ? 'the API server' : 'addresses',
      hint,
    });
    return false;
  }
  const rest = withoutPeers(first.name, removed);
  if (!rest) {
    context.report('check/set-too-large', value.span, workloads.limit);
    return false;
  }
  parts.selectors.push(...rest.selectors);
  parts.networks.push({ outside: rest.networks, any: nowhere });
  parts.reserved.push(...(rest.reserved ?? []));
  return true;
}

const isServerWritten = ({ entities }: PeerSet): boolean => entities.includes('kube-apiserver') || entities.includes('cluster');

/** Is the API server at an address, which is one of many alike, to be taken away from them, or they from it? */
function isServerSplit(from: EntityName, { entities, networks }: PeerSet): boolean {
  if (entities.includes('all')) return false;
  const isOfWorld = (name: EntityName): boolean => name.startsWith('world');
  const isOfServer = (name: EntityName): boolean => name === 'kube-apiserver' || name === 'cluster';
  if (from === 'all' || isOfWorld(from)) return entities.some(isOfServer) && !entities.includes('world');
  return isOfServer(from) && !entities.some(isOfServer) && (networks.length > 0 || entities.some(isOfWorld));
}

/** What cannot be taken away from an entity. */
function notRemovable({ domains, anyNetworks, reserved }: PeerSet): string | undefined {
  if (domains.length > 0) return 'a domain';
  if (anyNetworks.length > 0) return 'a network `including workloads`';
  return reserved ? 'entities without others' : undefined;
}

function added<T>(sets: T[], set: T | undefined): boolean {
  if (set !== undefined) sets.push(set);
  return set !== undefined;
}

const isReported = (leaf: Value, context: Context): boolean =>
  leaf.kind === 'missing' || (leaf.kind === 'declared' && isUnknown(leaf.declaration, context));

const isUnknown = (declaration: number, { sets }: Context): boolean => (sets[declaration]?.kind ?? 'unknown') === 'unknown';

/** Is a text as a peer meant as an address? All others are names of domains. */
const looksLikeAddress = (text: string): boolean => /^[\d.]+(?:\/|$)|:/.test(text);

/** The kind of the first leaf: the others have to be of the same. */
export function kindOf(value: Value, context: Context): Kind {
  const leaf = firstLeaf(value);
  switch (leaf.kind) {
    case 'declared':
      return isUnknown(leaf.declaration, context) ? 'other' : declaredKind(leaf.declaration, context);
    case 'selector':
    case 'every-workload':
      return 'workload';
    case 'address':
    case 'including':
      return 'network';
    case 'text':
      return looksLikeAddress(leaf.text) ? 'network' : 'domain';
    case 'matched':
      return 'domain';
    case 'entity':
      return 'entity';
    default:
      return 'other';
  }
}

function declaredKind(declaration: number, { sets }: Context): Kind {
  const set = sets[declaration];
  switch (set?.kind) {
    case 'workload':
    case 'network':
    case 'domain':
      return set.kind;
    case 'list': {
      const [first] = set.items;
      if (first?.kind === 'address') return 'network';
      return first?.kind === 'string' ? (looksLikeAddress(first.text) ? 'network' : 'domain') : 'other';
    }
    default:
      return 'other';
  }
}

function firstLeaf(value: Value): Value {
  switch (value.kind) {
    case 'not':
      return firstLeaf(value.operand);
    case 'combine':
      return firstLeaf(value.operands[0] ?? { kind: 'missing', span: value.span });
    case 'list':
      return firstLeaf(value.items[0] ?? { kind: 'missing', span: value.span });
    default:
      return value;
  }
}

/** Reports the domains of a peer that is a source. */
export function refuseDomains(value: Value, context: Context, report: Report): void {
  const items = unionItems(value);
  if (items) for (const item of items) refuseDomains(item, context, report);
  else if (kindOf(value, context) === 'domain') report('check/domain-as-source', value.span, {});
}
