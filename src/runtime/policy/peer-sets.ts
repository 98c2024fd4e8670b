// Which peer classes a rule is about.
import type { ProgramRule } from '../../compiler/ir/bundle.ts';
import type { ReservedName } from '../../compiler/ir/event.ts';
import type { ReservedSet } from '../../compiler/ir/typed.ts';
import type { PeerClass } from './endpoint-classes.ts';
import type { PolicySet } from './policy-index.ts';

type Peers = NonNullable<ProgramRule['peers']>;
const nobody: Peers = { selectors: [], networkClasses: [], entities: [] };

/** Ascending. */
export type PeerSet = Uint32Array | 'all';

const isReserved = ({ name, except }: ReservedSet, names: readonly ReservedName[]): boolean =>
  (name === undefined || names.includes(name)) && !except.some((one) => names.includes(one));

const ofPeers = new WeakMap<readonly PeerClass[], ReadonlyMap<number, readonly number[]>>();

/** Selector -> the peers that it matches. They never change. */
function matchedBy(peers: readonly PeerClass[]): ReadonlyMap<number, readonly number[]> {
  const known = ofPeers.get(peers);
  if (known) return known;
  const bySelector = new Map<number, number[]>();
  for (const { number, selectors } of peers) {
    for (const selector of selectors) {
      const list = bySelector.get(selector);
      if (list) list.push(number);
      else bySelector.set(selector, [number]);
    }
  }
  ofPeers.set(peers, bySelector);
  return bySelector;
}

export class PeerSets {
  readonly #policies: PolicySet;
  readonly #peers: readonly PeerClass[];
  readonly #ipv6: ReadonlySet<number>;
  readonly #bySelector: ReadonlyMap<number, readonly number[]>;
  readonly #byKey = new Map<string, PeerSet>();
  readonly #byRule = new Map<number, PeerSet>();
  /** As a compiler shares them among rules. */
  readonly #byPeers = new Map<Peers, PeerSet>();

  constructor(policies: PolicySet, peers: readonly PeerClass[]) {
    this.#policies = policies;
    this.#peers = peers;
    this.#ipv6 = new Set(policies.ipv6Networks);
    this.#bySelector = matchedBy(peers);
  }

  of({ rule, peers = nobody }: ProgramRule): PeerSet {
    const known = this.#byRule.get(rule) ?? this.#byPeers.get(peers) ?? this.#found(peers);
    this.#byRule.set(rule, known);
    this.#byPeers.set(peers, known);
    return known;
  }

  #found(peers: Peers): PeerSet {
    const key = JSON.stringify(peers);
    const found = this.#byKey.get(key) ?? this.#classesOf(peers);
    this.#byKey.set(key, found);
    return found;
  }

  /** The peer classes that a union of peers is made of. */
  #classesOf({ selectors, networkClasses, entities, reserved = [], names = [] }: Peers): PeerSet {
    if (entities.includes('all')) return 'all';
    const [only] = selectors;
    if (only !== undefined && selectors.length === 1 && networkClasses.length + entities.length + reserved.length + names.length === 0)
      return Uint32Array.from(this.#bySelector.get(only) ?? []);
    const found = new Set<number>(networkClasses);
    const { networks } = this.#policies.classes;
    for (const name of names) found.add(networks + name);
    if (entities.some((name) => name.startsWith('world'))) {
      for (let number = 0; number < networks; number++) {
        const isWorld = entities.includes('world') || entities.includes(this.#ipv6.has(number) ? 'world-ipv6' : 'world-ipv4');
        if (isWorld) found.add(number);
      }
    }
    for (const selector of selectors) for (const number of this.#bySelector.get(selector) ?? []) found.add(number);
    if (entities.length > 0 || reserved.length > 0) {
      for (const peer of this.#peers) {
        const isNamed = entities.includes('cluster') || peer.entities.some((name) => entities.includes(name));
        if (isNamed || (peer.kind === 'reserved' && reserved.some((set) => isReserved(set, peer.entities)))) found.add(peer.number);
      }
    }
    return Uint32Array.from(found).sort();
  }
}
