// What a change of manifests does to the connections between the workloads that there are: new and lost workloads, and each
// connection that came, went or became another. Exact: ends are told apart as finely as both states ask, and both are decided.
import type { TypedPolicy } from '../ir/typed.ts';
import type { Stated } from '../ir/workload.ts';
import { union } from '../space/interval.ts';
import { connectivityOf, endNames, partsText, withoutImpliedNames } from './connectivity.ts';
import type { Node, NodeKind } from './nodes.ts';
import { type Connection, isOutside } from './reachability.ts';

/** Policies, and the workloads that they are asked about. */
export type ConnectivityState = { readonly typed: TypedPolicy; readonly stated: Stated };

/** `before`, `after`: the connection in words; absent: there is none. */
export type ConnectivityChange = {
  readonly effect: 'added' | 'removed' | 'changed';
  readonly source: string;
  readonly sourceKind: NodeKind;
  readonly destination: string;
  readonly destinationKind: NodeKind;
  readonly before?: string;
  readonly after?: string;
  /** Workloads among the ends that only one of the states has. */
  readonly newWorkloads: readonly string[];
  readonly lostWorkloads: readonly string[];
};
/** Workloads that only one of two states has, and every connection that differs. */
export type ConnectivityDiff = {
  readonly newWorkloads: readonly string[];
  readonly lostWorkloads: readonly string[];
  readonly changes: readonly ConnectivityChange[];
};

/** In order of source and destination. @throws AnalysisLimit */
export function connectivityDiff(before: ConnectivityState, after: ConnectivityState): ConnectivityDiff {
  const [old, now] = [
    connectivityOf(before.typed, before.stated, [after.typed]),
    connectivityOf(after.typed, after.stated, [before.typed]),
  ];
  const [had, has] = [old, now].map(({ workloads }) => new Set(workloads.map(({ name }) => name)));
  const newWorkloads = now.workloads.map(({ name }) => name).filter((name) => !had?.has(name));
  const lostWorkloads = old.workloads.map(({ name }) => name).filter((name) => !has?.has(name));
  const changed = pairsOf(old.connections, now.connections);
  const pairs = joinedPairs(withoutImpliedNames(changed, (pair) => JSON.stringify([pair.before, pair.after])));
  const own = (pair: Pair, names: readonly string[]): readonly string[] =>
    names.filter((name) => name === pair.source.name || name === pair.destination.name);
  const changes = pairs.flatMap((pair) =>
    endNames(pair.source).flatMap((source) =>
      endNames(pair.destination).map(
        (destination): ConnectivityChange => ({
          effect: pair.before === undefined ? 'added' : pair.after === undefined ? 'removed' : 'changed',
          ...{ source, sourceKind: pair.source.kind, destination, destinationKind: pair.destination.kind },
          ...(pair.before !== undefined && { before: pair.before }),
          ...(pair.after !== undefined && { after: pair.after }),
          ...{ newWorkloads: own(pair, newWorkloads), lostWorkloads: own(pair, lostWorkloads) },
        }),
      ),
    ),
  );
  const key = ({ source, destination }: ConnectivityChange): string => `${source}\0${destination}`;
  return { newWorkloads, lostWorkloads, changes: changes.sort((a, b) => (key(a) < key(b) ? -1 : 1)) };
}

type Pair = { readonly source: Node; readonly destination: Node; readonly before?: string; readonly after?: string };

/** The pairs of ends whose connection differs. */
function pairsOf(before: readonly Connection[], after: readonly Connection[]): readonly Pair[] {
  const pairs = new Map<string, Pair>();
  const keyOf = ({ source, destination }: Connection): string => `${nodeKey(source)} -> ${nodeKey(destination)}`;
  for (const one of before) pairs.set(keyOf(one), { source: one.source, destination: one.destination, before: partsText(one.parts) });
  for (const one of after) {
    const { source, destination } = one;
    pairs.set(keyOf(one), { ...(pairs.get(keyOf(one)) ?? { source, destination }), after: partsText(one.parts) });
  }
  return [...pairs.values()].filter((pair) => pair.before !== pair.after);
}

/** Both states tell the same ranges apart; the lowest address says which. */
const nodeKey = (node: Node): string =>
  `${node.kind} ${isOutside(node) ? `${node.ranges?.[0]?.low} ${node.kind === 'names' ? node.name : ''}` : node.name}`;

/** Ranges that one workload's connection changed with alike, as one. */
function joinedPairs(pairs: readonly Pair[]): readonly Pair[] {
  const groups = new Map<string, Pair>();
  for (const pair of pairs) {
    const side = isOutside(pair.source) ? 'source' : isOutside(pair.destination) ? 'destination' : undefined;
    const end = side && pair[side];
    const other = side === 'source' ? pair.destination : pair.source;
    const key = end
      ? [side, end.kind, end.kind === 'names' ? end.name : '', other.name, pair.before, pair.after].join('\0')
      : `${groups.size}`;
    const same = groups.get(key);
    if (!same || !side) groups.set(key, pair);
    else groups.set(key, { ...same, [side]: { ...same[side], ranges: union(same[side].ranges ?? [], end?.ranges ?? []) } });
  }
  return [...groups.values()];
}
