// How large a class of events is, dimension by dimension: 3 identities, 2^16 addresses, 1 port. Counted, never sampled.
import type { Section } from '../ir/typed.ts';
import { type AddressSet, ipv4Space, ipv6Space } from '../space/address.ts';
import { intersect, isEmpty, subtract } from '../space/interval.ts';
import { wholeProtocol } from '../space/transport.ts';
import { type Cell, type End, everyAddress, peerOf, subjectOf } from './cell.ts';
import type { Item } from './judge.ts';
import type { LabelCube } from './label-cube.ts';

/** What is counted. An identity is a label set, as far as the class asks for labels; content is counted in classes that the rules tell apart. */
export const units = ['identity', 'reserved endpoint', 'address', 'port', 'ICMP code', 'protocol', 'class of content'] as const;
export type Unit = (typeof units)[number];
/** One dimension. `count` is absent where there is no end to them: label sets that no rule names, nodes. */
export type Dimension = {
  readonly of: 'subject' | 'peer' | 'at' | 'content';
  readonly unit: Unit;
  readonly count?: bigint;
};
/** Subject, peer, transport (one dimension for each of ports, ICMP and other protocols), content; without those in which the class asks for nothing. */
export type ClassSize = readonly Dimension[];

/** Of a class of events: its cell and the content that changed; no items where content makes no difference. */
export function classSize(cell: Cell, section: Section, items: readonly Item[]): ClassSize {
  const network = section === 'process' ? [] : [...endSize(peerOf(cell, section), 'peer'), ...pointSizes(cell)];
  const content = items.filter(({ kind }) => kind === 'content' || kind === 'undecidable').length;
  return [
    ...endSize(subjectOf(cell, section), 'subject'),
    ...network,
    ...(content > 0 ? [{ of: 'content', unit: 'class of content', count: BigInt(content) } as const] : []),
  ];
}

function endSize(end: End, of: 'subject' | 'peer'): ClassSize {
  switch (end.kind) {
    case 'workload':
      return [{ of, unit: 'identity', ...counted(labelSets(end.labels)) }];
    case 'reserved':
      // There is one host.
      return [{ of, unit: 'reserved endpoint', ...counted(end.names.get('host') ? 1n : undefined) }];
    case 'address':
      return [{ of, unit: 'address', count: sizeOf(intersect(end.addresses, everyAddress)) }];
    case 'nothing':
      return [];
  }
}

const counted = (count: bigint | undefined): { readonly count?: bigint } => (count === undefined ? {} : { count });

/** Over the keys that the cube asks for; undefined where it lets in values that it does not name. */
function labelSets(cube: LabelCube): bigint | undefined {
  if (cube.size === 0 || [...cube.values()].some(({ others }) => others)) return undefined;
  return [...cube.values()].reduce((product, { absent, values }) => product * BigInt(values.length + Number(absent)), 1n);
}

const sizeOf = (set: readonly { readonly low: bigint; readonly high: bigint }[]): bigint =>
  set.reduce((sum, { low, high }) => sum + high - low + 1n, 0n);

const counts = [
  ['port', ['tcp', 'udp', 'sctp']],
  ['ICMP code', ['icmp', 'icmpv6']],
  ['protocol', ['other']],
] as const;

function pointSizes({ points, source, destination }: Cell): ClassSize {
  const [isIpv4, isIpv6] = [ipv4Space, ipv6Space].map((space) => [source, destination].some((end) => isOnlyIn(end, space)));
  const possible = isIpv4 ? subtract(points, wholeProtocol('icmpv6')) : isIpv6 ? subtract(points, wholeProtocol('icmp')) : points;
  return counts.flatMap(([unit, protocols]) => {
    const count = protocols
      .flatMap((protocol) => intersect(possible, wholeProtocol(protocol)))
      .reduce((sum, { low, high }) => sum + high - low + 1, 0);
    return count > 0 ? [{ of: 'at', unit, count: BigInt(count) } as const] : [];
  });
}

/** Workloads and nodes may have addresses of both families. */
const isOnlyIn = (end: End, family: AddressSet): boolean =>
  end.kind === 'address' && isEmpty(subtract(intersect(end.addresses, everyAddress), family));

const plurals: Partial<Record<Unit, string>> = { identity: 'identities', address: 'addresses', 'class of content': 'classes of content' };

/** `3 identities, 2^16 addresses, 1 port`; `any number of` what has no end. */
export const sizeWords = (size: ClassSize): string =>
  size
    .map(
      ({ unit, count }) =>
        `${count === undefined ? 'any number of' : countWords(count)} ${count === 1n ? unit : (plurals[unit] ?? `${unit}s`)}`,
    )
    .join(', ');

/** Powers of two from 2^10 on as such; other large numbers rounded to one. */
export function countWords(count: bigint): string {
  const bits = count.toString(2).length - 1;
  if (count === 1n << BigInt(bits) && bits >= 10) return `2^${bits}`;
  return count < 1_000_000n
    ? String(count)
    : `about 2^${(bits + Math.log2(Number(count >> BigInt(Math.max(0, bits - 40))) / 2 ** Math.min(bits, 40))).toFixed(1)}`;
}
