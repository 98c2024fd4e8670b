// Sets in words, in the language's own form where it has one: what a reviewer reads of a label cube, a transport set,
// addresses and classes of content. Complete: nothing is rounded, long lists are printed in full.
import { type AddressSet, formatPrefix, ipv4Space, ipv6Space, type Prefix, prefixesOf } from '../space/address.ts';
import { equals, intersect, isEmpty, subtract, union } from '../space/interval.ts';
import { namespaceKey } from '../space/labels.ts';
import { anyTransport, type TransportProtocol, type TransportSet, transportPoint, wholeProtocol } from '../space/transport.ts';
import { type End, everyAddress, reservedNames } from './cell.ts';
import type { LabelCube, ValueSet } from './label-cube.ts';

const quoted = (values: readonly string[]): string => values.map((value) => JSON.stringify(value)).join(', ');
const list = (values: readonly string[]): string => (values.length === 1 ? quoted(values) : `one of [${quoted(values)}]`);

/** `"a"`, `one of ["a", "b"]`, `not "a"`, `exists`, `absent`, and what the language has to say in two. */
export function valueWords({ absent, others, values }: ValueSet): string {
  if (!others) {
    const named = values.length > 0 ? list(values) : '';
    return absent ? [named, 'absent'].filter(Boolean).join(' or ') : named;
  }
  if (values.length === 0) return 'exists';
  return absent ? `not ${list(values)}` : `exists and not ${list(values)}`;
}

function namespaceWords(set: ValueSet | undefined): string {
  if (!set) return '';
  if (set.absent && !set.others && set.values.length === 0) return ' in no namespace';
  if (!set.absent && set.others && set.values.length === 0) return ' in a namespace';
  return ` in namespace ${valueWords(set)}`;
}

/** `{ app: "cart" } in namespace "shop"`. */
export function cubeWords(cube: LabelCube): string {
  const tests = [...cube].filter(([key]) => key !== namespaceKey).sort(([a], [b]) => (a < b ? -1 : 1));
  const keyWords = (key: string): string => (/^[A-Za-z_][A-Za-z0-9_]*(-[A-Za-z0-9_]+)*$/.test(key) ? key : JSON.stringify(key));
  const namespace = namespaceWords(cube.get(namespaceKey));
  if (tests.length === 0) return `every workload${namespace}`;
  return `{ ${tests.map(([key, set]) => `${keyWords(key)}: ${valueWords(set)}`).join(', ')} }${namespace}`;
}

/** Addresses as blocks, a whole family by its name, and blocks with holes as exceptions where that is shorter. */
export function addressWords(set: AddressSet): string {
  if (equals(set, everyAddress)) return 'world';
  // A set of IPv6 addresses says nothing of the mapped range inside the line; taken as full it is in nobody's way.
  const [ipv4, ipv6] = [intersect(set, ipv4Space), union(intersect(set, ipv6Space), ipv4Space)];
  const words = [
    ...blocksOf(prefixesOf(ipv4), { address: ipv4Space[0]?.low ?? 0n, length: 96 }, 'world-ipv4'),
    ...(equals(ipv6, ipv4Space) ? [] : blocksOf(prefixesOf(ipv6), { address: 0n, length: 0 }, 'world-ipv6')),
  ];
  const shown = words.filter((word) => word !== mapped);
  return shown.length === 1 ? (shown[0] ?? '') : `[${shown.join(', ')}]`;
}

const mapped = formatPrefix({ address: ipv4Space[0]?.low ?? 0n, length: 96 });

/** `inside`, `holes`: the fewest blocks of the set and of the rest; `best`: the shortest words found. */
type Blocks = {
  readonly inside: readonly Prefix[];
  readonly holes: readonly Prefix[];
  readonly best: readonly string[];
  readonly cost: number;
};

const blocksOf = (prefixes: readonly Prefix[], root: Prefix, name: string): readonly string[] =>
  blocksIn(prefixes, root).best.map((word) => word.replace(formatPrefix(root), name));

function blocksIn(inside: readonly Prefix[], block: Prefix): Blocks {
  const [first] = inside;
  if (!first) return { inside, holes: [block], best: [], cost: 0 };
  if (first.length === block.length) return { inside, holes: [], best: [formatPrefix(block)], cost: 1 };
  const length = block.length + 1;
  const middle = block.address | (1n << BigInt(128 - length));
  const low = blocksIn(
    inside.filter(({ address }) => address < middle),
    { address: block.address, length },
  );
  const high = blocksIn(
    inside.filter(({ address }) => address >= middle),
    { address: middle, length },
  );
  const holes = [...low.holes, ...high.holes];
  if (1 + holes.length >= low.cost + high.cost) return { inside, holes, best: [...low.best, ...high.best], cost: low.cost + high.cost };
  return { inside, holes, best: [`${formatPrefix(block)} except [${holes.map(formatPrefix).join(', ')}]`], cost: 1 + holes.length };
}

function reservedWords(names: ReadonlyMap<string, boolean>): string {
  const borne = reservedNames.filter((name) => names.get(name) === true);
  const not = reservedNames.filter((name) => names.get(name) === false);
  const without = not.length > 0 ? ` (and not ${not.join(', ')})` : '';
  return borne.length > 0
    ? borne.join(' that is also ') + without
    : not.length > 0
      ? `every reserved endpoint but ${not.join(', ')}`
      : 'every reserved endpoint';
}

export function endWords(end: End): string {
  switch (end.kind) {
    case 'workload':
      return cubeWords(end.labels);
    case 'reserved':
      return reservedWords(end.names);
    case 'address':
      return addressWords(end.addresses);
    case 'nothing':
      return '';
  }
}

const rangeWords = (low: number, high: number): string => (low === high ? `${low}` : `${low}-${high}`);

/** ICMP by type and code: whole types first, then single codes. */
function icmpWords(protocol: TransportProtocol, low: number, high: number): readonly string[] {
  const words: string[] = [];
  for (let value = low; value <= high; ) {
    const type = value >> 8;
    const end = Math.min(high, type * 256 + 255);
    const whole = value === type * 256 && end === type * 256 + 255;
    words.push(whole ? `${protocol} ${type}` : `${protocol} ${type} code ${rangeWords(value % 256, end % 256)}`);
    value = end + 1;
  }
  return words;
}

function protocolWords(protocol: TransportProtocol, points: TransportSet): readonly string[] {
  const whole = wholeProtocol(protocol);
  if (isEmpty(points)) return [];
  if (equals(points, whole)) return [protocol === 'other' ? 'every other protocol' : protocol];
  const missing = subtract(whole, points);
  const base = transportPoint(protocol, 0);
  if (protocol === 'icmp' || protocol === 'icmpv6') return points.flatMap(({ low, high }) => icmpWords(protocol, low - base, high - base));
  const ranges = (set: TransportSet): string => set.map(({ low, high }) => rangeWords(low - base, high - base)).join(', ');
  const name = protocol === 'other' ? 'protocol' : protocol;
  if (missing.length < points.length) return [`${name} except ${ranges(missing)}`];
  return [`${name} ${points.length === 1 ? ranges(points) : `[${ranges(points)}]`}`];
}

const protocols = ['tcp', 'udp', 'sctp', 'icmp', 'icmpv6', 'other'] as const satisfies readonly TransportProtocol[];

/** `tcp 443, udp [53, 5353-5360], icmp 8`; every point is `every protocol`. */
export function transportWords(points: TransportSet, portNames: ReadonlyMap<string, boolean>): string {
  const named = protocols.flatMap((protocol) => protocolWords(protocol, intersect(points, wholeProtocol(protocol))));
  const all = equals(points, anyTransport) ? 'every protocol' : named.join(', ');
  const flags = [...portNames]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, here]) => `${here ? '' : 'not '}${JSON.stringify(key.slice(key.indexOf('/') + 1))}`);
  return flags.length > 0 ? `${all} (a port that the destination ${flags.map((flag) => `names ${flag}`).join(' and ')})` : all;
}
