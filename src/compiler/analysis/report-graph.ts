// A review as a graph of who reaches whom: what opened, what closed, and what is and stays open around it. Edges that changed are the
// changes of the report; an edge that is kept has one flow that is allowed before and after.
import { invariant } from '../base/assert.ts';
import type { NetworkRule, PeerSet, Policy, TypedPolicy } from '../ir/typed.ts';
import { anyAddress, anyPlace, anyWorkload, type Cell, type End, endRelation, subjectEndRelation } from './cell.ts';
import type { ConnectivityChange, ConnectivityDiff } from './connectivity-diff.ts';
import { eventWords } from './event-words.ts';
import { AnalysisLimit, limited } from './limit.ts';
import type { NodeKind } from './nodes.ts';
import { verdictOf } from './oracle.ts';
import type { Relation } from './relation.ts';
import { type ChangeRecord, type DiffReport, type EndRecord, endRecord } from './report.ts';
import { namesOf } from './spaces.ts';
import { flowIn } from './witness.ts';
import { endWords, transportWords } from './words.ts';

/** `detail`: in full words. `namespace`: of workloads of one. */
export type GraphNode = EndRecord & { readonly id: string; readonly detail: string; readonly namespace?: string };
export type EdgeState = 'opened' | 'closed' | 'both' | 'audited' | 'kept';
/** `changes`: places in the report. `text`: where, of the first. `example`: of a kept one. */
export type GraphEdge = {
  readonly from: string;
  readonly to: string;
  readonly state: EdgeState;
  readonly changes: readonly number[];
  readonly text: string;
  readonly example?: string;
};
/** `omitted`: edges that are not drawn. */
export type ReportGraph = { readonly nodes: readonly GraphNode[]; readonly edges: readonly GraphEdge[]; readonly omitted: number };

/** A picture with more says less. */
const [mostChanged, mostKept] = [300, 120];

export function reportGraph({ changes }: DiffReport, before: TypedPolicy, after: TypedPolicy): ReportGraph {
  const nodes = new Map<string, GraphNode>();
  const changed = new Map<string, { readonly from: string; readonly to: string; readonly places: number[] }>();
  let left = 0;
  for (const [place, change] of changes.entries()) {
    if (change.severity === 'none') continue;
    const [from, to] = endsOf(change);
    invariant(from && to, 'an edge has two ends');
    const key = `${from.id} ${to.id}`;
    const edge = changed.get(key);
    if (edge) edge.places.push(place);
    else if (changed.size < mostChanged) changed.set(key, { from: keep(nodes, from), to: keep(nodes, to), places: [place] });
    else left++;
  }
  const edges = [...changed.values()].map(({ from, to, places }) => edgeOf(from, to, { places, changes }));
  // A picture of what did not change is worth no error.
  const found = limited(() => keptEdges(before, after));
  const kept = (found instanceof AnalysisLimit ? [] : found).filter(({ from, to }) => !changed.has(`${from.id} ${to.id}`));
  const drawn = kept.slice(0, mostKept).map(({ from, to, text, example }): GraphEdge => {
    return { from: keep(nodes, from), to: keep(nodes, to), state: 'kept', changes: [], text, example };
  });
  return { nodes: [...nodes.values()], edges: [...edges, ...drawn], omitted: left + kept.length - drawn.length };
}

function keep(nodes: Map<string, GraphNode>, node: GraphNode): string {
  if (!nodes.has(node.id)) nodes.set(node.id, node);
  return node.id;
}

/** From whom to whom; of a process to what it does. */
function endsOf({ section, domain = 'event', subject, peer = '', ends, namespaces }: ChangeRecord): readonly GraphNode[] {
  const [namespace] = namespaces;
  const own: GraphNode = {
    ...ends.subject,
    id: subject,
    detail: subject,
    ...(namespace !== undefined && namespaces.length === 1 && { namespace }),
  };
  if (section === 'process') return [own, { kind: 'any', name: domain, id: `process ${domain}`, detail: `what programs do: ${domain}` }];
  const other: GraphNode = { ...(ends.peer ?? { kind: 'any', name: peer }), id: peer, detail: peer, ...namespaceIn(peer) };
  return section === 'ingress' ? [other, own] : [own, other];
}

/** The words of an end name its namespace, if it is one. */
function namespaceIn(words: string): { readonly namespace?: string } {
  const [, namespace] = / in namespace "([^"]+)"/.exec(words) ?? [];
  return namespace === undefined ? {} : { namespace };
}

type Changed = { readonly places: readonly number[]; readonly changes: readonly ChangeRecord[] };

function edgeOf(from: string, to: string, { places, changes }: Changed): GraphEdge {
  const own = places.flatMap((place) => changes[place] ?? []);
  const has = (effect: ChangeRecord['effect']): boolean => own.some((change) => change.effect === effect);
  const [opened, closed] = [has('newly-allowed'), has('newly-denied')];
  const [first] = own;
  const place = first?.section === 'process' ? (first.content ?? 'every event') : (first?.at ?? '');
  return {
    from,
    to,
    state: opened && closed ? 'both' : opened ? 'opened' : closed ? 'closed' : 'audited',
    changes: places,
    text: own.length > 1 ? `${place} and ${own.length - 1} more` : place,
  };
}

// --- workloads that there are ---------------------------------------------------------------------------------------

/** The connections that came, went or changed, each with the changes of the report that are about both its ends. */
export function connectionGraph({ changes: connections }: ConnectivityDiff, changes: readonly ChangeRecord[]): ReportGraph {
  const nodes = new Map<string, GraphNode>();
  const drawn = connections.slice(0, mostChanged);
  const edges = drawn.map(({ effect, source, sourceKind, destination, destinationKind, before, after }): GraphEdge => {
    const [from, to] = [keep(nodes, endNode(source, sourceKind)), keep(nodes, endNode(destination, destinationKind))];
    const places = changes.flatMap((change, place) =>
      isAbout(change, { source, sourceKind, destination, destinationKind }) ? [place] : [],
    );
    const text = effect === 'changed' ? `${before}, now ${after}` : (after ?? before ?? '');
    return { from, to, state: effect === 'added' ? 'opened' : effect === 'removed' ? 'closed' : 'both', changes: places, text };
  });
  return { nodes: [...nodes.values()], edges, omitted: connections.length - drawn.length };
}

type ConnectionEnds = Pick<ConnectivityChange, 'source' | 'sourceKind' | 'destination' | 'destinationKind'>;

const endKinds: Readonly<Record<NodeKind, GraphNode['kind']>> = {
  workload: 'workload',
  addresses: 'address',
  names: 'address',
  entity: 'reserved',
  controller: 'reserved',
};

function endNode(name: string, kind: NodeKind): GraphNode {
  const [, namespace, short] = /^([^/]+)\/(.+)$/.exec(kind === 'workload' ? name : '') ?? [];
  return { kind: endKinds[kind], name: short ?? name, id: name, detail: name, ...(namespace !== undefined && { namespace }) };
}

function isAbout(
  { severity, section, affected, ends }: ChangeRecord,
  { source, sourceKind, destination, destinationKind }: ConnectionEnds,
): boolean {
  if (severity === 'none' || section === 'process' || !affected) return false;
  const ingress = section === 'ingress';
  const [subject, peer, peerKind] = ingress ? [destination, source, sourceKind] : [source, destination, destinationKind];
  const isPeer =
    peerKind === 'workload' ? affected.peers.includes(peer) : ends.peer?.kind === 'any' || ends.peer?.kind === endKinds[peerKind];
  return affected.subjects.includes(subject) && isPeer;
}

// --- what is kept ---------------------------------------------------------------------------------------------------

type Kept = { readonly from: GraphNode; readonly to: GraphNode; readonly text: string; readonly example: string };

/** One for each subject and peer of an allow rule that has a flow which is allowed in both states. */
function keptEdges(before: TypedPolicy, after: TypedPolicy): readonly Kept[] {
  const outside = anyAddress(namesOf([before, after]));
  const starts: readonly End[] = [anyWorkload, { kind: 'reserved', names: new Map([['init', false]]), addresses: anyPlace }, outside];
  const found = new Map<string, Kept>();
  for (const rule of after.rules) {
    const policy = after.policies[rule.policy];
    if (!policy || rule.section === 'process' || rule.action !== 'allow' || rule.audit || found.size > 2 * mostKept) continue;
    for (const subject of subjectsOf(policy, starts))
      for (const peer of peersOf(rule.peers, starts)) {
        const kept = keptEdge(rule, { subject, peer }, [before, after]);
        if (kept) found.set(`${kept.from.id} ${kept.to.id}`, kept);
      }
  }
  return [...found.values()];
}

type Ends = { readonly subject: End; readonly peer: End };

function keptEdge(
  { section, transport }: NetworkRule,
  { subject, peer }: Ends,
  [before, after]: readonly [TypedPolicy, TypedPolicy],
): Kept | undefined {
  const portNames = new Map(
    transport.points.length > 0 ? [] : transport.named.slice(0, 1).map(({ protocol, name }) => [`${protocol}/${name}`, true]),
  );
  const [source, destination] = section === 'ingress' ? [peer, subject] : [subject, peer];
  const cell: Cell = { source, destination, points: transport.points, portNames };
  const flow = flowIn(cell);
  if (!flow || [before, after].some((typed) => verdictOf(typed, flow).action !== 'allowed')) return undefined;
  return {
    from: nodeOf(source),
    to: nodeOf(destination),
    text: transportWords(cell.points, portNames),
    example: eventWords(flow, after.domains),
  };
}

function nodeOf(end: End): GraphNode {
  const words = endWords(end);
  return { ...endRecord(end), id: words, detail: words, ...namespaceIn(words) };
}

const subjectsOf = ({ subject }: Policy, starts: readonly End[]): readonly End[] =>
  subject.workloads
    .flatMap((conjunction) =>
      starts.slice(0, 1).flatMap((start) => coveredIn(start, (end) => subjectEndRelation(end, { workloads: [conjunction], host: false }))),
    )
    .concat(
      subject.host
        ? starts.slice(1, 2).flatMap((start) => coveredIn(start, (end) => subjectEndRelation(end, { workloads: [], host: true })))
        : [],
    );

const nobody: PeerSet = { selectors: [], networks: [], anyNetworks: [], domains: [], entities: [] };

/** Each part of a union of peers by itself: what stands in the policy as one peer. */
function peersOf(peers: PeerSet, starts: readonly End[]): readonly End[] {
  const parts: readonly PeerSet[] = [
    ...peers.selectors.flatMap((selector) => selector.map((conjunction): PeerSet => ({ ...nobody, selectors: [[conjunction]] }))),
    ...(peers.networks.length > 0 ? [{ ...nobody, networks: peers.networks }] : []),
    ...(peers.anyNetworks.length > 0 ? [{ ...nobody, anyNetworks: peers.anyNetworks }] : []),
    ...peers.domains.map((domain): PeerSet => ({ ...nobody, domains: [domain] })),
    ...peers.entities.map((entity): PeerSet => ({ ...nobody, entities: [entity] })),
  ];
  return parts.flatMap((part) => {
    const [first] = [...starts].reverse().flatMap((start) => coveredIn(start, (end) => endRelation(end, part)));
    return first ? [first] : [];
  });
}

/** The first part of a set that a condition holds for all of. */
function coveredIn(start: End, relate: (end: End) => Relation<End>): readonly End[] {
  const waiting = [start];
  for (let end = waiting.pop(); end !== undefined; end = waiting.pop()) {
    const relation = relate(end);
    if (relation.kind === 'covered') return [end];
    if (relation.kind === 'split') waiting.push(relation.halves[1], relation.halves[0]);
  }
  return [];
}
