// The peer of a rule -> PeerSet: a union of workloads, networks and entities. Set operations other than a union are
// between parts of one kind.
import type { Value } from '../ir/resolved.ts';
import { type EntityName, entityNames, type PeerSet } from '../ir/typed.ts';
import type { AddressSet } from '../space/address.ts';
import { intervals } from '../space/interval.ts';
import type { Selector } from '../space/labels.ts';
import { networks, workloads } from './kinds.ts';
import { type Context, refuse, setOf } from './sets.ts';

/** No `from` and no `to`. */
export const anybody: PeerSet = { selectors: [], networks: [], entities: ['all'] };

const nowhere: AddressSet = [];
const distinct = (selectors: readonly Selector[]): readonly Selector[] => [
  ...new Map(selectors.map((one) => [JSON.stringify(one), one])).values(),
];

type Parts = { readonly selectors: Selector[]; readonly networks: AddressSet[]; readonly entities: Set<EntityName> };
type Kind = 'workload' | 'network' | 'entity' | 'other';

/** The peers of a value; undefined after a report. */
export function peersOf(value: Value, context: Context): PeerSet | undefined {
  const parts: Parts = { selectors: [], networks: [], entities: new Set() };
  if (!collect(value, parts, context)) return undefined;
  return {
    selectors: parts.selectors.length > 1 ? distinct(parts.selectors) : parts.selectors,
    networks: parts.networks.length > 1 ? intervals(parts.networks.flat()) : (parts.networks[0] ?? nowhere),
    entities: entityNames.filter((name) => parts.entities.has(name)),
  };
}

const inAlgebra = {
  expected: 'workloads or networks beside `and`, `except` and `not`',
  hint: () => 'an entity is more than a set of workloads; declare the set as a `workload` first',
};
const peer = { expected: 'a peer (workload, network, entity)', hint: () => 'ports stand behind `at`' };

/** Adds the parts of a value; false after a report. */
function collect(value: Value, parts: Parts, context: Context): boolean {
  if (value.kind === 'list' || (value.kind === 'combine' && value.operator === 'or')) {
    const items = value.kind === 'list' ? value.items : value.operands;
    if (items.length === 0) context.report('check/empty-list', value.span, {});
    return items.map((item) => collect(item, parts, context)).every((one) => one) && items.length > 0;
  }
  if (value.kind === 'entity') {
    parts.entities.add(value.name);
    return true;
  }
  switch (kindOf(value, context)) {
    case 'network': {
      const set = setOf(value, networks, context);
      if (set) parts.networks.push(set);
      return set !== undefined;
    }
    case 'workload': {
      const set = setOf(value, workloads, context);
      if (set) parts.selectors.push(set);
      return set !== undefined;
    }
    case 'entity':
      refuse(firstLeaf(value), inAlgebra, context);
      return false;
    case 'other':
      if (!isReported(firstLeaf(value), context)) refuse(value, peer, context);
      return false;
  }
}

const isReported = (leaf: Value, context: Context): boolean =>
  leaf.kind === 'missing' || (leaf.kind === 'declared' && isUnknown(leaf.declaration, context));

const isUnknown = (declaration: number, { sets }: Context): boolean => (sets[declaration]?.kind ?? 'unknown') === 'unknown';

/** The kind of the first leaf: the others have to be of the same. */
function kindOf(value: Value, context: Context): Kind {
  const leaf = firstLeaf(value);
  switch (leaf.kind) {
    case 'declared': {
      const kind = context.declarations[leaf.declaration]?.kind;
      return isUnknown(leaf.declaration, context) || kind === 'port' || kind === undefined ? 'other' : kind;
    }
    case 'selector':
      return 'workload';
    case 'address':
      return 'network';
    case 'entity':
      return 'entity';
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
