// For a subject and a direction: the list of rules that each peer class meets, in deciding order. Peer classes with equal
// lists so far move as one group, so that a rule about everyone costs one step a group, not one a peer.
import type { PolicyProgram, ProgramRule } from '../../compiler/ir/bundle.ts';
import type { ReservedName } from '../../compiler/ir/event.ts';
import type { Direction, ReservedSet, Tier } from '../../compiler/ir/typed.ts';
import type { Candidate, Candidates } from './candidates.ts';
import { Chains } from './chains.ts';
import type { PeerClass, SubjectClass } from './endpoint-classes.ts';

type Peers = NonNullable<ProgramRule['peers']>;

/** Nothing after it is ever asked, if it is: it decides every port and every request, also where nothing is in audit mode. */
const closes = ({ ports, content, action, audit }: Candidate): boolean =>
  ports === 'all' && content === undefined && action !== 'pass' && !audit;

const isReserved = ({ name, except }: ReservedSet, names: readonly ReservedName[]): boolean =>
  (name === undefined || names.includes(name)) && !except.some((one) => names.includes(one));

/** Peer classes in groups of equal lists. */
class Groups {
  readonly of: Uint32Array;
  readonly lists: number[] = [0];
  readonly sizes: number[];
  readonly #free: number[] = [];

  constructor(peers: number) {
    this.of = new Uint32Array(peers);
    this.sizes = [peers];
  }

  /** Moves a peer class to the group `target`. */
  move(peer: number, target: number): void {
    const from = this.of[peer] ?? 0;
    this.of[peer] = target;
    this.sizes[target] = (this.sizes[target] ?? 0) + 1;
    this.sizes[from] = (this.sizes[from] ?? 0) - 1;
    if (this.sizes[from] === 0) this.#free.push(from);
  }

  open(list: number): number {
    const group = this.#free.pop() ?? this.lists.length;
    this.lists[group] = list;
    this.sizes[group] = 0;
    return group;
  }
}

export class PeerLists {
  readonly #program: PolicyProgram;
  readonly #peers: readonly PeerClass[];
  readonly #candidates: Candidates;
  readonly #chains = new Chains();
  readonly #closed = new Set<number>();
  /** The last tier of which a list has a `pass`, so that the rest of it may not be asked. */
  readonly #passed = new Map<number, Tier>();
  readonly #bySelector = new Map<number, number[]>();
  readonly #peerSets = new Map<string, readonly number[] | 'all'>();
  readonly #peerSetOf = new Map<number, readonly number[] | 'all'>();

  constructor(program: PolicyProgram, peers: readonly PeerClass[], candidates: Candidates) {
    this.#program = program;
    this.#peers = peers;
    this.#candidates = candidates;
    for (const { number, selectors } of peers) {
      for (const selector of selectors) {
        const list = this.#bySelector.get(selector);
        if (list) list.push(number);
        else this.#bySelector.set(selector, [number]);
      }
    }
  }

  candidatesOf(list: number): readonly Candidate[] {
    return this.#chains.members(list).map((number) => this.#candidates.get(number));
  }

  /** Peer class -> list, to be read with `candidatesOf`. */
  listsOf(subject: SubjectClass, section: Direction): readonly number[] {
    const groups = new Groups(this.#program.classes.networks + this.#peers.length);
    for (const position of this.#candidates.positionsFor(subject, section)) {
      const isNamed = (this.#candidates.rule(position).ports?.named.length ?? 0) > 0;
      const peers = this.#peerSet(position);
      if (isNamed && section === 'egress') this.#addByPeer(groups, position, peers);
      else this.#add(groups, peers, this.#candidates.at(position, subject.named));
    }
    return Array.from(groups.of, (group) => groups.lists[group] ?? 0);
  }

  #extend(list: number, candidate: Candidate): number {
    if (this.#closed.has(list)) return list;
    const made = this.#chains.extend(list, candidate.number);
    const passed = candidate.action === 'pass' ? candidate.tier : this.#passed.get(list);
    if (passed) this.#passed.set(made, passed);
    if (closes(candidate) && passed !== candidate.tier) this.#closed.add(made);
    return made;
  }

  #add(groups: Groups, peers: readonly number[] | 'all', candidate: Candidate): void {
    if (peers === 'all') {
      groups.lists.forEach((list, group) => {
        if ((groups.sizes[group] ?? 0) > 0) groups.lists[group] = this.#extend(list, candidate);
      });
      return;
    }
    const target = new Map<number, number>();
    for (const peer of peers) {
      const from = groups.of[peer] ?? 0;
      const list = groups.lists[from] ?? 0;
      const extended = this.#extend(list, candidate);
      if (extended === list) continue;
      const group = target.get(list) ?? groups.open(extended);
      target.set(list, group);
      groups.move(peer, group);
    }
  }

  /** On egress a named port is the peer's: the rule is another candidate at peers whose ports have other numbers. */
  #addByPeer(groups: Groups, position: number, peers: readonly number[] | 'all'): void {
    const { networks } = this.#program.classes;
    const none = { key: '', classes: new Map<string, readonly number[]>() };
    const byCandidate = new Map<Candidate, number[]>();
    const all = peers === 'all' ? Array.from(groups.of, (_, peer) => peer) : peers;
    for (const peer of all) {
      const candidate = this.#candidates.at(position, this.#peers[peer - networks]?.named ?? none);
      const list = byCandidate.get(candidate);
      if (list) list.push(peer);
      else byCandidate.set(candidate, [peer]);
    }
    for (const [candidate, list] of byCandidate) this.#add(groups, list, candidate);
  }

  #peerSet(position: number): readonly number[] | 'all' {
    const known = this.#peerSetOf.get(position);
    if (known) return known;
    const peers = this.#candidates.rule(position).peers ?? { selectors: [], networkClasses: [], entities: [] };
    const key = JSON.stringify(peers);
    const found = this.#peerSets.get(key) ?? this.#classesOf(peers);
    this.#peerSets.set(key, found);
    this.#peerSetOf.set(position, found);
    return found;
  }

  /** The peer classes that a union of peers is made of. */
  #classesOf({ selectors, networkClasses, entities, reserved = [] }: Peers): readonly number[] | 'all' {
    if (entities.includes('all')) return 'all';
    const found = new Set<number>(networkClasses);
    const { networks } = this.#program.classes;
    const ipv6 = new Set(this.#program.ipv6Networks);
    for (let number = 0; number < networks; number++) {
      const isWorld = entities.includes('world') || entities.includes(ipv6.has(number) ? 'world-ipv6' : 'world-ipv4');
      if (isWorld) found.add(number);
    }
    for (const selector of selectors) for (const number of this.#bySelector.get(selector) ?? []) found.add(number);
    for (const peer of this.#peers) {
      const isNamed = entities.includes('cluster') || peer.entities.some((name) => entities.includes(name));
      if (isNamed || (peer.kind === 'reserved' && reserved.some((set) => isReserved(set, peer.entities)))) found.add(peer.number);
    }
    return [...found].sort((a, b) => a - b);
  }
}
