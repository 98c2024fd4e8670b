// Answers against the files of expected outputs: what they say, not how it is written. Connections are compared end by end.
import { load } from 'js-yaml';
import { type Node, rangeText } from '../../src/compiler/analysis/nodes.ts';
import { isOutside } from '../../src/compiler/analysis/reachability.ts';
import { isObject } from '../../src/compiler/interchange/documents/json.ts';
import { intersect, isEmpty, subtract, union } from '../../src/compiler/space/interval.ts';
import type { TransportSet } from '../../src/compiler/space/transport.ts';
import { type ExpectedLine, isEnd, isSame, linesIn, pointsIn } from './expected-connections.ts';
import { compareFindings } from './expected-findings.ts';
import { type Change, changesOf, focused, strongDifference } from './queries.ts';
import type { Query } from './scheme.ts';
import { endsOf, type Named } from './world.ts';

/** What differs; undefined: nothing does. */
export function compareOutput(query: Query, named: readonly Named[], text: string): string | undefined {
  if (query.kind === 'emptiness' || query.kind === 'redundancy') return compareFindings(query, named, text);
  const lines = query.format === 'json' || query.format === 'yaml' ? linesInTree(load(text)) : linesIn(text);
  const wrong = lines.find(({ connection }) => pointsIn(connection) === undefined);
  if (wrong) return `\`${wrong.connection}\` of the expected output is not understood`;
  const [first, second] = named;
  if (query.kind === 'connectivityMap')
    return named.flatMap((set) => compareLines(linesOf(lines, set, named.length), foundIn(set), set) ?? [])[0];
  if (!first || !second) return 'an output of two sets was expected';
  return query.kind === 'semanticDiff'
    ? compareChanges(lines, first, second)
    : compareLines(lines, pairsIn(query.kind, first, second), second);
}

/** The connections of `explanation`, in YAML or JSON. */
function linesInTree(value: unknown): readonly ExpectedLine[] {
  if (Array.isArray(value)) return value.flatMap(linesInTree);
  if (!isObject(value)) return [];
  const { src, dst, conn, conns_config1: own } = value;
  if (!Array.isArray(src) || !Array.isArray(dst)) return Object.values(value).flatMap(linesInTree);
  const connection = conn ?? own ?? value['description'] ?? '';
  return [{ section: '', source: `[${src.join(',')}]`, destination: `[${dst.join(',')}]`, connection: String(connection) }];
}

/** Of several sets each has a heading. */
const linesOf = (lines: readonly ExpectedLine[], { name }: Named, sets: number): readonly ExpectedLine[] =>
  sets === 1 ? lines : lines.filter(({ section }) => section.endsWith(`config: ${name}:`));

type Found = { readonly source: Node; readonly destination: Node; readonly points: TransportSet };

function foundIn(set: Named): readonly Found[] {
  const { admissions, nodes } = focused(set, endsOf([set]));
  return everyPair(nodes).map((pair) => ({ ...pair, points: admissions.allowed(pair) }));
}

const everyPair = (nodes: readonly Node[]) =>
  nodes.flatMap((source) =>
    nodes.flatMap((destination) =>
      source === destination || (isOutside(source) && isOutside(destination)) ? [] : [{ source, destination }],
    ),
  );

/** What permits, forbids and strongEquivalence list: connections that break the statement. */
function pairsIn(kind: string, base: Named, other: Named): readonly Found[] {
  if (kind === 'strongEquivalence') return strongDifference(base, other);
  const ends = endsOf([base, other]);
  const [specified, held] = [focused(other, ends).admissions, focused(base, ends).admissions];
  return everyPair(ends).map((pair) => {
    const [one, all] = [specified.explicit(pair), held.allowed(pair)];
    return { ...pair, points: kind === 'forbids' ? intersect(one, all) : subtract(one, all) };
  });
}

/**
 * For each pair the lines that name it say what was found, one of them where pods of one owner differ. Connections of pods that one
 * owner makes are not in lines of owners.
 */
function compareLines(lines: readonly ExpectedLine[], pairs: readonly Found[], { set: { owners } }: Named): string | undefined {
  const byOwner = lines.some(({ source, destination }) => /\[[A-Z]\w*\]$/.test(source) || /\[[A-Z]\w*\]$/.test(destination));
  const known = lines.filter(isOfNetworkPolicies).map(({ source, destination, connection }) => ({
    source,
    destination,
    isSource: remembered((node) => isEnd(source, node, owners)),
    isDestination: remembered((node) => isEnd(destination, node, owners)),
    connection,
    points: pointsIn(connection) ?? [],
  }));
  const ranges = remembered(rangesOf);
  const ends = [...new Set(pairs.flatMap(({ source, destination }) => [source, destination]))].flatMap(ranges);
  const nobodys = known.find(({ isSource, isDestination }) => !ends.some(isSource) || !ends.some(isDestination));
  if (nobodys && pairs.length > 0) return `nobody is an end of \`${nobodys.source} => ${nobodys.destination}\``;
  for (const { source, destination, points } of pairs) {
    if (byOwner && owners.get(source.name) !== undefined && owners.get(source.name) === owners.get(destination.name)) continue;
    for (const from of ranges(source))
      for (const to of ranges(destination)) {
        const about = known.filter(({ isSource, isDestination }) => isSource(from) && isDestination(to));
        const expected = about.map((line) => line.points);
        const isRight =
          byOwner && expected.length > 1 ? expected.some((one) => isSame(one, points)) : isSame(expected.reduce(union, []), points);
        if (!isRight)
          return `${from.name} => ${to.name}: ${about.map(({ connection }) => connection).join(' and ') || 'nothing'} was expected`;
      }
  }
  return undefined;
}

/** Names outside are of Istio's ServiceEntries. */
const isOfNetworkPolicies = ({ destination }: ExpectedLine): boolean => !/^dst: (?:\*\.)?[a-z]/.test(destination);

/** Of addresses each range by itself: so they are listed. */
const rangesOf = (node: Node): readonly Node[] =>
  node.kind === 'addresses' ? (node.ranges ?? []).map((range) => ({ ...node, name: rangeText(range), ranges: [range] })) : [node];

function remembered<T>(compute: (node: Node) => T): (node: Node) => T {
  const values = new Map<Node, T>();
  return (node) => {
    const value = values.get(node) ?? compute(node);
    values.set(node, value);
    return value;
  };
}

/** The kinds of changes under the headings that they have. */
const headings: readonly (readonly [RegExp, string])[] = [
  [/^Lost connections between removed peers and ipBlocks/, 'lost ipBlocks'],
  [/^Lost connections between removed peers and persistent/, 'lost persistent'],
  [/^Lost connections between removed peers/, 'lost own'],
  [/^Added connections between persistent peers and ipBlocks/, 'added ipBlocks'],
  [/^Added connections between persistent peers/, 'added persistent'],
  [/^Removed connections between persistent peers and ipBlocks/, 'removed ipBlocks'],
  [/^Removed connections between persistent peers/, 'removed persistent'],
  [/^New connections between persistent peers and added/, 'new persistent'],
  [/^New connections between added peers and ipBlocks/, 'new ipBlocks'],
  [/^New connections between added peers/, 'new own'],
];

function compareChanges(lines: readonly ExpectedLine[], one: Named, other: Named): string | undefined {
  const kindOf = ({ section }: ExpectedLine): string => headings.find(([heading]) => heading.test(section))?.[1] ?? section;
  const isOfKind = kindsOfPairs(one, other);
  const changes = changesOf(one, other);
  const pairs = everyPair(endsOf([one, other]));
  const owners = new Map([...one.set.owners, ...other.set.owners]);
  for (const kind of new Set([...headings.map(([, name]) => name), ...lines.map(kindOf)])) {
    const of = new Map(changes.filter((change) => change.kind === kind).map((change) => [keyOf(change), change.points]));
    const found = pairs.map((pair) => ({ ...pair, points: of.get(keyOf(pair)) ?? [] }));
    const own = lines.filter((line) => kindOf(line) === kind);
    const concerned = own.length === 0 && of.size === 0 ? [] : found.filter(({ points }) => own.length > 0 || !isEmpty(points));
    const difference = compareLines(
      own,
      concerned.filter((pair) => isOfKind(kind, pair)),
      { ...other, set: { ...other.set, owners } },
    );
    if (difference !== undefined) return `${kind}: ${difference}`;
  }
  return undefined;
}

const keyOf = ({ source, destination }: Pick<Change, 'source' | 'destination'>): string => `${source.name} -> ${destination.name}`;

/** Lines name owners and labels, which pods of another kind of change may have too: of which kinds can a pair be? */
function kindsOfPairs(one: Named, other: Named): (kind: string, pair: Pick<Change, 'source' | 'destination'>) => boolean {
  const [old, now] = [new Set(one.situation.nodes), new Set(other.situation.nodes)];
  const stateOf = remembered((node) => (isOutside(node) ? 'ipBlocks' : !now.has(node) ? 'lost' : !old.has(node) ? 'new' : 'persistent'));
  return (kind, { source, destination }) => {
    const states = [stateOf(source), stateOf(destination)];
    const [state = '', place] = kind.split(' ');
    const isIn = (wanted: string): boolean => states.some((one) => one === wanted);
    if (state === 'lost' || state === 'new') return isIn(state) && (place === 'own' ? states[0] === states[1] : isIn(place ?? ''));
    return !isIn('lost') && !isIn('new') && (place === 'ipBlocks') === isIn('ipBlocks');
  };
}
