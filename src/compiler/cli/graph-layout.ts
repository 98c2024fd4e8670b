// Where the nodes and edges of a graph stand: in columns, from those that only begin connections to those that only end them; in a
// column so that edges cross little. An edge over several columns has a lane of its own in each between. The same graph gives the
// same picture.
import type { GraphEdge, GraphNode, ReportGraph } from '../analysis/report-graph.ts';

export type PlacedNode = GraphNode & { readonly x: number; readonly y: number };
/** `path` is of SVG; `x`, `y` stand for its text. */
export type PlacedEdge = GraphEdge & { readonly path: string; readonly x: number; readonly y: number };
export type Layout = {
  readonly nodes: readonly PlacedNode[];
  readonly edges: readonly PlacedEdge[];
  readonly width: number;
  readonly height: number;
};

/** Pixels. */
export const nodeWidth = 176;
export const nodeHeight = 44;
const laneHeight = 10;
const columnGap = 150;
const rowGap = 22;
const margin = 16;
const sweeps = 12;

/** What stands in a column: a node, or a lane that an edge takes through it. */
type Item = { readonly id: string; readonly node?: GraphNode };
type Columns = readonly (readonly Item[])[];
/** An edge as the items that it goes through, from left to right. */
type Route = { readonly edge: GraphEdge; readonly items: readonly string[] };
type Point = { readonly x: number; readonly y: number };

export function layoutOf(graph: ReportGraph): Layout {
  const ranks = ranksOf(graph);
  const { columns, routes } = withLanes(graph, ranks);
  const ordered = orderedColumns(columns, routes);
  const heights = ordered.map((column) => column.reduce((sum, item) => sum + heightOf(item) + rowGap, -rowGap));
  const height = 2 * margin + Math.max(nodeHeight, ...heights);
  const places = new Map<string, Point>();
  ordered.forEach((column, i) => {
    let y = (height - (heights[i] ?? 0)) / 2;
    for (const item of column) {
      places.set(item.id, { x: margin + i * (nodeWidth + columnGap), y });
      y += heightOf(item) + rowGap;
    }
  });
  const edges = placedEdges(routes, places);
  const loops = graph.edges.some(({ from, to }) => from === to);
  const nodes = graph.nodes.flatMap((node) => {
    const place = places.get(node.id);
    return place ? [{ ...node, ...place }] : [];
  });
  const width = 2 * margin + Math.max(1, ordered.length) * (nodeWidth + columnGap) - columnGap + (loops ? 40 : 0);
  return { nodes, edges, width, height };
}

const heightOf = ({ node }: Item): number => (node ? nodeHeight : laneHeight);

/** A node stands behind all that reach it, as far as there are no circles: the edge that would close one is left out. */
function ranksOf({ nodes, edges }: ReportGraph): ReadonlyMap<string, number> {
  const before = new Map<string, string[]>(nodes.map(({ id }) => [id, []]));
  for (const { from, to } of edges) if (from !== to && !isReached(before, from, to)) before.get(to)?.push(from);
  const ranks = new Map<string, number>();
  const rankOf = (id: string): number => {
    const known = ranks.get(id);
    if (known !== undefined) return known;
    const rank = Math.max(-1, ...(before.get(id) ?? []).map(rankOf)) + 1;
    ranks.set(id, rank);
    return rank;
  };
  for (const { id } of nodes) rankOf(id);
  return ranks;
}

/** Is `start` behind `goal` already? */
function isReached(before: ReadonlyMap<string, readonly string[]>, start: string, goal: string): boolean {
  const seen = new Set<string>();
  const waiting = [start];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    if (id === goal) return true;
    if (seen.has(id)) continue;
    seen.add(id);
    waiting.push(...(before.get(id) ?? []));
  }
  return false;
}

function withLanes({ nodes, edges }: ReportGraph, ranks: ReadonlyMap<string, number>) {
  const columns: Item[][] = Array.from({ length: Math.max(0, ...ranks.values()) + 1 }, () => []);
  for (const node of nodes) columns[ranks.get(node.id) ?? 0]?.push({ id: node.id, node });
  const routes = edges.map((edge, number): Route => {
    const [one, other] = [ranks.get(edge.from) ?? 0, ranks.get(edge.to) ?? 0];
    const [left, right] = one <= other ? [edge.from, edge.to] : [edge.to, edge.from];
    const [low, high] = [Math.min(one, other), Math.max(one, other)];
    const lanes = Array.from({ length: Math.max(0, high - low - 1) }, (_, i) => ({
      id: `lane ${number} ${low + 1 + i}`,
      rank: low + 1 + i,
    }));
    for (const { id, rank } of lanes) columns[rank]?.push({ id });
    return { edge, items: [left, ...lanes.map(({ id }) => id), right] };
  });
  return { columns, routes };
}

/** Each item goes to the middle of its neighbours, from the left and from the right, a few times. */
function orderedColumns(columns: Columns, routes: readonly Route[]): Columns {
  const near = new Map<string, string[]>();
  for (const { items } of routes)
    for (const [i, item] of items.entries()) {
      const neighbours = [items[i - 1], items[i + 1]].flatMap((one) => one ?? []);
      near.set(item, [...(near.get(item) ?? []), ...neighbours]);
    }
  let ordered = columns;
  for (let sweep = 0; sweep < sweeps; sweep++) {
    const place = new Map(ordered.flatMap((column) => column.map(({ id }, row) => [id, (row + 0.5) / column.length] as const)));
    const middle = (id: string): number => {
      const places = (near.get(id) ?? []).map((one) => place.get(one) ?? 0);
      return places.length > 0 ? places.reduce((sum, one) => sum + one, 0) / places.length : (place.get(id) ?? 0);
    };
    ordered = ordered.map((column) =>
      column
        .map((item) => ({ item, at: middle(item.id) }))
        .sort((a, b) => a.at - b.at)
        .map(({ item }) => item),
    );
  }
  return ordered;
}

type Side = 'left' | 'right';

/** Where edges leave and enter a node: side by side, in the order of where they lead. */
function placedEdges(routes: readonly Route[], places: ReadonlyMap<string, Point>): readonly PlacedEdge[] {
  const ports = new Map<string, { readonly route: Route; readonly toward: number }[]>();
  const portKey = (id: string, side: Side): string => `${side} ${id}`;
  const add = (id: string, side: Side, port: { readonly route: Route; readonly toward: number }): void => {
    ports.set(portKey(id, side), [...(ports.get(portKey(id, side)) ?? []), port]);
  };
  for (const route of routes) {
    const [first = '', second = ''] = route.items;
    const [before = '', last = ''] = route.items.slice(-2);
    add(first, 'right', { route, toward: places.get(second)?.y ?? 0 });
    if (first !== last) add(last, 'left', { route, toward: places.get(before)?.y ?? 0 });
  }
  const portAt = (route: Route, id: string, side: Side): Point => {
    const { x, y } = places.get(id) ?? { x: 0, y: 0 };
    const own = [...(ports.get(portKey(id, side)) ?? [])].sort((a, b) => a.toward - b.toward);
    const share = (own.findIndex((port) => port.route === route) + 1) / (own.length + 1);
    return { x: side === 'right' ? x + nodeWidth : x, y: y + share * nodeHeight };
  };
  return routes.map((route) => placedEdge(route, places, portAt));
}

type PortAt = (route: Route, id: string, side: Side) => Point;

function placedEdge(route: Route, places: ReadonlyMap<string, Point>, portAt: PortAt): PlacedEdge {
  const { edge, items } = route;
  const [first = '', last = ''] = [items[0], items.at(-1)];
  const start = portAt(route, first, 'right');
  if (edge.from === edge.to) return loop(edge, start);
  const sameColumn = places.get(first)?.x === places.get(last)?.x;
  const end = sameColumn ? { ...portAt(route, last, 'left'), x: start.x } : portAt(route, last, 'left');
  if (sameColumn) {
    const out = start.x + 60 + Math.abs(end.y - start.y) / 8;
    return {
      ...edge,
      path: `M ${start.x} ${start.y} C ${out} ${start.y}, ${out} ${end.y}, ${end.x} ${end.y}`,
      x: out - 20,
      y: (start.y + end.y) / 2,
    };
  }
  const lanes = items.slice(1, -1).flatMap((id) => {
    const { x, y } = places.get(id) ?? { x: 0, y: 0 };
    return [
      { x, y: y + laneHeight / 2 },
      { x: x + nodeWidth, y: y + laneHeight / 2 },
    ];
  });
  const points = [start, ...lanes, end];
  const path = curve(edge.from === first ? points : points.reverse());
  const [one, two] = edge.from === first ? [start, points[1] ?? end] : [end, points[1] ?? start];
  return { ...edge, path, x: (one.x + two.x) / 2, y: (one.y + two.y) / 2 - 5 };
}

function loop(edge: GraphEdge, { x, y }: Point): PlacedEdge {
  return { ...edge, path: `M ${x} ${y - 8} C ${x + 40} ${y - 30}, ${x + 40} ${y + 30}, ${x} ${y + 8}`, x: x + 22, y: y - 22 };
}

/** Level at each point. */
function curve([start, ...rest]: readonly Point[]): string {
  let from = start ?? { x: 0, y: 0 };
  const parts = [`M ${from.x} ${from.y}`];
  for (const to of rest) {
    const bend = (to.x - from.x) / 2;
    parts.push(from.y === to.y ? `L ${to.x} ${to.y}` : `C ${from.x + bend} ${from.y}, ${to.x - bend} ${to.y}, ${to.x} ${to.y}`);
    from = to;
  }
  return parts.join(' ');
}
