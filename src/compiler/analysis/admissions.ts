// Which connections are admitted between nodes, as sets of points alone: what analyses compare of two states of policies.
import { invariant } from '../base/assert.ts';
import type { Direction } from '../ir/typed.ts';
import { intersect, union } from '../space/interval.ts';
import { anyTransport, type TransportSet } from '../space/transport.ts';
import type { ContentClasses } from './content.ts';
import { decide, isAllowed } from './decide.ts';
import { judge } from './judge.ts';
import type { Node } from './nodes.ts';
import { firstAlike, isOutside, type Piece, type Reachability, type ReachabilityMemory } from './reachability.ts';
import { contentOf } from './split.ts';

/** What one side admits; `isGoverned`: some policy says something about its direction. */
export type Side = { readonly points: TransportSet; readonly isGoverned: boolean };
/** Two ends, each standing for all that no rule can tell from it. */
export type NodePair = { readonly source: Node; readonly destination: Node };

const everything: Side = { points: anyTransport, isGoverned: false };

/** Remembers what it was asked. */
export class Admissions {
  readonly #reachability: Reachability;
  readonly #contents: ContentClasses;
  readonly #sides: Readonly<Record<Direction, Map<Node, Map<Node, Side>>>> = { ingress: new Map(), egress: new Map() };

  constructor(reachability: Reachability, { contents }: ReachabilityMemory) {
    this.#reachability = reachability;
    this.#contents = contents;
  }

  side(direction: Direction, { source, destination }: NodePair): Side {
    if (isOutside(direction === 'egress' ? source : destination)) return everything;
    const known = this.#sides[direction].get(source) ?? new Map<Node, Side>();
    this.#sides[direction].set(source, known);
    const side = known.get(destination) ?? this.#sideOf(direction, { source, destination });
    known.set(destination, side);
    return side;
  }

  /** What both sides admit. */
  allowed(pair: NodePair): TransportSet {
    const [egress, ingress] = [this.side('egress', pair), this.side('ingress', pair)];
    if (egress.points === anyTransport) return ingress.points;
    return ingress.points === anyTransport ? egress.points : intersect(egress.points, ingress.points);
  }

  /** What both sides admit, and one of them since a policy governs it. */
  explicit(pair: NodePair): TransportSet {
    const sides = [this.side('egress', pair), this.side('ingress', pair)];
    return sides.some(({ isGoverned }) => isGoverned) ? this.allowed(pair) : [];
  }

  #sideOf(direction: Direction, { source, destination }: NodePair): Side {
    const { rules, denying } = this.#reachability.governing(direction, direction === 'egress' ? source : destination);
    const [first, ...others] = this.#reachability.pieces(direction, source, destination).filter((piece) => this.#isAdmitted(piece));
    const points = others.map((piece) => piece.points).reduce(union, first?.points ?? []);
    return { points, isGoverned: rules.length + denying.length > 0 };
  }

  #isAdmitted({ speakers }: Piece): boolean {
    if (speakers.rules.every(({ rule }) => contentOf(rule) === undefined)) return isAllowed(decide(speakers, () => false));
    const [whole] = judge([speakers], { contents: this.#contents, connection: true, asked: [] });
    const [decision] = whole?.decisions ?? [];
    invariant(decision, 'a judgement of one side');
    return isAllowed(decision);
  }
}

/** The first of the nodes that no rule tells apart, and how many each stands for. */
export function representatives(nodes: readonly Node[]): ReadonlyMap<Node, number> {
  const counts = new Map<Node, number>();
  for (const first of firstAlike(nodes).values()) counts.set(first, (counts.get(first) ?? 0) + 1);
  return counts;
}

/** All pairs of which at least one end can be governed, those that no rule tells apart once. */
export function nodePairs(nodes: readonly Node[]): readonly NodePair[] {
  const counts = representatives(nodes);
  return pairsBetween(counts, [...counts.keys()], [...counts.keys()]);
}

/** Those of some sources and destinations. A node that stands for itself alone is no pair with itself. */
export const pairsBetween = (
  counts: ReadonlyMap<Node, number>,
  sources: readonly Node[],
  destinations: readonly Node[],
): readonly NodePair[] =>
  sources.flatMap((source) =>
    destinations.flatMap((destination) => {
      const isPair = source === destination ? (counts.get(source) ?? 0) > 1 : !(isOutside(source) && isOutside(destination));
      return isPair ? [{ source, destination }] : [];
    }),
  );
