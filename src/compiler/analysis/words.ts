// Sets in words, in the language's own form where it has one: what a reviewer reads of a label cube, a transport set,
// addresses and classes of content. Complete: nothing is rounded, long lists are printed in full.
import type { ReservedSet } from '../ir/typed.ts';
import { type AddressSet, formatPrefix, ipv4Space, ipv6Space, type Prefix, prefixesOf } from '../space/address.ts';
import { equals, intersect, isEmpty, subtract, union } from '../space/interval.ts';
import { namespaceKey } from '../space/labels.ts';
import { either } from '../space/pattern.ts';
import { anyTransport, type TransportProtocol, type TransportSet, transportPoint, wholeProtocol } from '../space/transport.ts';
import { anyPlace, type End, everyAddress, reservedNames } from './cell.ts';
import { cubesOf, type LabelCube, type ValueSet } from './label-cube.ts';
import { isWithin, type NameCube } from './name-cube.ts';
import { patternWords } from './pattern-words.ts';

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

const isSet = (set: ValueSet | undefined, absent: boolean): boolean =>
  set !== undefined && set.absent === absent && set.others !== absent && set.values.length === 0;

/** ` in namespace "shop"`; `what` is a namespace or a cluster. */
function placeWords(what: string, set: ValueSet | undefined): string {
  if (!set) return '';
  if (isSet(set, true)) return ` in no ${what}`;
  return isSet(set, false) ? ` in a ${what}` : ` in ${what} ${valueWords(set)}`;
}

const keyWords = (key: string): string => (/^[A-Za-z_][A-Za-z0-9_]*(-[A-Za-z0-9_]+)*$/.test(key) ? key : JSON.stringify(key));

/** `{ team: "x", env: exists }`. */
const testsWords = (tests: readonly (readonly [string, ValueSet])[]): string =>
  `{ ${[...tests]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, set]) => `${keyWords(key)}: ${valueWords(set)}`)
    .join(', ')} }`;

const ofNamespace = `${namespaceKey}/`;

/** `{ app: "cart" } in namespace "shop" in namespace { team: "x" } in cluster "c"`. */
export function cubeWords(cube: LabelCube): string {
  const own = [...cube].filter(([key]) => !key.startsWith('@'));
  const namespaceLabels = [...cube].flatMap(([key, set]) =>
    key.startsWith(ofNamespace) ? [[key.slice(ofNamespace.length), set] as const] : [],
  );
  const places = [
    placeWords('namespace', cube.get(namespaceKey)),
    namespaceLabels.length > 0 ? ` in namespace ${testsWords(namespaceLabels)}` : '',
    placeWords('cluster', cube.get('@cluster')),
  ];
  return (own.length === 0 ? 'every workload' : testsWords(own)) + places.join('');
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

/** The peers that a rule names so. */
export const reservedSetWords = ({ name, except, labels }: ReservedSet): string =>
  reservedWords(new Map([...(name === undefined ? [] : [[name, true] as const]), ...except.map((one) => [one, false] as const)])) +
  (labels ? labelled(cubesOf(labels).map(cubeWords).join(' or ')) : '');

const labelled = (cubes: string): string => ` with ${cubes}`;
const serverWords = (isApiServer: boolean | undefined): string =>
  isApiServer === undefined ? '' : isApiServer ? ' where the API server stands' : ' where no API server stands';

function reservedWords(names: ReadonlyMap<string, boolean>): string {
  const borne = reservedNames.filter((name) => names.get(name) === true);
  // No endpoint is `init` and something else.
  const not = reservedNames.filter(
    (name) => names.get(name) === false && (borne.length === 0 || (name !== 'init' && !borne.includes('init'))),
  );
  const without = not.length > 0 ? ` (and not ${not.join(', ')})` : '';
  return borne.length > 0
    ? borne.join(' that is also ') + without
    : not.length > 0
      ? `every reserved endpoint but ${not.join(', ')}`
      : 'every reserved endpoint';
}

/** ` known by api.example.com and by no *.org`; every set of names is without words. */
function nameWords({ classes, flags }: NameCube): string {
  const placesOf = (met: boolean): readonly number[] => [...flags].flatMap(([place, flag]) => (flag === met ? [place] : []));
  // Who is known by a name of one pattern is known by one of every wider pattern, too.
  const isSaid = (place: number, by: readonly number[], met: boolean): boolean =>
    by.some((other) => (met ? isWithin(classes, other, place) : isWithin(classes, place, other)) && other !== place);
  const words = (met: boolean): readonly string[] =>
    placesOf(met).flatMap((place) => (isSaid(place, placesOf(met), met) ? [] : patternWords(classes.patterns[place] ?? either())));
  const [by, not] = [words(true), words(false)];
  return [by.length > 0 ? ` known by ${by.join(' and ')}` : '', not.length > 0 ? ` not known by ${not.join(' or ')}` : ''].join('');
}

/** ` at 10.0.0.0/8`: the address of a managed endpoint, where it matters. */
function placedWords(addresses: AddressSet): string {
  if (equals(addresses, anyPlace)) return '';
  const known = intersect(addresses, everyAddress);
  if (isEmpty(known)) return ' without a known address';
  // Without an address is as outside of every network: the addresses that are left out say it shorter.
  if (known === addresses || equals(known, addresses)) return ` at ${addressWords(known)}`;
  return ` not at ${addressWords(subtract(everyAddress, known))}`;
}

export function endWords(end: End): string {
  switch (end.kind) {
    case 'workload':
      return cubeWords(end.labels) + placedWords(end.addresses);
    case 'reserved':
      return reservedWords(end.names) + (end.labels ? labelled(cubeWords(end.labels)) : '') + placedWords(end.addresses);
    case 'address':
      return addressWords(end.addresses) + nameWords(end.names) + serverWords(end.isApiServer);
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
