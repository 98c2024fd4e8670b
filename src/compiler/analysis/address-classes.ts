// Addresses as the fewest disjoint sets that some given sets tell apart; IPv4 and IPv6 are always apart.
import { type Address, type AddressSet, ipv4Space, ipv6Space } from '../space/address.ts';
import { intervals } from '../space/interval.ts';

/** Every address is in exactly one of the result, and each of `sets` is a union of some; ordered by lowest address, IPv4 first. */
export function addressClasses(sets: readonly AddressSet[]): readonly AddressSet[] {
  const distinct = [...new Map(sets.map((set) => [keyOf(set), set])).values()];
  const all = [ipv4Space, ...distinct];
  const cuts = [...new Set([0n, ...all.flatMap((set) => set.flatMap(({ low, high }) => [low, high + 1n]))])].sort((a, b) =>
    a < b ? -1 : 1,
  );
  const place = new Map(cuts.map((cut, i) => [cut, i]));
  const members: number[][] = cuts.map(() => []);
  for (const [number, set] of all.entries())
    for (const { low, high } of set) for (let i = place.get(low) ?? 0; (cuts[i] ?? high + 1n) <= high; i++) members[i]?.push(number);
  const groups = new Map<string, { low: Address; high: Address }[]>();
  for (const [i, low] of cuts.entries()) {
    const high = (cuts[i + 1] ?? top + 1n) - 1n;
    if (low > top) continue;
    const key = members[i]?.join() ?? '';
    groups.set(key, [...(groups.get(key) ?? []), { low, high }]);
  }
  return [...groups].sort(([a], [b]) => Number(isIpv4Key(b)) - Number(isIpv4Key(a))).map(([, ranges]) => intervals(ranges));
}

const top = ipv6Space[1]?.high ?? 0n;
/** The first of the sets is all of IPv4. */
const isIpv4Key = (key: string): boolean => key === '0' || key.startsWith('0,');
const keyOf = (set: AddressSet): string => set.map(({ low, high }) => `${low}-${high}`).join();
