// The kinds of sets that are no texts: workloads (selectors), networks (addresses), transports (points and named ports).
import type { Value } from '../ir/resolved.ts';
import type { Transport } from '../ir/typed.ts';
import { type AddressSet, ipv4Space, ipv6Space } from '../space/address.ts';
import { intersect, intervals, subtract, union } from '../space/interval.ts';
import type { Selector } from '../space/labels.ts';
import { anyTransport } from '../space/transport.ts';
import { networkOf } from './addresses.ts';
import { selectorOf } from './labels.ts';
import { complement, everyWorkload, intersection, mostConjunctions, unionOf } from './selectors.ts';
import { type Networks, type SetKind, setOf } from './sets.ts';
import { transportOf } from './transports.ts';

export const workloads: SetKind<Selector> = {
  expected: 'workloads',
  hint: (value) => (value.kind === 'entity' ? 'entities are peers; of them only `all` is a set of workloads' : undefined),
  declared: (set) => (set.kind === 'workload' ? set.set : undefined),
  leaf: (leaf, { report, selectors }) => {
    if (leaf.kind === 'selector') return selectors.of(leaf, report, (told) => selectorOf(leaf, told));
    return leaf.kind === 'every-workload' || (leaf.kind === 'entity' && leaf.name === 'all') ? everyWorkload : 'wrong';
  },
  union: unionOf,
  intersect: intersection,
  complement,
  onlyUnion: () => undefined,
  limit: { limit: mostConjunctions, unit: 'alternatives' },
};

const everyAddress = union(ipv4Space, ipv6Space);
/** Intervals of one set of addresses. */
const mostIntervals = 1_000_000;
const nowhere: AddressSet = [];
const outside = (set: AddressSet): Networks | undefined => (set.length > mostIntervals ? undefined : { outside: set, any: nowhere });

export const networks: SetKind<Networks> = {
  expected: 'networks',
  hint: (value) => (value.kind === 'entity' ? 'entities are peers, not networks' : undefined),
  declared: (set) => (set.kind === 'network' ? set.set : undefined),
  leaf: (leaf, context) => {
    if (leaf.kind === 'including') return includingWorkloads(leaf.operand, context);
    if (leaf.kind !== 'address' && leaf.kind !== 'text') return 'wrong';
    const set = networkOf(leaf, context.report);
    return set && outside(set);
  },
  union: unionOfNetworks,
  intersect: (a, b) => outside(intersect(a.outside, b.outside)),
  complement: (set) => outside(subtract(everyAddress, set.outside)),
  onlyUnion: ({ any }) => (any.length > 0 ? 'a network `including workloads`' : undefined),
  limit: { limit: mostIntervals, unit: 'blocks of addresses' },
};

function unionOfNetworks(parts: readonly Networks[]): Networks | undefined {
  const set = { outside: intervals(parts.flatMap((part) => part.outside)), any: intervals(parts.flatMap(({ any }) => any)) };
  return set.outside.length + set.any.length > mostIntervals ? undefined : set;
}

function includingWorkloads(operand: Value, context: Parameters<typeof setOf>[2]): Networks | undefined {
  const set = setOf(operand, networks, context);
  return set && { outside: nowhere, any: union(set.outside, set.any) };
}

const namedOf = (transport: Transport): string | undefined =>
  transport.named[0] ? `the named port "${transport.named[0].name}"` : undefined;

/** Each named port once. */
function allNamed(parts: readonly Transport[]): Transport['named'] {
  const byText = new Map(parts.flatMap(({ named }) => named).map((one) => [`${one.protocol} ${one.name}`, one]));
  return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

const literalHint = (value: Value): string | undefined => (value.kind === 'literal' ? 'write the protocol too: `tcp 80`' : undefined);

export const transports: SetKind<Transport> = {
  expected: 'ports (`tcp 80`)',
  hint: literalHint,
  declared: (set) => (set.kind === 'port' ? set.set : undefined),
  leaf: (leaf, context) => (leaf.kind === 'transport' ? transportOf(leaf, context) : 'wrong'),
  union: (parts) => ({ points: intervals(parts.flatMap(({ points }) => points)), named: allNamed(parts) }),
  intersect: (a, b) => ({ points: intersect(a.points, b.points), named: [] }),
  complement: ({ points }) => ({ points: subtract(anyTransport, points), named: [] }),
  onlyUnion: namedOf,
  limit: { limit: mostIntervals, unit: 'ranges' },
};
