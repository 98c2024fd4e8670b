// The three kinds of sets: workloads (selectors), networks (addresses), transports (points and named ports).
import type { Value } from '../ir/resolved.ts';
import type { Transport } from '../ir/typed.ts';
import { type AddressSet, ipv4Space, ipv6Space } from '../space/address.ts';
import { intersect, intervals, subtract, union } from '../space/interval.ts';
import type { Selector } from '../space/labels.ts';
import { anyTransport } from '../space/transport.ts';
import { networkOf } from './addresses.ts';
import { selectorOf } from './labels.ts';
import { complement, everyWorkload, intersection, mostConjunctions, unionOf } from './selectors.ts';
import type { SetKind } from './sets.ts';
import { transportOf } from './transports.ts';

export const workloads: SetKind<Selector> = {
  expected: 'workloads',
  hint: (value) => (value.kind === 'entity' ? 'entities are peers; of them only `all` is a set of workloads' : undefined),
  declared: (set) => (set.kind === 'workload' ? set.set : undefined),
  leaf: (leaf, { report }) => {
    if (leaf.kind === 'selector') return selectorOf(leaf, report);
    return leaf.kind === 'entity' && leaf.name === 'all' ? everyWorkload : 'wrong';
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
const bounded = (set: AddressSet): AddressSet | undefined => (set.length > mostIntervals ? undefined : set);

export const networks: SetKind<AddressSet> = {
  expected: 'networks',
  hint: (value) => (value.kind === 'entity' ? 'entities are peers, not networks' : undefined),
  declared: (set) => (set.kind === 'network' ? set.set : undefined),
  leaf: (leaf, { report }) => (leaf.kind === 'address' ? networkOf(leaf, report) : 'wrong'),
  union: (parts) => bounded(intervals(parts.flat())),
  intersect: (a, b) => bounded(intersect(a, b)),
  complement: (set) => bounded(subtract(everyAddress, set)),
  onlyUnion: () => undefined,
  limit: { limit: mostIntervals, unit: 'blocks of addresses' },
};

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
  leaf: (leaf, { report }) => (leaf.kind === 'transport' ? transportOf(leaf, report) : 'wrong'),
  union: (parts) => ({ points: intervals(parts.flatMap(({ points }) => points)), named: allNamed(parts) }),
  intersect: (a, b) => ({ points: intersect(a.points, b.points), named: [] }),
  complement: ({ points }) => ({ points: subtract(anyTransport, points), named: [] }),
  onlyUnion: namedOf,
  limit: { limit: mostIntervals, unit: 'ranges' },
};
