// For a subject and a direction: the list of rules that each port class meets, in deciding order; and for such a list, what
// of it each peer class meets. Ports come first: a policy has few lists of rules that share a port, and many peers.
import type { ProgramRule } from '../../compiler/ir/bundle.ts';
import type { Direction, Tier } from '../../compiler/ir/typed.ts';
import type { Candidate, Candidates } from './candidates.ts';
import { Chains } from './chains.ts';
import type { PeerClass, SubjectClass } from './endpoint-classes.ts';
import { Groups } from './groups.ts';
import { type PeerSet, PeerSets } from './peer-sets.ts';
import { addressClasses, type PolicySet } from './policy-index.ts';

/** Decides every request, also where nothing is in audit mode. */
export const decidesAll = ({ content, action, audit }: Candidate): boolean => content === undefined && action !== 'pass' && !audit;

/**
 * Lists of candidates; what comes after one that decides everything is left out, but for what says whether names of answers count.
 * 0 is the empty one.
 */
class Lists {
  readonly #hasNames: boolean;
  readonly chains = new Chains();
  readonly #closed = new Set<number>();
  /** The last tier of which a list has a `pass`, so that the rest of it may not be asked. */
  readonly #passed = new Map<number, Tier>();

  constructor(hasNames: boolean) {
    this.#hasNames = hasNames;
  }

  extend(list: number, candidate: Candidate, closes: boolean): number {
    const isClosed = this.#closed.has(list);
    if (isClosed && !(candidate.givesNames || (this.#hasNames && candidate.action === 'pass'))) return list;
    const made = this.chains.extend(list, candidate.number);
    const passed = candidate.action === 'pass' ? candidate.tier : this.#passed.get(list);
    if (passed) this.#passed.set(made, passed);
    if (isClosed || (closes && passed !== candidate.tier)) this.#closed.add(made);
    return made;
  }
}

type Addressed = { readonly candidate: Candidate; readonly peers: PeerSet };

export class PortLists {
  /** Is any rule about peers by their names? */
  readonly hasNames: boolean;
  readonly #addresses: number;
  readonly #portGroups: Groups;
  readonly #peerGroups: Groups;
  readonly #peers: readonly PeerClass[];
  readonly #candidates: Candidates;
  readonly #sets: PeerSets;
  readonly #ofPorts: Lists;
  readonly #ofPeers: Lists;
  readonly #peersOf = new Map<number, PeerSet>();
  readonly #byPeer = new Map<number, readonly Addressed[]>();

  constructor(policies: PolicySet, peers: readonly PeerClass[], candidates: Candidates, portClasses: number) {
    this.#addresses = addressClasses(policies.classes);
    this.hasNames = policies.classes.names > 0;
    this.#ofPorts = new Lists(this.hasNames);
    this.#ofPeers = new Lists(this.hasNames);
    this.#portGroups = new Groups(portClasses);
    this.#peers = peers;
    this.#candidates = candidates;
    this.#sets = new PeerSets(policies, peers);
    this.#peerGroups = new Groups(this.peerClasses);
  }

  /** Classes of peers below are of addresses: networks, then names. */
  get addresses(): number {
    return this.#addresses;
  }

  get peerClasses(): number {
    return this.#addresses + this.#peers.length;
  }

  /** Port class -> list, for `peersOf`. Good until the next call. */
  listsOf(subject: SubjectClass, section: Direction): Groups {
    const groups = this.#portGroups.restart();
    for (const rule of this.#candidates.rulesFor(subject, section)) {
      for (const { candidate, peers } of this.#addressed(rule, subject, section)) {
        const closes = peers === 'all' && decidesAll(candidate);
        groups.add(candidate.ports, (list) => this.#ofPorts.extend(list, candidate, closes));
      }
    }
    return groups;
  }

  /** Peer class -> list of the rules of `list` that are about it, for `lastOf`. Good until the next call. */
  peersOf(list: number): Groups {
    const groups = this.#peerGroups.restart();
    for (const number of this.#ofPorts.chains.members(list)) {
      const candidate = this.#candidates.get(number);
      const closes = decidesAll(candidate);
      groups.add(this.#peersOf.get(number) ?? 'all', (one) => this.#ofPeers.extend(one, candidate, closes));
    }
    return groups;
  }

  /** The rules of a list of `listsOf`, in deciding order. */
  rulesOf(list: number): readonly Candidate[] {
    return this.#ofPorts.chains.members(list).map((number) => this.#candidates.get(number));
  }

  /** The last candidate of a list of `peersOf`, and the list before it; undefined of the empty one. */
  lastOf(list: number): { readonly before: number; readonly candidate: Candidate } | undefined {
    const { chains } = this.#ofPeers;
    return list === 0 ? undefined : { before: chains.before(list), candidate: this.#candidates.get(chains.last(list)) };
  }

  /** The first candidate of such a list. */
  firstOf(list: number): Candidate | undefined {
    const [first] = this.#ofPeers.chains.members(list);
    return first === undefined ? undefined : this.#candidates.get(first);
  }

  /** A rule: on egress a named port is the peer's, so that it is several where peers give it other numbers. */
  #addressed(rule: ProgramRule, subject: SubjectClass, section: Direction): readonly Addressed[] {
    const isNamed = (rule.ports?.named.length ?? 0) > 0;
    if (isNamed && section === 'egress') {
      const known = this.#byPeer.get(rule.rule) ?? this.#addressedByPeer(rule);
      this.#byPeer.set(rule.rule, known);
      return known;
    }
    const candidate = this.#candidates.of(rule, subject.named);
    const peers = this.#sets.of(rule);
    this.#peersOf.set(candidate.number, peers);
    return [{ candidate, peers }];
  }

  #addressedByPeer(rule: ProgramRule): readonly Addressed[] {
    const set = this.#sets.of(rule);
    const none = { key: '', classes: new Map<string, readonly number[]>() };
    const byCandidate = new Map<Candidate, number[]>();
    for (const peer of set === 'all' ? Array.from({ length: this.peerClasses }, (_, number) => number) : set) {
      const candidate = this.#candidates.of(rule, this.#peers[peer - this.#addresses]?.named ?? none);
      const list = byCandidate.get(candidate);
      if (list) list.push(peer);
      else byCandidate.set(candidate, [peer]);
    }
    return [...byCandidate].map(([candidate, list]) => {
      const peers = Uint32Array.from(list);
      this.#peersOf.set(candidate.number, peers);
      return { candidate, peers };
    });
  }
}
