// Sets of addresses as blocks of one family each. A block of IPv6 holds no IPv4 address, wherever those stand in it: there it may be
// what makes the text short.
import { type AddressSet, formatAddress, ipv4Space, isIpv4, type Prefix, prefixesOf, prefixInterval } from '../space/address.ts';
import { intersect, isEmpty, subtract, union } from '../space/interval.ts';

/** `10.0.0.0/8` but for `10.1.0.0/16`. */
export type Block = { readonly cidr: string; readonly except: readonly string[] };

const isOfIpv4 = ({ address, length }: Prefix): boolean => isIpv4(address) && length >= 96;

/** The length stands behind a single address, too. */
export const cidrText = (block: Prefix): string => `${formatAddress(block.address)}/${isOfIpv4(block) ? block.length - 96 : block.length}`;

const ofIpv6 = (set: AddressSet): AddressSet => {
  const rest = subtract(set, ipv4Space);
  return isEmpty(rest) ? [] : union(rest, ipv4Space);
};

/** The fewest blocks that are the set together. */
export const plainBlocks = (set: AddressSet): readonly string[] => [
  ...prefixesOf(intersect(set, ipv4Space)).map(cidrText),
  ...prefixesOf(ofIpv6(set))
    .filter((block) => !isOfIpv4(block))
    .map(cidrText),
];

type Part = { readonly block: Prefix; readonly except: readonly Prefix[] };
/** `cost`: how many texts the parts are. */
type Cover = { readonly parts: readonly Part[]; readonly cost: number; readonly outside: readonly Prefix[] };

/** The blocks, each without some inside of it, that are the set together and the fewest texts. */
export function blocksWithout(set: AddressSet): readonly Block[] {
  const roots = [
    { block: { address: 0xffffn << 32n, length: 96 }, of: intersect(set, ipv4Space) },
    { block: { address: 0n, length: 0 }, of: ofIpv6(set) },
  ];
  const [ipv4 = [], ipv6 = []] = roots.map(({ block, of }) => coverOf(block, of).parts);
  return [...ipv4, ...ipv6.filter(({ block }) => !isOfIpv4(block))].map(({ block, except }) => ({
    cidr: cidrText(block),
    except: except.map(cidrText),
  }));
}

/** What of the set is in a block; the set holds nothing beside it. */
function coverOf(block: Prefix, set: AddressSet): Cover {
  if (isEmpty(set)) return { parts: [], cost: 0, outside: [block] };
  const { low, high } = prefixInterval(block);
  if (set[0]?.low === low && set[0].high === high) return { parts: [{ block, except: [] }], cost: 1, outside: [] };
  const length = block.length + 1;
  const halves = [block.address, block.address | (1n << BigInt(128 - length))].map((address) => ({ address, length }));
  const covers = halves.map((half) => coverOf(half, intersect(set, [prefixInterval(half)])));
  const [parts, outside] = [covers.flatMap((one) => one.parts), covers.flatMap((one) => one.outside)];
  const cost = covers.reduce((sum, one) => sum + one.cost, 0);
  return parts.length > 1 && outside.length < cost
    ? { parts: [{ block, except: outside }], cost: 1 + outside.length, outside }
    : { parts, cost, outside };
}
