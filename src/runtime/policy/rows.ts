// Rows of verdicts: for a list of candidates in deciding order and the defaults, what every peer class, request class or
// exec class comes to (grammar/README.md, "Order", "Undecidable", "Connections", "Default", "Audit").
import { eventDomain, matchType, type RequestDomain, requestDomains, verdictAction, verdictFlag } from '../../compiler/ir/abi.ts';
import type { Tier } from '../../compiler/ir/typed.ts';
import { type Candidate, type Candidates, type Default, type Defaults, matches } from './candidates.ts';
import { Chains } from './chains.ts';
import type { ChoiceTable } from './choices.ts';
import { UnfitBundle } from './class-space.ts';
import type { Groups } from './groups.ts';
import { decidesAll, type PortLists } from './port-lists.ts';
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
  /** Of which of them the answers name addresses. */
  readonly named: readonly boolean[];
  readonly domain: RequestDomain;
  readonly isInspected: boolean;
};
/** `pending`, `naming`: lists of candidates with content, in order: those before `last`, and those whose answers name addresses. Numbered from 1. */
type Asked = { readonly pending: number; readonly naming: number; readonly last: Decider };

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
/** `isNaming`: the answer to such a request names addresses. */
type Told = {
  readonly held: Decider;
  readonly wished: Decider;
  readonly match: number;
  readonly inspected?: Inspected;
  readonly isNaming?: boolean;
};

/**
 * `choices`: row of choices of peer classes, by which they choose of the verdicts behind `verdicts`. Who chooses nothing has the base
 * of its kind, network or endpoint: that of the section, or (`hasBases`) the row's own, which are the verdict before `verdicts` and that.
 */
export type Row = {
  readonly choices: number;
  readonly verdicts: number;
  readonly hasBases: boolean;
  /** An address is asked about by each of its names too: the lowest choice but 0 is that of the rule that stands first. */
  readonly isByName: boolean;
};

type Members = { readonly ofGroup: Uint32Array; readonly unmoved: number };

/** How many classes of addresses, and how many of endpoints, are in each group. */
function membersOf({ of, moved, lists }: Groups, addresses: number, all: number): readonly Members[] {
  const counts = [new Uint32Array(lists.length), new Uint32Array(lists.length)] as const;
  let movedAddresses = 0;
  for (const peer of moved) {
    const ofGroup = peer < addresses ? counts[0] : counts[1];
    const group = of[peer] ?? 0;
    ofGroup[group] = (ofGroup[group] ?? 0) + 1;
    if (peer < addresses) movedAddresses++;
  }
  const unmoved = [addresses - movedAddresses, all - addresses - (moved.length - movedAddresses)];
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
    const rules = this.#lists.rulesOf(list);
    if (rules.some(({ isByName }) => isByName)) return this.#rowByName(list, last, new Map(rules.map((rule, place) => [rule, place])));
    const groups = this.#lists.peersOf(list);
    const entryOf = groups.lists.map((peers, group) => (groups.sizeOf(group) === 0 ? 0 : this.#entryOfList(peers, last)));
    const { of, moved } = groups;
    const { addresses, peerClasses } = this.#lists;
    const members = membersOf(groups, addresses, peerClasses);
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
      const kind = peer < addresses ? 0 : 1;
      let choice = choiceOfGroup[2 * group + kind];
      if (choice === undefined) {
        choice = choiceOf(entryOf[group] ?? 0, bases[kind]);
        choiceOfGroup[2 * group + kind] = choice;
      }
      this.#buffer[peer] = choice;
    }
    const choices = this.#choices.row(this.#buffer, entries.length, peers);
    for (const peer of peers) this.#buffer[peer] = 0;
    if (bases.some((base) => base !== none))
      return { choices, verdicts: this.#table.row([...bases, ...entries]) + 1, hasBases: true, isByName: false };
    return { choices, verdicts: entries.length === 0 ? 0 : this.#table.row(entries) - 1, hasBases: false, isByName: false };
  }

  /** Choices are in the order of the rules that decide them; whom no rule is about chooses nothing. @throws UnfitBundle */
  #rowByName(list: number, last: Defaults, places: ReadonlyMap<Candidate, number>): Row {
    const groups = this.#lists.peersOf(list);
    const { addresses, peerClasses } = this.#lists;
    const [ofAddresses] = membersOf(groups, addresses, peerClasses);
    const lastByName = Math.max(...[...places].map(([{ isByName }, place]) => (isByName ? place : -1)));
    const chosen = new Map<string, { readonly place: number; readonly entry: number }>();
    const keyOfGroup = groups.lists.map((peers, group): string | undefined => {
      const [first] = groups.sizeOf(group) === 0 ? [] : this.#lists.candidatesOf(peers);
      if (!first) return undefined;
      const place = places.get(first) ?? 0;
      if (!decidesAll(first) && place < lastByName && (ofAddresses?.ofGroup[group] ?? 0) > 0)
        throw new UnfitBundle('the bundle is damaged: what a rule about names comes after leaves the rest of it undecided');
      const entry = this.#entryOfList(peers, last);
      const key = `${place}|${entry}`;
      chosen.set(key, { place, entry });
      return key;
    });
    const sorted = [...chosen].sort(([, a], [, b]) => a.place - b.place || a.entry - b.entry);
    const choiceOf = new Map(sorted.map(([key], number) => [key, number + 1]));
    const { of, moved } = groups;
    const peers = keyOfGroup[0] === undefined ? moved : this.#everyPeer;
    for (const peer of peers) this.#buffer[peer] = choiceOf.get(keyOfGroup[of[peer] ?? 0] ?? '') ?? 0;
    const choices = this.#choices.row(this.#buffer, sorted.length, peers);
    for (const peer of peers) this.#buffer[peer] = 0;
    const entries = sorted.map(([, { entry }]) => entry);
    return { choices, verdicts: entries.length === 0 ? 0 : this.#table.row(entries) - 1, hasBases: false, isByName: true };
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

  /**
   * What comes first decides, after those with content that come before it. A `pass` takes the rest of its tier away. Whether the
   * names of an answer count is said by those behind it, too.
   */
  #rulingOf(list: readonly Candidate[], last: Default): number {
    let passed: Tier | undefined;
    let decider: Candidate | undefined;
    let [pending, naming] = [0, 0];
    for (const candidate of list) {
      if (candidate.tier === passed) continue;
      if (candidate.givesNames) naming = this.#pending.extend(naming, candidate.number);
      if (candidate.action === 'pass') passed = candidate.tier;
      else if (decider) continue;
      else if (candidate.content) pending = this.#pending.extend(pending, candidate.number);
      else decider = candidate;
    }
    return this.#rulingNumber({ pending, naming, last: decider ?? last });
  }

  #rulingNumber(asked: Asked): number {
    const key = `${asked.pending}|${asked.naming}|${keyOf(asked.last)}`;
    const known = this.#rulingNumbers.get(key) ?? this.#rulings.push(this.#ruling(asked));
    this.#rulingNumbers.set(key, known);
    return known;
  }

  #ruling({ pending, naming, last }: Asked): Ruling {
    if (pending === 0 && naming === 0) return { connection: last, requests: [], named: [], domain: 'http', isInspected: false };
    const [list, givers] = [this.#membersOf(pending), this.#membersOf(naming)];
    const domain = requestDomainOf([...list, ...givers]);
    const requests = contentRow(list, last, this.#contents(domain));
    const named = requests.map((decider, number) => allows(decider) && givers.some((giver) => matches(giver, { domain, number })));
    const allowing = [...list, last].find((decider) => allows(decider) && requests.includes(decider));
    const isInspected = allowing !== undefined && (requests.some((decider) => decider !== allowing) || named.includes(true));
    return { connection: allowing ?? requests[0] ?? last, requests, named, domain, isInspected };
  }

  #membersOf(pending: number): readonly Candidate[] {
    return this.#pending.members(pending).map((number) => this.#candidates.get(number));
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
    const requests = held.requests.map((decider, number) =>
      this.#entry({
        held: decider,
        wished: wished.requests[number] ?? wished.connection,
        match: matchType.layer7,
        isNaming: held.named[number] === true,
      }),
    );
    return this.#final(held.connection, wished.connection, { next: this.#table.row(requests), domain: held.domain });
  }

  #request(held: Decider, wished: Decider): number {
    return this.#entry({ held, wished, match: matchType.layer7 });
  }

  /** `inspected`: of a connection whose requests are read. */
  #final(held: Decider, wished: Decider, inspected?: Inspected): number {
    return this.#entry({ held, wished, match: matchOf(allows(held) && !allows(wished) ? wished : held), ...(inspected && { inspected }) });
  }

  #entry({ held, wished, match, inspected, isNaming = false }: Told): number {
    const isAudited = allows(held) && !allows(wished);
    const passes = inspected ? verdictAction.inspect : verdictAction.allow;
    return this.#table.word({
      action: allows(held) ? passes : verdictAction.deny,
      cause: (isAudited ? wished : held).cause,
      match,
      next: inspected?.next ?? 0,
      domain: inspected ? eventDomain[inspected.domain] : 0,
      flags: (isAudited ? verdictFlag.audited : held.action === 'drop' ? verdictFlag.silent : 0) + (isNaming ? verdictFlag.naming : 0),
    });
  }
}
