// The ends of recorded flows, as few as people and policy tell apart: a workload whatever pod of it, the addresses of one class.

import type { Content } from '../domains/domain.ts';
import { type Address, parseAddress } from '../space/address.ts';
import type { Labels } from '../space/labels.ts';
import type { TransportPoint } from '../space/transport.ts';
import { copied } from './copied.ts';
import { type Identity, identityOf } from './identity.ts';
import type { NotJudged } from './observation.ts';
import type { RecordedEnd, RecordedFlow } from './record.ts';

/** What tells events apart; equal texts are not told apart. */
export type Telling = {
  readonly labels: (labels: Labels) => string;
  readonly address: (address: Address) => string;
  readonly names: (names: readonly string[]) => string;
  readonly point: (point: TransportPoint) => string;
  readonly content: (domain: string, content: Content) => string;
  readonly asksManaged: boolean;
  readonly asksNamespaces: boolean;
  readonly asksClusters: boolean;
};

/** `number`: from 0 on, below 2^20. `names`: of the first address. */
export type End = {
  readonly number: number;
  /** What policy sees. */
  readonly key: string;
  readonly identity: Exclude<Identity, { kind: 'unknown' }>;
  /** What people call it; of the world a name that it was looked up by, if any. */
  readonly name: string;
  readonly address: Address | undefined;
  readonly names: readonly string[];
};

/** Of one recorded end, without its address. */
type Known = { readonly identity: Identity; readonly key: string; end: End | undefined };

const mostEnds = 100_000;
/** Past so many, ends of other names are told apart only as policy does. */
const mostNames = 20_000;
const mostAddresses = 50_000;
const noNames: readonly string[] = [];

export class Ends {
  readonly #telling: Telling;
  readonly #known = new WeakMap<RecordedEnd, Known>();
  readonly #ends = new Map<string, End>();
  readonly #names = new Set<string>();
  #addresses = new Map<string, Address | undefined>();
  /** Ends of the world without names, by the text of their address. */
  #worlds = new Map<string, End>();

  constructor(telling: Telling) {
    this.#telling = telling;
  }

  /** The end, or what is not recorded of it. `address` and `names` may be parts of a larger text. */
  of(recorded: RecordedEnd, address: string, names: readonly string[]): End | NotJudged {
    const known = this.#known.get(recorded) ?? this.#learn(recorded);
    if (known.end) return known.end;
    const { identity } = known;
    switch (identity.kind) {
      case 'unknown':
        return identity.why === 'labels' ? 'no labels' : 'no identity';
      case 'world':
        return this.#world(identity, address, names);
      case 'workload':
        if (!this.#isPlaced(identity)) return 'no place';
        break;
      case 'reserved':
    }
    const end = this.#managed(identity, known.key, address);
    if (typeof end !== 'string' && !this.#telling.asksManaged) known.end = end;
    return end;
  }

  /** Are both ends one endpoint? Its pod says it, and where none is recorded its address. */
  isSame({ source, destination, sourceAddress, destinationAddress }: RecordedFlow): boolean {
    const [from, to] = [this.#known.get(source)?.identity, this.#known.get(destination)?.identity];
    if (from?.kind !== 'workload' || to?.kind !== 'workload') return false;
    if (from.pod !== '' && to.pod !== '') return from.pod === to.pod;
    return sourceAddress !== '' && sourceAddress === destinationAddress;
  }

  #isPlaced({ hasNamespaceLabels, hasCluster }: Extract<Identity, { kind: 'workload' }>): boolean {
    return (hasNamespaceLabels || !this.#telling.asksNamespaces) && (hasCluster || !this.#telling.asksClusters);
  }

  #learn(recorded: RecordedEnd): Known {
    const identity = identityOf(recorded);
    const known: Known = { identity, key: keyOf(identity, this.#telling), end: undefined };
    this.#known.set(recorded, known);
    return known;
  }

  #managed(identity: Extract<Identity, { kind: 'workload' | 'reserved' }>, key: string, text: string): End | NotJudged {
    const name = identity.kind === 'workload' ? identity.name : identity.entities.join('+');
    const address = this.#addressOf(text);
    const place = this.#telling.asksManaged && address !== undefined ? this.#telling.address(address) : '';
    return this.#interned({ key: `${key} ${place}`, identity, name: this.#named(name), address, names: noNames });
  }

  #world(identity: Extract<Identity, { kind: 'world' }>, text: string, names: readonly string[]): End | NotJudged {
    const isPlain = names.length === 0 && !identity.isApiServer;
    const known = isPlain ? this.#worlds.get(text) : undefined;
    if (known) return known;
    const address = this.#addressOf(text);
    if (address === undefined) return 'no address';
    const said = names.map((name) => name.toLowerCase().replace(/\.$/, ''));
    const place = `${this.#telling.address(address)} ${this.#telling.names(said)}`;
    const key = `world ${identity.isApiServer} ${place}`;
    const end = this.#interned({ key, identity, name: this.#named(said[0] ?? ''), address, names: said });
    if (isPlain && typeof end !== 'string') {
      if (this.#worlds.size >= mostAddresses) this.#worlds = new Map();
      this.#worlds.set(copied(text), end);
    }
    return end;
  }

  #named(name: string): string {
    if (this.#names.has(name)) return name;
    if (this.#names.size >= mostNames) return 'others';
    this.#names.add(name);
    return name;
  }

  #interned(end: Omit<End, 'number'>): End | NotJudged {
    const key = `${end.name}\n${end.key}`;
    const known = this.#ends.get(key);
    if (known) return known;
    if (this.#ends.size >= mostEnds) return 'too many';
    const made: End = { ...end, number: this.#ends.size };
    this.#ends.set(key, made);
    return made;
  }

  /** A socket that connects has no address of its own yet: 0.0.0.0 is none. */
  #addressOf(text: string): Address | undefined {
    const known = this.#addresses.get(text);
    if (known !== undefined) return known;
    const address = text === '' || text === '0.0.0.0' || text === '::' ? undefined : parseAddress(text);
    if (address === undefined) return undefined;
    if (this.#addresses.size >= mostAddresses) this.#addresses = new Map();
    this.#addresses.set(copied(text), address);
    return address;
  }
}

function keyOf(identity: Identity, telling: Telling): string {
  switch (identity.kind) {
    case 'workload':
      return `workload ${telling.labels(identity.labels)}`;
    case 'reserved':
      return `${identity.entities.join('+')} ${telling.labels(identity.labels)}`;
    default:
      return identity.kind;
  }
}
