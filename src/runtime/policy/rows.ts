// Rows of verdicts: for a list of candidates in deciding order and the defaults, what every peer class, request class or
// exec class comes to (grammar/README.md, "Order", "Undecidable", "Connections", "Default", "Audit").
import { eventDomain, matchType, type RequestDomain, requestDomains, verdictAction, verdictFlag } from '../../compiler/ir/abi.ts';
import type { Tier } from '../../compiler/ir/typed.ts';
import { type Candidate, type Candidates, type Default, type Defaults, matches } from './candidates.ts';
import { Chains } from './chains.ts';
import type { ChoiceTable } from './choices.ts';
import type { Groups } from './groups.ts';
import type { PortLists } from './port-lists.ts';
import type { VerdictTable } from './verdict-table.ts';

type Decider = Candidate | Default;
const isCandidate = (decider: Decider): decider is Candidate => 'number' in decider;
const matchOf = (decider: Decider): number => (isCandidate(decider) ? decider.match : matchType.none);
const keyOf = (decider: Decider): string => (isCandidate(decider) ? `${decider.number}` : `default ${decider.cause}`);
const allows = ({ action }: Decider): boolean => action === 'allow';

/** What a connection comes to: who decides it, and who each class of requests on it; none where the one decides all. */
type Ruling = {
  readonly connection: Decider;
  readonly requests: readonly Decider[];
  readonly domain: RequestDomain;
  readonly isInspected: boolean;
};

/** What requests of a connection are read as: no build has rules of two domains for one, but where ports have names. */
const requestDomainOf = (list: readonly Candidate[]): RequestDomain =>
  requestDomains.findLast((name) => list.some(({ domain }) => domain === name)) ?? requestDomains[0];

/** Classes of contents. */
type Sizes = Readonly<Record<RequestDomain | 'exec', number>>;
type RowParts = {
  readonly candidates: Candidates;
  readonly lists: PortLists;
  readonly verdicts: VerdictTable;
  readonly choices: ChoiceTable;
};

type Contents = { readonly domain: keyof Sizes; readonly classes: number };

/** Content class -> who decides it. A `pass` that matches takes the rest of its tier away. */
function contentRow(list: readonly Candidate[], last: Decider, { domain, classes }: Contents): readonly Decider[] {
  return Array.from({ length: classes }, (_, number) => {
    let passed: Tier | undefined;
    for (const candidate of list) {
      if (candidate.tier === passed || !matches(candidate, { domain, number })) continue;
      if (candidate.action !== 'pass') return candidate;
      passed = candidate.tier;
    }
    return last;
  });
}

/** The requests of a connection: base of their row. */
type Inspected = { readonly next: number; readonly domain: RequestDomain };

/**
 * `choices`: row of choices of peer classes, by which they choose of the verdicts behind `verdicts`. Who chooses nothing has the base
 * of its kind, network or endpoint: that of the section, or (`hasBases`) the row's own, which are the verdict before `verdicts` and that.
 */
export type Row = { readonly choices: number; readonly verdicts: number; readonly hasBases: boolean };

type Members = { readonly ofGroup: Uint32Array; readonly unmoved: number };

/** How many networks, and how many endpoints, are in each group. */
function membersOf({ of, moved, lists }: Groups, networks: number, all: number): readonly Members[] {
  const counts = [new Uint32Array(lists.length), new Uint32Array(lists.length)] as const;
  let movedNetworks = 0;
  for (const peer of moved) {
    const ofGroup = peer < networks ? counts[0] : counts[1];
    const group = of[peer] ?? 0;
    ofGroup[group] = (ofGroup[group] ?? 0) + 1;
    if (peer < networks) movedNetworks++;
  }
  const unmoved = [networks - movedNetworks, all - networks - (moved.length - movedNetworks)];
  return counts.map((ofGroup, kind) => {
    ofGroup[0] = (ofGroup[0] ?? 0) + (unmoved[kind] ?? 0);
    return { ofGroup, unmoved: unmoved[kind] ?? 0 };
  });
}

/** The entry of the most members, the first of several; `none` where there is nobody. */
function commonest(ofGroup: Uint32Array, entryOf: readonly number[], none: number): number {
  const sums = new Map<number, number>();
  for (const [group, entry] of entryOf.entries()) {
    const count = ofGroup[group] ?? 0;
    if (count > 0) sums.set(entry, (sums.get(entry) ?? 0) + count);
  }
  let [found, most] = [none, 0];
  for (const [entry, count] of sums) if (count > most) [found, most] = [entry, count];
  return found;
}

export class Rows {
  readonly #candidates: Candidates;
  readonly #lists: PortLists;
  readonly #table: VerdictTable;
  readonly #choices: ChoiceTable;
  readonly #sizes: Sizes;
  /** Lists of candidates with content that come before what decides every request. */
  readonly #pending = new Chains();
  readonly #rulings: Ruling[] = [];
  readonly #rulingNumbers = new Map<string, number>();
  readonly #entries = new Map<string, number>();
  readonly #entriesOfLists = new Map<string, number>();
  readonly #rows: Row[] = [];
  readonly #rowNumbers = new Map<string, number>();
  readonly #buffer: Uint16Array;
  readonly #everyPeer: readonly number[];

  constructor(parts: RowParts, sizes: Sizes) {
    this.#candidates = parts.candidates;
    this.#lists = parts.lists;
    this.#table = parts.verdicts;
    this.#choices = parts.choices;
    this.#sizes = sizes;
    this.#buffer = new Uint16Array(parts.lists.peerClasses);
    this.#everyPeer = Array.from(this.#buffer, (_, peer) => peer);
  }

  get all(): readonly Row[] {
    return this.#rows;
  }

  /** The first of two verdicts where no rule is asked. */
  bases(last: Defaults): number {
    const none = this.#entryOfList(0, last);
    return this.#table.row([none, none]);
  }

  /** Number of the row of a list of `PortLists.listsOf`. @throws GenerationLimit */
  network(list: number, last: Defaults): number {
    const key = `${list}|${last.enforced.cause}|${last.audited.cause}`;
    const known = this.#rowNumbers.get(key);
    if (known !== undefined) return known;
    const row = this.#row(list, last);
    const name = `row ${row.choices}|${row.verdicts}|${row.hasBases}`;
    const number = this.#rowNumbers.get(name) ?? this.#rows.push(row) - 1;
    this.#rowNumbers.set(name, number).set(key, number);
    return number;
  }

  #row(list: number, last: Defaults): Row {
    const groups = this.#lists.peersOf(list);
    const entryOf = groups.lists.map((peers, group) => (groups.sizeOf(group) === 0 ? 0 : this.#entryOfList(peers, last)));
    const { of, moved } = groups;
    const { networks, peerClasses } = this.#lists;
    const members = membersOf(groups, networks, peerClasses);
    const none = this.#entryOfList(0, last);
    const bases = members.map((counts) => commonest(counts.ofGroup, entryOf, none));
    const entries: number[] = [];
    const known = new Map<number, number>();
    // Numbered as peers meet them: rows with the same pattern of peers then share their blocks.
    const choiceOf = (entry: number, base: number | undefined): number => {
      if (entry === base) return 0;
      const choice = known.get(entry) ?? entries.push(entry);
      known.set(entry, choice);
      return choice;
    };
    // Whoever no rule names is visited only to be told what is not the base.
    const isTold = members.some(({ unmoved }, kind) => unmoved > 0 && entryOf[0] !== bases[kind]);
    const peers = isTold ? this.#everyPeer : moved;
    const choiceOfGroup: (number | undefined)[] = [];
    for (const peer of peers) {
      const group = of[peer] ?? 0;
      const kind = peer < networks ? 0 : 1;
      let choice = choiceOfGroup[2 * group + kind];
      if (choice === undefined) {
        choice = choiceOf(entryOf[group] ?? 0, bases[kind]);
        choiceOfGroup[2 * group + kind] = choice;
      }
      this.#buffer[peer] = choice;
    }
    const choices = this.#choices.row(this.#buffer, entries.length, peers);
    for (const peer of peers) this.#buffer[peer] = 0;
    if (bases.some((base) => base !== none)) return { choices, verdicts: this.#table.row([...bases, ...entries]) + 1, hasBases: true };
    return { choices, verdicts: entries.length === 0 ? 0 : this.#table.row(entries) - 1, hasBases: false };
  }

  /** Base of the row over exec classes. */
  exec(list: readonly Candidate[], { enforced, audited }: Defaults): number {
    const held = contentRow(
      list.filter(({ audit }) => !audit),
      enforced,
      this.#contents('exec'),
    );
    const wished = contentRow(list, audited, this.#contents('exec'));
    return this.#table.row(held.map((decider, number) => this.#request(decider, wished[number] ?? decider)));
  }

  /** The entry of the rules of a list of `PortLists.peersOf`. */
  #entryOfList(list: number, { enforced, audited }: Defaults): number {
    const key = `${list}|${enforced.cause}|${audited.cause}`;
    const known = this.#entriesOfLists.get(key);
    if (known !== undefined) return known;
    const rules = this.#lists.candidatesOf(list);
    const held = this.#rulingOf(
      rules.filter(({ audit }) => !audit),
      enforced,
    );
    const entry = this.#entryOf(held, this.#rulingOf(rules, audited));
    this.#entriesOfLists.set(key, entry);
    return entry;
  }

  /** What comes first decides, after those with content that come before it. A `pass` takes the rest of its tier away. */
  #rulingOf(list: readonly Candidate[], last: Default): number {
    let passed: Tier | undefined;
    let pending = 0;
    for (const candidate of list) {
      if (candidate.tier === passed) continue;
      if (candidate.action === 'pass') passed = candidate.tier;
      else if (candidate.content) pending = this.#pending.extend(pending, candidate.number);
      else return this.#rulingNumber(pending, candidate);
    }
    return this.#rulingNumber(pending, last);
  }

  /** Candidates with content in order, then what decides the rest; numbered from 1. */
  #rulingNumber(pending: number, last: Decider): number {
    const key = `${pending}|${keyOf(last)}`;
    const known = this.#rulingNumbers.get(key) ?? this.#rulings.push(this.#ruling(pending, last));
    this.#rulingNumbers.set(key, known);
    return known;
  }

  #ruling(pending: number, last: Decider): Ruling {
    if (pending === 0) return { connection: last, requests: [], domain: 'http', isInspected: false };
    const list = this.#pending.members(pending).map((number) => this.#candidates.get(number));
    const domain = requestDomainOf(list);
    const requests = contentRow(list, last, this.#contents(domain));
    const allowing = [...list, last].find((decider) => allows(decider) && requests.includes(decider));
    const isInspected = allowing !== undefined && requests.some((decider) => decider !== allowing);
    return { connection: allowing ?? requests[0] ?? last, requests, domain, isInspected };
  }

  #contents(domain: keyof Sizes): Contents {
    return { domain, classes: this.#sizes[domain] };
  }

  /** The entry of a connection whose ruling is `held`, and with what is in audit mode `wished`. */
  #entryOf(held: number, wished: number): number {
    const key = `${held}|${wished}`;
    const known = this.#entries.get(key) ?? this.#connection(this.#rulingAt(held), this.#rulingAt(wished));
    this.#entries.set(key, known);
    return known;
  }

  #rulingAt(number: number): Ruling {
    const ruling = this.#rulings[number - 1];
    if (!ruling) throw new Error(`policyd bug: no ruling ${number}`);
    return ruling;
  }

  /** What audit alone would inspect is not: to read requests is to refuse what cannot be read. */
  #connection(held: Ruling, wished: Ruling): number {
    if (!held.isInspected) return this.#final(held.connection, wished.connection);
    const requests = held.requests.map((decider, number) => this.#request(decider, wished.requests[number] ?? wished.connection));
    return this.#final(held.connection, wished.connection, { next: this.#table.row(requests), domain: held.domain });
  }

  #request(held: Decider, wished: Decider): number {
    return this.#entry({ held, wished, match: matchType.layer7 });
  }

  /** `inspected`: of a connection whose requests are read. */
  #final(held: Decider, wished: Decider, inspected?: Inspected): number {
    return this.#entry({ held, wished, match: matchOf(allows(held) && !allows(wished) ? wished : held), ...(inspected && { inspected }) });
  }

  #entry({ held, wished, match, inspected }: { held: Decider; wished: Decider; match: number; inspected?: Inspected }): number {
    const isAudited = allows(held) && !allows(wished);
    const passes = inspected ? verdictAction.inspect : verdictAction.allow;
    return this.#table.word({
      action: allows(held) ? passes : verdictAction.deny,
      cause: (isAudited ? wished : held).cause,
      match,
      next: inspected?.next ?? 0,
      domain: inspected ? eventDomain[inspected.domain] : 0,
      flags: isAudited ? verdictFlag.audited : held.action === 'drop' ? verdictFlag.silent : 0,
    });
  }
}
