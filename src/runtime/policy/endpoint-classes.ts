// Classes of endpoints: two are in one class exactly when the rules cannot tell them apart, as subjects or as peers.
// Subject classes are numbered from 1 (0: no policy selects it, or it is not here), peer classes after those of addresses.
import type { ReservedName } from '../../compiler/ir/event.ts';
import type { Labels } from '../../compiler/space/labels.ts';
import type { EndpointClasses, InventoryEndpoint } from './generation.ts';
import type { NamedContext, PortTable } from './named-ports.ts';
import { addressClasses, type PolicySet } from './policy-index.ts';

/** `selectors`: of policies, those that select it; ascending. `named`: what names in ingress rules mean at it. */
export type SubjectClass = { readonly number: number; readonly selectors: readonly number[]; readonly named: NamedContext };
/** `selectors`: of peers, those that match it; none for reserved endpoints. `named`: what names in egress rules mean at it. */
export type PeerClass = {
  readonly number: number;
  readonly kind: InventoryEndpoint['kind'];
  readonly selectors: readonly number[];
  readonly entities: readonly ReservedName[];
  readonly named: NamedContext;
};

export type ClassifiedEndpoints = {
  readonly endpoints: readonly EndpointClasses[];
  readonly subjects: readonly SubjectClass[];
  readonly peers: readonly PeerClass[];
};

/** Classes by key, numbered from `first` as they are met. */
class Numbered<T extends { readonly number: number }> {
  readonly #known = new Map<string, T>();
  readonly #first: number;

  constructor(first: number) {
    this.#first = first;
  }

  of(key: string, make: (number: number) => T): number {
    const known = this.#known.get(key) ?? make(this.#first + this.#known.size);
    this.#known.set(key, known);
    return known.number;
  }

  get all(): readonly T[] {
    return [...this.#known.values()];
  }
}

/** By which policies select it as their subject; undefined if none can. */
function subjectLabels(endpoint: InventoryEndpoint): Labels | undefined {
  if (endpoint.kind === 'reserved') return endpoint.subject;
  return endpoint.local ? endpoint.labels : undefined;
}

type Known = { readonly selection: object; readonly networks: number; readonly classified: ClassifiedEndpoints };
/** By their endpoints, which never change. */
const knownClasses = new WeakMap<readonly InventoryEndpoint[], Known>();

const noEntities: readonly ReservedName[] = [];

/** Gives every endpoint its classes, in the order of `endpoints`. Most changes of a policy leave them as they are. */
export function classifyEndpoints(policies: PolicySet, endpoints: readonly InventoryEndpoint[], ports: PortTable): ClassifiedEndpoints {
  // What a name stands for is a class of ports, which other rules may number anew.
  if (ports.hasNames) return classesOf(policies, endpoints, ports);
  const { selection } = policies;
  const { networks } = policies.classes;
  const known = knownClasses.get(endpoints);
  if (known?.selection === selection && known.networks === networks) return known.classified;
  const classified = classesOf(policies, endpoints, ports);
  knownClasses.set(endpoints, { selection, networks, classified });
  return classified;
}

function classesOf(policies: PolicySet, endpoints: readonly InventoryEndpoint[], ports: PortTable): ClassifiedEndpoints {
  const subjects = new Numbered<SubjectClass>(1);
  const peers = new Numbered<PeerClass>(addressClasses(policies.classes));

  const subjectClassOf = (endpoint: InventoryEndpoint): number => {
    const labels = subjectLabels(endpoint);
    if (!labels) return 0;
    const selectors = policies.matching(labels).filter(policies.isSubject);
    if (selectors.length === 0) return 0;
    const named = ports.contextOf('ingress', endpoint);
    return subjects.of(`${selectors.join()}|${named.key}`, (number) => ({ number, selectors, named }));
  };
  const peerClassOf = (endpoint: InventoryEndpoint): number => {
    const { kind } = endpoint;
    const selectors = kind === 'workload' ? policies.matching(endpoint.labels).filter(policies.isPeer) : [];
    const entities = kind === 'reserved' ? [...new Set(endpoint.entities)].sort() : noEntities;
    const named = ports.contextOf('egress', endpoint);
    const key = `${kind}|${selectors.length === 1 ? selectors[0] : selectors.join()}|${entities.join()}|${named.key}`;
    return peers.of(key, (number) => ({ number, kind, selectors, entities, named }));
  };

  const classified = endpoints.map((endpoint) => ({
    id: endpoint.id,
    subjectClass: subjectClassOf(endpoint),
    peerClass: peerClassOf(endpoint),
  }));
  const { sorted, numberOf } = alikeTogether(peers.all, addressClasses(policies.classes));
  return {
    endpoints: classified.map(({ id, subjectClass, peerClass }) => ({ id, subjectClass, peerClass: numberOf(peerClass) })),
    subjects: subjects.all,
    peers: sorted,
  };
}

/** `ranks` ascending; `first`: of them, or -1. */
type Ranked = { readonly peer: PeerClass; readonly ranks: readonly number[]; readonly first: number };

function comparedRanks(a: Ranked, b: Ranked): number {
  if (a.first !== b.first) return a.first - b.first;
  const most = Math.min(a.ranks.length, b.ranks.length);
  for (let i = 1; i < most; i++) if (a.ranks[i] !== b.ranks[i]) return (a.ranks[i] ?? 0) - (b.ranks[i] ?? 0);
  return a.ranks.length - b.ranks.length || a.peer.number - b.peer.number;
}

/**
 * Peers that the same selectors match get numbers that follow each other: what they choose is then alike too (choices.ts). What
 * matches many is asked first: rules about many peers then are about few runs of them.
 */
function alikeTogether(
  peers: readonly PeerClass[],
  first: number,
): { readonly sorted: readonly PeerClass[]; readonly numberOf: (number: number) => number } {
  const matched = new Map<number, number>();
  for (const { selectors } of peers) for (const selector of selectors) matched.set(selector, (matched.get(selector) ?? 0) + 1);
  const widest = [...matched].sort(([a, times], [b, others]) => others - times || a - b);
  const rank = new Map(widest.map(([selector], place) => [selector, place]));
  const rankOf = (selector: number): number => rank.get(selector) ?? 0;
  const ranked = peers.map((peer): Ranked => {
    const { selectors } = peer;
    // There may be many thousand, and mostly one selector matches.
    const ranks = selectors.length < 2 ? selectors.map(rankOf) : selectors.map(rankOf).sort((a, b) => a - b);
    return { peer, ranks, first: ranks[0] ?? -1 };
  });
  const sorted = ranked.sort(comparedRanks).map(({ peer }) => peer);
  const numbers = new Uint32Array(peers.length);
  sorted.forEach(({ number }, place) => {
    numbers[number - first] = first + place;
  });
  return {
    sorted: sorted.map(({ kind, selectors, entities, named }, place) => ({ number: first + place, kind, selectors, entities, named })),
    numberOf: (number) => numbers[number - first] ?? number,
  };
}
